"""Two drains at one strict flow, each held up at the worst moment, upon a real store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.engine.flow_claimer import FlowClaimer
from app.store.calls import Record
from app.store.claims import Claim
from app.store.event_plans import KEEP, Saved
from app.store.flow_gate import FlowGate, Waiting
from app.store.flows import FlowStore
from app.store.redeliveries import RedeliveryStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.store.test_flow_scripts import FLOW, LEASE_MS, claim_due, limit, saved
from tests.support.clock import NOW_MS
from tests.support.invariants import broken


@pytest.fixture
def gate(stores: Stores) -> FlowGate:
    return FlowGate(stores.client, Scripts(stores.client), stores.partitions)


@pytest.fixture
def drains(stores: Stores, gate: FlowGate) -> list[FlowClaimer]:
    limit(FlowStore(stores.client, Scripts(stores.client), stores.partitions), strict=True)
    return [FlowClaimer(gate, name, LEASE_MS) for name in (b"a", b"b")]


def completed(claim: Claim) -> Record:
    return Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"[1]\n")


def sent_by(drain: FlowClaimer, now_ms: int) -> list[Claim]:
    """Have a drain look, tell what has ended, and look again."""
    found = []
    for _ in range(4):
        drain.look_by(now_ms)
        drain.claim(now_ms, 10)
        found += drain.take_new()
        drain.report(now_ms)
    return found


def test_who_comes_late_with_an_old_list_lets_nothing_pass_a_retry(
    stores: Stores,
    gate: FlowGate,
    drains: list[FlowClaimer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It saw the head wait; another sends it meanwhile, in vain; then the first goes on."""
    late, other = drains
    head, following = saved(stores, 0), saved(stores, stores.partitions)
    claim_due(stores, NOW_MS + 10)
    peek = gate.peek

    def seen_before(*args: Any) -> Waiting:
        monkeypatch.setattr(gate, "peek", peek)
        seen = peek(*args)
        gate.wake([FLOW], NOW_MS)
        (sent,) = sent_by(other, NOW_MS + 10)
        assert sent.event_id == head.id
        failed = Record(
            sent.occurrence_id, sent.token, "retrying", 500, b"", "no", NOW_MS + 900, b"[1]\n"
        )
        assert stores.work.record([failed], NOW_MS + 20) == 1
        other.handle_written([failed], [failed])
        other.report(NOW_MS + 20)
        return seen

    monkeypatch.setattr(gate, "peek", seen_before)
    assert sent_by(late, NOW_MS + 30) == []
    assert sent_by(other, NOW_MS + 40) == []
    claim_due(stores, NOW_MS + 900, 2)
    (again,) = sent_by(late, NOW_MS + 900)
    assert (again.event_id, again.attempt) == (head.id, 2)
    assert stores.work.record([completed(again)], NOW_MS + 910) == 1
    late.handle_written([completed(again)], [completed(again)])
    late.report(NOW_MS + 910)
    (last,) = sent_by(other, NOW_MS + 910)
    assert last.event_id == following.id


def test_an_end_that_is_told_late_ends_no_later_turn(
    stores: Stores, gate: FlowGate, drains: list[FlowClaimer]
) -> None:
    """Another drain found out by itself; what has failed is redelivered and has the turn."""
    late, other = drains
    head, following = saved(stores, 0), saved(stores, stores.partitions)
    claim_due(stores, NOW_MS + 10)
    (sent,) = sent_by(late, NOW_MS + 10)
    failed = replace(completed(sent), verdict="failed")
    assert stores.work.record([failed], NOW_MS + 20) == 1
    gate.wake([FLOW], NOW_MS + 20)
    (second,) = sent_by(other, NOW_MS + 20)
    assert second.event_id == following.id
    assert stores.work.record([completed(second)], NOW_MS + 30) == 1
    other.handle_written([completed(second)], [completed(second)])
    other.report(NOW_MS + 30)
    redeliveries = RedeliveryStore(stores.client, Scripts(stores.client))
    assert redeliveries.redeliver([(sent.occurrence_id, NOW_MS + 40)], "r", NOW_MS + 40) == [
        "retried"
    ]
    later = saved(stores, 2 * stores.partitions)
    claim_due(stores, NOW_MS + 40, 2)
    (again,) = sent_by(other, NOW_MS + 40)
    assert again.event_id == head.id
    late.handle_written([failed], [failed])
    late.report(NOW_MS + 50)
    assert sent_by(other, NOW_MS + 50) == []
    assert stores.events.get(later.id).next_ms == later.start_ms


@pytest.mark.parametrize("to", [None, "other"], ids=["none", "another"])
@pytest.mark.parametrize("is_due", [False, True], ids=["in due", "in its flow"])
def test_a_head_whose_event_leaves_the_flow_holds_nobody_up(
    stores: Stores, gate: FlowGate, drains: list[FlowClaimer], to: str | None, *, is_due: bool
) -> None:
    """The old flow goes on at once, whatever its partition; the new one gets what waits."""
    head, following = saved(stores, 0), saved(stores, 1)
    claim_due(stores, NOW_MS + 10)
    (sent,) = sent_by(drains[0], NOW_MS + 10)
    failed = replace(completed(sent), verdict="retrying", next_attempt_ms=NOW_MS + 90)
    assert stores.work.record([failed], NOW_MS + 20) == 1
    drains[0].handle_written([failed], [failed])
    drains[0].report(NOW_MS + 20)
    assert sent_by(drains[1], NOW_MS + 30) == []
    if is_due:
        claim_due(stores, NOW_MS + 90, 2)
    flow = {"flow": {"key": to}, "flow_space": ""} if to else {"flow": None}
    before = stores.events.get(head.id)
    moved = before.changed(options=before.options.changed(flow), version=before.version + 1)
    assert stores.events.save(moved, KEEP, before, NOW_MS + 95) is Saved.DONE
    drains[1].claim(NOW_MS + 600, 10)
    drains[1].report(NOW_MS + 600)
    drains[1].claim(NOW_MS + 600, 10)
    assert [one.event_id for one in drains[1].take_new()] == [following.id]
    claimed = claim_due(stores, NOW_MS + 100, 3)
    assert [one.event_id for one in claimed] == ([] if to else [head.id])
    waiting = gate.peek(NOW_MS + 100, 10, 10, NOW_MS + 100).members
    assert [one[:16] for one in waiting.get(b"/other", [])] == ([head.id] if to else [])
    assert broken(stores.client, stores.partitions) == []


def test_a_flow_goes_on_at_once_when_the_event_of_its_head_is_deleted(
    stores: Stores, drains: list[FlowClaimer]
) -> None:
    """What waits behind it may be in another partition than what was deleted."""
    head, following = saved(stores, 0), saved(stores, 1)
    claim_due(stores, NOW_MS + 10)
    (sent,) = sent_by(drains[0], NOW_MS + 10)
    failed = replace(completed(sent), verdict="retrying", next_attempt_ms=NOW_MS + 90_000)
    assert stores.work.record([failed], NOW_MS + 20) == 1
    drains[0].handle_written([failed], [failed])
    assert sent_by(drains[0], NOW_MS + 20) == []
    assert stores.events.delete(head, any_version=True, now_ms=NOW_MS + 25) is Saved.MOVED
    current = stores.events.get(head.id)
    assert stores.events.delete(current, any_version=True, now_ms=NOW_MS + 25) is Saved.DONE
    drains[1].claim(NOW_MS + 30, 10)
    drains[1].report(NOW_MS + 30)
    drains[1].claim(NOW_MS + 30, 10)
    assert [one.event_id for one in drains[1].take_new()] == [following.id]
