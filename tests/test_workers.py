"""A worker process that is told to stop ends, whatever RQ is doing at that moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from rq.exceptions import StopRequested

from app import rq_queues, workers
from app.config import Settings
from app.wiring.engine import build_engine


@pytest.fixture(autouse=True)
def _handlers_are_put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class TakingItsLeave:
    """An RQ worker that gets the signal after its own work is over, as it unregisters."""

    def __init__(self) -> None:
        self.runs = 0

    def work(self, **_: object) -> None:
        self.runs += 1
        raise StopRequested


def test_told_to_stop_while_rq_takes_its_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = TakingItsLeave()
    monkeypatch.setattr(rq_queues, "worker", lambda *_, **__: leaving)
    engine = build_engine(Settings(redis_url="redis://127.0.0.1:1/0"))
    workers.deliver(engine)
    assert engine.stop.is_set()
    assert leaving.runs == 1
