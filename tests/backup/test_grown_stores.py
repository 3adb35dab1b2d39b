"""A store that got more partitions while it ran is backed up and restored as any other."""

from __future__ import annotations

import pytest

from app.backup.restoring import restore
from app.domain.access import MASTER
from app.domain.action import webhook
from app.errors import ConfigError
from app.services.queries import EventChanges
from app.store import keys
from app.store.connection import StoreClient
from app.store.growth import GrowthStore
from app.store.meta_field import MetaField
from app.wiring.services import Services
from tests.backup.test_restoring import events_by_id, fill, loaded, services_of, url_of
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken

BEFORE, GROWN = 2, 5
GIVEN = {"name": "e", "start_time": NOW_MS + 90_000_000, "action": webhook("https://h.example/x")}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def source(store_url: str, clock: FakeClock) -> Services:
    """It has what was there before, and what came after; another raise was begun and broken off."""
    services = services_of(store_url, BEFORE, clock)
    fill(services, clock)
    growth = GrowthStore(services.storage.client, services.storage.scripts)
    for number in (3, GROWN):
        assert growth.begin(number)
        assert growth.end(number)
    assert growth.begin(GROWN + 4)
    services.storage.agreement.follow(growth.numbers())
    for number in range(30):
        make(services, number)
    return services


def make(services: Services, number: int) -> tuple[bytes, bool]:
    given = EventChanges(GIVEN)
    event, is_new = services.intake.creations.create(given, MASTER, f"again-{number}")
    return event.id, is_new


@pytest.mark.parametrize("after", [1, 3, GROWN, 9])
def test_all_of_it_is_there(
    source: Services, target: StoreClient, clock: FakeClock, after: int
) -> None:
    """Keys of users and of requests mean what they meant; nothing is left of the other raise."""
    events = events_by_id(source)
    restore(loaded(source), "the file", target, after)
    meta = target.hgetall(keys.META.decode())
    assert MetaField.GROWING.encode() not in meta
    assert MetaField.RAISED.encode() not in meta
    there = services_of(url_of(target), after, clock)
    there.storage.agreement.migrate()
    assert events_by_id(there) == events
    for one in events.values():
        if name := one.options.key_name:
            assert there.storage.events.keyed([name]) == [one]
    assert {make(there, number) for number in range(30)} <= {(one, False) for one in events}
    assert broken(target, after) == []
    with pytest.raises(ConfigError, match="QHRONOS_PARTITIONS"):
        services_of(url_of(target), BEFORE + 8, clock).storage.agreement.agree()
    there.storage.client.close()


def test_a_process_of_the_number_before_is_refused_by_the_restored_one(
    source: Services, target: StoreClient, clock: FakeClock
) -> None:
    """It has never had that number."""
    restore(loaded(source), "the file", target, GROWN)
    small = services_of(url_of(target), BEFORE, clock)
    with pytest.raises(ConfigError, match="there can't be fewer"):
        small.storage.agreement.agree()
    small.storage.client.close()
