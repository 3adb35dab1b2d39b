"""Occurrences that wait for their receivers to acknowledge them, in the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import ids
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.calls import Record
from app.store.fields import OccurrenceField
from app.store.waiting import WaitingStore
from tests.store.conftest import Stores
from tests.store.test_overlap import FIRST, SECOND, Run, sent
from tests.store.test_scripts import LEASE_MS, claim, record, saved, status_of
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

WAIT_MS = 60_000


def waiting(stores: Stores, **fields):
    """An event whose occurrence waits; returns both, the latter as it was claimed."""
    event = saved(stores, **fields)
    (claimed,) = claim(stores, event.start_ms)
    assert stores.work.record(
        [record(claimed, "dispatched", event.start_ms + WAIT_MS)], event.start_ms + 1
    )
    return event, claimed


def word(claimed, verdict: str = "completed", next_ms: int | None = None) -> Record:
    """What is recorded when its receiver has spoken."""
    said = record(claimed, verdict, next_ms)
    return replace(said, token=b"ack:%d" % claimed.attempt, log_line=b"")


def test_it_stays_dispatched_without_a_lease(stores: Stores) -> None:
    event, claimed = waiting(stores)
    occurrence = stores.occurrences.get(claimed.occurrence_id)
    assert occurrence.status is OccurrenceStatus.DISPATCHED
    assert occurrence.ack_deadline_ms == event.start_ms + WAIT_MS
    assert (occurrence.status_code, occurrence.attempt_count) == (200, 1)
    assert [head.lease_ms for head in stores.work.heads()] == [None] * stores.partitions
    assert [head.ack_ms for head in stores.work.heads()][-1] == event.start_ms + WAIT_MS
    partition = ids.partition_of_event(event.id)
    assert stores.work.reclaim_expired(partition, event.start_ms + LEASE_MS) == 0
    assert stores.events.get(event.id).status is EventStatus.ACTIVE
    assert broken(stores.client, stores.partitions) == []


def test_the_answer_recorded_twice_changes_nothing(stores: Stores) -> None:
    event, claimed = waiting(stores)
    before = snapshot(stores.client)
    again = record(claimed, "dispatched", event.start_ms + 2 * WAIT_MS)
    assert stores.work.record([again, record(claimed)], event.start_ms + 2) == 0
    assert snapshot(stores.client) == before


@pytest.mark.parametrize(
    ("verdict", "next_ms"), [("completed", None), ("failed", None), ("retrying", NOW_MS + WAIT_MS)]
)
def test_a_word_counts_once(stores: Stores, verdict: str, next_ms: int | None) -> None:
    event, claimed = waiting(stores)
    assert stores.work.record([word(claimed, verdict, next_ms)], event.start_ms + 9) == 1
    occurrence = stores.occurrences.get(claimed.occurrence_id)
    assert occurrence.status == verdict
    assert (occurrence.ack_deadline_ms, occurrence.attempt_count) == (None, 1)
    assert broken(stores.client, stores.partitions) == []
    before = snapshot(stores.client)
    assert stores.work.record([word(claimed), word(claimed, "failed")], NOW_MS) == 0
    assert snapshot(stores.client) == before


def test_a_word_for_an_earlier_attempt_does_not_count(stores: Stores) -> None:
    event, first = waiting(stores)
    again_ms = event.start_ms + 5_000
    stores.work.record([word(first, "retrying", again_ms)], event.start_ms)
    (second,) = claim(stores, again_ms, request=2)
    stores.work.record([record(second, "dispatched", again_ms + WAIT_MS)], again_ms)
    assert stores.work.record([word(first)], again_ms) == 0
    assert stores.work.record([word(second)], again_ms) == 1


def test_deleting_the_event_ends_it(stores: Stores) -> None:
    event, claimed = waiting(stores)
    stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=NOW_MS)
    assert status_of(stores, event) is OccurrenceStatus.CANCELLED
    assert stores.work.record([word(claimed)], NOW_MS) == 0
    assert broken(stores.client, stores.partitions) == []


def test_deleting_the_event_leaves_an_attempt_under_way_to_its_worker(stores: Stores) -> None:
    """What then asks for time to acknowledge has nobody who waits for it."""
    event = saved(stores)
    (claimed,) = claim(stores, event.start_ms)
    stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=NOW_MS)
    assert status_of(stores, event) is OccurrenceStatus.DISPATCHED
    stores.work.record([record(claimed, "dispatched", NOW_MS + WAIT_MS)], event.start_ms)
    assert status_of(stores, event) is OccurrenceStatus.CANCELLED
    assert broken(stores.client, stores.partitions) == []


def test_the_next_of_its_series_overlaps_with_it(stores: Stores) -> None:
    run = Run(stores, "cancel_previous")
    (first,) = run.claim(FIRST)
    stores.work.record([record(first, "dispatched", FIRST + WAIT_MS)], FIRST)
    assert sent(run.claim(SECOND)) == [SECOND]
    assert run.status(FIRST) is OccurrenceStatus.CANCELLED
    assert stores.work.record([word(first)], SECOND) == 0


def test_what_lost_its_place_is_put_back(stores: Stores) -> None:
    event, claimed = waiting(stores)
    partition = ids.partition_of_event(event.id)
    assert stores.sweep.open_slice(partition, "dispatched", "", 10).suspects == []
    stores.client.zrem(keys.unacknowledged(partition), claimed.occurrence_id)
    suspects = stores.sweep.open_slice(partition, "dispatched", "", 10).suspects
    assert suspects == [claimed.occurrence_id]
    assert stores.work.restore(partition, suspects, event.start_ms) == 1
    assert stores.work.restore(partition, suspects, event.start_ms) == 0
    assert [head.ack_ms for head in stores.work.heads()][-1] == event.start_ms + WAIT_MS
    assert broken(stores.client, stores.partitions) == []


def test_what_is_overdue_is_found_and_read(stores: Stores) -> None:
    event, claimed = waiting(stores, options={"retry": {"attempts": 2}})
    partition = ids.partition_of_event(event.id)
    store = WaitingStore(stores.client)
    deadline_ms = event.start_ms + WAIT_MS
    assert store.overdue(partition, deadline_ms - 1, 10) == []
    assert store.overdue(partition, deadline_ms, 10) == [claimed.occurrence_id]
    (found,) = store.read([claimed.occurrence_id])
    assert found is not None
    assert found.waits
    assert (found.claim.attempt, found.claim.event_id) == (1, event.id)
    assert found.claim.definition is not None
    assert found.claim.definition.options.given == {"retry": {"attempts": 2}}
    assert (found.status_code, found.response_body) == (200, b"ok")
    stores.work.record([word(claimed)], deadline_ms)
    assert store.read([claimed.occurrence_id, b"x" * 16]) == [None, None]


def test_a_word_about_a_long_history_holds_the_store_up_no_longer_than_one_about_none(
    stores: Stores,
) -> None:
    """Its line is replaced at the end of the log, which is not searched from every character."""
    event, claimed = waiting(stores)
    line = b'[1,1,2,3,null,null,null,null,202,"%b",4]\n' % (b"x" * 2_000)
    key = keys.occurrence(ids.partition_of_event(event.id), claimed.occurrence_id)
    stores.client.hset(key, OccurrenceField.LOG, line * 100)
    stores.client.config_resetstat()
    said = replace(word(claimed, "failed"), log_line=line.replace(b"202", b"500"))
    assert stores.work.record([said], event.start_ms + 9) == 1
    log = stores.client.hget(key, OccurrenceField.LOG)
    assert log == line * 99 + said.log_line
    usec = sum(one["usec"] for one in stores.client.info("commandstats").values())
    assert usec < 100_000


@pytest.mark.parametrize("lines", [1, 100])
def test_a_word_without_a_line_leaves_the_log_as_it_is(stores: Stores, lines: int) -> None:
    event, claimed = waiting(stores)
    key = keys.occurrence(ids.partition_of_event(event.id), claimed.occurrence_id)
    stores.client.hset(key, OccurrenceField.LOG, b"[1]\n" * lines)
    assert stores.work.record([word(claimed)], event.start_ms + 9) == 1
    assert stores.client.hget(key, OccurrenceField.LOG) == b"[1]\n" * lines
