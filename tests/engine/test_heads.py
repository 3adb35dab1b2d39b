"""When a drain looks again, and what it does at once for what it sees."""

from __future__ import annotations

from typing import Any, cast

from app.engine.heads import MAX_SLEEP_MS, look_at_heads
from app.store.work import Heads
from tests.support.clock import NOW_MS

NONE = Heads(None, None, None, None)


class Work:
    """Has the heads that a test says, and notes which partitions' leases were released."""

    def __init__(self, *heads: Heads) -> None:
        self.found = heads
        self.reclaimed: list[int] = []

    def heads(self) -> tuple[Heads, ...]:
        return self.found

    def reclaim_expired(self, partition: int, _now_ms: int) -> None:
        self.reclaimed.append(partition)


def look(work: Work, *, reclaims: bool = True, overdue: list[int] | None = None) -> Any:
    told = [] if overdue is None else overdue
    return look_at_heads(
        cast("Any", work),
        lambda partition, _now_ms: told.append(partition) or 0,
        NOW_MS,
        50,
        reclaims=reclaims,
    )


def test_with_nothing_to_come_it_looks_now_and_then() -> None:
    assert look(Work(NONE, NONE)) == (NOW_MS + MAX_SLEEP_MS, [])


def test_it_looks_before_the_first_is_due_in_any_partition() -> None:
    work = Work(NONE, Heads(NOW_MS + 90, None, None, None), Heads(NOW_MS + 70, None, None, None))
    assert look(work).next_ms == NOW_MS + 20


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
    assert look(Work(NONE, Heads(None, None, None, NOW_MS + 5))).flow_ms == [NOW_MS + 5]
