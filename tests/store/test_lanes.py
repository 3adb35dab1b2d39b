"""Lanes: what is due of one tenant does not stand before what is due of another."""

from __future__ import annotations

from collections import Counter

import pytest

from app.domain import ids
from app.domain.event import Event
from app.store import keys
from app.store.calls import Deferral, claim_call, lease_token
from app.store.claims import Claim, read_claim_answer
from app.store.event_plans import Plan
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

LEASE_MS = 30_000
MANY, FEW, OTHER = 7, 4095, 0
_event_ids = ids.EventIds()


def store(stores: Stores, lane: int, due_ms: int) -> Event:
    event_id = _event_ids.make(NOW_MS * 1000, stores.partitions - 1, lane)
    event = an_event(start_ms=due_ms).changed(id=event_id, created_ms=ids.created_ms(event_id))
    stores.events.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, NOW_MS)
    return event


def claimed(stores: Stores, limit: int, request: int = 1, **options) -> list[Claim]:
    """Claims, twice: the second answer is the first."""
    call = claim_call(
        stores.partitions - 1, b"w", request, now_ms=NOW_MS, limit=limit, lease_ms=LEASE_MS,
        **options,
    )  # fmt: skip
    token = lease_token(b"w", request)
    found = read_claim_answer(stores.work._run(call), token, NOW_MS).claims
    before = snapshot(stores.client)
    again = read_claim_answer(stores.work._run(call), token, NOW_MS).claims
    if found:
        assert again == found
        assert snapshot(stores.client) == before
    assert broken(stores.client, stores.partitions) == []
    return found


def by_lane(claims: list[Claim]) -> dict[int, int]:
    return dict(Counter(ids.lane_of_event(one.event_id) for one in claims))


def test_the_lane_is_read_out_of_the_id_by_the_scripts_as_well(stores: Stores) -> None:
    for lane in (0, 1, 15, 16, 255, 256, 4080, 4095):
        event = store(stores, lane, NOW_MS)
        occurrence = ids.occurrence_id(event.id, NOW_MS)
        due = keys.due(stores.partitions - 1, lane)
        assert keys.due_of(event.id) == due
        assert stores.client.zrange(due, 0, -1) == [occurrence]
    assert len(claimed(stores, 20)) == 8


def test_what_is_due_later_in_another_lane_is_claimed_with_the_first(stores: Stores) -> None:
    for _ in range(40):
        store(stores, MANY, NOW_MS - 1_000)
    store(stores, FEW, NOW_MS)
    assert by_lane(claimed(stores, 10)) == {MANY: 9, FEW: 1}


@pytest.mark.parametrize(
    ("due", "limit", "taken"),
    [
        ({MANY: 20}, 8, {MANY: 8}),
        ({MANY: 3}, 8, {MANY: 3}),
        ({MANY: 20, FEW: 20}, 8, {MANY: 4, FEW: 4}),
        ({MANY: 20, FEW: 1, OTHER: 2}, 9, {MANY: 6, FEW: 1, OTHER: 2}),
        ({MANY: 20, FEW: 4, OTHER: 20}, 12, {MANY: 4, FEW: 4, OTHER: 4}),
        ({MANY: 20, FEW: 3, OTHER: 20}, 13, {MANY: 5, FEW: 3, OTHER: 5}),
        ({MANY: 2, FEW: 2, OTHER: 2}, 100, {MANY: 2, FEW: 2, OTHER: 2}),
    ],
    ids=str,
)
def test_lanes_share_what_may_be_claimed(
    stores: Stores, due: dict[int, int], limit: int, taken: dict[int, int]
) -> None:
    """An equal share each; what one does not use goes to the others."""
    for lane, count in due.items():
        for number in range(count):
            store(stores, lane, NOW_MS - number)
    assert by_lane(claimed(stores, limit)) == taken


@pytest.mark.parametrize(
    ("due", "limit", "taken"),
    [
        ({MANY: 40, FEW: 40}, 20, {MANY: 16, FEW: 4}),
        ({MANY: 40, FEW: 2}, 20, {MANY: 18, FEW: 2}),
        ({MANY: 3, FEW: 40}, 20, {MANY: 3, FEW: 17}),
        ({MANY: 40, FEW: 40, OTHER: 40}, 12, {MANY: 8, FEW: 2, OTHER: 2}),
        ({MANY: 9, FEW: 9}, 1, {MANY: 1}),
    ],
    ids=str,
)
def test_a_lane_with_four_times_the_weight_has_four_times_the_share(
    stores: Stores, due: dict[int, int], limit: int, taken: dict[int, int]
) -> None:
    for lane, count in due.items():
        for number in range(count):
            store(stores, lane, NOW_MS - number - 50 * (lane == MANY))
    assert by_lane(claimed(stores, limit, weights=f"1,{MANY}=4,")) == taken


@pytest.mark.parametrize(
    ("lanes", "limit", "weights", "ratio"),
    [(20, 64, "10,0=1,", 0.1), (5, 3, "1,0=4,", 4.0)],
    ids=str,
)
def test_weights_count_as_well_where_a_call_claims_few_of_each_lane(
    stores: Stores, lanes: int, limit: int, weights: str, ratio: float
) -> None:
    """As it does from several partitions at once, and while claims are small for the others."""
    for lane in range(lanes):
        for number in range(50):
            store(stores, lane, NOW_MS - number)
    counts: Counter[int] = Counter()
    for request in range(1, 11):
        call = claim_call(
            stores.partitions - 1, b"w", request, now_ms=NOW_MS, limit=limit, lease_ms=LEASE_MS,
            weights=weights,
        )  # fmt: skip
        token = lease_token(b"w", request)
        counts.update(by_lane(read_claim_answer(stores.work._run(call), token, NOW_MS).claims))
    assert counts.total() == 10 * limit
    others = (counts.total() - counts[0]) / (lanes - 1)
    assert counts[0] / others == pytest.approx(ratio, rel=0.3)


def test_among_more_lanes_than_may_be_claimed_weight_counts_about_as_much(stores: Stores) -> None:
    """A lane with more weight is not asked more often for it, only for more."""
    for lane in range(130):
        for _ in range(3 if lane else 40):
            store(stores, lane, NOW_MS)
    counts: Counter[int] = Counter()
    for request in range(1, 5):
        call = claim_call(
            stores.partitions - 1, b"w", request, now_ms=NOW_MS, limit=65, lease_ms=LEASE_MS,
            weights="1,0=4,3=1,",
        )  # fmt: skip
        token = lease_token(b"w", request)
        answer = read_claim_answer(stores.work._run(call), token, NOW_MS)
        counts.update(by_lane(answer.claims))
    assert counts.total() == 4 * 65
    assert len(counts) > 120
    assert 2 <= counts[0] * 130 / counts.total() <= 8


def test_with_more_lanes_than_may_be_claimed_those_that_wait_longest_are_first(
    stores: Stores,
) -> None:
    for lane in range(100):
        store(stores, lane, NOW_MS - lane)
        store(stores, lane, NOW_MS)
    assert by_lane(claimed(stores, 5)) == dict.fromkeys(range(95, 100), 1)
    assert len(claimed(stores, 1_000, 2)) == 64 * 2 - 5 + 5


def test_with_more_lanes_than_may_be_claimed_the_turn_of_each_comes(stores: Stores) -> None:
    """Although all are due at the same moment, and the first have much more."""
    for lane in range(150):
        for _ in range(8 if lane < 64 else 1):
            store(stores, lane, NOW_MS)
    served: set[int] = set()
    for request in range(1, 8):
        served |= set(by_lane(claimed(stores, 64, request)))
    assert served == set(range(150))


def test_the_turn_of_each_comes_whatever_numbers_the_requests_have(stores: Stores) -> None:
    """A drain numbers its requests over all partitions: one sees every second, or eighth, alone."""
    for lane in range(128):
        for _ in range(8 if lane < 64 else 1):
            store(stores, lane, NOW_MS)
    served: set[int] = set()
    for turn in range(1, 8):
        served |= set(by_lane(claimed(stores, 64, 8 * turn, turn=turn)))
    assert served == set(range(128))


def test_a_lane_that_is_passed_over_keeps_what_it_has(stores: Stores) -> None:
    for _ in range(3):
        store(stores, MANY, NOW_MS)
    store(stores, FEW, NOW_MS)
    assert by_lane(claimed(stores, 10, passed_over=[MANY, 70])) == {FEW: 1}
    assert claimed(stores, 10, 2, passed_over=[70, MANY]) == []
    assert by_lane(claimed(stores, 10, 3)) == {MANY: 3}


def test_from_an_exact_lane_nothing_is_claimed_before_it_is_due(stores: Stores) -> None:
    store(stores, MANY, NOW_MS + 20)
    store(stores, FEW, NOW_MS + 20)
    assert by_lane(claimed(stores, 9, ahead_ms=50, exact=[MANY, 5])) == {FEW: 1}
    store(stores, MANY, NOW_MS)
    assert by_lane(claimed(stores, 9, 2, ahead_ms=50, exact=[MANY])) == {MANY: 1}
    assert by_lane(claimed(stores, 9, 3, ahead_ms=50)) == {MANY: 1}


def test_a_lane_of_its_own_order_is_by_due_time(stores: Stores) -> None:
    later, first = store(stores, MANY, NOW_MS - 1), store(stores, MANY, NOW_MS - 2)
    assert [one.event_id for one in claimed(stores, 1)] == [first.id]
    assert [one.event_id for one in claimed(stores, 1, 2)] == [later.id]


def test_the_head_of_the_lanes_is_what_is_due_next(stores: Stores) -> None:
    store(stores, MANY, NOW_MS + 5_000)
    sooner = store(stores, FEW, NOW_MS + 2_000)
    store(stores, MANY, NOW_MS - 9)
    store(stores, OTHER, NOW_MS - 8)

    def head() -> int | None:
        return stores.work.heads()[-1].due_ms

    assert head() == NOW_MS - 9
    assert stores.work.backlog(NOW_MS) == 2
    found = claimed(stores, 9)
    assert head() == NOW_MS + 2_000
    stores.events.delete(stores.events.get(sooner.id), any_version=True, now_ms=NOW_MS)
    assert head() == NOW_MS + 5_000
    back = Deferral(found[0].occurrence_id, found[0].token, NOW_MS + 7, "")
    assert stores.work.release([back], NOW_MS) == 1
    assert head() == NOW_MS + 7
    assert stores.work.backlog(NOW_MS) == 0
    assert broken(stores.client, stores.partitions) == []


def test_what_lost_its_lane_or_whose_lane_is_not_listed_is_found_and_put_back(
    stores: Stores,
) -> None:
    partition = stores.partitions - 1
    event = store(stores, MANY, NOW_MS)
    occurrence = ids.occurrence_id(event.id, NOW_MS)
    for lost in ([keys.lanes(partition)], [keys.lanes(partition), keys.due(partition, MANY)]):
        assert stores.sweep.open_slice(partition, "scheduled", "", 10).suspects == []
        stores.client.delete(*lost)
        assert stores.sweep.open_slice(partition, "scheduled", "", 10).suspects == [occurrence]
        stores.work.restore(partition, [occurrence], NOW_MS)
        assert broken(stores.client, stores.partitions) == []
