"""Work that concerns several partitions, cut into parts that concern one each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
