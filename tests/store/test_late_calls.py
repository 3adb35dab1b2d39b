"""Calls that come late, again, or onto something that is there already."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.errors import StoreUnavailable
from app.store import keys
from app.store.calls import Advanced, Deferral, Successor, Unattempted
from app.store.event_plans import KEEP, Plan
from app.store.fields import EventField
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

LEASE_MS = 30_000
DAY_MS = 86_400_000


def a_series(stores: Stores, **fields):
    event = an_event(partition=stores.partitions - 1, schedule=DAILY, **fields)
    stores.events.save(
        event, Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms), None, NOW_MS
    )
    return stores.events.get(event.id)


def claim(stores: Stores, now_ms: int, request: int = 1, limit: int = 10):
    partition = stores.partitions - 1
    return stores.work.claim(
        partition, b"w", request, now_ms=now_ms, limit=limit, lease_ms=LEASE_MS
    )


def sound(stores: Stores) -> bool:
    return broken(stores.client, stores.partitions) == []


def test_a_claim_that_is_answered_again_still_asks_for_the_successor(stores: Stores) -> None:
    """Else a lost answer would stop the series until upkeep finds it."""
    event = a_series(stores)
    (first,) = claim(stores, event.start_ms)
    (again,) = claim(stores, event.start_ms)
    assert first.recurring
    assert again == first


def test_an_exhausted_series_stays_so_when_its_event_is_written(stores: Stores) -> None:
    event = a_series(stores)
    (one,) = claim(stores, event.start_ms)
    stores.work.schedule_successors([Successor(event.id, one.plan, event.start_ms, None)], NOW_MS)
    before = stores.events.get(event.id)
    after = before.changed(name="another", version=before.version + 1)
    stores.events.save(after, KEEP, before, NOW_MS)
    key = keys.event(ids.partition_of_event(event.id), event.id)
    assert stores.client.hget(key, EventField.RECURRING) is None
    assert sound(stores)


def test_an_event_that_has_become_one_off_gets_no_successor_of_the_series_it_was(
    stores: Stores,
) -> None:
    """It was computed before the change, and comes when the only occurrence is under way."""
    event = a_series(stores)
    (one,) = claim(stores, event.start_ms)
    before = stores.events.get(event.id)
    now_ms = event.start_ms + 1_000
    after = before.changed(schedule=None, start_ms=now_ms, version=before.version + 1)
    stores.events.save(after, Plan(scheduled_ms=now_ms, due_ms=now_ms), before, now_ms)
    assert len(claim(stores, now_ms, request=2)) == 1
    late = Successor(event.id, one.plan, event.start_ms, event.start_ms + DAY_MS, now_ms)
    assert stores.work.schedule_successors([late], now_ms) == Advanced(0, [])
    assert stores.events.get(event.id).next_ms is None


def test_a_series_goes_on_after_what_was_made_beside_it(stores: Stores) -> None:
    """A successor that is under way already is no end: the event keeps asking for the next."""
    event = a_series(stores)
    beside_ms = event.start_ms + 1_000
    stores.events.add_occurrences(event, [(beside_ms, beside_ms)], beside_ms)
    one, _ = claim(stores, beside_ms)
    successor = Successor(event.id, one.plan, event.start_ms, beside_ms, beside_ms)
    assert stores.work.schedule_successors([successor], beside_ms) == Advanced(0, [event.id])
    partition = ids.partition_of_event(event.id)
    assert list(stores.work.unscheduled(partition, beside_ms, 10)) == [event.id]
    assert stores.events.progress([event.id]) == [(one.plan, beside_ms)]
    before = snapshot(stores.client)
    assert stores.work.schedule_successors([successor], beside_ms) == Advanced(0, [event.id])
    assert snapshot(stores.client) == before
    assert sound(stores)


def test_a_late_call_does_not_turn_a_series_back(stores: Stores) -> None:
    """A worker that stood still asks for what others have been past for long."""
    event = a_series(stores)
    (one,) = claim(stores, event.start_ms)
    second_ms, third_ms = event.start_ms + 1_000, event.start_ms + 2_000
    late = Successor(event.id, one.plan, event.start_ms, second_ms, second_ms)
    stores.work.schedule_successors([late], NOW_MS)
    (two,) = claim(stores, second_ms, 2)
    stores.work.schedule_successors(
        [Successor(event.id, two.plan, second_ms, third_ms, third_ms)], NOW_MS
    )
    claim(stores, third_ms, 3)
    stores.work.schedule_successors([late], NOW_MS)
    assert stores.events.progress([event.id]) == [(one.plan, third_ms)]
    assert sound(stores)


def test_a_series_whose_last_went_back_unsent_has_not_ended(stores: Stores) -> None:
    event = a_series(stores)
    (one,) = claim(stores, event.start_ms)
    stores.work.release([Deferral(one.occurrence_id, one.token, NOW_MS)], NOW_MS)
    stores.work.schedule_successors([Successor(event.id, one.plan, event.start_ms, None)], NOW_MS)
    assert stores.events.get(event.id).status == "active"
    assert sound(stores)


def test_what_was_skipped_leaves_no_trace_under_tags_that_changed(stores: Stores) -> None:
    event = a_series(stores, tags=("red",))
    (one,) = claim(stores, event.start_ms)
    next_ms = event.start_ms + 1_000
    stores.work.record_unattempted(
        [Unattempted(event.id, next_ms, ("blue",), "skipped", "x")], NOW_MS
    )
    stores.work.schedule_successors(
        [Successor(event.id, one.plan, event.start_ms, next_ms, next_ms)], NOW_MS
    )
    partition = ids.partition_of_event(event.id)
    assert stores.client.zcard(keys.tag_occurrences(partition, "blue")) == 0
    assert sound(stores)


def test_a_full_store_refuses_new_events_and_is_not_changed(stores: Stores) -> None:
    event = an_event(partition=0)
    before = snapshot(stores.client)
    stores.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable):
            stores.events.save(event, Plan(scheduled_ms=1, due_ms=1), None, NOW_MS)
        with pytest.raises(StoreUnavailable):
            stores.coordination.check_writable()
    finally:
        stores.client.config_set("maxmemory", 0)
    stores.coordination.check_writable()
    assert snapshot(stores.client) == before
