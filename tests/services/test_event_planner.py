"""What becomes of an occurrence that waits when its event, or a calendar of it, is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence
from app.services.events import EventService
from app.services.queries import EventChanges, OccurrenceQuery
from app.store.calls import Deferral
from app.store.claims import Claim
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

Create = Callable[..., Event]

FAR = {"dates": ["2030-05-05"]}
EVERY_HOUR = {"every": "1h"}


@pytest.fixture(autouse=True)
def _sound_store(services: Services) -> Iterator[None]:
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def change(services: Services, event: Event, **given: Any) -> Event:
    return services.events.update(ids.to_text(event.id), EventChanges(given), MASTER, None)


def records(services: Services, event: Event) -> dict[int, Occurrence]:
    """The occurrences of an event, by how long after NOW_MS they were scheduled."""
    query = OccurrenceQuery(event_id=ids.to_text(event.id), limit=100)
    found = services.occurrences.list(query, MASTER).items
    return {one.scheduled_ms - NOW_MS: one for one in found}


def claim(services: Services, event: Event, now_ms: int) -> list[Claim]:
    partition = ids.partition_of_event(event.id)
    return list(
        services.storage.work.claim(
            partition, b"w", now_ms, now_ms=now_ms, limit=99, lease_ms=30_000
        )
    )


@pytest.fixture
def pending(create: Create, clock: FakeClock) -> Event:
    """An hourly event whose time has come and whose attempt is yet to come: it has jitter."""
    event = create(start_time=NOW_MS + HOUR_MS, schedule=EVERY_HOUR, jitter="50s")
    clock.advance(HOUR_MS + 1)
    return event


EDITS: list[tuple[str, dict[str, Any]]] = [
    ("a far exclusion", {"schedule": {**EVERY_HOUR, "exclude": ["2030-05-05"]}}),
    ("a far inclusion", {"schedule": {**EVERY_HOUR, "include": ["2030-05-05T00:00:00Z"]}}),
    ("another way to say the same", {"schedule": {"every": "60m"}}),
    ("a faster one that has the time", {"schedule": {"every": "20m"}}),
    ("a rule that has the time", {"schedule": {"rrule": "FREQ=MINUTELY"}}),
    ("an end", {"schedule": {**EVERY_HOUR, "count": 1}}),
    ("a zone", {"timezone": "Asia/Tokyo"}),
    ("less jitter", {"jitter": "10s"}),
    ("more jitter", {"jitter": "2m"}),
    ("no jitter", {"jitter": None}),
    ("the clock's change", {"dst": {"gap": "skip"}}),
]


@pytest.mark.parametrize("given", [given for _, given in EDITS], ids=[name for name, _ in EDITS])
def test_it_stays_if_the_changed_event_has_its_time(
    services: Services, pending: Event, given: dict[str, Any], clock: FakeClock
) -> None:
    """It is attempted once, and the series goes on after it."""
    changed = change(services, pending, **given)
    assert changed.next_ms == NOW_MS + HOUR_MS
    clock.advance(10 * 60_000)
    claims = claim(services, pending, clock.now_ms())
    assert [one.scheduled_ms for one in claims] == [NOW_MS + HOUR_MS]
    services.successors.schedule(claims, clock.now_ms())
    following = services.events.get(ids.to_text(pending.id), MASTER).next_ms
    assert following is None or following > NOW_MS + HOUR_MS
    assert records(services, pending)[HOUR_MS].status == "dispatched"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"schedule": {"every": "2h"}, "start_time": NOW_MS}, "its event was changed"),
        ({"start_time": NOW_MS + 90 * 60_000}, "its event was changed"),
        ({"schedule": {**EVERY_HOUR, "exclude": ["2026-01-01"]}}, "its event was changed"),
        ({"schedule": {"cron": "30 * * * *"}}, "its event was changed"),
        ({"status": EventStatus.PAUSED}, "its event was paused"),
        ({"status": EventStatus.INACTIVE}, "its event was ended"),
    ],
)
def test_else_it_ends_as_cancelled_with_the_reason(
    services: Services, pending: Event, given: dict[str, Any], reason: str
) -> None:
    change(services, pending, **given)
    cancelled = records(services, pending)[HOUR_MS]
    assert (cancelled.status, cancelled.error_message) == ("cancelled", reason)
    assert cancelled.attempt_count == 0


def test_what_is_still_to_come_is_replaced_without_a_record(
    services: Services, create: Create
) -> None:
    event = create(start_time=NOW_MS + HOUR_MS, schedule=EVERY_HOUR)
    change(services, event, schedule={"every": "2h"}, start_time=NOW_MS + 2 * HOUR_MS)
    assert [one.status for one in records(services, event).values()] == ["scheduled"]


def test_a_dry_run_says_what_happens_to_it(services: Services, pending: Event) -> None:
    text = ids.to_text(pending.id)
    kept = EventChanges({"schedule": {**EVERY_HOUR, "exclude": ["2030-05-05"]}})
    assert services.previews.of_change(text, kept, MASTER).removed == ()
    gone = EventChanges({"schedule": {**EVERY_HOUR, "exclude": ["2026-01-01"]}})
    assert NOW_MS + HOUR_MS in services.previews.of_change(text, gone, MASTER).removed


def test_a_calendar_that_leaves_its_time_alone_leaves_it(
    services: Services, create: Create, clock: FakeClock
) -> None:
    services.calendars.put("closed", FAR, MASTER)
    event = create(
        start_time=NOW_MS + HOUR_MS, schedule=EVERY_HOUR, jitter="50s", calendars=["closed"]
    )
    clock.advance(HOUR_MS + 1)
    services.calendars.put("closed", {"dates": ["2030-06-06"]}, MASTER)
    assert records(services, event)[HOUR_MS].status == "scheduled"
    services.calendars.put("closed", {"dates": ["2026-01-01"]}, MASTER)
    cancelled = records(services, event)[HOUR_MS]
    assert cancelled.status == "cancelled"
    assert cancelled.error_message == "a calendar that its event names was changed"


def test_one_that_was_claimed_and_returned_unsent_stays_if_its_time_does(
    services: Services, create: Create, clock: FakeClock
) -> None:
    """Beside the one that is scheduled, several may wait: each is judged by its own time."""
    event = create(start_time=NOW_MS + 1_000, schedule={"every": "1s"})
    for _ in range(3):
        now_ms = clock.advance(1_000)
        claims = claim(services, event, now_ms)
        services.successors.schedule(claims, now_ms)
        later_ms = now_ms + 60_000
        returned = [Deferral(one.occurrence_id, one.token, later_ms) for one in claims]
        services.storage.work.release(returned, now_ms)
    kept = {**EVERY_HOUR, "include": ["2026-01-01T00:00:02Z"]}
    change(services, event, schedule=kept, start_time=NOW_MS + 1_000)
    found = {at: one.status for at, one in records(services, event).items() if at < HOUR_MS}
    assert found == {1_000: "scheduled", 2_000: "scheduled", 3_000: "cancelled"}


def test_an_edit_just_before_the_time_finds_it_claimed_and_goes_on_after_it(
    services: Services, create: Create, clock: FakeClock
) -> None:
    """What is due soon is claimed ahead: the changed series may not stand still over it."""
    event = create(start_time=NOW_MS + 1_000, schedule={"every": "1s"})
    now_ms = clock.advance(1_000)
    ahead = claim(services, event, now_ms)
    clock.ms = now_ms - 20
    changed = change(services, event, schedule={"every": "1s", "exclude": ["2030-05-05"]})
    assert changed.next_ms == NOW_MS + 2_000
    services.successors.schedule(ahead, clock.now_ms())
    assert services.events.get(ids.to_text(event.id), MASTER).next_ms == NOW_MS + 2_000


def test_occurrences_that_exist_already_are_passed_over_in_the_same_step(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create(start_time=NOW_MS + HOUR_MS, schedule=EVERY_HOUR)
    stored = services.events.get(ids.to_text(event.id), MASTER)
    beside = [(NOW_MS + n * 1_000, NOW_MS + HOUR_MS) for n in range(1, 6)]
    services.storage.events.add_occurrences(stored, beside, NOW_MS)
    changed = change(services, event, schedule={"every": "1s"}, start_time=NOW_MS)
    assert changed.next_ms == NOW_MS + 6_000
    assert services.events.get(ids.to_text(event.id), MASTER).next_ms == NOW_MS + 6_000


def test_a_one_time_event_that_is_paused_over_its_time_fires_when_it_is_resumed(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create(start_time=NOW_MS + 1_000)
    clock.advance(2_000)
    change(services, event, status=EventStatus.PAUSED)
    assert records(services, event) == {}
    change(services, event, status=EventStatus.ACTIVE)
    assert records(services, event)[1_000].status == "scheduled"


def test_an_event_that_can_not_be_planned_is_set_aside_with_the_reason(
    services: Services, create: Create
) -> None:
    event = create(start_time=NOW_MS + HOUR_MS, schedule=EVERY_HOUR)
    service: EventService = services.events
    service.set_aside(event.id, "its schedule takes too many steps to compute")
    found = service.get(ids.to_text(event.id), MASTER)
    assert (found.status, found.next_ms) == (EventStatus.PAUSED, None)
    pause = found.options.pause
    assert pause is not None
    assert pause.until_ms is None
    assert "its schedule takes too many steps to compute" in (pause.note or "")
    assert change(services, event, status=EventStatus.ACTIVE).next_ms == NOW_MS + HOUR_MS
