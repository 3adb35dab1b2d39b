"""How much a drain claims, and what is left for lanes with few claims in its window."""

from __future__ import annotations

import pytest

from app.domain.ids import EventIds
from app.engine.window import FEW, FOR_OTHERS, MAX_UNWRITTEN, STALLED_FACTOR, Window
from app.store.claims import Claim
from tests.support.builders import a_claim

SIZE = 100
_ids = EventIds()


def of_lane(lane: int) -> Claim:
    return a_claim(event_id=_ids.make(1_000, 0, lane))


@pytest.mark.parametrize(
    ("stalled", "unwritten", "room"),
    [
        (0, 0, SIZE),
        (30, MAX_UNWRITTEN, SIZE + 30),
        (10_000, 0, SIZE + STALLED_FACTOR * SIZE),
        (0, MAX_UNWRITTEN + 40, SIZE - 40),
        (10_000, MAX_UNWRITTEN + 10_000, 0),
    ],
)
def test_stalled_claims_add_to_what_may_be_claimed_and_unwritten_outcomes_take_from_it(
    stalled: int, unwritten: int, room: int
) -> None:
    window = Window(SIZE)
    window.adjust(stalled, unwritten)
    window.hold(1, room - SIZE // 4)
    assert not window.full or not room
    window.hold(1)
    assert window.full
    if room:
        assert window.room == SIZE // 4 - 1


def test_a_lane_that_fills_it_leaves_some_for_lanes_with_few() -> None:
    window = Window(SIZE)
    assert window.for_others() == (0, [])
    window.hold(1, SIZE)
    assert window.for_others() == (SIZE // FEW, [1])
    window.hold(2, SIZE // FEW - 1)
    assert window.for_others() == (SIZE // FEW, [1])
    window.hold(2)
    assert sorted(window.for_others()[1]) == [1, 2]


def test_what_is_left_for_them_is_bounded() -> None:
    window = Window(SIZE)
    window.hold(0, SIZE)
    for lane in range(1, SIZE // FOR_OTHERS):
        window.hold(lane)
    assert window.for_others()[0] == 1
    window.hold(99)
    assert window.for_others()[0] == 0


def test_what_is_settled_is_counted_no_more() -> None:
    window = Window(SIZE)
    claims = [of_lane(1), of_lane(2), of_lane(1)]
    for claim in claims:
        window.hold(claim.lane)
    window.settle(claims[:2])
    assert (window.room, window.for_others()) == (SIZE - 1, (0, []))
    window.settle(claims[2:])
    assert window.room == SIZE
    assert not window._held
