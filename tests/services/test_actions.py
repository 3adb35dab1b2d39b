"""Acts beside the schedule, and previews of changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.pause import Pause
from app.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.services.queries import EventChanges, OccurrenceQuery
from app.store.calls import Record
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

Create = Callable[..., Event]
DAY_MS = 24 * HOUR_MS
HOURLY = {"frequency": "hourly"}
READER = Access("reader", "read_write", frozenset({"red"}))


@pytest.fixture(autouse=True)
def _sound_store(services: Services):
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def text(event: Event) -> str:
    return ids.to_text(event.id)


def times(services: Services, event: Event, status: str | None = None) -> list[int]:
    query = OccurrenceQuery(event_id=text(event), status=status)
    return [one.scheduled_ms for one in services.occurrences.list(query, MASTER).items]


def claim_all(services: Services, now_ms: int) -> list[Any]:
    claims = [
        claim
        for partition in range(services.settings.partitions)
        for claim in services.storage.work.claim(
            partition, b"w", now_ms, now_ms=now_ms, limit=99, lease_ms=30_000
        )
    ]
    services.successors.schedule(claims, now_ms)
    return claims


class TestTrigger:
    def test_adds_an_occurrence_for_now_and_leaves_the_schedule_alone(
        self, services: Services, create: Create
    ) -> None:
        event = create(schedule=DAILY)
        occurrence = services.actions.trigger(text(event), MASTER)
        assert (occurrence.scheduled_ms, occurrence.status) == (NOW_MS, OccurrenceStatus.SCHEDULED)
        assert services.events.get(text(event), MASTER).next_ms == event.next_ms
        (claim,) = claim_all(services, NOW_MS)
        assert claim.occurrence_id == occurrence.id
        assert services.events.get(text(event), MASTER).next_ms == event.next_ms

    def test_works_for_a_paused_event(self, services: Services, create: Create) -> None:
        event = create(status=EventStatus.PAUSED)
        services.actions.trigger(text(event), MASTER)
        assert times(services, event) == [NOW_MS]

    def test_needs_the_right_to_change(self, services: Services, create: Create) -> None:
        event = create(tags=("red", "blue"))
        with pytest.raises(Forbidden):
            services.actions.trigger(text(event), READER)
        with pytest.raises(NotFound):
            services.actions.trigger(text(create(tags=("blue",))), READER)
        assert times(services, event) == [event.next_ms]


class TestPause:
    def test_takes_back_what_is_scheduled_and_says_why(
        self, services: Services, create: Create
    ) -> None:
        event = create(schedule=DAILY)
        until = NOW_MS + 3 * DAY_MS
        paused = services.actions.pause(text(event), MASTER, until, "maintenance")
        assert (paused.status, paused.next_ms) == (EventStatus.PAUSED, None)
        assert paused.options.pause == Pause(until, "maintenance")
        assert times(services, event) == []

    def test_ends_by_itself_and_goes_on_from_its_end(
        self, services: Services, engine: Engine, create: Create, clock: FakeClock
    ) -> None:
        """An occurrence right at the end is not lost to the seconds until upkeep looks."""
        event = create(schedule=HOURLY)
        until = NOW_MS + 3 * HOUR_MS
        services.actions.pause(text(event), MASTER, until, None)
        clock.advance(3 * HOUR_MS - 1)
        engine.upkeep.recover()
        assert services.events.get(text(event), MASTER).status is EventStatus.PAUSED
        clock.advance(4_001)
        engine.upkeep.recover()
        resumed = services.events.get(text(event), MASTER)
        assert (resumed.status, resumed.next_ms) == (EventStatus.ACTIVE, until)
        assert resumed.options.pause is None

    def test_one_that_has_run_meanwhile_ends_and_stops_nobody(
        self, services: Services, engine: Engine, create: Create, clock: FakeClock
    ) -> None:
        """Its attempt was under way when it was paused; others' pauses still end."""
        event, other = create(), create(schedule=HOURLY)
        clock.advance(HOUR_MS)
        (claim,) = [one for one in claim_all(services, clock.ms) if one.event_id == event.id]
        until = clock.ms + HOUR_MS
        for one in (event, other):
            services.actions.pause(text(one), MASTER, until, None)
        record = Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"")
        services.storage.work.record([record], clock.ms)
        clock.advance(HOUR_MS)
        engine.upkeep.recover()
        assert services.events.get(text(event), MASTER).status is EventStatus.INACTIVE
        assert services.events.get(text(other), MASTER).status is EventStatus.ACTIVE
        assert engine.upkeep.recover() == 0

    def test_resuming_by_hand_goes_on_in_the_future(
        self, services: Services, create: Create, clock: FakeClock
    ) -> None:
        event = create(schedule=HOURLY)
        services.actions.pause(text(event), MASTER, None, None)
        clock.advance(5 * HOUR_MS + 1)
        assert services.actions.resume(text(event), MASTER).next_ms == NOW_MS + 6 * HOUR_MS

    def test_pausing_and_resuming_anywhere_gives_the_same_tail(
        self, services: Services, create: Create, clock: FakeClock
    ) -> None:
        event = create(schedule={"every": "7m"})
        timetable = services.planning.timetables.of(event.id, event.definition)
        untouched = timetable.upcoming(NOW_MS + 2 * HOUR_MS, 50)
        for _ in range(5):
            services.actions.pause(text(event), MASTER, None, None)
            clock.advance(17 * 60_000 + 13)
            resumed = services.actions.resume(text(event), MASTER)
        tail = services.planning.timetables.of(resumed.id, resumed.definition).upcoming(
            NOW_MS + 2 * HOUR_MS, 50
        )
        assert tail == untouched
        assert resumed.next_ms in {one.scheduled_ms for one in untouched} | {
            event.start_ms + 7 * 60_000 * step for step in range(20)
        }

    def test_what_makes_no_sense_is_refused(self, services: Services, create: Create) -> None:
        event = create()
        with pytest.raises(InvalidInput):
            services.actions.pause(text(event), MASTER, NOW_MS, None)
        with pytest.raises(Conflict):
            services.actions.resume(text(event), MASTER)


class TestBackfill:
    def test_counts_first_and_then_adds_each_once(self, services: Services, create: Create) -> None:
        event = create(start_time=NOW_MS - 10 * DAY_MS, schedule=DAILY)
        span = (NOW_MS - 5 * DAY_MS, NOW_MS - DAY_MS)
        for dry_run, expected in [(True, (5, 0)), (False, (5, 0)), (False, (5, 5))]:
            found = services.actions.backfill(text(event), MASTER, *span, dry_run=dry_run)
            assert (found.count, found.existing) == expected
        claims = claim_all(services, NOW_MS + HOUR_MS)
        assert sorted(claim.scheduled_ms for claim in claims) == [
            NOW_MS - step * DAY_MS for step in (5, 4, 3, 2, 1)
        ]
        assert services.events.get(text(event), MASTER).next_ms == event.next_ms
        assert times(services, event, "missed") == []

    def test_is_paced(self, services: Services, create: Create) -> None:
        event = create(start_time=NOW_MS - DAY_MS, schedule=HOURLY)
        services.actions.backfill(text(event), MASTER, NOW_MS - DAY_MS, NOW_MS, dry_run=False)
        assert services.storage.work.backlog(NOW_MS) == 1
        assert services.storage.work.backlog(NOW_MS + 10_000) == 25

    @pytest.mark.parametrize(
        "span", [(NOW_MS - DAY_MS, NOW_MS + 1), (NOW_MS - 2000 * HOUR_MS, NOW_MS)]
    )
    def test_the_future_and_too_much_are_refused(
        self, services: Services, create: Create, span: tuple[int, int]
    ) -> None:
        event = create(start_time=NOW_MS - 3000 * HOUR_MS, schedule=HOURLY)
        with pytest.raises(InvalidInput):
            services.actions.backfill(text(event), MASTER, *span, dry_run=False)
        assert len(times(services, event)) == 1


class TestChangePreview:
    def test_says_what_is_added_removed_and_moved(self, services: Services, create: Create) -> None:
        event = create(schedule={**DAILY, "count": 4})
        first = event.start_ms
        changes = EventChanges({"start_time": first + HOUR_MS})
        moved = services.previews.of_change(text(event), changes, MASTER)
        assert moved.moved == tuple(
            (first + step * DAY_MS, first + step * DAY_MS + HOUR_MS) for step in range(4)
        )
        assert (moved.added, moved.removed) == ((), ())
        longer = EventChanges({"schedule": {**DAILY, "count": 6}})
        added = services.previews.of_change(text(event), longer, MASTER)
        assert added.added == (first + 4 * DAY_MS, first + 5 * DAY_MS)
        paused = EventChanges({"status": EventStatus.PAUSED})
        removed = services.previews.of_change(text(event), paused, MASTER)
        assert len(removed.removed) == 4
        assert services.events.get(text(event), MASTER) == event

    def test_an_endless_series_is_compared_to_one_horizon(
        self, services: Services, create: Create
    ) -> None:
        event = create(schedule=HOURLY)
        changes = EventChanges({"schedule": {**HOURLY, "interval": 2}})
        found = services.previews.of_change(text(event), changes, MASTER)
        assert (found.added, len(found.removed)) == ((), 100)


class TestSpread:
    def test_jitter_plans_the_attempt_later_and_shows_both(
        self, services: Services, create: Create
    ) -> None:
        event = create(schedule=DAILY, jitter="10m")
        occurrence = services.storage.occurrences.get(
            ids.occurrence_id(event.id, event.next_ms or 0)
        )
        assert occurrence.scheduled_ms == event.next_ms
        assert 0 < occurrence.planned_ms - occurrence.scheduled_ms <= 600_000
        assert claim_all(services, occurrence.planned_ms - 1) == []
        (claim,) = claim_all(services, occurrence.planned_ms)
        assert (claim.scheduled_ms, claim.due_ms) == (event.next_ms, occurrence.planned_ms)

    def test_a_calendar_that_does_not_exist_is_refused(
        self, services: Services, create: Create
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            create(schedule=DAILY, calendars=["nowhere"])
        assert list(caught.value.fields) == ["calendars"]
