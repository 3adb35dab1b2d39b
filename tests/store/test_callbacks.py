"""Callbacks in the store: added with the end that they tell of, and no part of their event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import ids
from app.domain.callback import Callback
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.calls import Deferral, Record
from app.store.fields import EventField, OccurrenceField
from tests.store.conftest import Stores
from tests.store.test_overlap import FIRST, SECOND, Run, sent
from tests.store.test_scripts import LEASE_MS, claim, record, saved
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

OPTIONS = {"on_failure": "https://example.com/sad", "on_success": "https://example.com/glad"}


def ending(claimed, verdict: str = "completed") -> Record:
    callback = ids.callback_id(claimed.event_id, claimed.occurrence_id, verdict)
    return replace(record(claimed, verdict), callback_id=callback)


def told(stores: Stores, verdict: str = "completed", **fields):
    """An event whose occurrence has just ended; returns it, the occurrence and the callback's id."""
    event = saved(stores, options=OPTIONS, **fields)
    (claimed,) = claim(stores, event.start_ms)
    end = ending(claimed, verdict)
    assert stores.work.record([end], event.start_ms + 7) == 1
    return event, claimed, end.callback_id


@pytest.mark.parametrize(("verdict", "url"), [("completed", "glad"), ("failed", "sad")])
def test_it_is_due_at_once_and_says_how_it_ended(stores: Stores, verdict: str, url: str) -> None:
    event, claimed, callback = told(stores, verdict)
    ended_ms = event.start_ms + 7
    (found,) = claim(stores, ended_ms, request=2)
    assert (found.occurrence_id, found.event_id, found.attempt) == (callback, event.id, 1)
    assert found.action.target == f"https://example.com/{url}"
    assert not found.recurring
    assert found.callback == Callback(
        claimed.occurrence_id, verdict, event.start_ms, ended_ms, 1, 200, None
    )
    occurrence = stores.occurrences.get(callback)
    assert (occurrence.callback_of, occurrence.tags) == (claimed.occurrence_id, event.tags)
    assert occurrence.scheduled_ms == ended_ms
    assert stores.occurrences.get(claimed.occurrence_id).callback_of is None
    assert broken(stores.client, stores.partitions) == []


def test_what_it_says_survives_any_error_and_no_status_code(stores: Stores) -> None:
    event = saved(stores, options=OPTIONS)
    (claimed,) = claim(stores, event.start_ms)
    end = replace(ending(claimed, "failed"), status_code=None, error_message="é\n\nlines\n")
    stores.work.record([end], event.start_ms)
    (found,) = claim(stores, event.start_ms, request=2)
    assert found.callback is not None
    assert (found.callback.status_code, found.callback.error_message) == (None, "é\n\nlines\n")


def test_a_repeated_record_adds_no_second_one(stores: Stores) -> None:
    event, claimed, _ = told(stores)
    before = snapshot(stores.client)
    assert stores.work.record([ending(claimed)], event.start_ms + 8) == 0
    assert snapshot(stores.client) == before


def test_one_that_exists_is_not_added_again(stores: Stores) -> None:
    """Whatever brings an occurrence to the same end once more."""
    event, claimed, callback = told(stores)
    (found,) = claim(stores, NOW_MS + 90_000, request=2)
    stores.work.record([record(found)], NOW_MS + 90_000)
    key = keys.occurrence(ids.partition_of_event(event.id), claimed.occurrence_id)
    stores.client.hset(key, OccurrenceField.LEASE, "again")
    again = replace(ending(claimed), token=b"again")
    assert stores.work.record([again], NOW_MS + 99_000) == 1
    assert stores.occurrences.get(callback).status is OccurrenceStatus.COMPLETED
    assert claim(stores, NOW_MS + 99_000, request=3) == []


def test_it_has_its_retries_leases_and_deferrals(stores: Stores) -> None:
    event, _, callback = told(stores)
    now_ms = event.start_ms + 7
    (found,) = claim(stores, now_ms, request=2)
    stores.work.release([Deferral(callback, found.token, now_ms + 5)], now_ms)
    (found,) = claim(stores, now_ms + 5, request=3)
    assert (found.attempt, found.callback is None) == (1, False)
    stores.work.record([record(found, "retrying", now_ms + 50)], now_ms + 5)
    (found,) = claim(stores, now_ms + 50, request=4)
    assert found.attempt == 2
    partition = ids.partition_of_event(event.id)
    assert stores.work.reclaim_expired(partition, now_ms + 50 + LEASE_MS) == 1
    assert broken(stores.client, stores.partitions) == []


def test_it_is_no_part_of_its_event(stores: Stores) -> None:
    """Due in the very millisecond of the next occurrence, it is not taken for it."""
    event = saved(stores, schedule=DAILY, options=OPTIONS)
    partition = ids.partition_of_event(event.id)
    stores.events.add_occurrences(event, [(NOW_MS, NOW_MS)], NOW_MS)
    (beside,) = claim(stores, NOW_MS)
    end = ending(beside)
    stores.work.record([end], event.start_ms)
    first, second = sorted(
        claim(stores, event.start_ms, request=2), key=lambda one: one.callback is None
    )
    assert (first.occurrence_id, first.recurring) == (end.callback_id, False)
    assert (second.scheduled_ms, second.recurring) == (event.start_ms, True)
    listed = stores.client.zrange(keys.event_occurrences(partition, event.id), 0, -1)
    assert set(listed) == {beside.occurrence_id, second.occurrence_id}
    stores.client.zrem(keys.unscheduled(partition), event.id)
    stores.work.record([record(first)], event.start_ms)
    assert stores.events.get(event.id).status is EventStatus.ACTIVE


def test_its_end_does_not_end_an_event_that_was_made_active_again(stores: Stores) -> None:
    event, _, _ = told(stores)
    (found,) = claim(stores, NOW_MS + 90_000, request=2)
    partition = ids.partition_of_event(event.id)
    key = keys.event(partition, event.id)
    stores.client.hset(key, EventField.STATUS, "active")
    stores.work.record([record(found, "failed")], NOW_MS + 90_000)
    assert stores.events.get(event.id).status is EventStatus.ACTIVE


def test_it_is_not_subject_to_the_overlap_policy(stores: Stores) -> None:
    run = Run(stores, "skip")
    (first,) = run.claim(FIRST)
    stores.work.record([ending(first)], FIRST)
    (callback,) = run.claim(FIRST)
    assert callback.callback is not None
    assert sent(run.claim(SECOND)) == [SECOND]


def test_of_a_deleted_event_none_is_added(stores: Stores) -> None:
    event = saved(stores, options=OPTIONS)
    (claimed,) = claim(stores, event.start_ms)
    stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=NOW_MS)
    stores.work.record([ending(claimed)], event.start_ms)
    assert claim(stores, event.start_ms, request=2) == []


def test_it_is_forgotten_with_every_trace(stores: Stores) -> None:
    empty = snapshot(stores.client)
    event, _, _ = told(stores)
    (found,) = claim(stores, NOW_MS + 90_000, request=2)
    stores.work.record([record(found)], NOW_MS + 90_000)
    stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=NOW_MS)
    assert stores.work.delete_ended(ids.partition_of_event(event.id), NOW_MS + 90_001, 10) == 2
    left = {
        key: value
        for key, value in snapshot(stores.client).items()
        if b":claim:" not in key and not key.endswith(b":stats")
    }
    assert left == empty


def test_a_callbacks_id_is_a_function_of_what_it_tells(stores: Stores) -> None:
    event = saved(stores)
    occurrence = ids.occurrence_id(event.id, event.start_ms)
    made = [
        ids.callback_id(event.id, occurrence, "failed"),
        ids.callback_id(event.id, occurrence, "completed"),
        ids.callback_id(event.id, ids.occurrence_id(event.id, NOW_MS), "failed"),
        occurrence,
    ]
    assert len(set(made)) == len(made)
    assert made[0] == ids.callback_id(event.id, occurrence, "failed")
    for one in made:
        assert ids.from_text(ids.to_text(one), version=8) == one
        assert ids.partition_of_occurrence(one) == ids.partition_of_event(event.id)
