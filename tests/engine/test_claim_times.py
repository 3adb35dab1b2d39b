"""When a drain claims next: never late for what anything has told it of."""

from __future__ import annotations

import pytest

from app.clock import NEVER_MS
from app.engine.claim_ahead import AHEAD_MS
from app.engine.claim_times import (
    HELP_AFTER_MS,
    LEAD_MS,
    MOST_LISTED,
    MOST_TOGETHER,
    OTHERS_MS,
    ClaimTimes,
)
from tests.support.clock import NOW_MS

QUICK = LEAD_MS // 2


def heads(*lanes: tuple[int, int]) -> list[bytes]:
    """Lanes, each with when something is due in it, in ms from now."""
    return [part for lane, at in lanes for part in (b"%d" % lane, b"%d" % (NOW_MS + at))]


def answered(
    times: ClaimTimes, *lanes: tuple[int, int], early: tuple[bytes, ...] = (), took_ms: int = QUICK
) -> int:
    """Claim from the first partition and learn from the answer; when to go on, ms from now."""
    times.ask(0, for_all=True)
    times.exact(NOW_MS)
    times.learn(0, early, heads(*lanes), NOW_MS, took_ms)
    return times.next_ms - NOW_MS


def test_every_partition_is_asked_at_first_in_turn() -> None:
    times = ClaimTimes(3)
    asked = []
    while (partition := times.ready(NOW_MS)) is not None:
        asked.append(partition)
        times.ask(partition, for_all=True)
    assert asked == [0, 1, 2]
    assert times.next_ms == NEVER_MS


@pytest.mark.parametrize(
    ("took_ms", "lead_ms"), [(0, LEAD_MS), (QUICK, LEAD_MS), (QUICK + 1, AHEAD_MS)]
)
def test_the_next_claim_comes_before_the_next_is_due(took_ms: int, lead_ms: int) -> None:
    """As long before as a store that is so slow needs."""
    assert answered(ClaimTimes(1), (7, 100), took_ms=took_ms) == 100 - lead_ms


def test_in_an_exact_lane_it_comes_at_the_moment_itself() -> None:
    times = ClaimTimes(1)
    left = b"%d:7" % (NOW_MS + 40)
    assert answered(times, (7, 40), early=(left,)) == OTHERS_MS  # others may be behind it
    assert answered(times, (7, 40)) == 40
    assert answered(times, (7, 40), (8, 45)) == 45 - LEAD_MS
    assert answered(times, (7, 40), (8, 70)) == 40


def test_a_lane_is_exact_until_the_last_that_was_left_alone_is_due() -> None:
    times = ClaimTimes(1)
    early = tuple(b"%d:%d" % (NOW_MS + at, lane) for at, lane in ((30, 7), (20, 7), (10, 8)))
    answered(times, (7, 20), early=early)
    assert times.exact(NOW_MS + 9) == [7, 8]
    assert times.exact(NOW_MS + 10) == [7]
    assert times.exact(NOW_MS + 30) == []


def test_what_falls_due_after_an_exact_time_is_claimed_ahead_as_ever() -> None:
    """As when a tenant has something in another partition that can't be claimed ahead."""
    times = ClaimTimes(2)
    times.ask(0, for_all=True)
    times.learn(0, (b"%d:7" % (NOW_MS + 40),), heads((7, 40)), NOW_MS, QUICK)
    for due, claimed in ((400, 400 - LEAD_MS), (50, 40), (40, 40), (30, 30)):
        times.ask(1, for_all=True)
        times.learn(1, (), heads((7, due), (8, 900)), NOW_MS, QUICK)
        assert times.ready(NOW_MS + claimed - 1) in {0, None}
        assert times._next_ms[1] == NOW_MS + claimed


def test_if_only_exact_lanes_are_seen_the_others_are_asked_for_now_and_then() -> None:
    times = ClaimTimes(1)
    lanes = range(MOST_LISTED + 5)
    early = tuple(b"%d:%d" % (NOW_MS + 40, lane) for lane in lanes)
    answered(times, (0, 40), early=early)
    listed = tuple((lane, 40) for lane in lanes[: MOST_LISTED + 1])
    assert answered(times, *listed) == OTHERS_MS


def test_what_one_partition_says_is_exact_was_not_known_to_those_asked_with_it() -> None:
    """So their answers list no more lanes for that, and may hide one that can be claimed ahead."""
    times = ClaimTimes(2)
    for partition in range(2):
        times.ask(partition, for_all=True)
    times.exact(NOW_MS)
    times.learn(0, (b"%d:7" % (NOW_MS + 40),), (), NOW_MS, QUICK)
    times.learn(1, (), heads((7, 40)), NOW_MS, QUICK)
    assert times.next_ms - NOW_MS == OTHERS_MS


def test_a_look_and_an_answer_that_overlap_put_off_nothing() -> None:
    """Either may be the older one, and not have seen what the other has."""
    times = ClaimTimes(2)
    for partition in range(2):
        times.ask(partition, for_all=True)
    times.look({0: NOW_MS + 60, 1: NOW_MS + 90}, NOW_MS)
    times.learn(0, (), heads((7, 400)), NOW_MS, 0)
    times.learn(1, (), heads((7, 80)), NOW_MS, 0)
    assert times.ready(NOW_MS + 60 - LEAD_MS - 1) is None
    assert times.ready(NOW_MS + 60 - LEAD_MS) == 0
    times.ask(0, for_all=True)
    assert times.ready(NOW_MS + 80 - LEAD_MS) == 1


def test_each_partition_counts_how_often_it_is_asked() -> None:
    """Which lanes have their turn must not hang on the number of partitions."""
    times = ClaimTimes(2)
    assert [times.ask(at % 2, for_all=bool(at % 3)) for at in range(6)] == [1, 1, 2, 2, 3, 3]


def test_a_look_that_sees_nothing_changes_nothing() -> None:
    times = ClaimTimes(1)
    answered(times, (7, 100))
    times.look({}, NOW_MS)
    assert times.next_ms == NOW_MS + 100 - LEAD_MS


def test_asking_for_some_lanes_only_answers_for_these() -> None:
    """What was known to be due in the others still is."""
    times = ClaimTimes(2)
    times.ask(times.any_partition(), for_all=False)
    assert times.any_partition() == 1
    assert times.ready(NOW_MS) is not None
    assert times.next_ms <= NOW_MS


def test_what_is_behind_is_asked_for_by_itself_and_so_is_what_is_exact() -> None:
    """A long answer is enough for once; and before an exact moment there is nothing to claim."""
    for heads_of, early, together in (
        ((20, 25, 20), (), [0, 1, 2]),
        ((-100, 25, 20), (), [0]),
        ((20, -100, 20), (), [0, 2]),
        ((20, 25, 20), (b"%d:7" % (NOW_MS + 9),), [0, 2]),
    ):
        times = ClaimTimes(3)
        for partition, at in enumerate(heads_of):
            times.ask(partition, for_all=True)
            times.learn(partition, early, heads((8, at)), NOW_MS, QUICK)
        assert times.together_with(0, NOW_MS) == together


def test_so_many_partitions_are_asked_together() -> None:
    times = ClaimTimes(2 * MOST_TOGETHER)
    times.claim_now(times.own, NOW_MS)
    for partition in range(2 * MOST_TOGETHER):
        times.ask(partition, for_all=True)
    times.claim_now(times.own, NOW_MS)
    first = MOST_TOGETHER + 2
    assert times.together_with(first, NOW_MS) == [
        at % (2 * MOST_TOGETHER) for at in range(first, first + MOST_TOGETHER)
    ]


def served(times: ClaimTimes, now_ms: int) -> list[int]:
    """Ask whatever is to be asked now; nothing is due in any of it."""
    asked = []
    while (partition := times.ready(now_ms)) is not None:
        asked.append(partition)
        times.ask(partition, for_all=True)
        times.learn(partition, (), (), now_ms, QUICK)
    return asked


def test_only_the_partitions_that_are_served_are_asked_and_new_ones_at_once() -> None:
    times = ClaimTimes(4)
    times.serve((1, 3), NOW_MS)
    assert served(times, NOW_MS) == [1, 3]
    assert times.next_ms == NEVER_MS
    times.serve((0, 3), NOW_MS)
    assert served(times, NOW_MS) == [0]
    times.claim_now([1, 3], NOW_MS)
    assert served(times, NOW_MS) == [3]


def test_partitions_of_others_are_helped_for_as_long_as_they_are_behind() -> None:
    """Their drain may be stopped, or have too much to do."""
    times = ClaimTimes(2)
    times.serve((0,), NOW_MS)
    served(times, NOW_MS)
    times.look({1: NOW_MS - HELP_AFTER_MS + 1}, NOW_MS)
    assert times.ready(NOW_MS) is None
    late = NOW_MS - HELP_AFTER_MS
    times.look({1: late}, NOW_MS)
    for again in (late, late, late + LEAD_MS + 1):
        assert times.ready(NOW_MS) == 1
        times.ask(1, for_all=True)
        times.learn(1, (), heads((7, again - NOW_MS)), NOW_MS, QUICK)
    assert times.ready(NOW_MS) is None
    assert times.next_ms == NEVER_MS
    times.learn(1, (), heads((7, again - NOW_MS)), NOW_MS, QUICK)  # an answer that comes late
    assert times.next_ms == NEVER_MS
