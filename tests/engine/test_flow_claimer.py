"""The flow claimer: what a flow allows is claimed, kept until its start, and given back after."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.engine.flow_claimer import (
    AHEAD_MS,
    FULL_MS,
    HEAD_MS,
    LOOK_MS,
    PAUSED_MS,
    SPACING_MS,
    STUCK_MS,
    FlowClaimer,
)
from app.engine.flow_ends import GATHER_MS
from app.errors import StoreUnavailable
from app.store.calls import Deferral, Record
from app.store.claims import Claim
from app.store.flow_gate import Waiting
from app.store.flow_looks import EndedAttempt, HeadStatus, Lapsed
from app.store.flow_turns import Turn
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS

LEASE_MS = 30_000
FLOW = b"/flow"


class FakeGate:
    """A store with one flow: it allows what a test says and notes what it is told."""

    def __init__(self) -> None:
        self.waiting: list[Claim] = []
        self.turn = Turn([], None)
        self.claimed: list[Claim] = []
        self.ended: list[EndedAttempt] = []
        self.renewed: list[tuple[list[bytes], int]] = []
        self.looks: dict[bytes, int] = {}
        self.status = HeadStatus()
        self.peeks = 0
        self.asked: list[bytes] = []
        self.is_away = False
        self.lost: list[EndedAttempt] = []
        self.lost_asked: list[tuple[list[bytes], int]] = []
        self.acknowledging: set[bytes] = set()
        self.woken: list[bytes] = []
        self.something_waits = True
        self.partitions = (0,)
        self.left: list[bytes] = []

    def peek(self, *_: Any) -> Waiting:
        self.peeks += 1
        members = {FLOW: [member(one) for one in self.waiting]} if self.waiting else {}
        return Waiting(members, {one: list(members) for one in self.partitions})

    def take(self, _worker: bytes, _request: int, waiting: Any, **_: Any) -> list[Turn]:
        self.asked = waiting[FLOW]
        return [self.turn]

    def claim(self, _partition: int, _chosen: Any, looks: Any, token: bytes, **_: Any) -> Any:
        self.looks = dict(looks)
        for one in self.claimed:
            one.token = token
        return self.claimed, self.left

    def end(self, ended: list[EndedAttempt], _now_ms: int) -> bool:
        if self.is_away:
            raise StoreUnavailable
        self.ended += ended
        return self.something_waits

    def renew(self, started: dict[bytes, list[bytes]], until_ms: int) -> None:
        self.renewed.append((started[FLOW], until_ms))

    def wake(self, flows: list[bytes], _now_ms: int) -> None:
        self.woken += flows

    def lapsed(self, flows: list[bytes], from_ms: int) -> Lapsed:
        self.lost_asked.append((flows, from_ms))
        return Lapsed(self.lost, self.acknowledging)

    def head_status(self, _flow: bytes, _occurrence_id: bytes) -> HeadStatus:
        return self.status


def member(claim: Claim) -> bytes:
    return claim.event_id + claim.occurrence_id


def record(claim: Claim, verdict: str, next_ms: int | None = None) -> Record:
    return Record(claim.occurrence_id, claim.token, verdict, 200, b"", None, next_ms, b"")


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def flows(gate: FakeGate) -> FlowClaimer:
    return FlowClaimer(cast("Any", gate), b"w", LEASE_MS)


def claim_one(flows: FlowClaimer, gate: FakeGate, start_ms: int = NOW_MS) -> Claim:
    """Have the flow allow one occurrence, and claim it."""
    one = a_claim(1)
    gate.waiting, gate.claimed = [one], [one]
    gate.turn = Turn([start_ms], NOW_MS + 1_000, number=7)
    flows.claim(NOW_MS, 10)
    gate.waiting = []
    assert flows.take_new() == [one]
    return one


def test_what_may_start_later_is_claimed_and_returned_at_its_start(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    one = claim_one(flows, gate, NOW_MS + AHEAD_MS)
    assert (flows.delayed, flows.due_ms) == (1, NOW_MS + AHEAD_MS)
    assert flows.due(NOW_MS + AHEAD_MS - 1) == []
    assert flows.due(NOW_MS + AHEAD_MS) == [one]
    assert flows.delayed == 0


def test_the_flow_is_looked_at_again_when_it_says(flows: FlowClaimer, gate: FakeGate) -> None:
    claim_one(flows, gate)
    assert gate.looks == {FLOW: NOW_MS + 1_000}


@pytest.mark.parametrize(
    ("starts", "left", "after_ms"),
    [
        ([NOW_MS], [], LOOK_MS),
        ([NOW_MS], [FLOW], SPACING_MS),
        ([NOW_MS, None], [FLOW], 0),
    ],
    ids=["nothing", "what has come meanwhile", "what was not let through"],
)
def test_it_looks_at_once_only_for_what_is_known_to_wait(
    flows: FlowClaimer,
    gate: FakeGate,
    starts: list[int | None],
    left: list[bytes],
    after_ms: int,
) -> None:
    claims = [a_claim(number) for number, _ in enumerate(starts)]
    gate.waiting, gate.claimed, gate.turn = claims, claims[:1], Turn(starts, NOW_MS)
    gate.left = left
    flows.claim(NOW_MS, 10)
    assert flows.look_ms == NOW_MS + after_ms


def test_a_paused_flow_is_left_alone_for_a_minute(flows: FlowClaimer, gate: FakeGate) -> None:
    gate.waiting, gate.turn = [a_claim(1)], Turn([None], None, paused=True)
    flows.claim(NOW_MS, 10)
    assert gate.looks == {FLOW: NOW_MS + PAUSED_MS}


def test_a_drain_without_room_asks_no_flow(flows: FlowClaimer, gate: FakeGate) -> None:
    flows.claim(NOW_MS, 0)
    assert (gate.peeks, flows.look_ms) == (0, NOW_MS + FULL_MS)
    flows.claim(NOW_MS + FULL_MS, 1)
    assert (gate.peeks, flows.look_ms) == (1, NOW_MS + FULL_MS + LOOK_MS)


@pytest.mark.parametrize(("verdict", "turn"), [("completed", 7), ("failed", 7), ("retrying", None)])
def test_a_recorded_attempt_gives_its_place_back(
    flows: FlowClaimer, gate: FakeGate, verdict: str, turn: int | None
) -> None:
    """A strict flow moves on only when the occurrence has ended, not when it is retried."""
    one = claim_one(flows, gate)
    item = record(one, verdict)
    flows.handle_written([item], [item])
    flows.report(NOW_MS)
    assert gate.ended == [EndedAttempt(FLOW, one.occurrence_id, turn, NOW_MS + LEASE_MS)]


def test_what_was_let_through_is_not_sent_before_it_is_due(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """The drain may have been held up between the two calls."""
    one = a_claim(1)
    one.due_ms = NOW_MS + 5
    gate.waiting, gate.claimed, gate.turn = [one], [one], Turn([NOW_MS], NOW_MS)
    flows.claim(NOW_MS, 10)
    assert flows.take_new() == [one]
    assert flows.due_ms == NOW_MS + 5


def test_an_end_is_told_at_once_only_if_something_may_wait_for_it(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    for is_full, after_ms in ((False, GATHER_MS), (True, 0)):
        flows.look_by(NOW_MS)
        one = a_claim(1)
        gate.waiting, gate.claimed = [one], [one]
        gate.turn = Turn([NOW_MS], None if is_full else NOW_MS + 1_000)
        flows.claim(NOW_MS, 10)
        flows.handle_written([record(one, "completed")], [record(one, "completed")])
        assert flows.report_ms(NOW_MS) == NOW_MS + after_ms
        assert flows.report_ms(NOW_MS + 1) == NOW_MS + max(after_ms, 1), "it waits no longer"
        flows.report(NOW_MS + after_ms)
        assert flows.report_ms(NOW_MS) > NOW_MS + GATHER_MS


def test_after_an_end_it_looks_only_if_something_waits(flows: FlowClaimer, gate: FakeGate) -> None:
    for waits in (False, True):
        gate.something_waits = waits
        flows.look_by(NOW_MS)
        one = claim_one(flows, gate)
        flows.handle_written([record(one, "completed")], [record(one, "completed")])
        flows.report(NOW_MS + 1)
        assert (flows.look_ms <= NOW_MS + 1) is waits


def test_an_attempt_is_waited_for_while_its_flow_is_full(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """Also one that was claimed while there were places left."""
    first, second, third = (a_claim(number) for number in range(1, 4))
    for one, look_ms in ((first, NOW_MS), (second, None), (third, NOW_MS)):
        gate.waiting, gate.claimed = [one], [one]
        gate.turn = Turn([NOW_MS], look_ms)
        flows.look_by(NOW_MS)
        flows.claim(NOW_MS, 10)
        if one is first:
            assert not first.is_waited_for
    assert [one.is_waited_for for one in (first, second, third)] == [True, True, False]


def test_a_record_that_did_not_count_gives_the_place_back_and_ends_nothing(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    one = claim_one(flows, gate)
    flows.handle_written([], [record(one, "completed")])
    flows.report(NOW_MS)
    assert [over.turn for over in gate.ended] == [None]


def test_a_deferral_gives_the_place_back(flows: FlowClaimer, gate: FakeGate) -> None:
    one = claim_one(flows, gate)
    item = Deferral(one.occurrence_id, one.token, NOW_MS, "")
    flows.handle_written([item], [item])
    flows.report(NOW_MS)
    assert [over.turn for over in gate.ended] == [None]


def test_an_attempt_under_another_lease_is_none_of_its_own(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    one = claim_one(flows, gate)
    item = Record(one.occurrence_id, b"another", "completed", 200, b"", None, None, b"")
    flows.handle_written([item], [item])
    flows.report(NOW_MS)
    assert gate.ended == []


def test_an_attempt_that_waits_for_its_ack_keeps_its_place(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    one = claim_one(flows, gate)
    item = record(one, "dispatched", NOW_MS + 9)
    flows.handle_written([item], [item])
    flows.report(NOW_MS)
    assert gate.renewed == [([one.occurrence_id], NOW_MS + 9)]
    assert gate.ended == []


def test_what_waits_for_a_place_that_must_be_acknowledged_is_watched_from_then_on(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    one = claim_one(flows, gate)
    flows.claim(NOW_MS, 10)
    item = record(one, "dispatched", NOW_MS + 3_600_000)
    flows.handle_written([item], [item])
    flows.report(NOW_MS + 5)
    assert (gate.woken, flows.look_ms) == ([FLOW], NOW_MS + 5)


def test_a_full_flow_is_asked_for_places_that_are_held_for_nothing_though_nobody_wakes_it(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """Beyond any lease, so that no attempt under way is meant; and not at each look."""
    gate.waiting, gate.turn = [a_claim(2)], Turn([None], None)
    gate.acknowledging = {FLOW}
    flows.claim(NOW_MS, 10)
    gate.waiting = []  # they are left alone for some seconds
    gate.lost = [EndedAttempt(FLOW, b"lost", None, NOW_MS + 3_600_000, NOW_MS + 3_600_000)]
    gate.acknowledging = set()
    flows.look_by(NOW_MS + 600)
    flows.claim(NOW_MS + 600, 10)
    assert flows.look_ms == NOW_MS + 1_000
    flows.claim(NOW_MS + 1_000, 10)
    assert gate.lost_asked == [
        ([FLOW], NOW_MS + 2 * LEASE_MS),
        ([FLOW], NOW_MS + 1_000 + 2 * LEASE_MS),
    ]
    flows.report(NOW_MS + 1_000)
    assert gate.ended == gate.lost
    flows.claim(NOW_MS + 3_000, 10)
    assert len(gate.lost_asked) == 2, "nobody has a word to say in this flow any more"


def test_places_are_renewed_well_before_they_expire(flows: FlowClaimer, gate: FakeGate) -> None:
    one = claim_one(flows, gate)
    flows.report(NOW_MS)
    flows.report(NOW_MS + LEASE_MS // 3 - 1)
    later_ms = NOW_MS + LEASE_MS // 3
    flows.report(later_ms)
    ids = [one.occurrence_id]
    assert gate.renewed == [(ids, NOW_MS + LEASE_MS), (ids, later_ms + LEASE_MS)]


def test_what_was_allowed_but_is_not_there_any_more_gives_its_place_back_and_no_turn(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """Another drain may have had it between the two calls, and it now waits for its retry."""
    one = a_claim(1)
    gate.waiting, gate.turn = [one], Turn([NOW_MS], None)
    flows.claim(NOW_MS, 10)
    flows.report(NOW_MS)
    assert [(over.occurrence_id, over.turn) for over in gate.ended] == [(one.occurrence_id, None)]


def test_a_strict_flow_that_waits_for_one_that_has_ended_is_told(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """The drain that was to report its end has died."""
    gate.waiting, gate.turn = [a_claim(2)], Turn([None], None, after=b"before", number=3)
    gate.status = HeadStatus(is_over=True)
    flows.claim(NOW_MS, 10)
    flows.report(NOW_MS)
    assert [(over.occurrence_id, over.turn) for over in gate.ended] == [(b"before", 3)]


def test_a_strict_flow_that_waits_for_a_retry_is_asked_for_that_first(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    early, retry = a_claim(2), a_claim(1)
    gate.waiting, gate.turn = [early, retry], Turn([None, None], None, after=retry.occurrence_id)
    gate.status = HeadStatus(waiting=member(retry))
    flows.claim(NOW_MS, 10)
    flows.claim(NOW_MS + 1, 10)
    assert gate.asked == [member(retry), member(early)]


def test_a_strict_flow_whose_head_waits_for_its_retry_is_looked_at_every_second(
    flows: FlowClaimer, gate: FakeGate
) -> None:
    """Nobody may tell it that the head was cancelled."""
    gate.waiting, gate.turn = [a_claim(2)], Turn([None], None, after=b"before", number=3)
    gate.status = HeadStatus(awaits_retry=True)
    flows.claim(NOW_MS, 10)
    assert gate.looks == {FLOW: NOW_MS + HEAD_MS}
    gate.status = HeadStatus()
    flows.claim(NOW_MS + HEAD_MS, 10)
    assert gate.looks == {FLOW: NOW_MS + HEAD_MS + STUCK_MS}


def test_a_store_that_is_away_at_the_end_is_no_error(flows: FlowClaimer, gate: FakeGate) -> None:
    item = record(claim_one(flows, gate), "completed")
    flows.handle_written([item], [item])
    gate.is_away = True
    flows.close(NOW_MS)
    assert gate.ended == []
