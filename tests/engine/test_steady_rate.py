"""A drain at a steady rate: few calls of the store for many deliveries, and each at its moment.

The clock moves a millisecond when the store has answered all that it was asked.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import app.engine.drain
from app.delivery.waiting import wait_for
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.outcome import Outcome, Timings
from app.engine.claim_ahead import AHEAD_MS
from app.engine.claim_times import LEAD_MS
from app.engine.drain import Drain
from app.engine.recorder import GATHER_MS
from app.services.queries import EventChanges
from app.store.calls import Call
from app.store.channel import Channel
from app.wiring.engine import Engine
from tests.engine.engines import engine_with
from tests.support.clock import FakeClock

COUNT = 100
EVERY_MS = 5
LASTS_MS = COUNT * EVERY_MS


class QuickSender:
    """Answers each request with the next turn; notes when each was due and was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.under_way: list[Any] = []

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def start(self, token: Any, request: Any, *, due_us: int, now_us: int) -> None:
        self.sent.append((due_us // 1000, now_us // 1000))
        self.under_way.append(token)

    def poll(self, max_wait_ms: float, also: Sequence[int] = ()) -> list[tuple[Any, Outcome]]:
        return [(self.under_way.pop(), Outcome(Timings(0, 0, 0), 200)) for _ in self.under_way[:]]

    def abandon(self) -> list[Any]:
        return []

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def sender() -> QuickSender:
    return QuickSender()


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
def engine(
    store_url: str, clock: FakeClock, sender: QuickSender, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    with engine_with(store_url, clock, sender, partitions=request.param) as made:
        yield made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each script was called through a channel."""
    found: Counter[str] = Counter()
    send_all = Channel.send_all

    def count(channel: Channel, calls: Sequence[Call]) -> None:
        found.update(call.script for call in calls)
        send_all(channel, calls)

    monkeypatch.setattr(Channel, "send_all", count)
    monkeypatch.setattr(app.engine.drain, "wait_for", lambda one, two, _ms: wait_for(one, two, 1.0))
    return found


def pass_time(drain: Drain, clock: FakeClock, ms: int) -> None:
    for _ in range(ms):
        for turn in range(2_000):
            drain._step(closing=False)
            if turn and not drain._claimer.busy and not drain._recorder._channel.busy:
                break
        clock.advance(1)


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"schedule": {"every": "1m"}, "overlap": "queue_one"},
        {"flow": {"key": "steady", "concurrency": 64}},
    ],
    ids=["once", "overlap", "flow"],
)
def test_a_call_serves_many_deliveries_and_none_is_late(
    engine: Engine,
    clock: FakeClock,
    sender: QuickSender,
    calls: Counter[str],
    shape: dict[str, Any],
) -> None:
    for number in range(COUNT):
        given = {
            "name": "an event",
            "start_time": clock.ms + 200 + number * EVERY_MS,
            "action": webhook("https://example.com/hook"),
            **shape,
        }
        engine.services.events.create(EventChanges(given), MASTER)
    drain = engine.drains.new_drain()
    try:
        pass_time(drain, clock, 200 - AHEAD_MS)
        calls.clear()
        pass_time(drain, clock, AHEAD_MS + LASTS_MS + GATHER_MS)
    finally:
        drain.close(threading.Event())
    assert len(sender.sent) == COUNT
    assert [due for due, _ in sender.sent] == [sent for _, sent in sender.sent]
    partitions = engine.services.settings.partitions
    assert calls["claim_due"] <= partitions * (LASTS_MS // (AHEAD_MS - LEAD_MS) + 3)
    assert calls["record_attempts"] <= partitions * (LASTS_MS // GATHER_MS + 3)
