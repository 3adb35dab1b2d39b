"""Events: what creating, changing and deleting them does to what is scheduled.

Tests ``app.services.event_changes``, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import Event, EventStatus
from app.domain.misfire import DEFAULT
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.options import NO_OPTIONS
from app.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleVersion
from app.services.queries import EventChanges, OccurrenceQuery
from app.wiring.services import Services
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken, snapshot
from tests.support.services import HOUR_MS

DAY_MS = 24 * HOUR_MS
MISFIRE_GRACE_MS = DEFAULT.grace_ms
Create = Callable[..., Event]


def occurrences(services: Services, event: Event) -> list[Occurrence]:
    query = OccurrenceQuery(event_id=ids.to_text(event.id))
    return list(services.occurrences.list(query, MASTER).items)


def update(services: Services, event: Event, if_match: int | None = None, **given: Any) -> Event:
    return services.events.update(ids.to_text(event.id), EventChanges(given), MASTER, if_match)


def get(services: Services, event: Event) -> Event:
    return services.events.get(ids.to_text(event.id), MASTER)


@pytest.fixture(autouse=True)
def _sound_store(services: Services):
    """Whatever a test does, the store's invariants hold afterwards."""
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


class TestCreate:
    def test_a_one_time_event_is_scheduled_for_its_start(
        self, services: Services, create: Create
    ) -> None:
        event = create()
        assert event.next_ms == NOW_MS + HOUR_MS
        assert get(services, event) == event
        (planned,) = occurrences(services, event)
        assert (planned.scheduled_ms, planned.status) == (event.next_ms, OccurrenceStatus.SCHEDULED)

    def test_a_start_within_the_grace_fires_at_once(
        self, services: Services, create: Create
    ) -> None:
        event = create(start_time=NOW_MS - MISFIRE_GRACE_MS)
        assert event.status is EventStatus.ACTIVE
        assert services.storage.work.backlog(NOW_MS) == 1

    def test_an_older_start_is_recorded_as_missed(self, services: Services, create: Create) -> None:
        event = create(start_time=NOW_MS - MISFIRE_GRACE_MS - 1)
        assert (event.status, event.next_ms) == (EventStatus.INACTIVE, None)
        assert [one.status for one in occurrences(services, event)] == [OccurrenceStatus.MISSED]

    def test_a_series_that_began_in_the_past_goes_on_in_the_future(
        self, services: Services, create: Create
    ) -> None:
        event = create(start_time=NOW_MS - 10 * DAY_MS + HOUR_MS, schedule=DAILY)
        assert event.next_ms == NOW_MS + HOUR_MS
        assert len(occurrences(services, event)) == 1

    def test_a_series_begins_with_its_start_if_that_fits_the_rule(self, create: Create) -> None:
        assert create(schedule=DAILY).next_ms == NOW_MS + HOUR_MS

    def test_an_exhausted_series_is_inactive(self, create: Create) -> None:
        schedule = {**DAILY, "count": 2}
        event = create(start_time=NOW_MS - 10 * DAY_MS, schedule=schedule)
        assert (event.status, event.next_ms) == (EventStatus.INACTIVE, None)

    def test_a_paused_event_schedules_nothing(self, services: Services, create: Create) -> None:
        event = create(status=EventStatus.PAUSED)
        assert (event.next_ms, occurrences(services, event)) == (None, [])

    def test_a_wall_time_is_read_in_the_zone(self, create: Create) -> None:
        event = create(start_time=datetime(2026, 7, 1, 9), timezone="Europe/Berlin")  # noqa: DTZ001
        assert event.start_ms == 1_782_889_200_000  # 2026-07-01T07:00:00Z

    def test_a_wall_time_without_a_zone_is_refused(
        self, services: Services, create: Create
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            create(start_time=datetime(2026, 7, 1, 9))  # noqa: DTZ001
        assert list(caught.value.fields) == ["start_time"]
        assert not [key for key in snapshot(services.storage.client) if key != b"qh:meta"]

    def test_a_bad_schedule_leaves_nothing_behind(self, services: Services, create: Create) -> None:
        with pytest.raises(InvalidInput):
            create(schedule={"frequency": "daily", "interval": 0})
        assert not [key for key in snapshot(services.storage.client) if key != b"qh:meta"]

    def test_ids_sort_by_creation(self, create: Create) -> None:
        made = [create().id for _ in range(50)]
        assert made == sorted(made)
        assert len(set(made)) == 50


class TestUpdate:
    def test_keeps_what_is_left_out(self, services: Services, create: Create) -> None:
        event = create(description="old", metadata='{"a":1}')
        after = update(services, event, name="new")
        assert (after.name, after.definition.description, after.metadata_json) == (
            "new",
            "old",
            '{"a":1}',
        )
        assert (after.next_ms, after.version) == (event.next_ms, 2)
        assert get(services, event) == after

    def test_null_clears(self, services: Services, create: Create) -> None:
        event = create(
            description="d", metadata='{"a":1}', hmac_secret="x" * 16, retry={"attempts": 2}
        )
        after = update(
            services,
            event,
            description=None,
            metadata=None,
            tags=None,
            hmac_secret=None,
            retry=None,
        )
        assert (after.definition.description, after.metadata_json, after.tags) == ("", "{}", ())
        assert (after.hmac_secret, after.options) == (None, NO_OPTIONS)

    def test_a_new_time_replaces_the_scheduled_occurrence_at_once(
        self, services: Services, create: Create
    ) -> None:
        event = create()
        after = update(services, event, start_time=NOW_MS + 2 * HOUR_MS)
        assert [one.scheduled_ms for one in occurrences(services, event)] == [after.next_ms]

    def test_changing_nothing_makes_no_new_version(
        self, services: Services, create: Create
    ) -> None:
        event = create()
        assert update(services, event, name=event.name) == event

    def test_another_version_is_refused(self, services: Services, create: Create) -> None:
        event = create()
        update(services, event, if_match=1, name="first")
        with pytest.raises(StaleVersion):
            update(services, event, if_match=1, name="second")
        assert get(services, event).name == "first"

    def test_pausing_ends_what_is_scheduled_and_resuming_goes_on_in_the_future(
        self, services: Services, create: Create, clock: FakeClock
    ) -> None:
        event = create(schedule=DAILY)
        paused = update(services, event, status=EventStatus.PAUSED)
        assert (paused.next_ms, occurrences(services, event)) == (None, [])
        clock.advance(3 * DAY_MS)
        resumed = update(services, event, status=EventStatus.ACTIVE)
        assert resumed.next_ms == NOW_MS + 3 * DAY_MS + HOUR_MS
        assert len(occurrences(services, event)) == 1

    def test_an_event_that_has_run_fires_again_with_a_new_time_and_status_active(
        self, services: Services, create: Create, clock: FakeClock
    ) -> None:
        event = create(start_time=NOW_MS - DAY_MS)
        assert update(services, event, start_time=NOW_MS + 5).next_ms is None
        again = update(services, event, start_time=NOW_MS + 7, status=EventStatus.ACTIVE)
        assert (again.next_ms, again.status) == (NOW_MS + 7, EventStatus.ACTIVE)

    def test_the_same_time_does_not_fire_twice(self, services: Services, create: Create) -> None:
        event = create(start_time=NOW_MS - DAY_MS)
        with pytest.raises(Conflict):
            update(services, event, status=EventStatus.ACTIVE)

    def test_a_series_can_become_a_one_time_event(self, services: Services, create: Create) -> None:
        event = create(schedule=DAILY)
        after = update(services, event, schedule=None, start_time=NOW_MS + 9)
        assert (after.schedule, after.next_ms) == (None, NOW_MS + 9)

    def test_a_claim_in_between_is_noticed_and_the_write_planned_anew(
        self, services: Services, create: Create, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The occurrence that was claimed meanwhile goes out; the new schedule counts from now."""
        event = create(schedule=DAILY)
        clock.advance(HOUR_MS)
        partition = ids.partition_of_event(event.id)
        real, claimed = services.storage.events.save, []

        def save(*args: Any):
            if not claimed:
                claimed.extend(
                    services.storage.work.claim(
                        partition, b"w", 1, now_ms=clock.ms, limit=1, lease_ms=30_000
                    )
                )
            return real(*args)

        monkeypatch.setattr(services.storage.events, "save", save)
        after = update(services, event, schedule={"frequency": "hourly"})
        assert [one.scheduled_ms for one in claimed] == [event.next_ms]
        assert after.next_ms == clock.ms + HOUR_MS
        assert {one.status for one in occurrences(services, event)} == {
            OccurrenceStatus.DISPATCHED,
            OccurrenceStatus.SCHEDULED,
        }


class TestDelete:
    def test_ends_what_is_scheduled_and_keeps_the_record(
        self, services: Services, create: Create
    ) -> None:
        event = create()
        services.events.delete(ids.to_text(event.id), MASTER, None)
        with pytest.raises(NotFound):
            get(services, event)
        assert [one.status for one in occurrences(services, event)] == [OccurrenceStatus.CANCELLED]

    def test_of_another_version_is_refused(self, services: Services, create: Create) -> None:
        event = create()
        with pytest.raises(StaleVersion):
            services.events.delete(ids.to_text(event.id), MASTER, 9)
        assert get(services, event) == event


class TestScope:
    red = Access("tenant", "read_write", frozenset({"red"}))

    @pytest.mark.parametrize("tags", [(), ("blue",), ("red", "blue")])
    def test_creating_needs_tags_and_all_of_them_in_scope(
        self, services: Services, tags: tuple[str, ...]
    ) -> None:
        given = {"name": "n", "start_time": NOW_MS + 1, "tags": tags}
        action = webhook("https://example.com/")
        with pytest.raises(Forbidden):
            services.events.create(EventChanges({**given, "action": action}), self.red)

    def test_what_shares_no_tag_does_not_exist(self, services: Services, create: Create) -> None:
        event = create(tags=("blue",))
        text = ids.to_text(event.id)
        with pytest.raises(NotFound):
            services.events.get(text, self.red)
        with pytest.raises(NotFound):
            services.events.update(text, EventChanges({"name": "x"}), self.red, None)
        with pytest.raises(NotFound):
            services.events.delete(text, self.red, None)

    def test_what_can_be_seen_but_has_other_tags_too_can_not_be_changed(
        self, services: Services, create: Create
    ) -> None:
        event = create(tags=("red", "blue"))
        text = ids.to_text(event.id)
        assert services.events.get(text, self.red) == event
        with pytest.raises(Forbidden):
            services.events.update(text, EventChanges({"tags": ("red",)}), self.red, None)
        with pytest.raises(Forbidden):
            services.events.delete(text, self.red, None)
        assert get(services, event) == event

    def test_an_event_can_not_be_moved_out_of_scope(
        self, services: Services, create: Create
    ) -> None:
        event = create(tags=("red",))
        for tags in [("blue",), ("red", "blue"), None]:
            with pytest.raises(Forbidden):
                services.events.update(
                    ids.to_text(event.id), EventChanges({"tags": tags}), self.red, None
                )
        assert get(services, event) == event


class TestPreview:
    def test_answers_future_occurrences_the_next_one_first(
        self, services: Services, create: Create
    ) -> None:
        event = create(schedule=DAILY)
        found = services.previews.of_event(ids.to_text(event.id), MASTER, 3, None, None)
        first = NOW_MS + HOUR_MS
        assert [one.scheduled_ms for one in found.occurrences] == [
            first,
            first + DAY_MS,
            first + 2 * DAY_MS,
        ]

    def test_stays_within_its_bounds(self, services: Services, create: Create) -> None:
        event = create(schedule=DAILY)
        low, high = NOW_MS + HOUR_MS + DAY_MS, NOW_MS + HOUR_MS + 2 * DAY_MS
        found = services.previews.of_event(ids.to_text(event.id), MASTER, 10, low, high)
        assert [one.scheduled_ms for one in found.occurrences] == [low, high]

    def test_of_a_one_time_event_is_its_start_until_it_has_been(
        self, services: Services, create: Create, clock: FakeClock
    ) -> None:
        event = create()
        text = ids.to_text(event.id)
        (only,) = services.previews.of_event(text, MASTER, 9, None, None).occurrences
        assert only.scheduled_ms == event.start_ms
        clock.advance(2 * HOUR_MS)
        assert services.previews.of_event(text, MASTER, 9, None, None).occurrences == ()
