"""DrainRunner: a drain goes on between two jobs, and is let go of when no job follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import cast

import pytest

from app.engine.drain import Drain
from app.engine.drain_runner import BRIDGE_MS, DrainRunner
from tests.support.clock import NOW_MS, FakeClock
from tests.support.wait import wait_until

LINGER_MS = 15_000


class FakeDrain:
    """Winds up until it is relieved, or until the test says that nothing is left to do."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, int]] = []
        self.done = threading.Event()
        self._error = error

    def run(self, end_ms: int, stop: threading.Event) -> int:
        self.calls.append(("run", end_ms))
        if self._error:
            raise self._error
        return len(self.calls)

    def wind_up(self, until_ms: int, relieved: threading.Event, stop: threading.Event) -> bool:
        self.calls.append(("wind up", until_ms))
        while not (self.done.is_set() or stop.is_set() or relieved.wait(0.001)):
            pass
        return relieved.is_set()

    def close(self, stop: threading.Event) -> None:
        self.calls.append(("close", 0))

    @property
    def closed(self) -> bool:
        return ("close", 0) in self.calls


class Made(list[FakeDrain]):
    error: Exception | None = None

    def make(self) -> Drain:
        self.append(FakeDrain(self.error))
        return cast("Drain", self[-1])


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def handover(made: Made, stop: threading.Event) -> Iterator[DrainRunner]:
    handover = DrainRunner(made.make, FakeClock(), LINGER_MS)
    yield handover
    stop.set()
    handover.close()


def test_the_next_job_takes_the_drain_over(
    handover: DrainRunner, made: Made, stop: threading.Event
) -> None:
    end_ms, until_ms = NOW_MS + LINGER_MS, NOW_MS + BRIDGE_MS
    assert [handover.run(stop), handover.run(stop)] == [1, 3]
    assert len(made) == 1
    assert made[0].calls[:3] == [("run", end_ms), ("wind up", until_ms), ("run", end_ms)]
    assert not made[0].closed


def test_without_a_next_job_the_drain_ends_and_a_later_job_gets_another(
    handover: DrainRunner, made: Made, stop: threading.Event
) -> None:
    handover.run(stop)
    made[0].done.set()
    wait_until(lambda: made[0].closed, "the drain was let go of")
    handover.run(stop)
    assert len(made) == 2
    assert [name for name, _ in made[0].calls] == ["run", "wind up", "close"]


def test_told_to_stop_it_waits_until_the_drain_has_ended(
    handover: DrainRunner, made: Made, stop: threading.Event
) -> None:
    handover.run(stop)
    stop.set()
    handover.close()
    assert made[0].closed


def test_a_job_that_fails_lets_go_of_its_drain(
    handover: DrainRunner, made: Made, stop: threading.Event
) -> None:
    made.error = ValueError("as expected")
    with pytest.raises(ValueError, match="as expected"):
        handover.run(stop)
    assert made[0].closed
    made.error = None
    assert handover.run(stop) == 1


def test_what_failed_between_two_jobs_is_the_next_ones_failure_once(
    handover: DrainRunner, made: Made, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise ValueError("in between")

    with monkeypatch.context() as patched:
        patched.setattr(FakeDrain, "wind_up", fail)
        handover.run(stop)
        with pytest.raises(ValueError, match="in between"):
            handover.run(stop)
    assert made[0].closed
    assert handover.run(stop) == 1
