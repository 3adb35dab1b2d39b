"""When a drain looks again, and what it does at once for what it sees."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.engine.claim_times import HELP_AFTER_MS
from app.engine.heads import MAX_SLEEP_MS, STALL_MS, HeadLooks, look_at_heads
from app.errors import StoreUnavailable
from app.store.work import Heads
from tests.support.at_once import AtOnce
from tests.support.clock import NOW_MS

NONE = Heads(None, None, None, None)


class Work:
    """Has the heads that a test says, and notes which partitions' leases were released."""

    def __init__(self, *heads: Heads) -> None:
        self.found = heads
        self.reclaimed: list[int] = []

    def heads(self, partitions: list[int]) -> list[Heads]:
        return [self.found[partition] for partition in partitions]

    @property
    def partitions(self) -> int:
        return len(self.found)

    def reclaim_expired(self, partition: int, _now_ms: int) -> None:
        self.reclaimed.append(partition)


def look(work: Work, *, reclaims: bool = True, overdue: list[int] | None = None) -> Any:
    told = [] if overdue is None else overdue
    return look_at_heads(
        cast("Any", work),
        lambda partition, _now_ms: told.append(partition) or 0,
        NOW_MS,
        range(len(work.found)),
        reclaims=reclaims,
    )


def test_with_nothing_to_come_it_looks_now_and_then() -> None:
    assert look(Work(NONE, NONE)) == (NOW_MS + MAX_SLEEP_MS, {}, {})


def test_it_tells_when_the_first_is_due_in_each_partition() -> None:
    work = Work(NONE, Heads(NOW_MS + 90, None, None, None), Heads(NOW_MS + 70, None, None, None))
    assert look(work).due_ms == {1: NOW_MS + 90, 2: NOW_MS + 70}


def test_expired_leases_are_released_and_looked_at_at_once() -> None:
    work = Work(Heads(None, NOW_MS + 1, None, None), Heads(None, NOW_MS, None, None))
    assert look(work).next_ms == NOW_MS
    assert work.reclaimed == [1]


def test_expired_leases_are_left_alone_after_a_standstill() -> None:
    work = Work(Heads(None, NOW_MS - 9, None, None))
    assert look(work, reclaims=False).next_ms == NOW_MS + MAX_SLEEP_MS
    assert work.reclaimed == []


def test_overdue_acknowledgements_are_failed_and_later_ones_waited_for() -> None:
    overdue: list[int] = []
    work = Work(Heads(None, None, NOW_MS + 30, None), Heads(None, None, NOW_MS, None))
    assert look(work, overdue=overdue).next_ms == NOW_MS
    assert overdue == [1]
    assert look(Work(Heads(None, None, NOW_MS + 30, None))).next_ms == NOW_MS + 30


def test_flows_are_looked_at_when_they_say() -> None:
    assert look(Work(NONE, Heads(None, None, None, NOW_MS + 5))).flow_ms == {1: NOW_MS + 5}


def looks_at(work: Work, background: Any = None) -> HeadLooks:
    return HeadLooks(cast("Any", work), lambda *_: 0, cast("Any", background or AtOnce()))


def test_it_looks_again_when_the_last_look_says_and_tells_once_what_it_saw() -> None:
    looks = looks_at(Work(NONE))
    assert looks.step(NOW_MS) is None
    assert looks.busy
    assert looks.step(NOW_MS) is not None
    assert looks.step(NOW_MS) is None
    assert (looks.busy, looks.next_ms) == (False, NOW_MS + MAX_SLEEP_MS)


def test_a_wake_up_during_a_look_is_not_lost() -> None:
    """The look may have been made before what it tells of."""
    looks = looks_at(Work(NONE))
    looks.step(NOW_MS)
    looks.wake()
    assert looks.step(NOW_MS) is not None
    looks.step(NOW_MS)
    assert looks.busy


def test_leases_that_are_to_be_spared_are_looked_at_when_that_is_over() -> None:
    work = Work(Heads(None, NOW_MS - 9, None, None))
    looks = looks_at(work)
    looks.spare_leases(NOW_MS + 100)
    looks.step(NOW_MS)
    looks.step(NOW_MS)
    assert (work.reclaimed, looks.next_ms) == ([], NOW_MS + 100)
    looks.step(NOW_MS + 100)
    assert work.reclaimed == [0]


def test_expired_leases_are_spared_after_a_look_that_took_long() -> None:
    """The drain goes on sending while the store stalls, so it notices by nothing else."""
    work = Work(NONE)
    looks = looks_at(work)
    looks.step(NOW_MS)
    back_ms = NOW_MS + STALL_MS - MAX_SLEEP_MS + 1
    work.found = (Heads(None, NOW_MS - 9, None, None),)
    looks.wake()
    assert looks.step(back_ms) is not None
    for now_ms in (back_ms, back_ms + 1, back_ms + STALL_MS - 1):
        looks.step(now_ms)
        assert work.reclaimed == []
    for _ in range(2):
        looks.step(back_ms + STALL_MS)
    assert work.reclaimed == [0]


def behind(now_ms: int) -> Heads:
    """Everything of it is so late that its own drain should have seen it."""
    return Heads(*[now_ms - HELP_AFTER_MS] * 4)


def test_what_drains_of_other_partitions_have_had_no_time_for_is_done_by_whoever_looks() -> None:
    """It looks at one of them each time, in turn, and at the next at once if that is behind."""
    work = Work(NONE, NONE, NONE)
    looks = looks_at(work)
    seen = []
    for heads in (NONE, behind(NOW_MS + 1), behind(NOW_MS), NONE):
        work.found = (NONE, heads, heads)
        if looks.step(NOW_MS, (0,)) is None and looks.busy:
            found = looks.step(NOW_MS, (0,))
            assert found is not None
            seen.append((found.next_ms - NOW_MS, sorted(found.due_ms)))
        looks.wake()
    assert seen[:2] == [(MAX_SLEEP_MS, []), (MAX_SLEEP_MS, [])]
    assert [(next_ms, len(due)) for next_ms, due in seen[2:]] == [(0, 1), (MAX_SLEEP_MS, 0)]
    assert len(work.reclaimed) == 1


def test_a_wake_up_from_one_partition_has_only_that_one_looked_at() -> None:
    """And one from a partition of others none; the look at all comes when it would have come."""
    work = Work(NONE, NONE, NONE)
    looks = looks_at(work)
    for _ in range(2):
        looks.step(NOW_MS, (0, 1))
    work.found = (behind(NOW_MS), behind(NOW_MS), NONE)
    looks.wake([2])
    looks.step(NOW_MS + 1, (0, 1))
    assert not looks.busy
    looks.wake([1, 2])
    looks.step(NOW_MS + 1, (0, 1))
    found = looks.step(NOW_MS + 1, (0, 1))
    assert found is not None
    assert list(found.due_ms) == [1]
    work.found = (NONE, NONE, NONE)
    for _ in range(2):
        looks.step(NOW_MS + 2, (0, 1))
    assert looks.next_ms == NOW_MS + 2 + MAX_SLEEP_MS


def test_a_store_that_is_away_is_left_alone() -> None:
    class Away(Work):
        def heads(self, partitions: list[int]) -> list[Heads]:
            raise StoreUnavailable

    looks = looks_at(Away(NONE))
    looks.step(NOW_MS)
    with pytest.raises(StoreUnavailable):
        looks.step(NOW_MS)
    looks.pause_until(NOW_MS + 250)
    looks.step(NOW_MS + 249)
    assert not looks.busy
    looks.step(NOW_MS + 250)
    assert looks.busy
