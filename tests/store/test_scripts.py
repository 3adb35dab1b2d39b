"""Each script: what it changes, that it changes nothing when refused, and that it can run twice.

Tests ``app.store.codec``, ``app.store.events``, ``app.store.event_plans``,
``app.store.occurrences``, ``app.store.reading`` and ``app.store.work``, too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.errors import NotFound, StoreUnavailable
from app.store import keys, scripts
from app.store.calls import Deferral, Record, Successor, Unattempted
from app.store.connecting import connect
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

LEASE_MS = 30_000


def saved(
    stores: Stores, event: Event | None = None, due_ms: int | None = None, **fields: Any
) -> Event:
    """Store an event scheduled for its start and return it as stored."""
    partition = stores.partitions - 1
    event = event or an_event(partition=partition, **fields)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=due_ms or event.start_ms)
    assert stores.events.save(event, plan, None, NOW_MS) is Saved.DONE
    return stores.events.get(event.id)


def claim(stores: Stores, now_ms: int, request: int = 1, worker: bytes = b"w", limit: int = 10):
    return [
        one
        for partition in range(stores.partitions)
        for one in stores.work.claim(
            partition, worker, request, now_ms=now_ms, limit=limit, lease_ms=LEASE_MS
        )
    ]


def record(claimed: Any, verdict: str = "completed", next_ms: int | None = None) -> Record:
    return Record(
        claimed.occurrence_id, claimed.token, verdict, 200, b"ok", None, next_ms, b"[1]\n"
    )


def status_of(stores: Stores, event: Event, at_ms: int | None = None) -> OccurrenceStatus:
    occurrence = ids.occurrence_id(event.id, at_ms or event.start_ms)
    return stores.occurrences.get(occurrence).status


class TestSave:
    def test_creates_an_event_with_its_first_occurrence(self, stores: Stores) -> None:
        event = an_event(partition=stores.partitions - 1)
        plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms + 5)
        assert stores.events.save(event, plan, None, NOW_MS) is Saved.DONE
        assert stores.events.get(event.id) == replace(event, next_ms=event.start_ms)
        occurrence = stores.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
        assert occurrence.status is OccurrenceStatus.SCHEDULED
        assert (occurrence.event_id, occurrence.tags) == (event.id, event.tags)
        assert [head.due_ms for head in stores.work.heads()][-1] == event.start_ms + 5
        assert broken(stores.client, stores.partitions) == []

    def test_keeps_every_field_as_it_was_given(self, stores: Stores) -> None:
        event = an_event(
            partition=0,
            description="déjà vu",
            timezone="Europe/Berlin",
            metadata_json='{"n":9007199254740993,"l":[],"f":1.0}',
            schedule=DAILY,
            options={"retry": {"attempts": 2}},
            hmac_secret=b"\x01sealed\xff",
            tags=(),
        )
        stores.events.save(event, NOTHING, None, NOW_MS)
        assert stores.events.get(event.id) == event

    def test_a_repeated_call_is_answered_and_changes_nothing(
        self, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.store.event_plans.secrets.token_bytes", lambda n: b"same-one")
        event = saved(stores)
        before = snapshot(stores.client)
        plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
        fresh = replace(event, next_ms=None)
        assert stores.events.save(fresh, plan, None, NOW_MS) is Saved.DONE
        assert snapshot(stores.client) == before

    @pytest.mark.parametrize(
        ("change", "answer"),
        [
            ({"version": 9}, Saved.STALE),
            ({"next_ms": 5}, Saved.MOVED),
        ],
    )
    def test_refuses_what_was_read_too_long_ago(
        self, stores: Stores, change: dict[str, Any], answer: Saved
    ) -> None:
        event = saved(stores)
        before = snapshot(stores.client)
        after = event.changed(name="new", version=event.version + 1)
        assert stores.events.save(after, NOTHING, replace(event, **change), NOW_MS) is answer
        assert snapshot(stores.client) == before

    def test_refuses_an_event_that_is_gone(self, stores: Stores) -> None:
        event = saved(stores)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
        after = replace(event, version=2)
        assert stores.events.save(after, KEEP, event, NOW_MS) is Saved.GONE

    def test_replaces_the_scheduled_occurrence(self, stores: Stores) -> None:
        event = saved(stores)
        later = event.changed(start_ms=event.start_ms + 1000, version=2)
        plan = Plan(scheduled_ms=later.start_ms, due_ms=later.start_ms)
        assert stores.events.save(later, plan, event, NOW_MS) is Saved.DONE
        with pytest.raises(NotFound):
            stores.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
        assert status_of(stores, later) is OccurrenceStatus.SCHEDULED
        assert broken(stores.client, stores.partitions) == []

    def test_keeping_moves_the_scheduled_occurrence_to_new_tags(self, stores: Stores) -> None:
        event = saved(stores)
        retagged = replace(event, tags=("green",), version=2)
        assert stores.events.save(retagged, KEEP, event, NOW_MS) is Saved.DONE
        occurrence = ids.occurrence_id(event.id, event.start_ms)
        partition = ids.partition_of_event(event.id)
        assert stores.occurrences.get(occurrence).tags == ("green",)
        assert stores.client.zrange(keys.tag_occurrences(partition, "green"), 0, -1) == [occurrence]
        for index in (keys.tag_occurrences, keys.tag_events):
            assert stores.client.zcard(index(partition, "red")) == 0

    def test_keeping_with_new_tags_notices_a_claim_in_between(self, stores: Stores) -> None:
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        before = snapshot(stores.client)
        retagged = replace(event, tags=("green",), version=2)
        assert stores.events.save(retagged, KEEP, event, NOW_MS) is Saved.MOVED
        assert snapshot(stores.client) == before

    def test_records_a_start_that_was_missed(self, stores: Stores) -> None:
        event = an_event(partition=0, status=EventStatus.INACTIVE)
        plan = Plan(scheduled_ms=event.start_ms, missed="too late")
        stores.events.save(event, plan, None, NOW_MS)
        occurrence = stores.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
        assert (occurrence.status, occurrence.error_message) == (
            OccurrenceStatus.MISSED,
            "too late",
        )
        assert broken(stores.client, stores.partitions) == []


class TestDelete:
    def test_cancels_what_is_scheduled_and_keeps_the_record(self, stores: Stores) -> None:
        event = saved(stores)
        assert stores.events.delete(event, any_version=True, now_ms=NOW_MS) is Saved.DONE
        with pytest.raises(NotFound):
            stores.events.get(event.id)
        assert status_of(stores, event) is OccurrenceStatus.CANCELLED
        assert broken(stores.client, stores.partitions) == []

    def test_cancels_waiting_retries(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        stores.work.record([record(claimed, "retrying", event.start_ms + 999)], event.start_ms)
        event = stores.events.get(event.id)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
        assert status_of(stores, event) is OccurrenceStatus.CANCELLED
        assert claim(stores, event.start_ms + 10_000, request=2) == []
        assert broken(stores.client, stores.partitions) == []

    def test_an_attempt_under_way_is_recorded_and_not_tried_again(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        event = stores.events.get(event.id)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
        assert status_of(stores, event) is OccurrenceStatus.DISPATCHED
        stores.work.record([record(claimed, "retrying", event.start_ms + 999)], event.start_ms)
        assert status_of(stores, event) is OccurrenceStatus.CANCELLED
        assert broken(stores.client, stores.partitions) == []

    def test_of_another_version_changes_nothing(self, stores: Stores) -> None:
        event = saved(stores)
        before = snapshot(stores.client)
        stale = replace(event, version=7)
        assert stores.events.delete(stale, any_version=False, now_ms=NOW_MS) is Saved.STALE
        assert snapshot(stores.client) == before


class TestOpenAgain:
    """A claim that was returned unsent is scheduled, but no longer its event's next."""

    def deferred(self, stores: Stores) -> Event:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        deferral = Deferral(claimed.occurrence_id, claimed.token, event.start_ms + 5)
        stores.work.release([deferral], event.start_ms)
        return stores.events.get(event.id)

    def test_a_new_time_takes_it_back(self, stores: Stores) -> None:
        event = self.deferred(stores)
        later = event.changed(start_ms=event.start_ms + 999, version=2)
        plan = Plan(scheduled_ms=later.start_ms, due_ms=later.start_ms)
        stores.events.save(later, plan, event, NOW_MS)
        assert status_of(stores, event) is OccurrenceStatus.CANCELLED
        assert [one.scheduled_ms for one in claim(stores, later.start_ms, request=2)] == [
            later.start_ms
        ]
        assert broken(stores.client, stores.partitions) == []

    def test_deleting_the_event_ends_it(self, stores: Stores) -> None:
        event = self.deferred(stores)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
        assert status_of(stores, event) is OccurrenceStatus.CANCELLED
        assert broken(stores.client, stores.partitions) == []

    def test_what_stands_beside_the_schedule_outlives_a_new_time_and_goes_with_its_event(
        self, stores: Stores
    ) -> None:
        event = saved(stores)
        stores.events.add_occurrences(event, [(NOW_MS, NOW_MS)], NOW_MS)
        later = event.changed(start_ms=event.start_ms + 9, tags=("green",), version=2)
        plan = Plan(scheduled_ms=later.start_ms, due_ms=later.start_ms)
        assert stores.events.save(later, plan, event, NOW_MS) is Saved.DONE
        beside = ids.occurrence_id(event.id, NOW_MS)
        assert stores.occurrences.get(beside).tags == event.tags
        (claimed,) = claim(stores, NOW_MS)
        assert claimed.occurrence_id == beside
        stores.work.record([record(claimed)], NOW_MS)
        # It was delivered as the event is now, and that is not for who sees the old tags alone.
        assert stores.occurrences.get(beside).tags == ("green",)
        partition = ids.partition_of_event(event.id)
        assert stores.client.zcard(keys.tag_occurrences(partition, "red")) == 0
        assert broken(stores.client, stores.partitions) == []
        stores.work.delete_ended(partition, NOW_MS + 1, 10)
        assert stores.client.zcard(keys.tag_occurrences(partition, "green")) == 1


class TestClaim:
    def test_takes_nothing_before_its_moment(self, stores: Stores) -> None:
        event = saved(stores)
        assert claim(stores, event.start_ms - 1) == []
        assert len(claim(stores, event.start_ms)) == 1

    def test_returns_all_that_a_delivery_needs(self, stores: Stores) -> None:
        event = saved(stores, metadata_json='{"a":[]}', hmac_secret=b"\x01sealed\xff")
        (one,) = claim(stores, event.start_ms)
        assert (one.event_id, one.scheduled_ms, one.attempt) == (event.id, event.start_ms, 1)
        assert (one.metadata_json, one.tags, one.secret) == (
            '{"a":[]}',
            event.tags,
            b"\x01sealed\xff",
        )
        assert (one.action, one.recurring) == (event.action, False)
        assert broken(stores.client, stores.partitions) == []

    def test_the_same_request_gets_the_same_answer_again(self, stores: Stores) -> None:
        event = saved(stores)
        first = claim(stores, event.start_ms)
        before = snapshot(stores.client)
        assert claim(stores, event.start_ms) == first
        assert snapshot(stores.client) == before

    def test_nobody_else_gets_what_is_claimed(self, stores: Stores) -> None:
        event = saved(stores)
        assert len(claim(stores, event.start_ms, worker=b"one")) == 1
        assert claim(stores, event.start_ms, worker=b"two") == []

    def test_takes_no_more_than_asked_for_and_the_earliest_first(self, stores: Stores) -> None:
        events = [saved(stores, start_ms=NOW_MS + delay) for delay in (30, 10, 20)]
        taken = claim(stores, NOW_MS + 1000, limit=2)
        assert [one.event_id for one in taken] == [events[1].id, events[2].id]

    def test_a_recurring_event_waits_for_its_successor_in_the_unscheduled_set(
        self, stores: Stores
    ) -> None:
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        partition = ids.partition_of_event(event.id)
        assert list(stores.work.unscheduled(partition, event.start_ms, 10)) == [event.id]
        assert stores.events.get(event.id).next_ms is None


class TestAdvance:
    def advance(
        self, stores: Stores, event: Event, next_ms: int | None, plan: bytes | None = None
    ) -> int:
        ((current, _),) = stores.events.progress([event.id])
        successor = Successor(event.id, plan or current, event.start_ms, next_ms, next_ms or 0)
        return stores.work.schedule_successors([successor], NOW_MS).scheduled

    def test_schedules_the_successor_once(self, stores: Stores) -> None:
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        following = event.start_ms + 86_400_000
        assert self.advance(stores, event, following) == 1
        before = snapshot(stores.client)
        assert self.advance(stores, event, following) == 0
        assert snapshot(stores.client) == before
        assert stores.events.get(event.id).next_ms == following
        assert status_of(stores, event, following) is OccurrenceStatus.SCHEDULED
        assert broken(stores.client, stores.partitions) == []

    def test_leaves_an_event_alone_whose_plan_was_changed_meanwhile(self, stores: Stores) -> None:
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        assert self.advance(stores, event, event.start_ms + 1, plan=b"another") == 0
        partition = ids.partition_of_event(event.id)
        assert list(stores.work.unscheduled(partition, event.start_ms, 10)) == [event.id]

    def test_a_new_name_in_between_does_not_stop_the_series(self, stores: Stores) -> None:
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        ((plan, last_ms),) = stores.events.progress([event.id])
        assert last_ms == event.start_ms
        before = stores.events.get(event.id)
        renamed = before.changed(name="new", version=2)
        assert stores.events.save(renamed, KEEP, before, NOW_MS) is Saved.DONE
        assert stores.events.progress([event.id]) == [(plan, last_ms)]
        assert self.advance(stores, event, event.start_ms + 5, plan) == 1

    def test_a_record_that_it_was_to_be_skipped_gives_way(self, stores: Stores) -> None:
        """A calendar gave the day back."""
        event = saved(stores, schedule=DAILY)
        claim(stores, event.start_ms)
        following = event.start_ms + 86_400_000
        note = Unattempted(event.id, following, event.tags, "skipped", "closed")
        stores.work.record_unattempted([note], NOW_MS)
        assert self.advance(stores, event, following) == 1
        assert status_of(stores, event, following) is OccurrenceStatus.SCHEDULED
        assert broken(stores.client, stores.partitions) == []

    def test_the_end_of_a_series_waits_for_the_last_outcome(self, stores: Stores) -> None:
        event = saved(stores, schedule=DAILY)
        (claimed,) = claim(stores, event.start_ms)
        self.advance(stores, event, None)
        assert stores.events.get(event.id).status is EventStatus.ACTIVE
        stores.work.record([record(claimed)], event.start_ms)
        ended = stores.events.get(event.id)
        assert (ended.status, ended.version) == (EventStatus.INACTIVE, 2)
        assert broken(stores.client, stores.partitions) == []


class TestRecord:
    def test_completes_an_occurrence_and_ends_a_one_time_event(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        assert stores.work.record([record(claimed)], event.start_ms + 7) == 1
        occurrence = stores.occurrences.get(claimed.occurrence_id)
        assert occurrence.status is OccurrenceStatus.COMPLETED
        assert (occurrence.status_code, occurrence.response_body) == (200, "ok")
        assert (occurrence.started_ms, occurrence.completed_ms) == (
            event.start_ms,
            event.start_ms + 7,
        )
        assert stores.events.get(event.id).status is EventStatus.INACTIVE
        assert broken(stores.client, stores.partitions) == []

    def test_a_repeated_call_changes_nothing(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        stores.work.record([record(claimed)], event.start_ms)
        before = snapshot(stores.client)
        assert stores.work.record([record(claimed, "failed")], event.start_ms + 1) == 0
        assert snapshot(stores.client) == before

    def test_a_retry_is_due_at_its_time_and_counts_on(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        again = event.start_ms + 5_000
        stores.work.record([record(claimed, "retrying", again)], event.start_ms)
        occurrence = stores.occurrences.get(claimed.occurrence_id)
        assert (occurrence.status, occurrence.next_attempt_ms) == (OccurrenceStatus.RETRYING, again)
        assert claim(stores, again - 1, request=2) == []
        (second,) = claim(stores, again, request=3)
        assert second.attempt == 2
        assert broken(stores.client, stores.partitions) == []

    def test_a_worker_whose_lease_was_lost_overwrites_nothing(self, stores: Stores) -> None:
        event = saved(stores)
        (late,) = claim(stores, event.start_ms, worker=b"late")
        after = event.start_ms + LEASE_MS
        assert stores.work.reclaim_expired(ids.partition_of_event(event.id), after) == 1
        (second,) = claim(stores, after, worker=b"other")
        assert second.attempt == 2
        before = snapshot(stores.client)
        assert stores.work.record([record(late, "failed")], after) == 0
        assert snapshot(stores.client) == before
        assert stores.work.record([record(second)], after) == 1


class TestLeases:
    def test_a_renewed_lease_is_not_reclaimed(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        deadline = event.start_ms + 2 * LEASE_MS
        assert stores.work.renew([(claimed.occurrence_id, claimed.token)], deadline) == 1
        partition = ids.partition_of_event(event.id)
        assert stores.work.reclaim_expired(partition, deadline - 1) == 0
        assert stores.work.reclaim_expired(partition, deadline) == 1
        assert stores.work.reclaim_expired(partition, deadline) == 0
        assert broken(stores.client, stores.partitions) == []

    def test_what_is_given_back_unsent_does_not_count_as_an_attempt(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        deferral = Deferral(claimed.occurrence_id, claimed.token, event.start_ms + 5)
        assert stores.work.release([deferral], event.start_ms) == 1
        assert stores.work.release([deferral], event.start_ms) == 0
        assert status_of(stores, event) is OccurrenceStatus.SCHEDULED
        assert broken(stores.client, stores.partitions) == []
        assert claim(stores, event.start_ms + 4, request=2) == []
        (again,) = claim(stores, event.start_ms + 5, request=3)
        assert again.attempt == 1

    def test_deaths_of_workers_are_counted(self, stores: Stores) -> None:
        event = saved(stores)
        now_ms = event.start_ms
        for request in (1, 2, 3):
            (one,) = claim(stores, now_ms, request=request)
            assert (one.deaths, one.attempt) == (request - 1, request)
            now_ms += LEASE_MS
            stores.work.reclaim_expired(ids.partition_of_event(event.id), now_ms)


class TestRetire:
    def test_forgets_what_ended_before_with_every_trace(self, stores: Stores) -> None:
        empty = snapshot(stores.client)
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        stores.work.record([record(claimed)], event.start_ms)
        stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=NOW_MS)
        partition = ids.partition_of_event(event.id)
        assert stores.work.delete_ended(partition, event.start_ms, 10) == 0
        assert stores.work.delete_ended(partition, event.start_ms + 1, 10) == 1
        left = {
            key: value
            for key, value in snapshot(stores.client).items()
            if b":claim:" not in key and not key.endswith(b":stats")
        }
        assert left == empty


class TestNoteEnded:
    def test_adds_each_once(self, stores: Stores) -> None:
        event = saved(stores)
        note = Unattempted(event.id, NOW_MS - 1, event.tags, "missed", "nobody was there")
        assert stores.work.record_unattempted([note], NOW_MS) == 1
        assert stores.work.record_unattempted([note], NOW_MS + 5) == 0
        assert status_of(stores, event, NOW_MS - 1) is OccurrenceStatus.MISSED
        assert broken(stores.client, stores.partitions) == []


def test_every_script_survives_a_lost_script_cache(stores: Stores) -> None:
    """A restart or failover empties the cache; nobody notices."""
    event = saved(stores)
    stores.client.script_flush()
    assert len(claim(stores, event.start_ms)) == 1


def test_every_lua_file_is_registered() -> None:
    """A script that nobody can call is dead."""
    folder = Path(scripts.__file__).parent / "lua"
    assert sorted(path.stem for path in folder.glob("*.lua")) == sorted(scripts.all_scripts())


class TestRestore:
    @pytest.mark.parametrize("status", ["scheduled", "retrying", "dispatched"])
    def test_puts_back_what_lost_its_place(self, stores: Stores, status: str) -> None:
        event = saved(stores)
        partition = ids.partition_of_event(event.id)
        if status != "scheduled":
            (claimed,) = claim(stores, event.start_ms)
            if status == "retrying":
                stores.work.record([record(claimed, status, event.start_ms + 9)], event.start_ms)
        place = keys.leases(partition) if status == "dispatched" else keys.due_of(event.id)
        occurrence = ids.occurrence_id(event.id, event.start_ms)
        assert stores.sweep.open_slice(partition, status, "", 10).suspects == []
        stores.client.zrem(place, occurrence)
        assert stores.sweep.open_slice(partition, status, "", 10).suspects == [occurrence]
        assert stores.work.restore(partition, [occurrence], event.start_ms) == 1
        assert stores.work.restore(partition, [occurrence], event.start_ms) == 0
        assert broken(stores.client, stores.partitions) == []

    def test_leaves_alone_what_has_ended(self, stores: Stores) -> None:
        event = saved(stores)
        (claimed,) = claim(stores, event.start_ms)
        stores.work.record([record(claimed)], event.start_ms)
        partition = ids.partition_of_event(event.id)
        assert stores.work.restore(partition, [claimed.occurrence_id], event.start_ms) == 0


def test_who_needs_every_answer_has_none_if_one_call_fails(store_url: str) -> None:
    client = connect(store_url)
    client.set(b"qh:rates:2", b"no hash")
    run, lane = scripts.Scripts(client), [b"an-event", 5, b":1:a", 0, b"", 1]
    calls = [([f"qh:rates:{number}".encode()], lane) for number in (1, 2)]
    answered, failed = run.many("count_rate", calls)
    assert answered[0] == 1
    assert isinstance(failed, Exception)
    with pytest.raises(StoreUnavailable):
        run.each("count_rate", calls)
    assert len(run.each("count_rate", calls[:1])) == 1
