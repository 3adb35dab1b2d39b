"""What becomes of times that have come while workers were away, when their event is changed.

Only one occurrence of a series is scheduled at a time: the others wait unseen until the one before
them is claimed. A change may not lose them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.budget import BudgetExceeded
from app.domain.event import Event, EventStatus
from app.errors import InvalidInput
from app.planning.timetables import Timetables
from app.services.queries import EventChanges, OccurrenceQuery
from app.wiring.services import Services
from tests.support.api_client import at
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken

Create = Callable[..., Event]

EVERY_SECOND = {"every": "1s"}
AWAY_MS = 5_500


@pytest.fixture(autouse=True)
def _sound_store(services: Services) -> Iterator[None]:
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


@pytest.fixture
def behind(create: Create, clock: FakeClock) -> Event:
    """An event of every second of which five times have come, and nothing was sent."""
    event = create(start_time=NOW_MS + 1_000, schedule=EVERY_SECOND)
    clock.advance(AWAY_MS)
    return event


def change(services: Services, event: Event, **given: Any) -> Event:
    return services.events.update(ids.to_text(event.id), EventChanges(given), MASTER, None)


def without(*seconds: int) -> dict[str, Any]:
    return {**EVERY_SECOND, "exclude": [at(NOW_MS / 1000 + one) for one in seconds]}


def deliver(services: Services, event: Event, clock: FakeClock) -> None:
    """Claim and continue until nothing is due."""
    for _ in range(20):
        now_ms = clock.advance(1)
        partition = ids.partition_of_event(event.id)
        claims = services.storage.work.claim(
            partition, b"w", now_ms, now_ms=now_ms, limit=99, lease_ms=30_000
        )
        services.successors.schedule(claims, now_ms)


def found(services: Services, event: Event) -> dict[int, str]:
    """The status of each occurrence that has come, by the second."""
    query = OccurrenceQuery(event_id=ids.to_text(event.id), limit=100)
    listed = services.occurrences.list(query, MASTER).items
    return {
        (one.scheduled_ms - NOW_MS) // 1_000: one.error_message or one.status
        for one in listed
        if one.scheduled_ms <= NOW_MS + AWAY_MS
    }


SENT, CHANGED = "dispatched", "its event was changed"


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ([], [SENT] * 5),
        ([1], [CHANGED, SENT, SENT, SENT, SENT]),
        ([1, 2, 4], [CHANGED, CHANGED, SENT, CHANGED, SENT]),
        ([3], [SENT, SENT, CHANGED, SENT, SENT]),
        ([1, 2, 3, 4, 5], [CHANGED] * 5),
    ],
    ids=["none", "the scheduled one", "some", "one behind it", "all"],
)
def test_those_that_the_changed_event_has_are_sent_the_others_say_why_not(
    services: Services, behind: Event, clock: FakeClock, gone: list[int], expected: list[str]
) -> None:
    change(services, behind, schedule=without(*gone, 9_999))
    deliver(services, behind, clock)
    assert found(services, behind) == dict(enumerate(expected, 1))
    stored = services.events.get(ids.to_text(behind.id), MASTER)
    assert stored.next_ms == NOW_MS + 6_000


@pytest.mark.parametrize("status", [EventStatus.PAUSED, EventStatus.INACTIVE])
def test_an_event_that_is_paused_or_ended_says_so_of_all_of_them(
    services: Services, behind: Event, status: EventStatus
) -> None:
    change(services, behind, status=status)
    said = "paused" if status is EventStatus.PAUSED else "ended"
    assert found(services, behind) == dict.fromkeys(range(1, 6), f"its event was {said}")


def test_an_event_that_is_deleted_says_so_of_all_of_them(services: Services, behind: Event) -> None:
    services.events.delete(ids.to_text(behind.id), MASTER, None)
    assert found(services, behind) == dict.fromkeys(range(1, 6), "its event was deleted")


def test_an_event_that_its_receiver_ends_says_so_of_all_of_them(
    services: Services, behind: Event
) -> None:
    services.events.deactivate(behind.id)
    assert found(services, behind) == dict.fromkeys(range(1, 6), "its event was ended")


def test_a_calendar_that_takes_all_of_them_says_so(
    services: Services, create: Create, clock: FakeClock
) -> None:
    services.calendars.put("closed", {"dates": ["2030-05-05"]}, MASTER)
    event = create(start_time=NOW_MS + 1_000, schedule=EVERY_SECOND, calendars=["closed"])
    clock.advance(AWAY_MS)
    day = at(NOW_MS / 1000)[:10]
    services.calendars.put("closed", {"dates": [day]}, MASTER)
    changed = "a calendar that its event names was changed"
    assert found(services, event) == dict.fromkeys(range(1, 6), changed)


def test_a_change_between_a_claim_and_its_successor_goes_on_after_the_claim(
    services: Services, behind: Event, clock: FakeClock
) -> None:
    """The worker that claimed it has died: nothing is scheduled, and the series is behind."""
    now_ms = clock.now_ms()
    partition = ids.partition_of_event(behind.id)
    services.storage.work.claim(partition, b"dead", 1, now_ms=now_ms, limit=1, lease_ms=30_000)
    changed = change(services, behind, schedule=without(2, 9_999))
    assert changed.next_ms == NOW_MS + 3_000
    deliver(services, behind, clock)
    assert found(services, behind) == {1: SENT, 2: CHANGED, 3: SENT, 4: SENT, 5: SENT}


def test_what_was_triggered_or_backfilled_among_them_is_passed_over(
    services: Services, behind: Event, clock: FakeClock
) -> None:
    stored = services.events.get(ids.to_text(behind.id), MASTER)
    now_ms = clock.now_ms()
    services.storage.events.add_occurrences(stored, [(NOW_MS + 2_000, now_ms)], now_ms)
    changed = change(services, behind, schedule=without(1, 9_999))
    assert changed.next_ms == NOW_MS + 3_000
    deliver(services, behind, clock)
    assert found(services, behind) == {1: CHANGED, 2: SENT, 3: SENT, 4: SENT, 5: SENT}


@pytest.mark.parametrize(
    "error",
    [ValueError("broken"), BudgetExceeded(), InvalidInput("broken")],
    ids=lambda one: type(one).__name__,
)
def test_an_event_whose_schedule_is_broken_can_be_deleted_all_the_same(
    services: Services,
    behind: Event,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that is scheduled says why; what came after it can't be told."""

    def broken_rule(*_: object) -> None:
        raise error

    monkeypatch.setattr(Timetables, "of", broken_rule)
    services.events.delete(ids.to_text(behind.id), MASTER, None)
    assert found(services, behind) == {1: "its event was deleted"}
