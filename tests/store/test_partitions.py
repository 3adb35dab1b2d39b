"""Work for several partitions is cut into parts, each in the order it came."""

from __future__ import annotations

from app.store.partitions import by_partition


def test_each_partition_gets_its_items_in_their_order() -> None:
    assert by_partition([5, 2, 3, 8, 1], lambda number: number % 2) == {1: [5, 3, 1], 0: [2, 8]}


def test_nothing_needs_no_partition() -> None:
    assert by_partition([], lambda _: 0) == {}
