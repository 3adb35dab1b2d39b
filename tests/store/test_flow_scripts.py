"""Flows in the store: who waits, who is let through, what ends; each script run twice."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import ids
from app.domain.event import Event
from app.domain.flow import FlowLimits
from app.domain.options import NO_OPTIONS
from app.domain.rates import Rate
from app.store import flow_gate, keys
from app.store.calls import Deferral, Record
from app.store.claims import Claim
from app.store.event_plans import KEEP, Plan, Saved
from app.store.fields import FlowField
from app.store.flow_gate import FlowGate
from app.store.flow_keys import FlowKeys
from app.store.flow_looks import EndedAttempt, HeadStatus, Lapsed
from app.store.flow_turns import Turn
from app.store.flows import FlowStore, all_of, given_by_event
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

FLOW = b"/acme"
LEASE_MS = 30_000
AHEAD_MS = 100
FOREVER_MS = 2 * NOW_MS


@pytest.fixture
def gate(stores: Stores) -> FlowGate:
    return FlowGate(stores.client, Scripts(stores.client), stores.partitions)


@pytest.fixture
def flows(stores: Stores) -> FlowStore:
    return FlowStore(stores.client, Scripts(stores.client), stores.partitions)


def saved(stores: Stores, number: int = 0, **options: Any) -> Event:
    """An event of the flow, due so many ms after now; partitions take turns."""
    event = an_event(
        partition=number % stores.partitions,
        start_ms=NOW_MS + number,
        options={"flow": {"key": "acme"}, "flow_space": "", **options},
    )
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    assert stores.events.save(event, plan, None, NOW_MS) is Saved.DONE
    return stores.events.get(event.id)


def claim_due(stores: Stores, now_ms: int, request: int = 1) -> list[Claim]:
    return [
        one
        for partition in range(stores.partitions)
        for one in stores.work.claim(
            partition, b"w", request, now_ms=now_ms, limit=100, lease_ms=LEASE_MS
        )
    ]


def waiting(gate: FlowGate, now_ms: int, until_ms: int | None = None) -> list[bytes]:
    found = gate.peek(now_ms, 10, 100, now_ms if until_ms is None else until_ms)
    return found.members.get(FLOW, [])


def take(
    gate: FlowGate, members: list[bytes], now_ms: int, request: int, worker: bytes = b"w"
) -> Turn:
    (turn,) = gate.take(
        worker,
        request,
        {FLOW: members},
        now_ms=now_ms,
        ahead_ms=AHEAD_MS,
        deadline_ms=now_ms + LEASE_MS,
    )
    return turn


def claim_all(gate: FlowGate, stores: Stores, members: list[bytes], now_ms: int) -> list[Claim]:
    claims: list[Claim] = []
    for partition in range(stores.partitions):
        claimed, _ = gate.claim(
            partition,
            {FLOW: [m for m in members if ids.partition_of_occurrence(m[16:]) == partition]},
            {FLOW: now_ms},
            b"token",
            now_ms=now_ms,
            deadline_ms=now_ms + LEASE_MS,
        )
        claims += claimed
    return claims


def due_in(ms: int) -> bytes:
    """What waits for its flow and is due so many ms after now."""
    event = an_event(start_ms=NOW_MS + ms)
    return event.id + ids.occurrence_id(event.id, event.start_ms)


def over(member: bytes, turn: int | None = None, until_ms: int = FOREVER_MS) -> EndedAttempt:
    return EndedAttempt(FLOW, member[16:], turn, until_ms)


def retrying(claimed: Claim, next_ms: int) -> Record:
    """What is recorded of an attempt that failed and is made again then."""
    return Record(
        claimed.occurrence_id, claimed.token, "retrying", 500, b"", "no", next_ms, b"[1]\n"
    )


def limit(flows: FlowStore, **limits: Any) -> None:
    flows.set(FLOW.decode(), all_of(FlowLimits(**limits)), NOW_MS, by_user=False)


class TestWaiting:
    def test_what_is_due_waits_for_its_flow_in_the_order_of_its_time(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        events = [saved(stores, number) for number in (3, 1, 2)]
        later = NOW_MS + 10
        assert claim_due(stores, later) == []
        expected = sorted(events, key=lambda event: event.start_ms)
        assert [member[:16] for member in waiting(gate, later)] == [one.id for one in expected]
        assert broken(stores.client, stores.partitions) == []
        head = stores.work.heads()[1 % stores.partitions]
        assert (head.due_ms, head.flow_ms) == (None, later)

    def test_a_repeated_claim_changes_nothing(self, stores: Stores, gate: FlowGate) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        before = snapshot(stores.client)
        assert claim_due(stores, NOW_MS) == []
        assert snapshot(stores.client) == before

    def test_events_of_one_time_go_in_the_order_in_which_they_were_made(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        events = []
        for _ in range(6):
            event = an_event(options={"flow": {"key": "acme"}}, start_ms=NOW_MS)
            stores.events.save(event, Plan(scheduled_ms=NOW_MS, due_ms=NOW_MS), None, NOW_MS)
            events.append(event.id)
        claim_due(stores, NOW_MS)
        assert [member[:16] for member in waiting(gate, NOW_MS)] == sorted(events)

    def test_a_flow_that_somebody_sees_to_is_left_alone_until_it_is_woken(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        assert len(waiting(gate, NOW_MS, NOW_MS + 5_000)) == 1
        assert waiting(gate, NOW_MS + 4_999) == []
        gate.wake([FLOW], NOW_MS)
        assert len(waiting(gate, NOW_MS)) == 1

    def test_deleting_the_event_takes_it_out(self, stores: Stores, gate: FlowGate) -> None:
        event = saved(stores)
        claim_due(stores, NOW_MS)
        assert stores.events.delete(event, any_version=True, now_ms=NOW_MS) is Saved.DONE
        assert waiting(gate, NOW_MS) == []
        assert broken(stores.client, stores.partitions) == []
        assert stores.client.keys("qh:{[0-9]*}:flow*") == []

    def test_leaving_the_flow_makes_it_due(self, stores: Stores, gate: FlowGate) -> None:
        event = saved(stores)
        claim_due(stores, NOW_MS)
        free = event.changed(options=NO_OPTIONS, version=2)
        assert stores.events.save(free, KEEP, event, NOW_MS) is Saved.DONE
        assert waiting(gate, NOW_MS) == []
        assert [one.event_id for one in claim_due(stores, NOW_MS, 2)] == [event.id]

    def test_who_wakes_a_flow_tells_drains_only_if_something_waits(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        listener = stores.coordination.wake_listener()
        while listener.wait(0.01):
            pass
        assert not gate.wake([FLOW], NOW_MS)
        assert not listener.wait(0.01)
        saved(stores)
        claim_due(stores, NOW_MS)
        assert waiting(gate, NOW_MS, until_ms=NOW_MS + 5_000)
        while listener.wait(0.01):
            pass
        assert gate.wake([FLOW], NOW_MS)
        assert listener.wait(5)
        assert not gate.wake([FLOW], NOW_MS), "somebody has been woken for it"
        listener.close()

    def test_a_lost_place_is_restored(self, stores: Stores, gate: FlowGate) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        (member,) = waiting(gate, NOW_MS)
        partition = ids.partition_of_occurrence(member[16:])
        stores.client.delete(keys.flow_waiting(partition, FLOW), keys.flowing(partition))
        assert stores.work.restore(partition, [member[16:]], NOW_MS) == 1
        assert stores.work.restore(partition, [member[16:]], NOW_MS) == 0
        assert waiting(gate, NOW_MS) == [member]


class TestTake:
    def members(self, count: int) -> list[bytes]:
        return [bytes([number]) * 32 for number in range(1, count + 1)]

    def test_without_limits_all_go_at_once(self, gate: FlowGate, flows: FlowStore) -> None:
        limit(flows)
        turn = take(gate, self.members(5), NOW_MS, 1)
        assert turn.starts == [NOW_MS] * 5
        assert turn.look_ms == NOW_MS

    def test_a_rate_spaces_starts_and_says_when_to_look_again(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, rate=Rate(20, 1_000))
        turn = take(gate, self.members(5), NOW_MS, 1)
        assert turn.starts == [NOW_MS, NOW_MS + 50, NOW_MS + 100, None, None]
        assert turn.look_ms == NOW_MS + 150 - AHEAD_MS // 2
        later = turn.look_ms or 0
        assert take(gate, self.members(5)[3:], later, 2).starts == [NOW_MS + 150, NOW_MS + 200]

    def test_what_is_not_due_yet_starts_at_its_time(self, gate: FlowGate, flows: FlowStore) -> None:
        limit(flows, rate=Rate(100, 1_000), concurrency=5)
        members = [due_in(ms) for ms in (20, 25, 40)]
        assert take(gate, members, NOW_MS, 1).starts == [NOW_MS + 20, NOW_MS + 30, NOW_MS + 40]

    def test_a_strict_flow_lets_nothing_through_before_its_time(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        """One with an earlier time may come yet."""
        limit(flows, strict=True)
        turn = take(gate, [due_in(20), due_in(40)], NOW_MS, 1)
        assert (turn.starts, turn.look_ms) == ([None, None], NOW_MS + 20)
        assert take(gate, [due_in(20), due_in(40)], NOW_MS + 20, 2).starts == [NOW_MS + 20, None]

    def test_what_is_redelivered_before_its_time_starts_at_once(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows)
        assert take(gate, [due_in(60_000)], NOW_MS, 1).starts == [NOW_MS]

    def test_a_raised_rate_counts_at_once(self, gate: FlowGate, flows: FlowStore) -> None:
        limit(flows, rate=Rate(1, 60_000))
        assert take(gate, self.members(2), NOW_MS, 1).starts == [NOW_MS, None]
        limit(flows, rate=Rate(100, 1_000))
        turn = take(gate, self.members(3)[1:], NOW_MS + 500, 2)
        # What was given out ahead may have begun just now: one interval more, and no minute.
        soon = NOW_MS + 500 + AHEAD_MS + 10
        assert turn.look_ms == soon - AHEAD_MS // 2
        later = take(gate, self.members(3)[1:], turn.look_ms, 3)
        assert later.starts == [soon, soon + 10]

    def test_a_burst_goes_at_once_and_is_earned_again(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, rate=Rate(1, 1_000), burst=3)
        assert take(gate, self.members(4), NOW_MS, 1).starts == [NOW_MS] * 3 + [None]
        late = NOW_MS + 10_000
        again = [bytes([9]) * 32, *(bytes([20 + one]) * 32 for one in range(3))]
        assert take(gate, again, late, 2).starts == [late] * 3 + [None]

    def test_concurrency_counts_what_is_under_way(self, gate: FlowGate, flows: FlowStore) -> None:
        limit(flows, concurrency=2)
        first, second, third = self.members(3)
        turn = take(gate, [first, second, third], NOW_MS, 1)
        assert turn.starts == [NOW_MS, NOW_MS, None]
        assert turn.look_ms is None
        assert take(gate, [third], NOW_MS, 2).starts == [None]
        gate.end([over(first, 1)], NOW_MS)
        assert take(gate, [third], NOW_MS, 3).starts == [NOW_MS]

    def test_a_dead_workers_place_is_free_after_its_lease(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, concurrency=1)
        first, second = self.members(2)
        take(gate, [first], NOW_MS, 1)
        assert take(gate, [second], NOW_MS + LEASE_MS, 2).starts == [None]
        gate.renew({FLOW: [first[16:]]}, NOW_MS + 2 * LEASE_MS)
        assert take(gate, [second], NOW_MS + LEASE_MS + 1, 3).starts == [None]
        assert take(gate, [second], NOW_MS + 2 * LEASE_MS + 1, 4).starts == [
            NOW_MS + 2 * LEASE_MS + 1
        ]

    def test_strict_order_holds_until_the_end_not_the_attempt(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, strict=True)
        first, second = self.members(2)
        assert take(gate, [first, second], NOW_MS, 1).starts == [NOW_MS, None]
        gate.end([over(first)], NOW_MS)
        turn = take(gate, [second], NOW_MS, 2)
        assert (turn.starts, turn.after) == ([None], first[16:])
        assert take(gate, [first, second], NOW_MS, 3).starts == [NOW_MS, None]
        gate.end([over(first, 1)], NOW_MS)
        assert take(gate, [second], NOW_MS, 4).starts == [NOW_MS]

    def test_a_strict_flow_takes_its_holder_also_behind_others(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        """Its retry falls due when one of an earlier time has come."""
        limit(flows, strict=True)
        earlier, holder = self.members(2)
        assert take(gate, [holder], NOW_MS, 1).starts == [NOW_MS]
        gate.end([over(holder)], NOW_MS)
        assert take(gate, [earlier, holder], NOW_MS, 2).starts == [None, NOW_MS]

    def test_only_the_end_of_what_a_strict_flow_waits_for_lets_the_next_one_through(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        """A drain that comes late may end what never had the turn, or has it no more."""
        limit(flows, strict=True)
        first, second, third = self.members(3)
        assert take(gate, [first, second, third], NOW_MS, 1).starts == [NOW_MS, None, None]
        gate.end([over(first)], NOW_MS)
        gate.end([over(third, 1)], NOW_MS)
        turn = take(gate, [second], NOW_MS, 2)
        assert (turn.starts, turn.after) == ([None], first[16:])

    def test_only_who_holds_a_turn_ends_it(self, gate: FlowGate, flows: FlowStore) -> None:
        """An occurrence that is redelivered has another turn than before; a late word ends none."""
        limit(flows, strict=True)
        first, second = self.members(2)
        assert take(gate, [first, second], NOW_MS, 1).number == 1
        gate.end([over(first, 1)], NOW_MS)
        assert take(gate, [first, second], NOW_MS, 2).number == 2
        gate.end([over(first, 1)], NOW_MS)
        turn = take(gate, [second], NOW_MS, 3)
        assert (turn.after, turn.number) == (first[16:], 2)
        gate.end([over(first, 2)], NOW_MS)
        turn = take(gate, [second], NOW_MS, 4)
        assert (turn.starts, turn.number) == ([NOW_MS], 3)

    def test_an_attempt_after_the_first_is_the_same_turn(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, strict=True)
        (first,) = self.members(1)
        take(gate, [first], NOW_MS, 1)
        gate.end([over(first)], NOW_MS)
        assert take(gate, [first], NOW_MS, 2).number == 1

    def test_a_turn_of_before_there_were_numbers_can_be_ended(
        self, stores: Stores, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, strict=True)
        first, second = self.members(2)
        stores.client.hset(
            FlowKeys(is_cluster=stores.client.is_cluster).flow(FLOW), FlowField.IN_ORDER, first[16:]
        )
        turn = take(gate, [second], NOW_MS, 1)
        gate.end([over(first, turn.number)], NOW_MS)
        assert take(gate, [second], NOW_MS, 2).starts == [NOW_MS]

    def test_a_place_that_is_somebody_elses_by_now_is_left_to_him(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, concurrency=1)
        first, second = self.members(2)
        take(gate, [first], NOW_MS, 1)
        gate.renew({FLOW: [first[16:]]}, NOW_MS + 2 * LEASE_MS)
        gate.end([over(first, until_ms=NOW_MS + LEASE_MS)], NOW_MS)
        assert take(gate, [second], NOW_MS, 2).starts == [None]

    def test_what_another_worker_was_given_is_not_given_again(
        self, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, concurrency=5)
        members = self.members(3)
        take(gate, members[:2], NOW_MS, 1, b"one")
        turn = take(gate, members, NOW_MS, 1, b"two")
        assert turn.starts == [None, None, NOW_MS]

    def test_a_paused_flow_lets_nothing_through(self, gate: FlowGate, flows: FlowStore) -> None:
        limit(flows)
        flows.pause(FLOW.decode(), paused=True)
        turn = take(gate, self.members(2), NOW_MS, 1)
        assert (turn.paused, turn.starts, turn.look_ms) == (True, [None, None], None)
        flows.pause(FLOW.decode(), paused=False)
        assert take(gate, self.members(2), NOW_MS, 2).starts == [NOW_MS] * 2

    def test_a_repeated_request_gets_the_same_answer(
        self, stores: Stores, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, rate=Rate(20, 1_000), concurrency=2)
        first = take(gate, self.members(3), NOW_MS, 1)
        before = snapshot(stores.client)
        assert take(gate, self.members(3), NOW_MS, 1) == first
        assert snapshot(stores.client) == before

    def test_ending_twice_changes_nothing(
        self, stores: Stores, gate: FlowGate, flows: FlowStore
    ) -> None:
        limit(flows, strict=True)
        (first,) = self.members(1)
        take(gate, [first], NOW_MS, 1)
        gate.end([over(first, 1)], NOW_MS)
        before = snapshot(stores.client)
        gate.end([over(first, 1)], NOW_MS)
        assert snapshot(stores.client) == before


class TestLapsed:
    """Places that attempts keep until they are acknowledged, which will not happen."""

    FAR_MS = NOW_MS + 3_600_000

    def places(self, stores: Stores, gate: FlowGate, flows: FlowStore) -> list[bytes]:
        """Two attempts are under way until far away; of the first there is nothing more."""
        limit(flows, concurrency=2)
        for number in range(2):
            saved(stores, number)
        claim_due(stores, NOW_MS + 10)
        members = waiting(gate, NOW_MS + 10)
        take(gate, members, NOW_MS + 10, 1)
        claim_all(gate, stores, members, NOW_MS + 10)
        gate.renew({FLOW: [one[16:] for one in members]}, self.FAR_MS)
        stores.client.delete(keys.occurrence_of(members[0][16:]))
        return members

    def test_are_those_of_what_is_not_under_way_and_held_beyond_any_lease(
        self, stores: Stores, gate: FlowGate, flows: FlowStore
    ) -> None:
        gone, _ = self.places(stores, gate, flows)
        expected = EndedAttempt(FLOW, gone[16:], None, self.FAR_MS, self.FAR_MS)
        assert gate.lapsed([FLOW, b"/other"], self.FAR_MS - 1) == Lapsed([expected], {FLOW})
        assert gate.lapsed([FLOW], self.FAR_MS) == Lapsed([], set())
        gate.end([expected], NOW_MS)
        assert gate.lapsed([FLOW], NOW_MS) == Lapsed([], {FLOW})

    def test_a_place_that_was_given_anew_meanwhile_is_kept(
        self, stores: Stores, gate: FlowGate, flows: FlowStore
    ) -> None:
        gone, _ = self.places(stores, gate, flows)
        found = gate.lapsed([FLOW], NOW_MS).ended
        gate.renew({FLOW: [gone[16:]]}, NOW_MS + LEASE_MS)
        gate.end(found, NOW_MS)
        assert len(gate.lapsed([FLOW], NOW_MS).ended) == 1


class TestClaim:
    def test_claims_as_claim_does(self, stores: Stores, gate: FlowGate) -> None:
        events = [saved(stores, number) for number in range(3)]
        later = NOW_MS + 5
        claim_due(stores, later)
        members = waiting(gate, later)
        claims = claim_all(gate, stores, members, later)
        assert {one.event_id for one in claims} == {event.id for event in events}
        assert {(one.attempt, one.token) for one in claims} == {(1, b"token")}
        assert broken(stores.client, stores.partitions) == []
        assert waiting(gate, later) == []
        assert all(head.flow_ms is None for head in stores.work.heads())

    def test_a_repeated_claim_answers_the_same_and_changes_nothing(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        members = waiting(gate, NOW_MS)
        first = claim_all(gate, stores, members, NOW_MS)
        before = snapshot(stores.client)
        again = claim_all(gate, stores, members, NOW_MS)
        assert [one.occurrence_id for one in again] == [one.occurrence_id for one in first]
        assert [one.attempt for one in again] == [1]
        assert snapshot(stores.client) == before

    def test_a_flow_that_was_woken_meanwhile_is_looked_at_again(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        saved(stores, 0)
        saved(stores, stores.partitions)
        later = NOW_MS + 5
        claim_due(stores, later)
        members = waiting(gate, later, later + 5_000)
        gate.wake([FLOW], later)
        partition = 0
        gate.claim(
            partition,
            {FLOW: members[:1]},
            {FLOW: later + 5_000},
            b"token",
            now_ms=later,
            deadline_ms=later + LEASE_MS,
        )
        assert waiting(gate, later) == members[1:]

    def test_a_retry_waits_for_its_flow_again(self, stores: Stores, gate: FlowGate) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        (claimed,) = claim_all(gate, stores, waiting(gate, NOW_MS), NOW_MS)
        record = retrying(claimed, NOW_MS + 10)
        assert stores.work.record([record], NOW_MS) == 1
        assert claim_due(stores, NOW_MS + 10, 2) == []
        (member,) = waiting(gate, NOW_MS + 10)
        assert member[16:] == claimed.occurrence_id
        assert broken(stores.client, stores.partitions) == []


class TestDeferral:
    def test_a_deferral_is_counted_for_its_attempt_and_says_why(self, stores: Stores) -> None:
        event = an_event(start_ms=NOW_MS)
        stores.events.save(event, Plan(scheduled_ms=NOW_MS, due_ms=NOW_MS), None, NOW_MS)
        for turn in (1, 2):
            (claimed,) = claim_due(stores, NOW_MS + turn, turn)
            assert claimed.deferred == turn - 1
            back = Deferral(claimed.occurrence_id, claimed.token, NOW_MS + turn, "it is away")
            assert stores.work.release([back], NOW_MS + turn) == 1
        occurrence = stores.occurrences.get(claimed.occurrence_id)
        assert (occurrence.deferral_count, occurrence.deferral_reason) == (2, "it is away")
        assert occurrence.attempt_count == 0
        (claimed,) = claim_due(stores, NOW_MS + 3, 3)
        record = retrying(claimed, NOW_MS + 4)
        stores.work.record([record], NOW_MS + 4)
        (claimed,) = claim_due(stores, NOW_MS + 4, 4)
        assert (claimed.attempt, claimed.deferred) == (2, 0)


class TestHeadStatus:
    def test_tells_what_waits_from_what_is_over(self, stores: Stores, gate: FlowGate) -> None:
        event = saved(stores)
        claim_due(stores, NOW_MS)
        (member,) = waiting(gate, NOW_MS)
        assert gate.head_status(FLOW, member[16:]) == HeadStatus(waiting=member)
        assert gate.head_status(b"/other", member[16:]) == HeadStatus(is_over=True)
        assert stores.events.delete(event, any_version=True, now_ms=NOW_MS) is Saved.DONE
        assert gate.head_status(FLOW, member[16:]) == HeadStatus(is_over=True)
        assert gate.head_status(FLOW, bytes(16)) == HeadStatus(is_over=True)

    def test_tells_an_attempt_under_way_from_a_retry_that_is_not_due(
        self, stores: Stores, gate: FlowGate
    ) -> None:
        saved(stores)
        claim_due(stores, NOW_MS)
        (member,) = waiting(gate, NOW_MS)
        take(gate, [member], NOW_MS, 1)
        (claimed,) = claim_all(gate, stores, [member], NOW_MS)
        assert gate.head_status(FLOW, member[16:]) == HeadStatus()
        stores.work.record([retrying(claimed, NOW_MS + 60_000)], NOW_MS)
        assert gate.head_status(FLOW, member[16:]) == HeadStatus(awaits_retry=True)


class TestFlows:
    def test_events_change_limits_until_a_user_does(self, flows: FlowStore) -> None:
        name = "space/key"
        rate = FlowLimits(rate=Rate(10, 1_000))
        flows.set(name, given_by_event(rate), NOW_MS, by_user=False)
        flows.set(name, given_by_event(FlowLimits(concurrency=3)), NOW_MS, by_user=False)
        (flow,) = flows.get_many([name], NOW_MS)
        assert flow is not None
        assert flow.limits == FlowLimits(rate=Rate(10, 1_000), concurrency=3)
        flows.set(name, all_of(FlowLimits(concurrency=1)), NOW_MS, by_user=True)
        flows.set(name, given_by_event(rate), NOW_MS, by_user=False)
        (flow,) = flows.get_many([name], NOW_MS)
        assert flow is not None
        assert flow.limits == FlowLimits(concurrency=1)
        assert flow.set_by_user

    def test_names_are_listed_by_space_and_in_pages(self, flows: FlowStore) -> None:
        for name in ("/b", "/a", "s1/x", "s1/y", "s2/x"):
            flows.set(name, {}, NOW_MS, by_user=False)
        assert flows.names(None, None, 10) == ["/a", "/b", "s1/x", "s1/y", "s2/x"]
        assert flows.names("s1", None, 10) == ["s1/x", "s1/y"]
        assert flows.names("s1", "s1/x", 10) == ["s1/y"]
        assert flows.names("", None, 1) == ["/a"]
        assert (flows.count(None), flows.count(""), flows.count("s2")) == (5, 2, 1)

    def test_only_what_nobody_needs_is_forgotten(self, stores: Stores, flows: FlowStore) -> None:
        saved(stores)
        flows.set(FLOW.decode(), {}, NOW_MS, by_user=False)
        flows.set("/unused", {"conc": 1}, NOW_MS, by_user=False)
        assert flows.forget_unused(NOW_MS, NOW_MS + 1, 10) == 0
        assert flows.forget_unused(NOW_MS + 1, NOW_MS + 1, 10) == 2
        assert flows.names(None, None, 10) == [FLOW.decode()]
        assert flows.get_many(["/unused"], NOW_MS) == [None]


def test_many_flows_are_asked_a_few_in_a_call(
    gate: FlowGate, flows: FlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answers for itself, in the order in which they were asked, and the same when repeated."""
    monkeypatch.setattr(flow_gate, "TOGETHER", 2)
    names = [b"/flow-%d" % number for number in range(5)]
    asked = {name: [due_in(0), due_in(0)] for name in names}
    for name in names[::2]:
        flows.set(name.decode(), all_of(FlowLimits(concurrency=1)), NOW_MS, by_user=False)
    when = {"now_ms": NOW_MS, "ahead_ms": AHEAD_MS, "deadline_ms": NOW_MS + LEASE_MS}
    turns = gate.take(b"w", 1, asked, **when)
    started = [[start is not None for start in turn.starts] for turn in turns]
    assert started == [[True, number % 2 == 1] for number in range(5)]
    again = gate.take(b"w", 2, {names[0]: asked[names[0]]}, **when)
    assert [turn.starts for turn in again] == [[None, None]]
