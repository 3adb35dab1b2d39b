"""What an earlier version had due comes to the lanes of its events."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.event import Event
from app.store import keys
from app.store.migrations import due_by_lane
from app.store.migrations.schema import Schema
from tests.store.conftest import Stores
from tests.store.test_lanes import claimed, store
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

LANES = 5


def as_before(stores: Stores, events: list[Event]) -> None:
    """Store what is due as the earlier version did."""
    partition = stores.partitions - 1
    lanes = [keys.due(partition, lane) for lane in range(LANES)]
    stores.client.delete(*lanes, keys.lanes(partition))
    old = {ids.occurrence_id(event.id, event.start_ms): event.start_ms for event in events}
    stores.client.zadd(keys.prefix(partition) + b"due", old)


def migrate(stores: Stores, limit_s: float = 60.0) -> bool:
    migrations = (due_by_lane.DUE_BY_LANE,)
    return Schema(stores.client, stores.work._scripts, stores.partitions, migrations).migrate(
        limit_s
    )


def in_partitions(stores: Stores) -> dict[bytes, object]:
    return {key: value for key, value in snapshot(stores.client).items() if key != keys.META}


def test_it_is_due_in_the_lane_of_its_event(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_by_lane, "BATCH", 10)
    events = [store(stores, number % LANES, NOW_MS + number) for number in range(25)]
    wanted = in_partitions(stores)
    as_before(stores, events)
    assert in_partitions(stores) != wanted
    stores.client.hset(keys.META.decode(), "anything", "")
    assert migrate(stores)
    assert in_partitions(stores) == wanted


def test_one_that_was_cut_short_goes_on(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has moved is claimed at once; nothing is lost or moved twice."""
    monkeypatch.setattr(due_by_lane, "BATCH", 3)
    events = [store(stores, number % LANES, NOW_MS) for number in range(9)]
    as_before(stores, events)
    stores.client.hset(keys.META.decode(), "anything", "")
    found: list[bytes] = []
    turns = 0
    while not migrate(stores, limit_s=0.0):
        turns += 1
        found += [one.event_id for one in claimed_beside(stores, turns)]
    found += [one.event_id for one in claimed(stores, 100, turns + 1)]
    assert turns > 2
    assert sorted(found) == sorted(event.id for event in events)
    assert broken(stores.client, stores.partitions) == []


def claimed_beside(stores: Stores, request: int):
    return stores.work.claim(
        stores.partitions - 1, b"w", request, now_ms=NOW_MS, limit=100, lease_ms=30_000
    )


def test_what_waits_no_more_is_left_out(stores: Stores) -> None:
    partition = stores.partitions - 1
    store(stores, 1, NOW_MS)
    (one,) = claimed(stores, 9)
    old = {one.occurrence_id: NOW_MS, b"gone" * 4: 1}
    stores.client.zadd(keys.prefix(partition) + b"due", old)
    stores.client.hset(keys.META.decode(), "anything", "")
    assert migrate(stores)
    assert broken(stores.client, stores.partitions) == []


def test_what_an_earlier_version_adds_afterwards_is_moved_by_upkeep(stores: Stores) -> None:
    """In a rolling upgrade its processes run on for a while, and know no lanes."""
    stores.client.hset(keys.META.decode(), "anything", "")
    schema = Schema(stores.client, stores.work._scripts, stores.partitions)
    assert schema.migrate()
    late = [store(stores, number % LANES, NOW_MS) for number in range(4)]
    as_before(stores, late)
    assert claimed_beside(stores, 1) == []
    schema.follow()
    assert sorted(one.event_id for one in claimed(stores, 9, 2)) == sorted(e.id for e in late)
    assert broken(stores.client, stores.partitions) == []
