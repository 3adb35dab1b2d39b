"""The times in records are what their descriptions say, however an occurrence came about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.config import Settings
from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.outcome import Outcome, Timings
from app.engine.drain import Drain
from app.services.queries import EventChanges, OccurrenceQuery
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.support.clock import FakeClock
from tests.support.services import FakeDrains, FakeUpkeep

SETTLED = {OccurrenceStatus.RETRYING, OccurrenceStatus.COMPLETED, OccurrenceStatus.FAILED}
"""What an occurrence is in when an attempt has been recorded."""

KINDS = ("scheduled", "triggered", "backfilled", "redelivered", "one of a series")


class SlowSender:
    """Begins each request some milliseconds after it was claimed, and ends it later still."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.under_way: list[tuple[Any, int, int]] = []
        self.took_ms = 0
        self.status = 200

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def start(self, token: Any, _request: Any, *, due_us: int, now_us: int) -> None:
        self.under_way.append((token, due_us, now_us))

    def poll(self, _max_wait_ms: float, _also: Any = ()) -> list[tuple[Any, Outcome]]:
        self.clock.advance(self.took_ms)
        error = {} if self.status == 200 else {"error": "status", "error_message": "no"}
        ended = [
            (token, Outcome(Timings(due, began, self.clock.now_us()), self.status, **error))
            for token, due, began in self.under_way
        ]
        self.under_way.clear()
        return ended

    def abandon(self) -> list[Any]:
        return []

    def close(self) -> None:
        """Holds nothing."""


class World:
    """A process with a clock that stands still unless told otherwise."""

    def __init__(self, store_url: str) -> None:
        self.clock = FakeClock(int(time.time() * 1_000))
        self.sender = SlowSender(self.clock)
        given = Settings(
            redis_url=store_url, partitions=1, jwt_secret="j" * 32, signing_secret="s" * 32
        )
        doubles = Doubles(
            clock=self.clock,
            drain_queue=FakeDrains(),
            upkeep_queue=FakeUpkeep(),
            sender=self.sender,
        )
        self.engine: Engine = build_engine(given, doubles)
        self.services = self.engine.services
        self.drain: Drain = self.engine.drains.new_drain()

    def make(self, kind: str) -> tuple[Occurrence, int]:
        """Make an occurrence of this kind; returns it and when that was."""
        given: dict[str, Any] = {
            "name": kind,
            "start_time": self.clock.ms + 5_000,
            "action": webhook("https://example.com/hook"),
            "retry": {"attempts": 2, "delays": ["1s"]},
        }
        if kind != "scheduled":
            given["schedule"] = {"frequency": "minutely"}
        event = self.services.events.create(EventChanges(given), MASTER)
        name, actions = ids.to_text(event.id), self.services.actions
        if kind == "triggered":
            self.clock.advance(1_000)
            actions.trigger(name, MASTER)
        elif kind == "backfilled":
            self.clock.advance(3_600_000)
            at_ms = event.start_ms + 60_000
            actions.backfill(name, MASTER, at_ms, at_ms + 1_000, dry_run=False)
        elif kind == "one of a series":
            self.clock.ms = event.start_ms
            self.run(lambda: len(self.of(name)) > 1)
        # The first is the one that the series itself has planned.
        listed = sorted(self.of(name), key=lambda one: one.scheduled_ms)
        by_kind = {"triggered": 0, "one of a series": 1, "backfilled": 1}
        return listed[by_kind.get(kind, 0)], self.clock.ms

    def of(self, event_id: str) -> list[Occurrence]:
        query = OccurrenceQuery(event_id=event_id)
        return list(self.services.occurrences.list(query, MASTER).items)

    def attempts(self, one: Occurrence) -> list[Attempt]:
        return list(self.services.occurrences.attempts(ids.to_text(one.id), MASTER))

    def run(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + 3

        class Until(threading.Event):
            def is_set(self) -> bool:
                return done() or time.monotonic() > end_s

        self.drain.run(self.clock.ms + 10**9, Until())
        assert done(), "the drain did not get there"

    def close(self) -> None:
        self.drain.close(threading.Event())
        self.engine.close()


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    made = World(store_url)
    yield made
    made.close()


def check_ended(one: Occurrence, attempts: list[Attempt], now_ms: int) -> None:
    """Each moment is that of the attempts that are on record."""
    assert one.started_ms is not None
    assert one.completed_ms is not None
    assert one.started_ms == attempts[0].timings.started_us // 1_000
    assert one.planned_ms <= one.started_ms
    assert attempts[-1].timings.done_us // 1_000 <= one.completed_ms <= now_ms
    assert one.changed_ms == one.completed_ms
    for attempt in attempts:
        timings, claimed_ms = attempt.timings, attempt.claimed_ms
        assert claimed_ms is not None
        assert timings.due_us <= claimed_ms * 1_000 <= timings.started_us <= timings.done_us


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("ahead_ms", "took_ms"), [(0, 0), (3, 7), (50, 1), (60, 40)])
@pytest.mark.parametrize("fails", [False, True])
def test_every_moment_is_what_its_description_says(
    world: World, kind: str, ahead_ms: int, took_ms: int, fails: bool
) -> None:
    clock, sender = world.clock, world.sender
    sender.took_ms, sender.status = 0, 200
    one, made_ms = world.make(kind)
    assert (one.status, one.changed_ms) == (OccurrenceStatus.SCHEDULED, made_ms)
    assert (one.started_ms, one.completed_ms) == (None, None)

    def now() -> Occurrence:
        return world.services.occurrences.get(ids.to_text(one.id), MASTER)

    # It is claimed up to 50 ms ahead of its time, and begins when that has come.
    clock.ms = max(one.planned_ms - ahead_ms, clock.ms)
    for _ in range(3):
        world.drain._step(closing=False)
    sender.took_ms, sender.status = took_ms, 500 if fails or kind == "redelivered" else 200
    clock.ms = max(one.planned_ms, clock.ms)
    world.run(lambda: now().status in SETTLED)
    while now().status is OccurrenceStatus.RETRYING:
        clock.ms = max(now().next_attempt_ms or 0, clock.ms)
        seen = now().attempt_count
        world.run(lambda seen=seen: now().attempt_count > seen and now().status in SETTLED)
    check_ended(now(), world.attempts(one), clock.ms)
    if now().status is OccurrenceStatus.FAILED:
        clock.advance(10_000)
        sender.status = 200
        again_ms = clock.ms
        world.services.redeliveries.redeliver(ids.to_text(one.id), MASTER, fresh=False)
        assert (now().changed_ms, now().completed_ms) == (again_ms, None)
        world.run(lambda: bool(now().completed_ms))
        check_ended(now(), world.attempts(one), clock.ms)
        assert (now().completed_ms or 0) >= again_ms
