"""How much a drain claims, and what is left for lanes with few claims in its window."""

from __future__ import annotations

import pytest

from app.domain.ids import EventIds
from app.engine.window import FEW, FOR_OTHERS, MAX_UNWRITTEN, SILENT_MS, STALLED_FACTOR, Window
from app.store.claims import Claim
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS

SIZE = 100
ONE, TWO, THREE = b"w.1", b"w.2", b"w.3"
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
    assert window.for_others(ONE, NOW_MS) == (0, [])
    window.hold(1, SIZE)
    assert window.for_others(ONE, NOW_MS) == (SIZE // FEW, [1])
    window.hold(2, SIZE // FEW - 1)
    assert window.for_others(ONE, NOW_MS) == (SIZE // FEW, [1])
    window.hold(2)
    assert sorted(window.for_others(ONE, NOW_MS)[1]) == [1, 2]


def test_what_is_left_for_them_is_bounded() -> None:
    window = Window(SIZE)
    window.hold(0, SIZE)
    for lane in range(1, SIZE // FOR_OTHERS):
        window.hold(lane)
    assert window.for_others(ONE, NOW_MS)[0] == 1
    window.hold(99)
    assert window.for_others(ONE, NOW_MS)[0] == 0


def test_what_is_settled_is_counted_no_more() -> None:
    window = Window(SIZE)
    claims = [of_lane(1), of_lane(2), of_lane(1)]
    for claim in claims:
        window.hold(claim.lane)
    window.settle(claims[:2])
    assert (window.room, window.for_others(ONE, NOW_MS)) == (SIZE - 1, (0, []))
    window.settle(claims[2:])
    assert window.room == SIZE
    assert not window._held


def held_of(window: Window, claimer: bytes, count: int) -> None:
    """A call of a claimer is answered, with so many."""
    window.answered(claimer)
    window.hold(1, count)


def test_claimers_ask_together_for_no_more_than_there_is_room_for() -> None:
    window = Window(SIZE)
    assert window.room_for(ONE, NOW_MS) == SIZE
    window.asked(ONE, SIZE, NOW_MS)
    assert window.room_for(TWO, NOW_MS) == 0
    held_of(window, ONE, SIZE - 30)
    assert window.room_for(TWO, NOW_MS) == 30


def test_those_that_want_claims_get_as_much_of_what_becomes_free() -> None:
    window = Window(SIZE)
    window.hold(1, SIZE)
    assert [window.room_for(each, NOW_MS) for each in (ONE, TWO, THREE)] == [0, 0, 0]
    window.hold(1, -30)
    for each in (ONE, TWO, THREE):
        assert window.room_for(each, NOW_MS) == 10
        window.asked(each, 10, NOW_MS)
    for each in (ONE, TWO, THREE):
        held_of(window, each, 10)
    assert window.full


def test_a_claimer_that_wants_nothing_has_nothing_kept_for_it() -> None:
    window = Window(SIZE)
    window.asked(TWO, 10, NOW_MS)
    window.answered(TWO)
    assert window.room_for(ONE, NOW_MS) == SIZE


def test_a_claimer_whose_shard_does_not_answer_holds_up_no_other() -> None:
    window = Window(SIZE)
    window.asked(TWO, SIZE, NOW_MS)
    assert window.room_for(THREE, NOW_MS) == 0
    assert window.room_for(ONE, NOW_MS + SILENT_MS) == SIZE


def test_what_others_have_asked_for_is_left_to_lanes_with_few_claims_once() -> None:
    window = Window(SIZE)
    window.hold(1, SIZE)
    most = SIZE // FOR_OTHERS
    window.asked(TWO, most - 2, NOW_MS)
    assert window.for_others(ONE, NOW_MS) == (2, [1])
    window.asked(TWO, most, NOW_MS)
    assert window.for_others(ONE, NOW_MS) == (0, [1])
