"""Work that is too much for one call, cut into parts: of one partition each, or of some size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def by_partition(
    items: Iterable[Item], partition_of: Callable[[Item], int]
) -> dict[int, list[Item]]:
    """Group items by their partition; each group keeps their order."""
    grouped: dict[int, list[Item]] = {}
    for item in items:
        grouped.setdefault(partition_of(item), []).append(item)
    return grouped


def in_slices(
    items: Iterable[Item], most: int, size_of: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Cut items into lists, in order; a list ends once its items have a size of ``most`` in all."""
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += size_of(item)
        if size >= most:
            yield some
            some, size = [], 0
    if some:
        yield some
