"""The index of names: it finds by whole names and by what they begin with, in any amount."""

from __future__ import annotations

import random

import pytest

from app.domain import ids
from app.domain.ids import EventIds
from app.store import keys
from app.store.codec import definition_to_doc
from app.store.fields import EventField
from app.store.indexes import Total
from app.store.names import NameIndex, NameMatch
from app.store.selections import Entry, Selection
from tests.store.conftest import Stores
from tests.support.builders import an_event

NAMES = ("a", "ab", 'a"', 'a\\",', "a\u00e9", "a\x7fb", "b", "\u00e9", "\U0001f600", "a" * 255)


@pytest.fixture
def names(stores: Stores) -> NameIndex:
    return NameIndex(stores.client, stores.work._scripts, stores.partitions)


def listed(stores: Stores, called: list[str]) -> dict[bytes, str]:
    """Lists events that are called so, oldest first; the ids with their names."""
    made, events, example = EventIds(), {}, an_event()
    for number, name in enumerate(called):
        partition = number % stores.partitions
        event_id = made.make(1_700_000_000_000_000 + number * 1_000, partition)
        document = definition_to_doc(example.changed(name=name).definition)
        key = keys.event(partition, event_id)
        stores.client.hset(key, EventField.DEFINITION, document)  # type: ignore[arg-type]
        prefix = keys.prefix(partition)
        assert stores.work._scripts("list_names", [prefix + b"names"], [prefix, event_id]) == 1
        events[event_id] = name
    return events


def counted(stores: Stores, name: str) -> Total:
    return stores.lists.total(Selection(beginning=NameMatch(name).clause.beginning))


def newest(found: list[bytes]) -> list[Entry]:
    return [(ids.created_ms(one), one) for one in sorted(found, reverse=True)]


@pytest.mark.parametrize("seed", range(3))
def test_each_name_and_each_beginning_finds_its_events(
    stores: Stores, names: NameIndex, seed: int
) -> None:
    """Many parts, some of one name alone; in pages of any size, in both orders."""
    chosen = random.Random(seed)
    events = listed(stores, chosen.choices(NAMES, [400, 90, *[20] * 8], k=700))
    for name in (*NAMES, "none"):
        expected = newest([one for one, its in events.items() if its == name])
        selection = Selection(beginning=NameMatch(name).clause.beginning)
        assert counted(stores, name) == Total(len(expected))
        for oldest_first in (False, True):
            found: list[Entry] = []
            after: Entry | None = None
            while len(found) <= len(expected):
                size = chosen.choice([1, 7, 150, 500])
                some, after = stores.lists.part(selection, after, size, oldest_first=oldest_first)
                found += some
                if after is None:
                    break
            assert found == (expected[::-1] if oldest_first else expected)
    for prefix in ("a", "aa", 'a"', "a\\", "\u00e9", "c"):
        expected = newest([one for one, its in events.items() if its.startswith(prefix)])
        match = NameMatch(prefix, is_prefix=True)
        assert sorted(names.few(match, 700) or [], reverse=True) == expected
        if expected:
            assert names.few(match, len(expected) - 1) is None
        assert names.have(match, list(events)) == [
            its.startswith(prefix) for its in events.values()
        ]


def test_times_of_creation_bound_it(stores: Stores) -> None:
    events = list(listed(stores, ["one"] * 40))
    low, high = ids.created_ms(events[10]), ids.created_ms(events[20])
    selection = Selection(beginning=NameMatch("one").clause.beginning, low_ms=low, high_ms=high)
    assert stores.lists.part(selection, None, 99) == (newest(events[10:21]), None)
    assert stores.lists.total(selection) == Total(11)


def test_a_part_that_is_empty_is_gone(stores: Stores) -> None:
    """Whatever is listed and taken out, the store has no key left of it."""
    events = listed(stores, [f"name {number:04}" for number in range(600)])
    parts = [len(stores.client.keys(keys.prefix(p) + b"names*")) for p in range(stores.partitions)]
    assert max(parts) > 600 / stores.partitions / 128
    example = an_event()
    for event_id, name in events.items():
        event = example.changed(id=event_id, name=name)
        key = keys.event_of(event_id)
        stores.client.hset(key, EventField.VERSION, str(event.version))  # type: ignore[arg-type]
        stores.client.hset(key, EventField.STATUS, "active")  # type: ignore[arg-type]
        stores.client.hdel(key, EventField.TAGS)  # type: ignore[arg-type]
        stores.events.delete(event.changed(tags=()), any_version=True, now_ms=1)
    for partition in range(stores.partitions):
        assert stores.client.keys(keys.prefix(partition) + b"names*") == []


def test_it_says_when_it_is_complete(stores: Stores, names: NameIndex) -> None:
    stores.client.hset(keys.META.decode(), "schema", "4")
    assert not names.is_complete()
    stores.client.hset(keys.META.decode(), "schema", "9")
    assert names.is_complete()
