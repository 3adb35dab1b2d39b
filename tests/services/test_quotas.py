"""Limits on what one caller may put into the store.

Tests ``app.store.owners``, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.config import Settings
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import Event
from app.domain.ids import to_text
from app.errors import Forbidden, InvalidInput
from app.services.queries import EventChanges
from app.services.quotas import BEING_CREATED_MS
from app.store import keys
from app.store.connecting import connect
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock

ZOE = Access("Zoë", "write", frozenset({"red"}))
BOB = Access("Bob", "admin")
GIVEN = {
    "name": "an event",
    "start_time": NOW_MS + 3_600_000,
    "action": webhook("https://example.com/hook"),
    "tags": ("red",),
}


@pytest.fixture
def services_with(store_url: str, clock: FakeClock) -> Iterator[Callable[..., Services]]:
    """Makes services with these limits."""
    with connect(store_url) as store:
        yield lambda **limits: build_services(
            Settings(jwt_secret="j" * 32, signing_secret="s" * 32, **limits),
            Doubles(store=store, clock=clock),
        )


@pytest.fixture
def limited(services_with: Callable[..., Services]) -> Services:
    return services_with(max_events_per_sub=3)


@pytest.fixture
def create(limited: Services) -> Callable[[Access], Event]:
    return lambda access: limited.events.create(EventChanges(GIVEN), access)


def test_a_subject_may_make_so_many_events(limited: Services, create) -> None:
    """Each subject for itself; the master token as many as it likes; deleting makes room."""
    made = [create(ZOE) for _ in range(3)]
    with pytest.raises(Forbidden, match="at most 3 events"):
        create(ZOE)
    for _ in range(3):
        create(BOB)
    for _ in range(5):
        create(MASTER)
    for event in made[:2]:
        limited.events.delete(to_text(event.id), MASTER, None)
    limited.clock.advance(BEING_CREATED_MS)
    create(ZOE)
    create(ZOE)
    with pytest.raises(Forbidden):
        create(ZOE)


def test_an_event_that_is_refused_takes_no_place(limited: Services, create) -> None:
    """Not for the minute either in which it might still be being made."""
    made = [create(ZOE) for _ in range(3)]
    limited.clock.advance(BEING_CREATED_MS)
    for _ in range(3):
        with pytest.raises(Forbidden):
            create(ZOE)
    limited.events.delete(to_text(made[0].id), MASTER, None)
    create(ZOE)


def test_many_at_once_get_no_more(limited: Services, create) -> None:
    def attempt(_number: int) -> bool:
        try:
            create(ZOE)
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(attempt, range(40)))
    assert made <= 3
    assert limited.storage.client.zcard(keys.events(0, "active")) == made


def test_what_is_refused_does_not_count(limited: Services) -> None:
    bad = EventChanges({**GIVEN, "schedule": {"cron": "nonsense"}})
    for _ in range(9):
        with pytest.raises(InvalidInput):
            limited.events.create(bad, ZOE)
    for _ in range(3):
        limited.events.create(EventChanges(GIVEN), ZOE)


def test_a_schedule_is_checked_when_it_is_written(services_with) -> None:
    services = services_with(max_occurrences_per_minute=1)
    made = services.events.create(EventChanges(GIVEN), MASTER)
    dense = {"schedule": {"every": "30s"}}
    with pytest.raises(InvalidInput) as caught:
        services.events.create(EventChanges({**GIVEN, **dense}), MASTER)
    assert "schedule" in caught.value.fields
    with pytest.raises(InvalidInput):
        services.events.update(to_text(made.id), EventChanges(dense), MASTER, None)
