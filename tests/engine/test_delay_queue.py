"""The delay queue: claims leave when they are due, in order."""

from __future__ import annotations

from app.engine.delay_queue import DelayQueue
from tests.support.builders import a_claim as claim


def test_claims_leave_when_they_are_due_the_earliest_first() -> None:
    queue, first, second, third = DelayQueue(), claim(1), claim(2), claim(3)
    queue.add(20, second)
    queue.add(30, third)
    queue.add(10, first)
    assert (len(queue), queue.next_ms) == (3, 10)
    assert queue.due(9) == []
    assert queue.due(20) == [first, second]
    assert (len(queue), queue.next_ms) == (1, 30)


def test_claims_with_the_same_due_time_leave_in_the_order_they_came() -> None:
    queue, claims = DelayQueue(), [claim(number) for number in (3, 1, 2)]
    for one in claims:
        queue.add(10, one)
    assert queue.due(10) == claims


def test_clear_returns_all_claims() -> None:
    queue = DelayQueue()
    queue.add(20, claim(2))
    queue.add(10, claim(1))
    assert {one.occurrence_id for one in queue.clear()} == {
        claim(number).occurrence_id for number in (1, 2)
    }
    assert (len(queue), queue.next_ms, queue.due(99)) == (0, None, [])
