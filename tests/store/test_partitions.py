"""Work for several partitions is cut into parts, each in the order it came."""

from __future__ import annotations

import pytest

from app.store.partitions import by_partition, in_slices


def test_each_partition_gets_its_items_in_their_order() -> None:
    assert by_partition([5, 2, 3, 8, 1], lambda number: number % 2) == {1: [5, 3, 1], 0: [2, 8]}


def test_nothing_needs_no_partition() -> None:
    assert by_partition([], lambda _: 0) == {}


@pytest.mark.parametrize(
    ("sizes", "slices"),
    [([], []), ([9], [[9]]), ([2, 3, 0, 5, 1], [[2, 3], [0, 5], [1]]), ([0, 0], [[0, 0]])],
)
def test_a_slice_ends_with_what_makes_it_large_enough(
    sizes: list[int], slices: list[list[int]]
) -> None:
    assert list(in_slices(sizes, 5, int)) == slices
