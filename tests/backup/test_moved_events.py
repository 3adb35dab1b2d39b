"""Events that have moved between partitions are backed up, and restored into any number of them."""

from __future__ import annotations

from typing import Any

import pytest

from app.backup.restoring import restore
from app.backup.surveys import prepare, survey
from app.domain import ids
from app.domain.access import MASTER
from app.store import events as event_store
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.growth import GrowthStore
from app.store.homecoming import Homecoming
from app.store.migrations.migration import MOVED
from app.store.past import PastStore
from app.store.scripts import Scripts
from tests.backup.moved_stores import FIRST, SERIES, THIRD, MovedStore, moved_store
from tests.backup.test_restoring import loaded, services_of, url_of
from tests.support.clock import FakeClock
from tests.support.invariants import broken

COUNTS = [1, 5, THIRD, THIRD + 3]


class Killed(Exception):
    """What ends a process in the midst of something."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def source(store_url: str, clock: FakeClock) -> MovedStore:
    store = moved_store(store_url, clock)
    came_from = [
        (store.client.hget(keys.event(home, one), EventField.CAME_FROM) or b"").split()
        for one, home in store.homes().items()
    ]
    assert {len(places) for places in came_from} == {0, 1, 2}
    return store


def restored(source: MovedStore, target: StoreClient, partitions: int) -> MovedStore:
    restore(loaded(source.services), "the file", target, partitions)
    services = services_of(url_of(target), partitions, source.clock)
    services.storage.agreement.migrate()
    there = MovedStore(services, source.clock, source.claims)
    there.look()
    assert broken(target, partitions) == []
    return there


@pytest.mark.parametrize("after", COUNTS)
def test_all_of_it_is_there_and_goes_on(
    source: MovedStore, target: StoreClient, after: int
) -> None:
    """Every id leads to its event, old occurrences are read and listed, and the next ones come."""
    before = source.content()
    assert sum(len(some) for some in before.history.values()) > 3 * SERIES
    there = restored(source, target, after)
    assert there.content() == before
    assert int(target.hget(keys.META.decode(), "schema") or 0) == MOVED
    assert len(there.attempt()) == SERIES
    there.pack()
    assert broken(target, after) == []
    content = there.content()
    assert {len(some) for some in content.history.values()} == {1, 5}
    there.look()
    for one in before.events:
        there.services.events.delete(ids.to_text(one), MASTER, None)
    assert there.of_events() == set()
    assert broken(target, after) == []


def killed_before(monkeypatch: pytest.MonkeyPatch, script: str, store: MovedStore) -> None:
    """Have a mover be killed between two scripts."""
    each = Scripts.each

    def until(self: Scripts, name: str, calls: Any) -> list[Any]:
        if name == script and calls:
            raise Killed
        return each(self, name, calls)

    store.raise_to(THIRD + 4)
    with monkeypatch.context() as patched:
        patched.setattr(Scripts, "each", until)
        with pytest.raises(Killed):
            store.move()


def expected(client: StoreClient) -> int:
    return sum(client.hlen(key) for key in client.scan_iter(match=b"qh:*:expected"))


@pytest.mark.parametrize(
    ("script", "after"), [("leave_event", 4), ("open_event", 4), ("open_event", THIRD + 6)]
)
def test_what_was_on_its_way_has_arrived_or_stayed(
    source: MovedStore,
    target: StoreClient,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    after: int,
) -> None:
    """Whoever moved it was killed; with no fewer partitions another one goes on."""
    before = source.content()
    killed_before(monkeypatch, script, source)
    assert expected(source.client)
    there = restored(source, target, after)
    assert there.content() == before
    assert not list(target.scan_iter(match=b"qh:*:expected"))
    assert not list(target.scan_iter(match=b"qh:*:mover"))
    assert (there.growth.moving() is None) == (after < THIRD + 4)
    if after > THIRD:
        there.move()
        assert {home >= THIRD for home in there.homes().values()} == {True, False}
        assert broken(target, after) == []
        assert there.content() == before
    assert len(there.attempt()) == SERIES


@pytest.mark.parametrize("after", [4, THIRD])
def test_nothing_leads_to_what_was_deleted(
    source: MovedStore, target: StoreClient, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whoever deleted it was killed before that was done."""
    monkeypatch.setattr(event_store, "forget_left", lambda *_: None)
    homes = source.homes()
    gone = [one for one, home in homes.items() if home >= FIRST]
    for one in gone:
        source.services.events.delete(ids.to_text(one), MASTER, None)
    assert {one for _, one in source.of_events()} >= set(gone)
    there = restored(source, target, after)
    assert {one for _, one in there.of_events()} == homes.keys() - set(gone)
    assert not list(target.scan_iter(match=b"qh:*:left"))


def test_what_was_just_brought_to_its_event_is_there_once(
    source: MovedStore, target: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever brought it was killed when it was there and here."""
    old = [one for its in source.content().history.values() for one in its]
    source.look()

    def killed(*_: object) -> int:
        raise Killed

    homecoming = Homecoming(source.client, source.services.storage.scripts)
    twice = 0
    with monkeypatch.context() as patched:
        patched.setattr(PastStore, "delete", killed)
        for one in old:
            try:
                homecoming.bring([one], source.clock.ms)
            except Killed:
                twice += 1
    assert twice
    before = source.content()
    there = restored(source, target, 1)
    assert there.content() == before


def test_a_backup_is_verified_as_it_is_restored(
    source: MovedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event is in one partition, its id leads there, and else there is a problem."""
    killed_before(monkeypatch, "open_event", source)
    backup = loaded(source.services)
    ids.keep_to()
    partitions = prepare(source.client, backup.header, "the file")
    assert partitions == THIRD + 4
    found = survey(source.client, partitions, backup.header.taken_ms, 0)
    assert found.problems == []
    assert sum(found.events.values()) == len(source.homes())
    one = next(one for one, home in source.homes().items() if home >= FIRST)
    source.client.delete(keys.event(ids.first_partition_of(one), one))
    source.look()
    (problem,) = survey(source.client, partitions, backup.header.taken_ms, 0).problems
    assert problem == f"event {ids.to_text(one)} is listed and not there"


def test_what_was_restored_into_more_can_be_spread(source: MovedStore, target: StoreClient) -> None:
    there = restored(source, target, THIRD + 6)
    growth = GrowthStore(target, Scripts(target))
    plan = growth.moving()
    assert plan is not None
    assert (plan.former, plan.wanted) == (THIRD, THIRD + 6)
    before = there.content()
    there.move()
    assert max(there.homes().values()) >= THIRD
    there.look()
    assert there.content() == before
    assert broken(target, THIRD + 6) == []
