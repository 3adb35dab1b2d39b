"""A buffer of items that wait to be written to the store, one queue for each partition."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from app.domain import ids
from app.store.calls import Deferral, Record

Item = TypeVar("Item", Record, Deferral)


class WriteBuffer(Generic[Item]):
    """Items of one kind, in the order they came, by the partition they belong to."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Item]] = {}
        self.size = 0
        self.since_ms = 0
        """Since when the oldest item waits, ms UTC; without meaning while there is none."""

    def put(self, item: Item) -> None:
        """Add an item."""
        partition = ids.partition_of_occurrence(item.occurrence_id)
        self._waiting.setdefault(partition, deque()).append(item)
        self.size += 1

    def most(self) -> int:
        """How many items the fullest partition has."""
        return max(map(len, self._waiting.values()), default=0)

    def take(self, limit: int) -> tuple[int, list[Item]]:
        """Remove at most ``limit`` items of the fullest partition; returns it and them."""
        partition = max(self._waiting, key=lambda one: len(self._waiting[one]))
        waiting = self._waiting[partition]
        taken = [waiting.popleft() for _ in range(min(limit, len(waiting)))]
        self.size -= len(taken)
        if not waiting:
            del self._waiting[partition]
        return partition, taken
