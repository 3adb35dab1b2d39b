"""The countdown: what is in hand before its moment leaves at its moment, in order."""

from __future__ import annotations

from app.engine.delay_queue import DelayQueue
from tests.support.builders import a_claim as claim


def test_claims_leave_at_their_moment_the_earliest_first() -> None:
    held, first, second, third = DelayQueue(), claim(1), claim(2), claim(3)
    held.add(20, second)
    held.add(30, third)
    held.add(10, first)
    assert (len(held), held.next_ms) == (3, 10)
    assert held.due(9) == []
    assert held.due(20) == [first, second]
    assert (len(held), held.next_ms) == (1, 30)


def test_what_has_the_same_moment_leaves_in_the_order_it_came() -> None:
    held, claims = DelayQueue(), [claim(number) for number in (3, 1, 2)]
    for one in claims:
        held.add(10, one)
    assert held.due(10) == claims


def test_all_of_it_can_be_given_up() -> None:
    held = DelayQueue()
    held.add(20, claim(2))
    held.add(10, claim(1))
    assert {one.occurrence_id for one in held.clear()} == {
        claim(number).occurrence_id for number in (1, 2)
    }
    assert (len(held), held.next_ms, held.due(99)) == (0, None, [])
