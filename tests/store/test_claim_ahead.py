"""Claiming shortly before the moment: what is taken then, and what is left alone until it is due."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.options import NO_OPTIONS
from app.store.calls import Deferral, Successor, claim_call, lease_token
from app.store.claims import Claim, read_claim_answer
from app.store.event_plans import KEEP, Saved
from tests.store.conftest import Stores
from tests.store.test_scripts import LEASE_MS, record, saved
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

AHEAD_MS = 50
DUE_MS = NOW_MS + AHEAD_MS
WORKER = b"w"
EVERY_SECOND = {"every": "1s"}


def claim_ahead(
    stores: Stores, now_ms: int = NOW_MS, request: int = 1
) -> tuple[list[Claim], list[int]]:
    """Claim in every partition; what was taken, and when what was left is due."""
    taken: list[Claim] = []
    left: list[int] = []
    for partition in range(stores.partitions):
        call = claim_call(
            partition, WORKER, request, now_ms=now_ms, limit=10, lease_ms=LEASE_MS,
            ahead_ms=AHEAD_MS,
        )  # fmt: skip
        answer = stores.work._run(call)
        found = read_claim_answer(answer, lease_token(WORKER, request), now_ms)
        taken += found.claims
        left += found.early_ms
    assert broken(stores.client, stores.partitions) == []
    return taken, left


def advance(stores: Stores, event_id: bytes, before_ms: int, next_ms: int) -> None:
    ((plan, _),) = stores.events.progress([event_id])
    following = Successor(event_id, plan, before_ms, next_ms, next_ms)
    assert stores.work.schedule_successors([following], NOW_MS).scheduled == 1


def test_what_will_soon_be_due_is_taken_and_knows_its_moment(stores: Stores) -> None:
    event = saved(stores, start_ms=DUE_MS)
    saved(stores, start_ms=DUE_MS + 1)
    taken, left = claim_ahead(stores)
    assert [(one.event_id, one.due_ms, one.attempt) for one in taken] == [(event.id, DUE_MS, 1)]
    assert left == []


def test_it_does_not_start_before_its_time(stores: Stores) -> None:
    event = saved(stores, start_ms=DUE_MS - 10, due_ms=DUE_MS)
    (claimed,), _ = claim_ahead(stores)
    assert claimed.due_ms == DUE_MS
    occurrence = stores.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
    assert occurrence.started_ms == DUE_MS


def test_what_is_late_started_when_it_was_claimed(stores: Stores) -> None:
    event = saved(stores, start_ms=NOW_MS - 500)
    claim_ahead(stores)
    occurrence = stores.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
    assert occurrence.started_ms == NOW_MS


def test_the_same_request_gets_the_same_again(stores: Stores) -> None:
    saved(stores, start_ms=DUE_MS)
    saved(stores, start_ms=DUE_MS, schedule=DAILY, options={"overlap": "skip"})
    first, _ = claim_ahead(stores)
    before = snapshot(stores.client)
    again, _ = claim_ahead(stores)
    assert again == first
    assert snapshot(stores.client) == before


FLOW = {"key": "acme", "concurrency": 1}


def test_what_is_in_a_flow_waits_there_before_its_time(stores: Stores) -> None:
    """The flow lets it through for its time, so that it is not late."""
    plain = saved(stores, start_ms=DUE_MS)
    saved(stores, start_ms=DUE_MS, options={"flow": FLOW})
    taken, left = claim_ahead(stores)
    assert [one.event_id for one in taken] == [plain.id]
    assert left == []
    heads = stores.work.heads()
    assert [head.flow_ms for head in heads if head.flow_ms is not None] == [NOW_MS]
    assert all(head.due_ms is None for head in heads)


def test_what_leaves_its_flow_before_its_time_is_due_at_its_time(stores: Stores) -> None:
    event = saved(stores, start_ms=DUE_MS, options={"flow": FLOW})
    claim_ahead(stores)
    free = event.changed(options=NO_OPTIONS, version=2)
    assert stores.events.save(free, KEEP, event, NOW_MS) is Saved.DONE
    (taken,), _ = claim_ahead(stores, request=2)
    assert taken.due_ms == DUE_MS


def test_a_retry_in_a_flow_is_left_until_it_is_due(stores: Stores) -> None:
    """It goes ahead of others, so it must not keep a place from them before."""
    saved(stores, start_ms=NOW_MS - 10, due_ms=DUE_MS, options={"flow": FLOW})
    assert claim_ahead(stores) == ([], [DUE_MS])
    assert claim_ahead(stores, DUE_MS, request=2) == ([], [])


def test_an_overlap_policy_in_a_flow_decides_when_it_is_due(stores: Stores) -> None:
    options = {"overlap": "skip", "flow": FLOW}
    saved(stores, start_ms=DUE_MS, schedule=DAILY, options=options)
    assert claim_ahead(stores) == ([], [DUE_MS])
    assert [head.due_ms for head in stores.work.heads()][-1] == DUE_MS
    later, left = claim_ahead(stores, DUE_MS, request=2)
    assert [one for one in later if not one.overlaps] == []
    assert left == []


POLICIES = ["skip", "queue_one", "cancel_previous"]


@pytest.mark.parametrize("policy", POLICIES)
def test_an_overlap_policy_has_it_left_while_the_one_before_is_open(
    stores: Stores, policy: str
) -> None:
    event = saved(stores, start_ms=DUE_MS, schedule=EVERY_SECOND, options={"overlap": policy})
    (first,), left = claim_ahead(stores)
    assert left == [], "there is none before it"
    advance(stores, event.id, DUE_MS, DUE_MS + 1000)
    assert claim_ahead(stores, NOW_MS + 1000, request=2) == ([], [DUE_MS + 1000])
    assert stores.work.record([record(first)], NOW_MS + 1000) == 1
    (second,), left = claim_ahead(stores, NOW_MS + 1001, request=3)
    assert (second.scheduled_ms, second.overlaps, left) == (DUE_MS + 1000, False, [])
    advance(stores, event.id, DUE_MS + 1000, DUE_MS + 2000)
    (third,), _ = claim_ahead(stores, DUE_MS + 2000, request=4)
    assert third.overlaps is (policy != "cancel_previous"), "the second is under way"


def test_an_overlap_policy_has_it_left_while_another_one_waits(stores: Stores) -> None:
    event = saved(stores, start_ms=DUE_MS, schedule=EVERY_SECOND, options={"overlap": "queue_one"})
    (first,), _ = claim_ahead(stores)
    for number in (1, 2):
        advance(stores, event.id, DUE_MS + number * 1000 - 1000, DUE_MS + number * 1000)
        if number == 1:
            (queued,), _ = claim_ahead(stores, DUE_MS + 1000, request=2)
            assert queued.overlaps
    assert stores.work.record([record(first)], NOW_MS + 2000) == 1
    (sent,), left = claim_ahead(stores, NOW_MS + 2000, request=3)
    assert (sent.scheduled_ms, left) == (DUE_MS + 1000, [DUE_MS + 2000])


def test_one_that_was_put_off_is_left_until_it_is_due(stores: Stores) -> None:
    """With jitter it may be due after the next of its series, which then is the newer one."""
    event = saved(
        stores, start_ms=DUE_MS - 20, due_ms=DUE_MS, schedule=EVERY_SECOND,
        options={"overlap": "cancel_previous"},
    )  # fmt: skip
    assert claim_ahead(stores) == ([], [DUE_MS])
    ((taken,), _) = claim_ahead(stores, DUE_MS, request=2)
    assert taken.event_id == event.id


def test_what_is_given_back_before_its_time_is_due_at_its_time(stores: Stores) -> None:
    saved(stores, start_ms=DUE_MS)
    (claimed,), _ = claim_ahead(stores)
    back = Deferral(claimed.occurrence_id, claimed.token, claimed.due_ms)
    assert stores.work.release([back], NOW_MS) == 1
    assert claim_ahead(stores, NOW_MS - 1, request=2) == ([], [])
    (again,), _ = claim_ahead(stores, request=3)
    assert (again.due_ms, again.attempt) == (DUE_MS, 1)
