"""A flow claimer in the background: what is learned meanwhile is handed over, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import pytest

from app.clock import NEVER_MS
from app.engine.flow_claimer import SPACING_MS, FlowClaimer
from app.engine.flow_steps import FlowSteps
from app.errors import StoreUnavailable
from app.store.flow_turns import Turn
from tests.engine.test_flow_claimer import LEASE_MS, FakeGate, record
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS


class Later:
    """Does the work when the test says so."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self.work.append((work, future))
        return future

    def do(self) -> None:
        work, future = self.work.pop()
        try:
            future.set_result(work())
        except StoreUnavailable as error:
            future.set_exception(error)

    def fileno(self) -> int:
        return 7

    def hear(self) -> None:
        """Nothing is told."""


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def steps(gate: FakeGate, later: Later) -> FlowSteps:
    flows = FlowClaimer(cast("Any", gate), b"w", LEASE_MS)
    return FlowSteps(flows, cast("Any", later))


def allow(gate: FakeGate, start_ms: int = NOW_MS) -> Any:
    """The flow is full: something may wait for the end."""
    one = a_claim(1)
    gate.waiting, gate.claimed = [one], [one]
    gate.turn = Turn([start_ms], None, number=7)
    return one


def run(steps: FlowSteps, later: Later, now_ms: int = NOW_MS, *, closing: bool = False) -> Any:
    """Steps until there is nothing to do; what they return."""
    claims = steps.step(now_ms, 10, closing=closing)
    while steps.busy:
        later.do()
        claims += steps.step(now_ms, 10, closing=closing)
    return claims


def test_what_a_step_claims_is_returned_by_the_next(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    one = allow(gate)
    assert steps.step(NOW_MS, 10, closing=False) == []
    assert steps.busy
    assert steps.wake_ms(NOW_MS, closing=False) == NEVER_MS
    assert steps.step(NOW_MS, 10, closing=False) == []
    assert len(later.work) == 1
    later.do()
    assert steps.due(NOW_MS) == []
    assert steps.step(NOW_MS + 1, 10, closing=False) == [one]
    assert steps.due(NOW_MS + 1) == [one]


def test_looks_for_what_falls_due_are_spaced_unless_there_was_none_of_late(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    run(steps, later)
    steps.look_for_new(NOW_MS + 1, 0)
    assert steps.wake_ms(NOW_MS + 1, closing=False) == NOW_MS + SPACING_MS
    run(steps, later, now_ms=NOW_MS + SPACING_MS)
    steps.look_for_new(NOW_MS + 3 * SPACING_MS, 0)
    assert steps.wake_ms(NOW_MS, closing=False) == NOW_MS + 3 * SPACING_MS


def test_what_is_learned_during_a_step_counts_after_it(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    """An outcome gives its place back; a flow that is to be looked at makes the next step."""
    one = allow(gate)
    assert run(steps, later) == steps.due(NOW_MS) == [one]
    gate.waiting = []
    steps.look_by(NOW_MS)
    steps.step(NOW_MS, 10, closing=False)
    assert steps.busy
    item = record(one, "completed")
    steps.handle_written([item], [item])
    steps.look_by(NOW_MS + 3)
    later.do()
    assert gate.ended == []
    run(steps, later)
    assert [over.turn for over in gate.ended] == [7]
    assert (
        steps.wake_ms(NOW_MS, closing=False) > NOW_MS + 3
    )  # the step that told of the end has looked
    steps.look_by(NOW_MS + 4)
    peeks = gate.peeks
    run(steps, later, NOW_MS + 3)
    assert gate.peeks == peeks
    run(steps, later, NOW_MS + 4)
    assert gate.peeks == peeks + 1


def test_a_closing_drain_reports_and_claims_no_more(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    one = allow(gate)
    assert run(steps, later) == steps.due(NOW_MS) == [one]
    item = record(one, "completed")
    steps.handle_written([item], [item])
    steps.look_by(NOW_MS)
    peeks = gate.peeks
    assert steps.wake_ms(NOW_MS + 1, closing=True) == NOW_MS + 1
    assert run(steps, later, closing=True) == []
    assert (len(gate.ended), gate.peeks) == (1, peeks)
    assert steps.wake_ms(NOW_MS + 1, closing=True) == NEVER_MS
    assert steps.wake_ms(NOW_MS + 1, closing=False) <= NOW_MS + 1


def test_an_end_that_was_learned_is_reported_without_waiting(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    """The next of its flow waits for it."""
    one = allow(gate)
    run(steps, later)
    assert steps.due(NOW_MS) == [one]
    assert steps.wake_ms(NOW_MS + 1, closing=False) > NOW_MS + 1
    item = record(one, "completed")
    steps.handle_written([item], [item])
    assert steps.wake_ms(NOW_MS + 1, closing=False) == NOW_MS + 1


def test_the_end_waits_for_a_step_and_returns_what_it_has_claimed(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    one = allow(gate)
    steps.step(NOW_MS, 10, closing=False)
    later.do()
    assert steps.join() == [one]
    assert steps.clear() == [one]
    assert steps.join() == []


def test_a_store_that_is_away_is_told_by_the_next_step_and_looked_at_later(
    steps: FlowSteps, gate: FakeGate, later: Later
) -> None:
    one = allow(gate)
    assert run(steps, later) == steps.due(NOW_MS)
    item = record(one, "completed")
    steps.handle_written([item], [item])
    gate.is_away = True
    with pytest.raises(StoreUnavailable):
        run(steps, later)
    steps.pause_until(NOW_MS + 250)
    for closing in (False, True):
        assert steps.wake_ms(NOW_MS + 1, closing=closing) == NOW_MS + 250
    gate.is_away = False
    run(steps, later, NOW_MS + 250)
    assert len(gate.ended) == 1


def test_what_was_claimed_before_the_store_went_away_is_not_kept_back(
    gate: FakeGate, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is under a lease, which nobody would renew meanwhile."""
    one, claim = allow(gate), gate.claim

    def claim_once(partition: int, *args: Any, **more: Any) -> Any:
        if partition:
            raise StoreUnavailable
        return claim(partition, *args, **more)

    monkeypatch.setattr(gate, "claim", claim_once)
    gate.partitions = (0, 1)
    steps = FlowSteps(FlowClaimer(cast("Any", gate), b"w", LEASE_MS), cast("Any", later))
    assert steps.step(NOW_MS, 10, closing=False) == []
    assert steps.take_new() == []  # the step is under way
    later.do()
    assert steps.take_new() == [one]
    with pytest.raises(StoreUnavailable):
        steps.step(NOW_MS + 1, 10, closing=False)
