"""What the scripts do about an occurrence that falls due while the one before it is not over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.domain.flow import FlowLimits
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.options import NO_OPTIONS
from app.engine.flow_claimer import FlowClaimer
from app.store import keys
from app.store.calls import Deferral, Successor
from app.store.claims import Claim
from app.store.event_plans import KEEP, Plan, Saved
from app.store.fields import EventField
from app.store.flow_gate import FlowGate
from app.store.flows import FlowStore, all_of
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.store.test_scripts import LEASE_MS, claim, record, saved
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

EVERY_SECOND = {"every": "1s"}
FIRST, SECOND, THIRD, FOURTH = (NOW_MS + n * 1000 for n in range(1, 5))


class Run:
    """A series whose occurrences are claimed one after the other, successors and all."""

    def __init__(self, stores: Stores, policy: str, **options: Any) -> None:
        self.stores = stores
        options = {"overlap": policy, **options}
        self.event = saved(stores, start_ms=FIRST, schedule=EVERY_SECOND, options=options)
        self.partition = ids.partition_of_event(self.event.id)
        self._requests = 0

    def claim(self, now_ms: int):
        """Claim what is due; what is a first claim of the schedule's gets its successor."""
        self._requests += 1
        claimed = claim(self.stores, now_ms, request=self._requests)
        for one in claimed:
            if one.recurring and one.attempt == 1:
                self.advance(one.scheduled_ms, one.scheduled_ms + 1000)
        assert broken(self.stores.client, self.stores.partitions) == []
        return claimed

    def advance(self, before_ms: int, next_ms: int | None) -> None:
        ((plan, _),) = self.stores.events.progress([self.event.id])
        following = Successor(self.event.id, plan, before_ms, next_ms, next_ms or 0)
        self.stores.work.schedule_successors([following], NOW_MS)

    def occurrence(self, at_ms: int) -> Occurrence:
        return self.stores.occurrences.get(ids.occurrence_id(self.event.id, at_ms))

    def status(self, at_ms: int) -> OccurrenceStatus:
        return self.occurrence(at_ms).status

    def stored(self) -> Event:
        return self.stores.events.get(self.event.id)


def sent(claimed) -> list[int]:
    return [one.scheduled_ms for one in claimed if not one.overlaps]


class TestSkip:
    def test_is_skipped_while_the_one_before_is_under_way_or_waits_for_a_retry(
        self, stores: Stores
    ) -> None:
        run = Run(stores, "skip")
        (first,) = run.claim(FIRST)
        assert sent(run.claim(SECOND)) == []
        skipped = run.occurrence(SECOND)
        assert skipped.status is OccurrenceStatus.SKIPPED
        assert skipped.error_message == "the occurrence before it is not over"
        assert (skipped.attempt_count, skipped.started_ms) == (0, None)
        assert skipped.completed_ms == SECOND
        stores.work.record([record(first, "retrying", FOURTH + 500)], SECOND)
        assert sent(run.claim(THIRD)) == []
        assert run.status(THIRD) is OccurrenceStatus.SKIPPED

    def test_is_sent_when_the_one_before_is_over(self, stores: Stores) -> None:
        run = Run(stores, "skip")
        for at_ms in (FIRST, SECOND):
            (one,) = run.claim(at_ms)
            assert not one.overlaps
            stores.work.record([record(one)], at_ms)

    def test_one_that_a_worker_returned_unsent_is_not_over(self, stores: Stores) -> None:
        run = Run(stores, "skip")
        (first,) = run.claim(FIRST)
        stores.work.release([Deferral(first.occurrence_id, first.token, THIRD)], FIRST)
        assert sent(run.claim(SECOND)) == []
        assert run.status(SECOND) is OccurrenceStatus.SKIPPED
        assert sent(run.claim(THIRD)) == [FIRST]
        assert run.status(THIRD) is OccurrenceStatus.SKIPPED

    def test_what_stands_beside_the_schedule_is_sent_all_the_same(self, stores: Stores) -> None:
        run = Run(stores, "skip")
        run.claim(FIRST)
        stores.events.add_occurrences(run.event, [(FIRST + 1, FIRST + 1)], FIRST)
        assert sent(run.claim(FIRST + 1)) == [FIRST + 1]

    @pytest.mark.parametrize("plan", [KEEP, Plan(scheduled_ms=THIRD, due_ms=THIRD)])
    def test_a_changed_event_still_knows_what_is_under_way(
        self, stores: Stores, plan: Plan
    ) -> None:
        run = Run(stores, "skip")
        run.claim(FIRST)
        before = run.stored()
        after = before.changed(name="new", version=before.version + 1)
        assert stores.events.save(after, plan, before, FIRST) is Saved.DONE
        assert sent(run.claim(THIRD)) == []

    def test_another_policy_counts_from_the_next_one_on(self, stores: Stores) -> None:
        run = Run(stores, "skip")
        run.claim(FIRST)
        before = run.stored()
        after = before.changed(options=NO_OPTIONS, version=before.version + 1)
        assert stores.events.save(after, KEEP, before, FIRST) is Saved.DONE
        assert sent(run.claim(SECOND)) == [SECOND]


class TestQueueOne:
    def test_one_waits_a_further_one_is_skipped(self, stores: Stores) -> None:
        run = Run(stores, "queue_one")
        (first,) = run.claim(FIRST)
        assert sent(run.claim(SECOND)) == []
        waiting = run.occurrence(SECOND)
        assert (waiting.status, waiting.attempt_count) == (OccurrenceStatus.SCHEDULED, 0)
        assert sent(run.claim(THIRD)) == []
        skipped = run.occurrence(THIRD)
        assert skipped.status is OccurrenceStatus.SKIPPED
        assert skipped.error_message is not None
        assert "another one waits already" in skipped.error_message

        ended_ms = THIRD + 1
        assert stores.work.record([record(first)], ended_ms) == 1
        before = snapshot(stores.client)
        assert stores.work.record([record(first)], ended_ms) == 0
        assert snapshot(stores.client) == before
        (second,) = run.claim(ended_ms)
        assert (second.scheduled_ms, second.attempt, second.recurring) == (SECOND, 1, False)
        assert second.due_ms == ended_ms
        assert sent(run.claim(FOURTH)) == []
        assert run.status(FOURTH) is OccurrenceStatus.SCHEDULED

    def test_it_goes_before_one_that_falls_due_at_that_moment(self, stores: Stores) -> None:
        run = Run(stores, "queue_one")
        (first,) = run.claim(FIRST)
        run.claim(SECOND)
        stores.work.record([record(first)], THIRD + 5)
        assert sent(run.claim(THIRD + 5)) == [SECOND]
        assert run.status(THIRD) is OccurrenceStatus.SCHEDULED

    def test_it_waits_on_while_the_one_before_does(self, stores: Stores) -> None:
        """The safety net catches it and lets it go again, without counting or scheduling."""
        run = Run(stores, "queue_one")
        (first,) = run.claim(FIRST)
        run.claim(SECOND)
        scheduled = run.stored().next_ms
        looked_ms = SECOND + 10_000
        stores.work.renew([(first.occurrence_id, first.token)], looked_ms + LEASE_MS)
        claimed = claim(stores, looked_ms, request=99)
        assert [one.recurring for one in claimed if one.scheduled_ms == SECOND] == [False]
        assert sent(claimed) == []
        assert run.occurrence(SECOND).next_attempt_ms == looked_ms + 10_000
        assert scheduled == THIRD
        assert run.occurrence(SECOND).attempt_count == 0

    def test_deleting_the_event_ends_it(self, stores: Stores) -> None:
        run = Run(stores, "queue_one")
        run.claim(FIRST)
        run.claim(SECOND)
        stores.events.delete(run.stored(), any_version=True, now_ms=SECOND)
        assert run.status(SECOND) is OccurrenceStatus.CANCELLED
        assert broken(stores.client, stores.partitions) == []

    def test_the_last_of_a_series_is_waited_for(self, stores: Stores) -> None:
        run = Run(stores, "queue_one")
        (first,) = run.claim(FIRST)
        claim(stores, SECOND, request=50)
        run.advance(SECOND, None)
        assert run.stored().status is EventStatus.ACTIVE
        stores.work.record([record(first)], SECOND)
        assert run.stored().status is EventStatus.ACTIVE
        (second,) = run.claim(SECOND)
        stores.work.record([record(second)], SECOND)
        assert run.stored().status is EventStatus.INACTIVE
        assert broken(stores.client, stores.partitions) == []

    def test_a_new_schedule_takes_it_back(self, stores: Stores) -> None:
        run = Run(stores, "queue_one")
        (first,) = run.claim(FIRST)
        run.claim(SECOND)
        before = run.stored()
        after = replace(before, version=before.version + 1)
        plan = Plan(scheduled_ms=FOURTH, due_ms=FOURTH)
        assert stores.events.save(after, plan, before, SECOND) is Saved.DONE
        assert run.status(SECOND) is OccurrenceStatus.CANCELLED
        stores.work.record([record(first)], THIRD)
        assert sent(run.claim(FOURTH)) == [FOURTH]
        assert (
            stores.client.hget(keys.event(run.partition, run.event.id), EventField.QUEUED) is None
        )


class TestCancelPrevious:
    def test_ends_one_that_is_under_way(self, stores: Stores) -> None:
        run = Run(stores, "cancel_previous")
        (first,) = run.claim(FIRST)
        assert sent(run.claim(SECOND)) == [SECOND]
        cancelled = run.occurrence(FIRST)
        assert cancelled.status is OccurrenceStatus.CANCELLED
        assert cancelled.error_message == "a newer occurrence has taken its place"
        before = snapshot(stores.client)
        assert stores.work.record([record(first)], SECOND) == 0
        assert stores.work.renew([(first.occurrence_id, first.token)], FOURTH) == 0
        assert stores.work.reclaim_expired(run.partition, FIRST + LEASE_MS) == 0
        assert snapshot(stores.client) == before

    def test_ends_one_that_waits_for_a_retry(self, stores: Stores) -> None:
        run = Run(stores, "cancel_previous")
        (first,) = run.claim(FIRST)
        stores.work.record([record(first, "retrying", FOURTH)], FIRST)
        assert sent(run.claim(SECOND)) == [SECOND]
        assert run.status(FIRST) is OccurrenceStatus.CANCELLED
        assert run.occurrence(FIRST).next_attempt_ms is None
        assert sent(run.claim(FOURTH)) == [THIRD]

    @pytest.mark.parametrize("unsent", [True, False], ids=["returned", "retrying"])
    def test_ends_one_that_is_claimed_in_the_same_call(self, stores: Stores, unsent: bool) -> None:
        run = Run(stores, "cancel_previous")
        (first,) = run.claim(FIRST)
        if unsent:
            stores.work.release([Deferral(first.occurrence_id, first.token, FIRST + 5)], FIRST)
        else:
            stores.work.record([record(first, "retrying", FIRST + 5)], FIRST)
        claimed = run.claim(SECOND)
        assert [one.scheduled_ms for one in claimed] == [FIRST, SECOND]
        assert sent(claimed) == [SECOND]
        assert run.status(FIRST) is OccurrenceStatus.CANCELLED
        assert run.status(SECOND) is OccurrenceStatus.DISPATCHED

    @pytest.mark.parametrize("unsent", [True, False], ids=["returned", "retrying"])
    def test_what_it_ends_stays_ended_though_it_is_due_in_the_same_call(
        self, stores: Stores, unsent: bool
    ) -> None:
        """A batch that cancels an occurrence does not go on to claim it."""
        run = Run(stores, "cancel_previous")
        (first,) = run.claim(FIRST)
        if unsent:
            stores.work.release([Deferral(first.occurrence_id, first.token, SECOND + 40)], FIRST)
        else:
            stores.work.record([record(first, "retrying", SECOND + 40)], FIRST)
        assert [one.scheduled_ms for one in run.claim(SECOND + 50)] == [SECOND]
        assert run.status(FIRST) is OccurrenceStatus.CANCELLED
        assert run.occurrence(FIRST).attempt_count == (0 if unsent else 1)


class TestInAFlow:
    """The policy decides when an occurrence falls due, whenever its flow would let it through."""

    FLOW = b"/narrow"

    def run(self, stores: Stores, policy: str) -> tuple[Run, FlowClaimer]:
        scripts = Scripts(stores.client)
        flows = FlowStore(stores.client, scripts, stores.partitions)
        flows.set("/narrow", all_of(FlowLimits(concurrency=1)), NOW_MS, by_user=False)
        gate = FlowGate(stores.client, scripts, stores.partitions)
        run = Run(stores, policy, flow={"key": "narrow"}, flow_space="")
        return run, FlowClaimer(gate, b"f", LEASE_MS)

    def let_through(self, drain: FlowClaimer, now_ms: int) -> list[Claim]:
        found = []
        for _ in range(3):
            drain.look_by(now_ms)
            drain.claim(now_ms, 10)
            found += drain.take_new()
            drain.report(now_ms)
        return [one for one in found if not one.overlaps]

    def end(self, run: Run, drain: FlowClaimer, claimed: Claim, now_ms: int) -> None:
        counted = run.stores.work.record([record(claimed)], now_ms)
        drain.handle_written([record(claimed)][:counted], [record(claimed)])
        drain.report(now_ms)

    def test_skip_skips_what_falls_due_while_the_one_before_is_under_way(
        self, stores: Stores
    ) -> None:
        run, drain = self.run(stores, "skip")
        assert sent(run.claim(FIRST)) == []
        (first,) = self.let_through(drain, FIRST)
        for at_ms in (SECOND, THIRD):
            run.claim(at_ms)
            assert run.status(at_ms) is OccurrenceStatus.SKIPPED
            assert self.let_through(drain, at_ms) == []
        self.end(run, drain, first, THIRD + 1)
        run.claim(FOURTH)
        assert [one.scheduled_ms for one in self.let_through(drain, FOURTH)] == [FOURTH]
        assert broken(stores.client, stores.partitions) == []

    def test_skip_skips_what_falls_due_while_the_one_before_waits(self, stores: Stores) -> None:
        run, drain = self.run(stores, "skip")
        run.claim(FIRST)
        assert run.status(FIRST) is OccurrenceStatus.SCHEDULED
        run.claim(SECOND)
        assert run.status(SECOND) is OccurrenceStatus.SKIPPED
        assert [one.scheduled_ms for one in self.let_through(drain, SECOND)] == [FIRST]

    def test_queue_one_lets_one_wait_until_the_one_before_is_over(self, stores: Stores) -> None:
        run, drain = self.run(stores, "queue_one")
        run.claim(FIRST)
        (first,) = self.let_through(drain, FIRST)
        run.claim(SECOND)
        assert run.status(SECOND) is OccurrenceStatus.SCHEDULED
        run.claim(THIRD)
        assert run.status(THIRD) is OccurrenceStatus.SKIPPED
        self.end(run, drain, first, THIRD + 1)
        run.claim(THIRD + 2)
        assert [one.scheduled_ms for one in self.let_through(drain, THIRD + 2)] == [SECOND]
        run.claim(FOURTH)
        assert run.status(FOURTH) is OccurrenceStatus.SCHEDULED
        assert self.let_through(drain, FOURTH) == []

    @pytest.mark.parametrize("begun", [True, False], ids=["under way", "waiting"])
    def test_cancel_previous_cancels_the_one_before(self, stores: Stores, *, begun: bool) -> None:
        run, drain = self.run(stores, "cancel_previous")
        run.claim(FIRST)
        first = self.let_through(drain, FIRST) if begun else []
        run.claim(SECOND)
        assert run.status(FIRST) is OccurrenceStatus.CANCELLED
        if begun:
            assert self.let_through(drain, SECOND) == []  # its request still has the place
            self.end(run, drain, first[0], SECOND + 5)
            assert run.status(FIRST) is OccurrenceStatus.CANCELLED
        assert [one.scheduled_ms for one in self.let_through(drain, SECOND + 9)] == [SECOND]

    def test_a_repeated_claim_still_asks_for_the_successor(self, stores: Stores) -> None:
        run, _ = self.run(stores, "skip")
        before = [claim(stores, FIRST, request=7) for _ in range(2)]
        for claimed in before:
            (one,) = claimed
            assert (one.recurring, one.attempt, one.overlaps) == (True, 1, True)
        run.advance(FIRST, SECOND)
        assert run.stored().next_ms == SECOND
        assert broken(stores.client, stores.partitions) == []

    def test_what_was_claimed_and_returned_is_not_in_its_own_way(self, stores: Stores) -> None:
        run, drain = self.run(stores, "skip")
        run.claim(FIRST)
        (first,) = self.let_through(drain, FIRST)
        deferral = Deferral(first.occurrence_id, first.token, FIRST + 500)
        assert stores.work.release([deferral], FIRST) == 1
        drain.handle_written([deferral], [deferral])
        assert sent(run.claim(FIRST + 500)) == []
        assert [one.scheduled_ms for one in self.let_through(drain, FIRST + 500)] == [FIRST]

    def test_one_time_events_wait_as_ever(self, stores: Stores) -> None:
        _, drain = self.run(stores, "skip")
        options = {"overlap": "skip", "flow": {"key": "narrow"}, "flow_space": ""}
        event = saved(stores, start_ms=FIRST - 500, options=options)
        assert claim(stores, FIRST - 500, request=70) == []
        assert stores.events.get(event.id).next_ms == FIRST - 500
        assert [one.event_id for one in self.let_through(drain, FIRST - 500)] == [event.id]


def test_a_lease_of_what_has_ended_is_not_taken_for_a_dead_workers(stores: Stores) -> None:
    run = Run(stores, "cancel_previous")
    (first,) = run.claim(FIRST)
    run.claim(SECOND)
    stores.client.zadd(keys.leases(run.partition), {first.occurrence_id: SECOND})
    assert stores.work.reclaim_expired(run.partition, SECOND) == 0
    assert run.status(FIRST) is OccurrenceStatus.CANCELLED
    assert broken(stores.client, stores.partitions) == []


@pytest.mark.parametrize("policy", ["skip", "queue_one", "cancel_previous"])
def test_a_repeated_claim_changes_nothing(stores: Stores, policy: str) -> None:
    run = Run(stores, policy)
    run.claim(FIRST)
    first = sent(claim(stores, SECOND, request=9))
    before = snapshot(stores.client)
    assert sent(claim(stores, SECOND, request=9)) == first
    assert snapshot(stores.client) == before


def test_a_claim_that_was_never_sent_counts_no_attempt(stores: Stores) -> None:
    event = saved(stores)
    (claimed,) = claim(stores, event.start_ms)
    stores.work.record([replace(record(claimed, "missed"), log_line=b"")], event.start_ms)
    missed = stores.occurrences.get(claimed.occurrence_id)
    assert (missed.attempt_count, missed.started_ms) == (0, None)
    assert broken(stores.client, stores.partitions) == []
