"""Successors in slices: what costs much holds up nobody, and nothing is forgotten."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.domain.ids import EventIds
from app.engine.successor_queue import BATCH, EACH, SLICE, STORE_RETRY_MS, SuccessorQueue
from app.errors import StoreUnavailable
from app.planning.limits import CHEAP
from app.planning.successors import Following
from app.store.calls import Call, Successor, Unattempted
from app.store.claims import Claim
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS

_ids = EventIds()


class Planner:
    """In place of the planning of successors: each costs what its test says."""

    def __init__(self) -> None:
        self.costs: dict[bytes, int] = {}
        self.planned: list[Claim] = []
        self.at_once: list[Claim] = []
        self.calls_for_repair = 0
        self.owes_call = False
        self.is_away = False
        self.notes = 0

    def cost_of(self, claim: Claim, now_ms: int) -> int:
        return self.costs.get(claim.event_id, 0)

    def plan(self, claims: list[Claim], now_ms: int) -> Following:
        self.planned += claims
        notes = [Unattempted(one.event_id, 5, (), "missed", "") for one in claims[: self.notes]]
        return Following([Successor(one.event_id, b"p", 0, 1_000, 1_000) for one in claims], notes)

    def call_for_repair(self, now_ms: int) -> None:
        self.calls_for_repair += 1

    def schedule(self, claims: list[Claim], now_ms: int) -> None:
        if self.is_away:
            raise StoreUnavailable
        self.at_once += claims


class FakeChannel:
    """Keeps what was sent until the test lets the store answer."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[Any] = []
        self.busy = False
        self.is_away = False

    def send(self, call: Call) -> None:
        self.calls.append(call)
        self.busy = True
        if self.is_away:
            raise StoreUnavailable

    def receive(self) -> Any:
        if self.is_away:
            raise StoreUnavailable
        if not self.busy or not self.answers:
            return None
        self.busy = False
        return self.answers.pop(0)

    def fileno(self) -> int:
        return 7

    def close(self) -> None:
        self.busy = False


@pytest.fixture
def planner() -> Planner:
    return Planner()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def queue(planner: Planner, channel: FakeChannel) -> SuccessorQueue:
    return SuccessorQueue(cast("Any", planner), cast("Any", channel))


def series(lane: int = 0, **fields: Any) -> Claim:
    event_id = _ids.make(NOW_MS * 1_000, 0, lane)
    return a_claim(0, event_id=event_id, recurring=True, **fields)


def test_what_has_no_successor_is_not_planned(queue: SuccessorQueue, planner: Planner) -> None:
    queue.add([a_claim(1), series(attempt=2)], NOW_MS)
    assert not queue.busy
    queue.step(NOW_MS)
    assert planner.planned == []


def test_one_slice_plans_so_many_steps_and_no_more(queue: SuccessorQueue, planner: Planner) -> None:
    costly = [series() for _ in range(50)]
    planner.costs = {one.event_id: CHEAP for one in costly}
    queue.add(costly, NOW_MS)
    queue.step(NOW_MS)
    assert 1 <= len(planner.planned) <= SLICE // CHEAP + 1
    planner.costs = {}
    before = len(planner.planned)
    queue.step(NOW_MS)
    assert len(planner.planned) - before == SLICE // EACH


def test_lanes_take_turns_and_what_is_known_to_cost_much_comes_last(
    queue: SuccessorQueue, planner: Planner
) -> None:
    worst = [series(2) for _ in range(30)]
    planner.costs = {one.event_id: CHEAP + 1 for one in worst}
    many, few = [series(0) for _ in range(30)], [series(1), series(1)]
    queue.add([*worst, *many, *few], NOW_MS)
    for _ in range(100):
        queue.step(NOW_MS)
    assert [one.lane for one in planner.planned[:5]] == [0, 1, 0, 1, 0]
    assert planner.planned[32:] == worst


def test_the_call_is_sent_when_all_is_planned_or_a_batch(
    queue: SuccessorQueue, channel: FakeChannel
) -> None:
    queue.add([series() for _ in range(BATCH + 10)], NOW_MS)
    while queue.is_ready(NOW_MS):
        queue.step(NOW_MS)
    assert [call.script for call in channel.calls] == ["schedule_successors"]
    assert (len(channel.calls[0].args) - 2) // 7 == BATCH
    assert queue.busy
    channel.answers = [[BATCH]]
    queue.step(NOW_MS)
    assert (len(channel.calls[1].args) - 2) // 7 == 10
    channel.answers = [[10]]
    queue.step(NOW_MS)
    assert not queue.busy


def test_what_is_passed_over_is_recorded_before_the_series_goes_on(
    queue: SuccessorQueue, planner: Planner, channel: FakeChannel
) -> None:
    planner.notes = 1
    queue.add([series()], NOW_MS)
    channel.answers = [1, [1]]
    for _ in range(3):
        queue.step(NOW_MS)
    assert [call.script for call in channel.calls] == ["record_unattempted", "schedule_successors"]
    assert not queue.busy


def test_series_whose_successor_existed_are_left_to_upkeep(
    queue: SuccessorQueue, planner: Planner, channel: FakeChannel
) -> None:
    queue.add([series()], NOW_MS)
    queue.step(NOW_MS)
    channel.answers = [[0, b"event"]]
    queue.step(NOW_MS)
    assert planner.calls_for_repair == 1
    assert not queue.busy


def test_at_the_end_what_is_not_stored_is_scheduled_at_once(
    queue: SuccessorQueue, planner: Planner, channel: FakeChannel
) -> None:
    """What was sent and not answered as well: it may not have run."""
    sent, waiting = series(), [series() for _ in range(SLICE)]
    queue.add([sent], NOW_MS)
    queue.step(NOW_MS)
    queue.add(waiting, NOW_MS)
    queue.step(NOW_MS)
    queue.close(NOW_MS)
    assert {one.event_id for one in planner.at_once} == {one.event_id for one in [sent, *waiting]}


def test_a_store_that_is_away_is_left_alone_for_a_while(
    queue: SuccessorQueue, planner: Planner, channel: FakeChannel
) -> None:
    """And it is no error at the end: upkeep finds the series."""
    channel.is_away = planner.is_away = True
    queue.add([series() for _ in range(200)], NOW_MS)
    queue.step(NOW_MS)
    assert not queue.is_ready(NOW_MS + STORE_RETRY_MS - 1)
    assert queue.busy
    queue.close(NOW_MS)


def test_a_call_for_repair_that_was_put_off_is_made(
    queue: SuccessorQueue, planner: Planner
) -> None:
    planner.owes_call = True
    queue.step(NOW_MS)
    assert planner.calls_for_repair == 1
