"""A repair takes events in a fair order, and no more of one tenant's costly ones than its share."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import EventIds
from app.planning.costs import Costs
from app.planning.limits import CHEAP, LANE, LANE_A_SECOND, REPAIRS
from app.planning.repair_order import RepairOrder

NOW_MS = 1_800_000_000_000
COSTLY = 5_000
ATTACKER, OTHER, OPERATOR = 7, 8, 9

_ids = EventIds()


def events(lane: int, count: int) -> list[bytes]:
    return [_ids.make(NOW_MS * 1000, 0, lane) for _ in range(count)]


def order_that_knows(costs: dict[bytes, int]) -> RepairOrder:
    known = Costs()
    for event_id, steps in costs.items():
        known.learn(event_id, steps, NOW_MS)
    return RepairOrder(known, unbounded=(OPERATOR,))


def since(event_ids: Sequence[bytes], ms: int = NOW_MS - 1_000) -> dict[bytes, int]:
    return dict.fromkeys(event_ids, ms)


def test_those_are_first_that_have_waited_longest_for_what_they_cost() -> None:
    cheap, costly, old = events(OTHER, 3)
    order = order_that_knows({cheap: 5, costly: COSTLY, old: COSTLY})
    waiting = {costly: NOW_MS - 100, cheap: NOW_MS, old: NOW_MS - 60_000_000}
    assert order.choose(waiting, NOW_MS, 10).event_ids == [old, cheap, costly]


def test_a_run_has_a_bound_and_leaves_the_rest_to_the_next() -> None:
    """In number and in steps; one that is beyond it by itself is taken all the same."""
    many = events(OTHER, 5)
    assert order_that_knows({}).choose(since(many), NOW_MS, 4) == (many[:4], False)
    assert order_that_knows({}).choose(since(many), NOW_MS, 5) == (many, True)
    masters = events(OPERATOR, 3)
    half = order_that_knows(dict.fromkeys(masters, REPAIRS // 2))
    assert half.choose(since(masters), NOW_MS, 9) == (masters[:2], False)
    whole = order_that_knows(dict.fromkeys(masters, REPAIRS + 1))
    assert whole.choose(since(masters), NOW_MS, 9) == (masters[:1], False)


def test_a_tenant_that_has_used_its_share_up_waits_and_nobody_else_does() -> None:
    """Nor do its own cheap ones; that it waits is no reason for another run."""
    attackers, others, cheap = events(ATTACKER, 99), events(OTHER, 3), events(ATTACKER, 3)
    order = order_that_knows(dict.fromkeys(attackers + others, COSTLY))
    waiting = since(attackers, NOW_MS - 60_000) | since(others) | since(cheap)
    first = order.choose(waiting, NOW_MS, 1_000)
    assert len(set(first.event_ids) & set(attackers)) == LANE // COSTLY
    assert set(first.event_ids) >= {*others, *cheap}
    assert first.is_all
    for one in first.event_ids:
        order.spend(one, COSTLY if one not in cheap else 5, NOW_MS)
    left = {one: ms for one, ms in waiting.items() if one not in first.event_ids}
    assert order.choose(left, NOW_MS, 1_000) == ([], True)
    assert not order.affords(attackers[0], NOW_MS)
    assert order.affords(others[0], NOW_MS)
    assert order.affords(cheap[0], NOW_MS)
    later_ms = NOW_MS + 1_000
    assert len(order.choose(left, later_ms, 1_000).event_ids) == LANE_A_SECOND // COSTLY


def test_the_operator_has_no_share_and_no_bound() -> None:
    many = events(OPERATOR, 60)
    order = order_that_knows(dict.fromkeys(many, COSTLY))
    for one in many:
        order.spend(one, LANE, NOW_MS)
        order.spend(one, COSTLY, NOW_MS)
    assert order.affords(many[0], NOW_MS)
    assert order.choose(since(many), NOW_MS, 60) == (many, True)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 150_000)), max_size=60))
def test_no_lane_has_more_than_its_share_and_one_event(given_events: list[tuple[int, int]]) -> None:
    """In one run; and something is always chosen where something waits and has a share."""
    costs = {events(lane, 1)[0]: cost for lane, cost in given_events}
    chosen, _ = order_that_knows(costs).choose(since(list(costs)), NOW_MS, 1_000)
    assert bool(chosen) == bool(costs)
    assert sum(costs[one] for one in chosen[1:]) <= REPAIRS
    for lane in range(4):
        mine = [cost for one, cost in costs.items() if one in chosen and _lane(one) == lane]
        costly = [cost for cost in mine if cost > CHEAP]
        assert sum(costly) <= LANE + max(costly, default=0)


def _lane(event_id: bytes) -> int:
    return int.from_bytes(event_id[10:12], "big") >> 4
