"""Whatever is queued: nothing is lost, lanes keep their order, and none waits for another's rest."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.weights import LaneWeights
from app.engine.fair_queue import FairQueue

LANES = st.integers(0, 4)
WEIGHTS = st.builds(LaneWeights, st.dictionaries(LANES, st.integers(1, 5)), st.integers(1, 3))


@given(st.lists(st.one_of(LANES, st.none())), WEIGHTS)
def test_everything_comes_out_once_and_each_lane_in_its_order(
    moves: list[int | None], weights: LaneWeights
) -> None:
    """``None`` takes one out, a number puts one into that lane."""
    queue: FairQueue[tuple[int, int]] = FairQueue(weights)
    waiting: dict[int, list[int]] = defaultdict(list)
    for number, lane in enumerate(moves):
        if lane is not None:
            queue.add(lane, (lane, number))
            waiting[lane].append(number)
        elif len(queue):
            of, first = queue.pop()
            assert waiting[of].pop(0) == first
        assert len(queue) == sum(map(len, waiting.values()))
        assert queue.lanes == sum(map(bool, waiting.values()))
    for lane, number in queue.clear():
        assert waiting[lane].pop(0) == number
    assert not any(waiting.values())
    assert len(queue) == queue.lanes == 0


@given(st.lists(LANES, max_size=60), st.lists(LANES, min_size=1, max_size=5))
def test_a_newcomer_waits_for_one_item_of_each_other_lane(before: list[int], late: list[int]):
    """However much they have queued."""
    queue: FairQueue[int] = FairQueue()
    for lane in before:
        queue.add(lane, lane)
    newcomer = 9
    queue.add(newcomer, newcomer)
    for lane in late:
        queue.add(lane, lane)
    others = len(set(before))
    assert newcomer in list(queue.take(others + 1))


def test_one_of_a_thousand_does_not_wait_for_the_rest() -> None:
    queue: FairQueue[str] = FairQueue()
    for _ in range(1_000):
        queue.add(1, "many")
    queue.add(2, "few")
    assert list(queue.take(4)) == ["many", "few", "many", "many"]


def test_nothing_comes_out_of_an_empty_queue() -> None:
    queue: FairQueue[str] = FairQueue()
    assert list(queue.take(5)) == []
    with pytest.raises(IndexError):
        queue.pop()


def test_a_lane_has_so_many_items_in_its_turn_as_it_has_weight() -> None:
    queue: FairQueue[str] = FairQueue(LaneWeights({1: 3}))
    for lane, name in [(1, "a")] * 8 + [(2, "b")] * 4:
        queue.add(lane, name)
    assert "".join(queue.take(12)) == "aaabaaabaabb"


def test_what_a_lane_leaves_of_its_turn_is_not_kept() -> None:
    queue: FairQueue[str] = FairQueue(LaneWeights({1: 3}))
    queue.add(1, "a")
    queue.add(2, "b")
    assert queue.pop() == "a"
    for name in "cdef":
        queue.add(1, name)
    queue.add(2, "g")
    assert "".join(queue.take(6)) == "bcdegf"
