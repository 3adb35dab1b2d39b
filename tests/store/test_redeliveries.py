"""Dead letters in the store: moved once, whatever is repeated; jobs written by one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event
from app.domain.occurrence import OccurrenceStatus
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob, RedeliveryRequest
from app.store import keys
from app.store.attempts import read_log
from app.store.calls import Deferral, Record, Unattempted
from app.store.event_plans import Plan, Saved
from app.store.fields import OccurrenceField
from app.store.indexes import Selection
from app.store.redeliveries import RedeliveryJobStore, RedeliveryStore, Round
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

LEASE_MS = 30_000
LATER_MS = NOW_MS + 3_600_000
TENANT = Access("tenant", "read_write", frozenset({"red"}))
TAGS = ("red", "blue")
"""Those of ``an_event``."""


@pytest.fixture
def redeliveries(stores: Stores) -> RedeliveryStore:
    return RedeliveryStore(stores.client, Scripts(stores.client))


@pytest.fixture
def jobs(stores: Stores) -> RedeliveryJobStore:
    return RedeliveryJobStore(stores.client, Scripts(stores.client))


def saved(stores: Stores, **fields: Any) -> Event:
    event = an_event(partition=fields.pop("partition", stores.partitions - 1), **fields)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    assert stores.events.save(event, plan, None, NOW_MS) is Saved.DONE
    return stores.events.get(event.id)


def claim(stores: Stores, now_ms: int, request: int = 1) -> list[Any]:
    return [
        one
        for partition in range(stores.partitions)
        for one in stores.work.claim(
            partition, b"w", request, now_ms=now_ms, limit=10, lease_ms=LEASE_MS
        )
    ]


def record(claimed: Any, verdict: str = "failed", next_ms: int | None = None, log=b"[1]\n"):
    return Record(
        claimed.occurrence_id, claimed.token, verdict, 500, b"no", "HTTP 500", next_ms, log
    )


def failed(stores: Stores, **fields: Any) -> bytes:
    """An occurrence that has failed at its first attempt."""
    event = saved(stores, **fields)
    (claimed,) = claim(stores, event.start_ms)
    stores.work.record([record(claimed)], event.start_ms)
    return bytes(claimed.occurrence_id)


def missed(stores: Stores, status: str = "missed") -> bytes:
    event = saved(stores)
    stores.work.record_unattempted(
        [Unattempted(event.id, NOW_MS - 1, event.tags, status, "why")], NOW_MS
    )
    return ids.occurrence_id(event.id, NOW_MS - 1)


class TestRetry:
    def test_moves_what_has_failed_back_among_the_due(self, stores, redeliveries) -> None:
        one = failed(stores)
        assert redeliveries.redeliver([(one, LATER_MS)], "r1", LATER_MS - 5) == ["retried"]
        found = stores.occurrences.get(one)
        assert (found.status, found.next_attempt_ms) == (OccurrenceStatus.RETRYING, LATER_MS)
        assert (found.completed_ms, found.attempt_count, found.changed_ms) == (
            None,
            1,
            LATER_MS - 5,
        )
        assert broken(stores.client, stores.partitions) == []
        assert claim(stores, LATER_MS - 1, request=2) == []
        (again,) = claim(stores, LATER_MS, request=3)
        assert (again.attempt, again.attempts_before, again.redelivered_ms) == (2, 1, LATER_MS)
        assert again.due_ms == again.claimed_ms == LATER_MS
        assert broken(stores.client, stores.partitions) == []

    def test_a_repeated_call_changes_nothing_whatever_has_happened_since(
        self, stores, redeliveries
    ) -> None:
        one = failed(stores)
        redeliveries.redeliver([(one, LATER_MS)], "r1", LATER_MS)
        claimed: Any = None
        for happens in ("nothing", "a claim", "a failure"):
            if happens == "a claim":
                (claimed,) = claim(stores, LATER_MS, request=2)
            elif happens == "a failure":
                stores.work.record([record(claimed)], LATER_MS + 1)
            before = snapshot(stores.client)
            assert redeliveries.redeliver([(one, LATER_MS + 9)], "r1", LATER_MS + 9) == ["retried"]
            assert snapshot(stores.client) == before
        assert redeliveries.redeliver([(one, LATER_MS + 9)], "r2", LATER_MS + 9) == ["retried"]
        (again,) = claim(stores, LATER_MS + 9, request=4)
        assert (again.attempt, again.attempts_before) == (3, 2)

    @pytest.mark.parametrize("status", ["missed", "skipped", "cancelled"])
    def test_moves_what_was_never_attempted(self, stores, redeliveries, status) -> None:
        one = missed(stores, status)
        assert redeliveries.redeliver([(one, NOW_MS)], "r1", NOW_MS) == ["retried"]
        assert broken(stores.client, stores.partitions) == []
        (claimed,) = claim(stores, NOW_MS)
        assert (claimed.attempt, claimed.attempts_before, claimed.recurring) == (1, 0, False)
        assert broken(stores.client, stores.partitions) == []
        deferral = Deferral(one, claimed.token, NOW_MS + 5)
        assert stores.work.release([deferral], NOW_MS) == 1
        assert stores.occurrences.get(one).status is OccurrenceStatus.RETRYING
        assert broken(stores.client, stores.partitions) == []
        (claimed,) = claim(stores, NOW_MS + 5, request=2)
        assert claimed.attempt == 1
        stores.work.record([record(claimed, "completed")], NOW_MS + 6)
        assert stores.occurrences.get(one).status is OccurrenceStatus.COMPLETED
        assert broken(stores.client, stores.partitions) == []

    def test_refuses_what_is_open_completed_gone_or_unknown(self, stores, redeliveries) -> None:
        scheduled = saved(stores)
        completed_event = saved(stores, start_ms=NOW_MS + 1)
        (claimed,) = claim(stores, NOW_MS + 1)
        orphan_event = saved(stores, start_ms=NOW_MS + 2)
        (orphan,) = claim(stores, NOW_MS + 2, request=2)
        stores.work.record([record(claimed, "completed"), record(orphan)], NOW_MS + 3)
        stores.events.delete(stores.events.get(orphan_event.id), any_version=True, now_ms=NOW_MS)
        open_one = ids.occurrence_id(scheduled.id, scheduled.start_ms)
        unknown = ids.occurrence_id(completed_event.id, 5)
        asked = [open_one, claimed.occurrence_id, orphan.occurrence_id, unknown]
        before = snapshot(stores.client)
        answers = redeliveries.redeliver([(one, LATER_MS) for one in asked], "r", LATER_MS)
        assert answers == ["open", "completed", "gone", "unknown"]
        assert snapshot(stores.client) == before

    def test_deaths_of_workers_are_forgotten(self, stores, redeliveries) -> None:
        event = saved(stores)
        now_ms = event.start_ms
        for request in (1, 2, 3):
            claim(stores, now_ms, request=request)
            now_ms += LEASE_MS
            stores.work.reclaim_expired(ids.partition_of_event(event.id), now_ms)
        (fourth,) = claim(stores, now_ms, request=4)
        assert fourth.deaths == 3
        stores.work.record([record(fourth)], now_ms)
        redeliveries.redeliver([(fourth.occurrence_id, now_ms)], "r", now_ms)
        (fifth,) = claim(stores, now_ms, request=5)
        assert (fifth.deaths, fifth.attempt, fifth.attempts_before) == (0, 5, 4)

    def test_wakes_who_sleeps_longer(self, stores, redeliveries) -> None:
        one = failed(stores)
        saved(stores, start_ms=LATER_MS)
        with stores.client.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(keys.WAKE)
            listener.get_message(timeout=5)
            redeliveries.redeliver([(one, NOW_MS)], "r", LATER_MS)
            heard = listener.get_message(timeout=5)
        assert heard is not None
        place = keys.prefix(ids.partition_of_occurrence(one))
        assert heard["data"] == place + b"%d" % NOW_MS

    def test_what_is_still_to_come_is_refused(self, stores, redeliveries) -> None:
        """A calendar may have recorded as skipped what tomorrow brings."""
        event = saved(stores)
        at_ms = event.start_ms + 86_400_000
        note = Unattempted(event.id, at_ms, event.tags, "skipped", "a holiday")
        stores.work.record_unattempted([note], NOW_MS)
        one = ids.occurrence_id(event.id, at_ms)
        before = snapshot(stores.client)
        assert redeliveries.redeliver([(one, at_ms - 1)], "r", at_ms - 1) == ["early"]
        assert snapshot(stores.client) == before
        assert redeliveries.redeliver([(one, at_ms)], "r", at_ms) == ["retried"]

    @pytest.mark.parametrize("outcomes", [0, 1])
    def test_a_round_that_was_cancelled_has_tried_what_its_log_says(
        self, stores, redeliveries, outcomes
    ) -> None:
        """An attempt that was under way when it was cancelled has no outcome."""
        one = failed(stores)
        redeliveries.redeliver([(one, LATER_MS)], "r", LATER_MS)
        for number in range(outcomes):
            (claimed,) = claim(stores, LATER_MS, request=2 + number)
            line = b"%d,0\n" % claimed.attempt
            again = replace(record(claimed, "retrying", LATER_MS), log_line=line)
            stores.work.record([again], LATER_MS)
        claim(stores, LATER_MS, request=9)
        assert redeliveries.rounds([one]) == [Round("r", "dispatched", outcomes, TAGS)]
        key = keys.occurrence(ids.partition_of_occurrence(one), one)
        stores.client.hset(key, OccurrenceField.STATUS, "cancelled")
        assert redeliveries.rounds([one]) == [Round("r", "cancelled", outcomes, TAGS)]
        stores.client.hset(key, OccurrenceField.STATUS, "dispatched")

    def test_rounds_tell_what_has_become_of_it(self, stores, redeliveries) -> None:
        one = failed(stores)
        assert redeliveries.rounds([one]) == [None]
        redeliveries.redeliver([(one, LATER_MS)], "r", LATER_MS)
        assert redeliveries.rounds([one]) == [Round("r", "retrying", 0, TAGS)]
        (claimed,) = claim(stores, LATER_MS, request=2)
        assert redeliveries.rounds([one]) == [Round("r", "dispatched", 0, TAGS)]
        partition = ids.partition_of_occurrence(one)
        stores.work.reclaim_expired(partition, LATER_MS + LEASE_MS)
        assert redeliveries.rounds([one]) == [Round("r", "retrying", 0, TAGS)]
        (claimed,) = claim(stores, LATER_MS + LEASE_MS, request=3)
        stores.work.record([record(claimed, "retrying", LATER_MS + LEASE_MS)], LATER_MS + LEASE_MS)
        assert redeliveries.rounds([one]) == [Round("r", "retrying", 1, TAGS)]
        claim(stores, LATER_MS + LEASE_MS, request=4)
        assert redeliveries.rounds([one]) == [Round("r", "dispatched", 1, TAGS)]

    def test_candidates_know_the_tags_of_both(self, stores, redeliveries) -> None:
        one, other = failed(stores), missed(stores)
        event = stores.events.get(stores.occurrences.get(other).event_id)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
        found = redeliveries.candidates([one, ids.occurrence_id(b"e" * 16, 1), other])
        assert [(each.id, each.tags, each.event_tags) for each in found] == [
            (one, ("red", "blue"), ("red", "blue")),
            (other, ("red", "blue"), None),
        ]
        assert found[1].ended_ms == NOW_MS
        assert redeliveries.candidates([]) == []


class TestLog:
    def test_keeps_the_newest_hundred_lines(self, stores) -> None:
        event = saved(stores)
        now_ms = event.start_ms
        for number in range(1, 104):
            (claimed,) = claim(stores, now_ms, request=number)
            line = b'[%d,1,2,3,null,null,null,null,500,"x",4]\n' % number
            now_ms += 1
            stores.work.record([record(claimed, "retrying", now_ms, line)], now_ms)
        kept = stores.occurrences.attempts(claimed.occurrence_id)
        assert [one.number for one in kept] == list(range(4, 104))

    def test_reads_what_was_written_before_claims_and_messages_were(self) -> None:
        log = b'[1,1,2,3,4,5,6,7,500,"HTTP 500"]\n[2,1,2,3,null,null,null,null,204]\n'
        first, second = read_log(log)
        assert (first.number, first.error_message, first.claimed_ms) == (1, "HTTP 500", None)
        assert tuple(first.timings) == (1, 2, 3, 4, 5, 6, 7)
        assert (second.status_code, second.error_message, second.claimed_ms) == (204, None, None)
        assert read_log(None) == []


class TestStretch:
    @pytest.mark.parametrize("oldest_first", [True, False])
    @pytest.mark.parametrize("length", [1, 3, 100])
    def test_goes_through_all_of_it_in_order(self, stores, oldest_first, length) -> None:
        """Also where many have the same score, and where some leave meanwhile."""
        events = [
            saved(stores, partition=at % stores.partitions, start_ms=NOW_MS + at // 4)
            for at in range(10)
        ]
        wanted = sorted(
            ((one.start_ms, ids.occurrence_id(one.id, one.start_ms)) for one in events),
            reverse=not oldest_first,
        )
        key = keys.occurrences
        selection = Selection(any_of=(lambda p: key(p, "scheduled"),))
        found, position = [], None
        while True:
            entries, position = stores.lists.stretch(
                selection, position, length, oldest_first=oldest_first
            )
            found += entries
            for _, member in entries[:1]:
                stores.client.zrem(key(ids.partition_of_occurrence(member), "scheduled"), member)
            if position is None:
                break
        assert found == wanted

    def test_says_where_it_is_although_nothing_was_selected(self, stores) -> None:
        event = saved(stores)
        selection = Selection(
            any_of=(lambda p: keys.occurrences(p, "scheduled"),),
            keep=lambda found: [False for _ in found],
        )
        entries, position = stores.lists.stretch(selection, None, 1, oldest_first=True)
        assert entries == []
        assert position is not None
        assert position[0] == event.start_ms
        assert stores.lists.stretch(selection, position, 1, oldest_first=True) == ([], None)

    def test_keeps_to_its_bounds(self, stores) -> None:
        for at in range(5):
            saved(stores, start_ms=NOW_MS + at)
        selection = Selection(
            any_of=(lambda p: keys.occurrences(p, "scheduled"),),
            low_ms=NOW_MS + 1,
            high_ms=NOW_MS + 3,
        )
        for oldest_first in (True, False):
            first, position = stores.lists.stretch(selection, None, 2, oldest_first=oldest_first)
            rest, _ = stores.lists.stretch(selection, position, 9, oldest_first=oldest_first)
            scores = [score - NOW_MS for score, _ in first + rest]
            assert scores == ([1, 2, 3] if oldest_first else [3, 2, 1])


def a_job(access: Access = MASTER, at_ms: int = NOW_MS, **values: Any) -> RedeliveryJob:
    request = RedeliveryRequest(
        RedeliveryFilter(("red",), status="missed"), rate="10/s", stop_at=0.5
    )
    job_id = ids.EventIds().make(at_ms * 1000, 0)
    return replace(RedeliveryJob(job_id, request, access, at_ms, at_ms, 7), **values)


class TestJobs:
    def test_a_job_is_read_as_it_was_written(self, jobs) -> None:
        for access in (MASTER, TENANT):
            job = a_job(
                access,
                position=(5, b"\xff" * 16),
                planned=((b"\x00" * 16, 9),),
                watched=(b"\x01" * 16,),
                reason="because",
            )
            stamp = jobs.save(job, b"", NOW_MS)
            (stamped,) = jobs.get_many([job.id])
            assert (stamped.job, stamped.stamp) == (job, stamp)
        assert jobs.get_many([b"?" * 16]) == [None]

    def test_is_written_only_if_it_is_as_it_was_read(self, jobs, stores, monkeypatch) -> None:
        job = a_job()
        stamp = jobs.save(job, b"", NOW_MS)
        second = jobs.save(replace(job, retried=1), stamp, NOW_MS)
        before = snapshot(stores.client)
        assert jobs.save(replace(job, retried=2), stamp, NOW_MS + 1) is None
        assert jobs.save(replace(job, retried=2), b"", NOW_MS + 1) is None
        monkeypatch.setattr("app.store.jobs.secrets.token_hex", lambda n: second.decode())
        assert jobs.save(replace(job, retried=1), stamp, NOW_MS + 2) == second
        assert snapshot(stores.client) == before

    def test_waits_until_its_moment_and_no_longer_once_it_has_ended(self, jobs) -> None:
        job = a_job(TENANT)
        stamp = jobs.save(job, b"", NOW_MS + 5)
        assert jobs.waiting(NOW_MS + 4, 10) == []
        assert jobs.waiting(NOW_MS + 5, 10) == [job.id]
        jobs.look_again(job.id, NOW_MS + 9)
        assert jobs.waiting(NOW_MS + 8, 10) == []
        assert (jobs.running(TENANT), jobs.running(MASTER)) == (1, 0)
        jobs.save(job.ended("completed", NOW_MS + 9), stamp, NOW_MS)
        jobs.look_again(job.id, NOW_MS)
        assert jobs.waiting(NOW_MS + 99, 10) == []
        assert jobs.running(TENANT) == 0

    def test_forgets_with_every_trace_what_ended_before(self, jobs, stores) -> None:
        empty = snapshot(stores.client)
        stamp = jobs.save(job := a_job(TENANT), b"", NOW_MS)
        assert jobs.forget_ended(LATER_MS, 10) == 0
        jobs.save(job.ended("cancelled", NOW_MS + 9), stamp, NOW_MS)
        assert jobs.forget_ended(NOW_MS + 9, 10) == 0
        assert jobs.forget_ended(NOW_MS + 10, 10) == 1
        assert jobs.forget_ended(NOW_MS + 10, 10) == 0
        assert snapshot(stores.client) == empty
