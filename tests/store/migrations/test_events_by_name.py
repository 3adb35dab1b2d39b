"""Events of before there was an index of names are put into it."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.domain.ids import EventIds
from app.store import keys
from app.store.event_plans import KEEP, NOTHING
from app.store.meta_field import MetaField
from app.store.migrations import events_by_name
from app.store.migrations.events_by_name import EVENTS_BY_NAME
from app.store.names import NameMatch
from app.store.selections import Selection
from tests.store.conftest import Stores
from tests.support.builders import an_event

NAMES = ("one", "two", "one more")


@pytest.fixture
def old(stores: Stores) -> list[Event]:
    """Events of every status that no index of names knows."""
    made, events = EventIds(), []
    for number in range(30 * stores.partitions):
        event_id = made.make(1_700_000_000_000_000 + number * 1_000, number % stores.partitions)
        status = list(EventStatus)[number % 2 + 1]
        event = an_event(id=event_id, name=NAMES[number % 3], status=status)
        stores.events.save(event, NOTHING, None, 1)
        events.append(event)
    for partition in range(stores.partitions):
        for key in stores.client.keys(keys.prefix(partition) + b"names*"):
            stores.client.delete(key)
    return events


def found(stores: Stores, name: str) -> list[bytes]:
    selection = Selection(beginning=NameMatch(name).clause.beginning)
    entries, _ = stores.lists.part(selection, None, 1_000, oldest_first=True)
    return [one for _, one in entries]


def run(stores: Stores, partition: int, cursor: str = "") -> None:
    """Every step, and each of them twice: a step may be repeated."""
    from app.store.migrations.migration import Stored  # noqa: PLC0415

    stored = Stored(stores.client, stores.work._scripts)
    while True:
        EVENTS_BY_NAME.step(stored, partition, cursor)
        _, cursor = EVENTS_BY_NAME.step(stored, partition, cursor)
        if not cursor:
            return


def test_each_event_is_found_by_its_name(
    stores: Stores, old: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_by_name, "BATCH", 5)
    assert found(stores, "one") == []
    for partition in range(stores.partitions):
        run(stores, partition)
    for name in NAMES:
        assert found(stores, name) == [one.id for one in old if one.name == name]
    assert stores.client.hget(keys.META.decode(), MetaField.SCHEMA) is None


def test_what_changed_while_it_ran_is_found_as_it_is(stores: Stores, old: list[Event]) -> None:
    """One was renamed, one deleted, one resumed behind the place at which the migration is."""
    renamed, gone, resumed = old[:3]
    after = renamed.changed(name="other", version=renamed.version + 1)
    stores.events.save(after, KEEP, renamed, 2)
    stores.events.delete(gone, any_version=True, now_ms=2)
    active = resumed.changed(status=EventStatus.ACTIVE, version=resumed.version + 1)
    stores.events.save(active, NOTHING, resumed, 2)
    for partition in range(stores.partitions):
        run(stores, partition, "1:0")
    assert found(stores, "other") == [renamed.id]
    every = sorted(one for name in NAMES for one in found(stores, name))
    assert every == [one.id for one in old if one.id not in (renamed.id, gone.id)]
    assert ids.created_ms(resumed.id) > 0
