"""Keys of users: each leads to one event, from the step that creates it to the one that deletes it.

Tests ``app/store/lua/include/is_keyed.lua``, too.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.event import Event, EventStatus
from app.engine.retention import Retention
from app.store.archive_notes import ArchiveNotes
from app.store.audit import AuditLog
from app.store.event_batches import EventBatches, Write
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.new_events import new_event_call
from app.store.own_keys import own_key, partition_of_key
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

PLAN = Plan(scheduled_ms=NOW_MS + 60_000, due_ms=NOW_MS + 60_000)


def keyed(stores: Stores, key: str = "k") -> Event:
    partition = partition_of_key(f"s/{key}", stores.partitions)
    return an_event(partition=partition, options={"key": key, "key_space": "s"})


def holder(stores: Stores, key: str = "k") -> bytes | None:
    (event,) = stores.events.keyed([f"s/{key}"])
    return event and event.id


def create(stores: Stores, event: Event) -> Saved:
    return stores.events.save(event, PLAN, None, NOW_MS)


def create_with_entry(stores: Stores, event: Event) -> Saved:
    log = AuditLog(stores.client, Scripts(stores.client))
    return Saved(log.create(new_event_call(event, PLAN, None), {"object": "x"}, NOW_MS))


def create_in_batch(stores: Stores, event: Event) -> Saved:
    batches = EventBatches(stores.client, Scripts(stores.client), stores.events)
    (is_saved,) = batches.create_each([Write(event, PLAN)], NOW_MS)
    return Saved.DONE if is_saved else Saved.KEYED


WAYS = (create, create_with_entry, create_in_batch)


@pytest.mark.parametrize("way", WAYS)
def test_one_event_has_a_key_until_it_is_deleted(stores: Stores, way) -> None:
    first, second = keyed(stores), keyed(stores)
    assert way(stores, first) is Saved.DONE
    before = snapshot(stores.client)
    assert way(stores, second) is Saved.KEYED
    assert snapshot(stores.client) == before
    assert holder(stores) == first.id
    assert way(stores, keyed(stores, "other")) is Saved.DONE
    (stored,) = stores.events.get_many([first.id])
    assert stores.events.delete(stored, any_version=True, now_ms=NOW_MS) is Saved.DONE
    assert holder(stores) is None
    assert way(stores, second) is Saved.DONE
    assert holder(stores) == second.id
    assert broken(stores.client, stores.partitions) == []


def test_a_deletion_that_comes_late_leaves_the_key_to_who_has_it_now(stores: Stores) -> None:
    first, second = keyed(stores), keyed(stores)
    create(stores, first)
    (stored,) = stores.events.get_many([first.id])
    stores.events.delete(stored, any_version=True, now_ms=NOW_MS)
    create(stores, second)
    assert stores.events.delete(stored, any_version=True, now_ms=NOW_MS) is Saved.GONE
    assert holder(stores) == second.id


def test_a_change_keeps_it(stores: Stores) -> None:
    event = keyed(stores)
    create(stores, event)
    (stored,) = stores.events.get_many([event.id])
    for plan in (KEEP, NOTHING):
        changed = replace(stored, version=stored.version + 1, status=EventStatus.PAUSED)
        assert stores.events.save(changed, plan, stored, NOW_MS) is Saved.DONE
        (stored,) = stores.events.get_many([event.id])
    assert holder(stores) == event.id
    assert create(stores, keyed(stores)) is Saved.KEYED


def test_retention_frees_it(stores: Stores) -> None:
    event = replace(keyed(stores), status=EventStatus.INACTIVE)
    stores.events.save(event, NOTHING, None, NOW_MS)
    notes, limits = ArchiveNotes(stores.client), cast("Any", SimpleNamespace(run=lambda *_: 0))
    parts = (stores.work, stores.events, stores.sweep)
    retention = Retention(*parts, 1_000, 1_000, notes, limits)
    retention.run(NOW_MS + 2_000)
    assert stores.events.get_many([event.id]) == [None]
    assert holder(stores) is None
    assert broken(stores.client, stores.partitions) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_an_earlier_version_left_behind_is_free(stores: Stores, way) -> None:
    event = keyed(stores)
    gone = an_event(partition=partition_of_key("s/k", stores.partitions))
    stores.client.set(own_key(partition_of_key("s/k", stores.partitions), "s/k"), gone.id)
    assert holder(stores) is None
    assert way(stores, event) is Saved.DONE
    assert holder(stores) == event.id
