"""Figures are exact: what was recorded, counted again from the records, is what they say."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.domain.attempt import Attempt
from app.domain.event import Event
from app.domain.occurrence import ENDED, OccurrenceStatus
from app.domain.outcome import Outcome, Timings
from app.domain.stats import BOUNDS_MS, BUCKETS, OTHER, Cell, Cells
from app.engine.attempts import record_of, unsendable
from app.engine.target_limits import target_of
from app.services.rollups import RollUps
from app.store import keys
from app.store.calls import Unattempted
from app.store.claims import Claim
from app.store.event_plans import Plan
from app.store.scripts import Scripts
from app.store.stats import StatsStore
from app.store.stats_keys import DAY_MS, STATE, STEPS, bucket, counted, taken
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS, FakeClock

EXAMPLES = os.environ.get("MODEL_EXAMPLES")
LEASE_MS = 5_000
TAGS = ((), ("red",), ("blue",), ("red", "blue"), ("blue", "red"))
HOSTS = ("a.example", "b.example")


class World:
    """Delivers, dies, repeats and rolls up, by chance."""

    def __init__(self, stores: Stores, chance: random.Random) -> None:
        self.stores, self.chance = stores, chance
        self.store = StatsStore(stores.client, Scripts(stores.client), stores.partitions)
        self.clock = FakeClock()
        self.roll_ups = RollUps(self.store, self.clock)
        self.claims: list[Claim] = []
        self.events: list[Event] = []
        self.targets: dict[bytes, str] = {}
        self.request = 0

    def step(self) -> None:
        self.clock.advance(self.chance.choice([0, 7, 900, 70_000]))
        self.chance.choice(
            [self.create, self.create, self.claim, self.claim, self.record, self.record,
             self.record, self.lose, self.skip, self.delete, self.roll_up, self.die_rolling_up]
        )()  # fmt: skip

    def create(self) -> None:
        chance, now_ms = self.chance, self.clock.now_ms()
        event = an_event(
            partition=chance.randrange(self.stores.partitions),
            tags=chance.choice(TAGS),
            start_ms=now_ms + chance.randrange(100),
        )
        url = f"https://{chance.choice(HOSTS)}/hook"
        event = event.changed(action=event.action.with_url(url))
        self.stores.events.save(
            event, Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms), None, now_ms
        )
        self.events.append(event)
        self.targets[event.id] = target_of(url)

    def claim(self) -> None:
        self.request += 1
        for partition in range(self.stores.partitions):
            self.claims += self.stores.work.claim(
                partition, b"w", self.request,
                now_ms=self.clock.now_ms(), limit=3, lease_ms=LEASE_MS,
            )  # fmt: skip

    def record(self) -> None:
        """Record what was claimed, and again, as who had no answer; some leases are lost by then."""
        chance, now_ms = self.chance, self.clock.now_ms()
        some = self.claims[: chance.randrange(1, 5)]
        del self.claims[: len(some)]
        records = []
        for one in some:
            if (ended := unsendable(one, now_ms)) is not None:
                records.append(ended)
                continue
            due_us = one.due_ms * 1_000
            started = due_us + chance.choice([0, 900, 1_000, 2_000_001, 10**12])
            done = started + chance.choice([400, 5_000, 77_000])
            error, code = chance.choice([(None, 200), (None, 204), ("status", 500), ("dns", None)])
            first = None if code is None else done
            outcome = Outcome(Timings(due_us, started, done, first), code, error=error,
                              error_message=error, abort=chance.random() < 0.3)  # fmt: skip
            records.append(record_of(one, outcome, now_ms, 0.5)[0])
        for _ in range(chance.randrange(1, 3)):
            self.stores.work.record(records, now_ms)

    def lose(self) -> None:
        """Workers die: what they hold falls due again when its lease has ended."""
        self.clock.advance(LEASE_MS)
        for partition in range(self.stores.partitions):
            self.stores.work.reclaim_expired(partition, self.clock.now_ms())

    def skip(self) -> None:
        if self.events:
            event = self.chance.choice(self.events)
            status = self.chance.choice(["missed", "skipped"])
            at_ms = self.chance.choice([1, 2, 3])
            one = Unattempted(event.id, at_ms, event.tags, status, "why")
            self.stores.work.record_unattempted([one, one], self.clock.now_ms())

    def delete(self) -> None:
        if self.events and self.chance.random() < 0.5:
            event = self.events.pop(self.chance.randrange(len(self.events)))
            found = self.stores.events.get_many([event.id])[0]
            if found is not None:
                self.stores.events.delete(found, any_version=True, now_ms=self.clock.now_ms())

    def roll_up(self) -> None:
        self.roll_ups.add()

    def die_rolling_up(self) -> None:
        """A process took what was counted and died; or it added it, and another does so too."""
        state = self.store.state()
        some = self.store.take(state)
        if some and self.chance.random() < 0.5:
            self.roll_ups.add()
            assert not self.store.add(state, some, {}, self.clock.now_ms())

    def rolled_up(self, step: str) -> dict[int, Cells]:
        """What there is of one granularity, by number."""
        prefix = f"qh:{{stats}}:{step}:"
        names = [one.decode() for one in self.stores.client.keys(f"{prefix}*")]
        numbers = [int(name.removeprefix(prefix)) for name in names]
        read = self.store.read([(step, number) for number in numbers])
        return dict(zip(numbers, read, strict=True))

    def recounted(self) -> tuple[Counter[Any], Counter[Any]]:
        """Ends by minute, tags and status, and attempts by tags, target and part, from records."""
        ends, attempts = Counter[Any](), Counter[Any]()
        listed = [
            keys.occurrences(partition, status.value)
            for status in OccurrenceStatus
            for partition in range(self.stores.partitions)
        ]
        members = [one for key in listed for one in self.stores.client.zrange(key, 0, -1)]
        for one in filter(None, self.stores.occurrences.get_many(members)):
            tags = "\n".join(sorted(one.tags))
            if one.completed_ms is not None:
                ends[one.completed_ms // 60_000, tags, one.status.value] += 1
            for attempt in self.stores.occurrences.attempts(one.id):
                target = self.targets[one.event_id]
                for part in parts_of(attempt):
                    attempts[tags, target, part] += 1
        return ends, attempts


def parts_of(attempt: Attempt) -> Iterator[str]:
    """What an attempt counts as, found step by step."""
    due, started, done, first, *_ = attempt.timings
    number = (attempt.status_code or 0) // 100
    yield "r" + ("ABCDEFGHIJ" if attempt.error_message else "0123456789")[number]
    if attempt.number == 1:
        yield "l" + bucket_of(started - due)
    if first is not None:
        yield "t" + bucket_of(done - started)


def bucket_of(us: int) -> str:
    """The first bucket whose bound is no less."""
    return next(
        (letter for letter, ms in zip(BUCKETS, BOUNDS_MS, strict=False) if us <= ms * 1_000), "u"
    )


def ends_of(minutes: dict[int, Cells]) -> Counter[Any]:
    """The ends that were counted, by minute, tags and status."""
    found = Counter[Any]()
    for number, cells in minutes.items():
        for cell, counts in cells.items():
            if cell.outcome in ENDED:
                found[number, cell.tags, cell.outcome] += counts["n"]
    return found


def attempts_of(buckets: dict[int, Cells]) -> Counter[Any]:
    """The attempts that were counted, by tags, target and part."""
    found = Counter[Any]()
    for cells in buckets.values():
        for cell, counts in cells.items():
            found.update(
                {(cell.tags, cell.target, part): counts[part] for part in counts if part != "n"}
            )
    return found


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=int(EXAMPLES or 8),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)
def test_figures_are_what_the_records_say(stores: Stores, seed: int) -> None:
    """Whatever is delivered, lost, recorded twice and rolled up twice, in whatever order."""
    stores.client.flushall()
    world = World(stores, random.Random(seed))
    for _ in range(60):
        world.step()
    while world.roll_ups.add():
        pass
    ends, attempts = world.recounted()
    assert ends_of(world.rolled_up("minute")) == ends
    for step in STEPS:
        assert attempts_of(world.rolled_up(step)) == attempts, step
    assert sum(ends.values())


@pytest.fixture
def roll_ups(stores: Stores) -> RollUps:
    return RollUps(
        StatsStore(stores.client, Scripts(stores.client), stores.partitions), FakeClock()
    )


def test_nothing_was_counted_where_nothing_was_recorded(stores: Stores, roll_ups: RollUps) -> None:
    assert roll_ups.add() == 0
    assert not stores.client.exists(STATE)
    assert roll_ups.store.read([("minute", 0), ("day", 0)]) == [{}, {}]


def test_a_bucket_ends_by_itself(stores: Stores, roll_ups: RollUps) -> None:
    """There is a fixed number of each granularity."""
    minute = NOW_MS // 60_000
    stores.client.hset(counted(0), f"{minute}\tred\tt\t2aacompleted", 3)
    assert roll_ups.add() == 1
    for step, (size_ms, kept_ms) in STEPS.items():
        left_ms = stores.client.pttl(bucket(step, NOW_MS // size_ms))
        assert kept_ms - 10_000 < left_ms <= kept_ms + size_ms


def test_what_comes_too_late_for_a_minute_is_in_the_hour(stores: Stores, roll_ups: RollUps) -> None:
    """As long as that is kept: an upkeep worker may have been away for days."""
    minute = (NOW_MS - 2 * DAY_MS) // 60_000
    stores.client.hset(counted(0), f"{minute}\tred\tt\t2aacompleted", 3)
    assert roll_ups.add() == 1
    counts = {"n": 3, "r2": 3, "la": 3, "ta": 3}
    hour = roll_ups.store.read([("minute", minute), ("hour", minute // 60)])
    assert hour == [{}, {Cell("red", "t", "completed"): counts}]


def test_what_nobody_rolls_up_is_bounded(stores: Stores, roll_ups: RollUps) -> None:
    """It is still counted, by day and outcome."""
    event = an_event(start_ms=NOW_MS, partition=0)
    stores.events.save(
        event, Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms), None, NOW_MS
    )
    (claim,) = stores.work.claim(0, b"w", 1, now_ms=NOW_MS, limit=1, lease_ms=LEASE_MS)
    stores.client.hset(
        counted(0), mapping={f"1\t{number}\tt\t2aacompleted": 1 for number in range(20_000)}
    )
    outcome = Outcome(Timings(0, 0, 0, 0), 200)
    stores.work.record([record_of(claim, outcome, NOW_MS, 0.5)[0]], NOW_MS)
    assert stores.client.hlen(counted(0)) == 20_001
    day = NOW_MS // DAY_MS * DAY_MS // 60_000
    assert stores.client.hget(counted(0), f"{day}\t{OTHER}\t{OTHER}\t2aacompleted") == b"1"


def test_what_was_taken_is_forgotten_once_it_is_rolled_up(
    stores: Stores, roll_ups: RollUps
) -> None:
    stores.client.hset(counted(0), "1\tred\tt\t2aacompleted", 3)
    state = roll_ups.store.state()
    (one,) = roll_ups.store.take(state)
    assert roll_ups.store.take(state) == [one]
    assert roll_ups.add() == 1
    assert roll_ups.add() == 0
    assert not stores.client.exists(counted(0), taken(0))
