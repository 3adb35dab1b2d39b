"""Events of before there was an index of hosts are put into it.

Tests ``app.store.term_writes`` and ``app.store.term_index``, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.domain.action import webhook
from app.domain.event import Event, EventStatus
from app.domain.ids import EventIds
from app.store import keys, term_writes
from app.store.connection import StoreClient
from app.store.event_plans import KEEP, NOTHING
from app.store.events import EventStore
from app.store.meta_field import MetaField
from app.store.migrations import events_by_host
from app.store.migrations.events_by_host import EVENTS_BY_HOST
from app.store.migrations.migration import Stored
from app.store.reading import Values, read_hashes
from app.store.scripts import Argument, Scripts
from app.store.selections import Selection
from app.store.term_index import TermIndex
from app.store.term_writes import list_terms
from app.store.terms import TERM, EventTerms, with_host, with_member
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.invariants import broken

HOSTS = ("one.example", "two.example", "one.example:8443")


@pytest.fixture
def old(stores: Stores) -> list[Event]:
    """Events of every status that no index of hosts knows; one member of each is declared."""
    made, events = EventIds(), []
    declaring = EventStore(
        stores.client, stores.work._scripts, stores.partitions, EventTerms(("n",))
    )
    for number in range(30 * stores.partitions):
        event_id = made.make(1_700_000_000_000_000 + number * 1_000, number % stores.partitions)
        event = an_event(
            id=event_id,
            action=webhook(f"https://{HOSTS[number % 3]}/x"),
            status=list(EventStatus)[number % 2 + 1],
            metadata_json=f'{{"n":{number % 2}}}',
        )
        declaring.save(event, NOTHING, None, 1)
        events.append(event)
    for partition in range(stores.partitions):
        for key in stores.client.keys(keys.prefix(partition) + b"terms*"):
            stores.client.delete(key)
    return events


def wrong_terms(stores: Stores) -> list[str]:
    return [one for one in broken(stores.client, stores.partitions) if "index of terms" in one]


def found(stores: Stores, selection: Selection) -> list[bytes]:
    entries, _ = stores.lists.part(selection, None, 1_000, oldest_first=True)
    return [one for _, one in entries]


def sent_to(stores: Stores, host: str) -> list[bytes]:
    return found(stores, Selection(beginning=with_host(host).beginning))


def run(stores: Stores, partition: int, cursor: str = "") -> None:
    """Every step, and each of them twice: a step may be repeated."""
    stored = Stored(stores.client, stores.work._scripts)
    while True:
        EVENTS_BY_HOST.step(stored, partition, cursor)
        _, cursor = EVENTS_BY_HOST.step(stored, partition, cursor)
        if not cursor:
            return


def test_each_event_is_found_by_its_host_and_by_what_its_hash_keeps(
    stores: Stores, old: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_by_host, "BATCH", 5)
    assert sent_to(stores, "one.example") == []
    for partition in range(stores.partitions):
        run(stores, partition)
    assert sent_to(stores, "One.Example") == [one.id for i, one in enumerate(old) if i % 3 != 1]
    assert sent_to(stores, "two.example") == [one.id for one in old[1::3]]
    assert sent_to(stores, "one.example:8443") == [one.id for one in old[2::3]]
    by_member = Selection(beginning=with_member("n", "1").beginning)
    assert found(stores, by_member) == [one.id for one in old[1::2]]
    assert wrong_terms(stores) == []


def test_what_changed_while_it_ran_is_found_as_it_is(stores: Stores, old: list[Event]) -> None:
    """One has another target, one is deleted, behind the place at which the migration is."""
    moved, gone = old[0], old[3]
    after = moved.changed(action=webhook("https://three.example/"), version=moved.version + 1)
    stores.events.save(after, KEEP, moved, 2)
    stores.events.delete(gone, any_version=True, now_ms=2)
    for partition in range(stores.partitions):
        run(stores, partition)
    assert sent_to(stores, "three.example") == [moved.id]
    assert not {moved.id, gone.id} & set(sent_to(stores, "one.example"))
    assert wrong_terms(stores) == []


def test_what_changes_between_the_look_and_the_write_is_looked_at_again(
    stores: Stores, old: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the place of before would stay, or an event that has ended would get none."""
    moved, ended, looks = old[0], old[2 * stores.partitions], []

    def look(client: StoreClient, hashes: Any, fields: Sequence[str]) -> list[Values]:
        rows = read_hashes(client, hashes, fields)
        looks.append(len(rows))
        if len(looks) == 1:
            after = moved.changed(action=webhook("https://three.example/"), version=9)
            stores.events.save(after, KEEP, moved, 2)
            client.hset(keys.event_of(ended.id), "ver", "7")  # type: ignore[arg-type]
        return rows

    monkeypatch.setattr(term_writes, "read_hashes", look)
    run(stores, 0)
    assert looks[1] == 2
    assert sent_to(stores, "three.example") == [moved.id]
    assert moved.id not in sent_to(stores, "one.example")
    listed = {*sent_to(stores, "one.example"), *sent_to(stores, "two.example")}
    assert ended.id in listed


def test_one_call_writes_few_entries(
    stores: Stores, old: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call keeps the store from everybody else: it may not take longer with more members."""
    monkeypatch.setattr(term_writes, "TERMS", 6)
    written = []

    class Counting(Scripts):
        def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
            terms: Any = args[3::4]
            written.append(sum(map(len, terms)) // TERM)
            return super().__call__(name, keys, args)

    counting = Counting(stores.client)
    of_first = [one.id for number, one in enumerate(old) if number % stores.partitions == 0]
    list_terms(stores.client, counting, 0, of_first, EventTerms(("n",)))
    assert max(written) < 6 + 3
    assert sum(written) == sum(
        2 + (number % 3 == 2) for number in range(0, len(old), stores.partitions)
    )
    assert not any("qh:{0}" in one for one in wrong_terms(stores))


def test_it_says_when_it_is_complete(stores: Stores) -> None:
    terms = TermIndex(stores.client, stores.work._scripts, stores.partitions)
    stores.client.hset(keys.META.decode(), MetaField.SCHEMA, "5")
    assert not terms.knows_hosts()
    stores.client.hset(keys.META.decode(), MetaField.SCHEMA, "9")
    assert terms.knows_hosts()
