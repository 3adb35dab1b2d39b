"""Processes of before schema 7 do no harm to what has a short form, and what they held goes on."""

from __future__ import annotations

from app.domain import ids
from app.store import keys
from app.store.migrations.schema import Schema
from tests.store.conftest import Stores
from tests.store.test_short_forms import claim, create, ended, give_hash
from tests.support.clock import NOW_MS
from tests.support.invariants import broken


def follow(stores: Stores) -> None:
    Schema(stores.client, stores.work._scripts, stores.partitions).follow()


def as_before(stores: Stores, occurrence: bytes) -> None:
    """Store it as the earlier version did: with a hash, and in the indexes of then."""
    partition = ids.partition_of_occurrence(occurrence)
    give_hash(stores, occurrence)
    for now, then in ((keys.lanes, b"due-lanes"), (keys.leases, b"claimed")):
        if stores.client.exists(now(partition)):
            stores.client.rename(now(partition), keys.prefix(partition) + then)


def test_what_an_earlier_version_makes_due_is_claimed(stores: Stores) -> None:
    event = create(stores)
    as_before(stores, ids.occurrence_id(event.id, event.start_ms))
    assert claim(stores, event.start_ms) == []
    follow(stores)
    assert len(claim(stores, event.start_ms, request=2)) == 1
    assert broken(stores.client, stores.partitions) == []


def test_what_its_live_worker_holds_stays_with_it(stores: Stores) -> None:
    """Its lease is where that worker renews it, and nobody thinks that it is lost."""
    event, partition = create(stores), stores.partitions - 1
    (one,) = claim(stores, NOW_MS + 10**9)
    as_before(stores, one.occurrence_id)
    stores.client.zadd(keys.former_leases(partition), {one.occurrence_id: 10**15})
    follow(stores)
    assert not stores.client.exists(keys.leases(partition))
    assert stores.sweep.open_slice(partition, "dispatched", "", 100).suspects == []
    assert stores.work.record([ended(one)], NOW_MS) == 1
    assert stores.occurrences.get(one.occurrence_id).event_id == event.id


def test_what_its_dead_worker_held_falls_due_again(stores: Stores) -> None:
    event, partition = create(stores), stores.partitions - 1
    (one,) = claim(stores, event.start_ms)
    as_before(stores, one.occurrence_id)
    stores.client.zadd(keys.former_leases(partition), {one.occurrence_id: 1})
    follow(stores)
    assert not stores.client.exists(keys.former_leases(partition))
    now_ms = 10**14
    assert stores.work.reclaim_expired(partition, now_ms) == 1
    assert [again.attempt for again in claim(stores, now_ms, request=2)] == [2]
    assert broken(stores.client, stores.partitions) == []
