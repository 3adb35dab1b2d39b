"""How long ahead is claimed: longer while there is a backlog, so that the others are not late."""

from __future__ import annotations

import pytest

from app.engine.claim_ahead import (
    AHEAD_MS,
    FAR_MS,
    HELD,
    LASTS_MS,
    MOST_MS,
    NEAR_MS,
    ClaimAhead,
)
from app.engine.claim_times import LEAD_MS, ClaimTimes
from app.services.feed import CLAIMED_AHEAD_MS
from tests.support.clock import NOW_MS

WINDOW = 400


def ahead_ms(ahead: ClaimAhead, at: int = 0, held: int = 0) -> int:
    return ahead.ms(NOW_MS + at, held, WINDOW)


def answered(
    times: ClaimTimes, *first: tuple[int, int], left_alone: int | None = None, took_ms: int = 0
) -> int:
    """Have the first partition answer with lanes and when each is due, ms from now.

    How long ahead is claimed after it.
    """
    times.ask(0, for_all=True)
    times.exact(NOW_MS)
    heads = [part for lane, at in first for part in (b"%d" % lane, b"%d" % (NOW_MS + at))]
    early = [] if left_alone is None else [b"%d:7" % (NOW_MS + left_alone)]
    times.learn(0, early, heads, NOW_MS, took_ms)
    return ahead_ms(times.ahead)


def test_more_is_claimed_ahead_while_there_is_a_backlog_and_a_while_after_it() -> None:
    ahead = ClaimAhead()
    assert ahead_ms(ahead) == AHEAD_MS
    ahead.note_backlog(NOW_MS, 0)
    assert ahead_ms(ahead, LASTS_MS - 1) == FAR_MS
    assert ahead_ms(ahead, LASTS_MS) == AHEAD_MS


def test_where_a_turn_takes_long_it_is_more_but_never_more_than_others_expect() -> None:
    ahead = ClaimAhead()
    ahead.note_backlog(NOW_MS, 100)
    assert ahead_ms(ahead) == FAR_MS + 200
    ahead.note_backlog(NOW_MS, 10_000)
    assert ahead_ms(ahead) == MOST_MS <= CLAIMED_AHEAD_MS


def test_what_is_held_ahead_leaves_room_for_the_backlog() -> None:
    ahead = ClaimAhead()
    ahead.note_backlog(NOW_MS, 0)
    assert ahead_ms(ahead, held=WINDOW // HELD - 1) == FAR_MS
    assert ahead_ms(ahead, held=WINDOW // HELD) == AHEAD_MS


@pytest.mark.parametrize("due", [-60_000, 0, AHEAD_MS])
def test_an_answer_that_leaves_what_it_was_asked_for_is_a_backlog(due: int) -> None:
    assert answered(ClaimTimes(1), (7, due)) == FAR_MS


def test_what_is_due_later_than_was_asked_for_is_none() -> None:
    """However long the answer took: what came near meanwhile is for the next claim."""
    assert answered(ClaimTimes(1)) == AHEAD_MS
    assert answered(ClaimTimes(1), (7, AHEAD_MS + 1)) == AHEAD_MS
    assert answered(ClaimTimes(1), (7, AHEAD_MS - 29), took_ms=30) == AHEAD_MS


def test_what_can_not_be_claimed_ahead_is_none_until_it_is_due() -> None:
    assert answered(ClaimTimes(1), (7, 30), left_alone=30) == AHEAD_MS
    assert answered(ClaimTimes(1), (7, 30), (8, 40), left_alone=30) == FAR_MS
    assert answered(ClaimTimes(1), (7, 0), left_alone=30) == FAR_MS


def test_the_turn_is_that_of_the_partitions_that_are_to_be_asked() -> None:
    times = ClaimTimes(4)
    assert answered(times, (7, 0), took_ms=20) == FAR_MS + 2 * 3 * 20
    for partition in (1, 2, 3):
        times.ask(partition, for_all=True)
    assert answered(times, (7, 0), took_ms=20) == FAR_MS


def test_what_can_not_be_claimed_far_ahead_keeps_its_lane_from_nothing() -> None:
    """The rest of the lane is claimed ahead as at other times, and nothing far ahead for a while:
    it would be found again and again."""
    times = ClaimTimes(1)
    answered(times, (7, 0))
    assert answered(times, (7, 0), left_alone=AHEAD_MS + 1) == AHEAD_MS
    assert times.exact(NOW_MS) == []
    assert answered(times, (7, AHEAD_MS + 1)) == AHEAD_MS
    assert times.next_ms == NOW_MS + AHEAD_MS + 1 - LEAD_MS
    later = NOW_MS + NEAR_MS
    times.ahead.note_backlog(later, 0)
    assert times.ahead.ms(later - 1, 0, WINDOW) == AHEAD_MS
    assert times.ahead.ms(later, 0, WINDOW) == FAR_MS
