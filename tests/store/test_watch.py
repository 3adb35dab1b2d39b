"""What processes note of upkeep and of drains that fail, so that the status can tell."""

from __future__ import annotations

from app.domain import ids
from app.store.migrations.schema import MIGRATIONS
from app.store.watch import TOGETHER_MS, WINDOW_MS, Watched, WatchStore
from tests.store.conftest import Stores
from tests.store.test_scripts import LEASE_MS, claim, saved
from tests.support.clock import NOW_MS


def test_a_store_that_nobody_uses_tells_nothing(stores: Stores) -> None:
    stores.client.flushdb()
    assert WatchStore(stores.client).read(NOW_MS) == Watched()


def test_runs_and_the_form_of_the_store_are_read(stores: Stores) -> None:
    watch = WatchStore(stores.client)
    for at_ms in (NOW_MS, NOW_MS + 5):
        watch.ran("retain", at_ms)
    stores.client.hset("qh:meta", mapping={"schema": len(MIGRATIONS), "migrated": NOW_MS})
    found = watch.read(NOW_MS)
    assert found.runs == {"retain": NOW_MS + 5}
    assert (found.schema, found.migrated_ms) == (len(MIGRATIONS), NOW_MS)
    stores.client.hdel("qh:meta", "schema")
    stores.client.hset("qh:meta", "partitions", "1")
    assert watch.read(NOW_MS).schema == 0


def test_failures_are_counted_for_a_while_and_those_of_one_moment_once(stores: Stores) -> None:
    """All drains of a store that has stalled lose their leases together."""
    watch = WatchStore(stores.client)
    for at_ms in (NOW_MS, NOW_MS + 1, NOW_MS + TOGETHER_MS, NOW_MS + 2 * TOGETHER_MS):
        watch.drain_failed(at_ms)
    assert watch.read(NOW_MS + 2 * TOGETHER_MS).drain_failures == 3
    assert watch.read(NOW_MS + WINDOW_MS + TOGETHER_MS).drain_failures == 2
    watch.drain_failed(NOW_MS + 2 * WINDOW_MS)
    assert stores.client.zcard("qh:{watch}:drains") == 1


def test_a_lease_that_nobody_renews_is_a_drain_that_has_died(stores: Stores) -> None:
    event = saved(stores)
    assert len(claim(stores, event.start_ms)) == 1
    partition, watch = ids.partition_of_event(event.id), WatchStore(stores.client)
    end_ms = event.start_ms + LEASE_MS
    assert stores.work.reclaim_expired(partition, end_ms - 1) == 0
    assert watch.read(end_ms).drain_failures == 0
    assert stores.work.reclaim_expired(partition, end_ms) == 1
    assert watch.read(end_ms).drain_failures == 1
