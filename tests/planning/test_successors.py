"""A series that has lost its successor is repaired as if nothing had happened in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.budget import limited
from app.domain.event import Event
from app.domain.occurrence import OccurrenceStatus
from app.engine.upkeep import REPAIR_AFTER_MS
from app.planning.costs import RELIABLE_MS
from app.planning.limits import CHEAP, SUCCESSOR, SUCCESSORS, SUCCESSORS_MS
from app.planning.next_occurrence import TOO_LATE
from app.planning.successors import ASK_EVERY_MS, Successors
from app.planning.timetables import Timetables
from app.services.queries import OccurrenceQuery
from app.store import keys
from app.store.calls import Successor, Unattempted
from app.store.claims import Claim
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.builders import DAILY, a_claim, a_definition
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.planning import DAY_MS, Outside, Writes
from tests.support.services import HOUR_MS

Create = Callable[..., Event]


def claim_without_successor(services: Services, now_ms: int) -> None:
    """A worker claims, and dies before it has scheduled what follows."""
    for partition in range(services.settings.partitions):
        services.storage.work.claim(partition, b"w", 1, now_ms=now_ms, limit=9, lease_ms=30_000)


def test_what_was_due_meanwhile_is_fired_or_recorded(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    """An hour of a run every minute: the last five minutes fire, the others are missed."""
    event = create(start_time=NOW_MS + 60_000, schedule={"frequency": "minutely"})
    claim_without_successor(services, clock.advance(60_000))
    clock.advance(HOUR_MS)
    engine.upkeep.recover()
    repaired = services.events.get(ids.to_text(event.id), MASTER)
    assert repaired.next_ms == clock.ms - 5 * 60_000
    query = OccurrenceQuery(event_id=ids.to_text(event.id), status="missed", limit=100)
    missed = services.occurrences.list(query, MASTER)
    assert missed.total == 54
    assert broken(services.storage.client, services.settings.partitions) == []


def test_a_short_break_loses_nothing(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    event = create(start_time=NOW_MS + 1_000, schedule={"every": "1s"})
    claim_without_successor(services, clock.advance(1_000))
    clock.advance(REPAIR_AFTER_MS)
    engine.upkeep.recover()
    repaired = services.events.get(ids.to_text(event.id), MASTER)
    assert repaired.next_ms == NOW_MS + 2_000
    assert (
        services.storage.occurrences.get(ids.occurrence_id(event.id, NOW_MS + 2_000)).status
        is OccurrenceStatus.SCHEDULED
    )


def test_an_event_that_forgot_what_is_scheduled_is_found_by_reconciliation(
    services: Services, engine: Engine, create: Create
) -> None:
    event = create(schedule={"frequency": "daily"})
    partition = ids.partition_of_event(event.id)
    services.storage.client.hdel(keys.event(partition, event.id), "next")
    engine.upkeep.reconcile()
    repaired = services.events.get(ids.to_text(event.id), MASTER)
    assert repaired.next_ms == event.next_ms
    assert broken(services.storage.client, services.settings.partitions) == []


def test_an_event_with_nothing_scheduled_is_found_by_reconciliation(
    services: Services, engine: Engine, create: Create
) -> None:
    event = create(schedule={"frequency": "daily"})
    partition = ids.partition_of_event(event.id)
    occurrence = ids.occurrence_id(event.id, event.next_ms or 0)
    services.storage.client.hdel(keys.event(partition, event.id), "next")
    services.storage.client.hdel(keys.fresh(partition), occurrence)
    services.storage.client.zrem(keys.due_of(event.id), occurrence)
    services.storage.client.zrem(keys.occurrences(partition, "scheduled"), occurrence)
    assert engine.upkeep.reconcile() == 1
    repaired = services.events.get(ids.to_text(event.id), MASTER)
    assert repaired.next_ms == event.next_ms
    assert broken(services.storage.client, services.settings.partitions) == []


def test_a_series_passes_over_what_was_made_beside_it(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    """Late occurrences that were backfilled, and claimed together with the scheduled one."""
    event = create(start_time=NOW_MS + 1_000, schedule={"every": "1s"})
    clock.advance(10_000)
    text = ids.to_text(event.id)
    services.actions.backfill(text, MASTER, NOW_MS + 1_000, NOW_MS + 9_000, dry_run=False)
    claim_without_successor(services, clock.advance(1_000))
    clock.advance(REPAIR_AFTER_MS)
    engine.upkeep.recover()
    assert services.events.get(text, MASTER).next_ms == NOW_MS + 10_000
    assert broken(services.storage.client, services.settings.partitions) == []


def test_leases_that_ended_while_the_store_stood_still_are_left_to_who_holds_them(
    services: Services,
    engine: Engine,
    create: Create,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They renew them as soon as it goes on; upkeep waits for that."""
    create(start_time=NOW_MS + 1_000)
    create(start_time=NOW_MS + 1_000)
    clock.advance(1_000)
    held = [
        (one.occurrence_id, one.token)
        for partition in range(services.settings.partitions)
        for one in services.storage.work.claim(
            partition, b"w", 1, now_ms=clock.ms, limit=9, lease_ms=30_000
        )
    ]
    assert len(held) == 2
    clock.advance(60_000)
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            services.storage.work.renew(held, clock.ms + 30_000)

    monkeypatch.setattr("app.engine.upkeep.time.sleep", meanwhile)
    assert engine.upkeep.recover() == 0
    clock.advance(60_000)
    assert engine.upkeep.recover() == 2
    assert len(waits) == 2


DEFINITION = a_definition(schedule=DAILY)


class NoCalendars:
    def named(self, names: Sequence[str]) -> tuple[()]:
        return ()

    def known(self, names: Sequence[str]) -> tuple[()]:
        return ()


@pytest.fixture
def writes() -> Writes:
    return Writes()


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def successors(writes: Writes, outside: Outside) -> Successors:
    return Successors(
        cast("Any", writes),
        cast("Any", None),
        Timetables(NoCalendars()),
        outside.set_aside,
        outside.call,
    )


def test_each_first_claim_of_a_series_has_its_successor(
    successors: Successors, writes: Writes
) -> None:
    """Nothing follows a retry, a one-time event, or an event that is gone."""
    series = {"scheduled_ms": NOW_MS, "recurring": True, "definition": DEFINITION}
    first = a_claim(1, **series)
    ended = a_claim(2, **{**series, "definition": a_definition(schedule={**DAILY, "count": 1})})
    others = [
        a_claim(3, **{**series, "recurring": False}),
        a_claim(4, **{**series, "attempt": 2}),
        a_claim(5, **{**series, "definition": None}),
    ]
    successors.schedule([*others, first, ended], NOW_MS + 5)
    next_ms = NOW_MS + DAY_MS
    assert writes.calls == [
        (
            "schedule_successors",
            [
                Successor(first.event_id, b"p", NOW_MS, next_ms, next_ms),
                Successor(ended.event_id, b"p", NOW_MS, None, 0),
            ],
            NOW_MS + 5,
        )
    ]
    writes.calls.clear()
    successors.schedule(others, NOW_MS)
    assert writes.calls == []


def test_what_is_passed_over_is_recorded_before_the_series_goes_on(
    successors: Successors, writes: Writes
) -> None:
    definition = a_definition(schedule=DAILY, misfire={"grace": "1h", "limit": 2})
    late = a_claim(scheduled_ms=NOW_MS, recurring=True, tags=("red",), definition=definition)
    now_ms = NOW_MS + 4 * DAY_MS + 2 * HOUR_MS
    successors.schedule([late], now_ms)
    missed = [
        Unattempted(late.event_id, NOW_MS + day * DAY_MS, ("red",), "missed", TOO_LATE)
        for day in (1, 2)
    ]
    next_ms = NOW_MS + 5 * DAY_MS
    assert writes.calls == [
        ("ended", missed, now_ms),
        ("schedule_successors", [Successor(late.event_id, b"p", NOW_MS, next_ms, next_ms)], now_ms),
    ]


def test_a_schedule_that_can_not_be_read_stops_no_other(
    successors: Successors, writes: Writes, outside: Outside
) -> None:
    """A drain leaves it to upkeep, which it calls."""
    bad = a_claim(1, recurring=True, definition=a_definition(schedule={"frequency": "never"}))
    good = a_claim(2, scheduled_ms=NOW_MS, recurring=True, definition=DEFINITION)
    successors.schedule([bad, good], NOW_MS)
    ((_, planned, _),) = writes.calls
    assert [one.scheduled_ms for one in planned] == [NOW_MS + DAY_MS]
    assert outside.calls == 1


def test_a_successor_that_costs_a_drain_too_much_is_left_to_upkeep(
    successors: Successors, writes: Writes, outside: Outside
) -> None:
    """Others have theirs; upkeep is called at most once in a while."""
    minutes = ",".join(map(str, range(59)))
    schedule = {"every": "1s", "exclude": [{"rrule": f"FREQ=SECONDLY;BYMINUTE={minutes}"}]}
    definition = a_definition(schedule=schedule)
    costly = [
        a_claim(n, scheduled_ms=NOW_MS, recurring=True, definition=definition) for n in (1, 2)
    ]
    good = a_claim(3, scheduled_ms=NOW_MS, recurring=True, definition=DEFINITION)
    successors.schedule([*costly, good], NOW_MS)
    successors.schedule(costly, NOW_MS + ASK_EVERY_MS - 1)
    ((_, planned, _),) = writes.calls
    assert [one.event_id for one in planned] == [good.event_id]
    assert outside.calls == 1
    assert outside.aside == []


LEAP_MONDAY = {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}


def series_of(number: int, **schedule: object) -> Claim:
    """A claim of an event whose schedule was read already."""
    definition = a_definition(schedule=schedule)
    Timetables(NoCalendars()).of(b"", definition)
    return a_claim(number, scheduled_ms=NOW_MS, recurring=True, definition=definition)


def costing(number: int, exclusions: int) -> Claim:
    return series_of(number, every="1s", exclude=[LEAP_MONDAY] * exclusions)


def test_the_schedules_of_many_others_are_in_nobodys_way(
    successors: Successors, writes: Writes
) -> None:
    """Fifty that cost a drain too much come first in the batch; the cheap ones have theirs."""
    worst = [costing(n, 20) for n in range(50)]
    cheap = [series_of(n, every="1s") for n in range(50, 100)]
    successors.schedule([*worst, *cheap], NOW_MS)
    ((_, planned, _),) = writes.calls
    assert {one.event_id for one in planned} == {one.event_id for one in cheap}


def test_what_is_known_to_cost_a_drain_too_much_is_not_tried_again(
    successors: Successors, writes: Writes
) -> None:
    worst = costing(1, 20)
    with limited(1 << 40) as budget:
        successors.schedule([worst], NOW_MS)
        tried = budget.left
        for turn in range(1, 20):
            successors.schedule([worst], NOW_MS + turn * 1_000)
        assert budget.left == tried
        successors.schedule([worst], NOW_MS + RELIABLE_MS)
        assert budget.left < tried
    assert writes.calls == []


def test_what_a_drain_spends_on_costly_successors_is_bounded_in_time(
    successors: Successors, outside: Outside
) -> None:
    """However many batches it claims meanwhile; beyond the bound each costs what is cheap."""
    near_the_bound = [costing(n, 3) for n in range(20)]
    with limited(1 << 40) as budget:
        for turn in range(3):  # first it gets to know them
            successors.schedule(near_the_bound, NOW_MS + turn)
        begun = budget.left
        for turn in range(10):
            successors.schedule(near_the_bound, NOW_MS + turn * SUCCESSORS_MS // 10)
        most = 2 * SUCCESSORS + SUCCESSOR + CHEAP * len(near_the_bound)
        assert 0 < begun - budget.left <= most
    assert outside.calls
