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
        self._by_ms: dict[int, int] = {}
        self.size = 0

    @property
    def by_ms(self) -> int | None:
        """By when the first of them is to be written, ms UTC; ``None`` if there is none."""
        return min(self._by_ms.values(), default=None)

    def is_due(self, now_ms: int) -> bool:
        """Whether some are to be written by now."""
        return any(by_ms <= now_ms for by_ms in self._by_ms.values())

    def put(self, item: Item, by_ms: int) -> None:
        """Add an item that is to be written by a moment, ms UTC, with all of its partition."""
        partition = ids.partition_of_occurrence(item.occurrence_id)
        self._waiting.setdefault(partition, deque()).append(item)
        self._by_ms[partition] = min(by_ms, self._by_ms.get(partition, by_ms))
        self.size += 1

    def most(self) -> int:
        """How many items the fullest partition has."""
        return max(map(len, self._waiting.values()), default=0)

    def take_all(self, limit: int, now_ms: int, until_ms: int) -> list[tuple[int, list[Item]]]:
        """Remove items of several partitions, at most ``limit`` in all; returns them with these.

        First those that ``take`` returns, then others that are to be written by ``until_ms``.
        """
        taken = [self.take(limit, now_ms)]
        limit -= len(taken[0][1])
        while limit > 0 and min(self._by_ms.values(), default=until_ms + 1) <= until_ms:
            taken.append(self.take(limit, until_ms))
            limit -= len(taken[-1][1])
        return taken

    def take(self, limit: int, now_ms: int) -> tuple[int, list[Item]]:
        """Remove at most ``limit`` items of one partition; returns it and them.

        It is the one whose moment came first, or the fullest if none has come.
        """
        partition = min(self._by_ms, key=lambda one: self._by_ms[one])
        if self._by_ms[partition] > now_ms:
            partition = max(self._waiting, key=lambda one: len(self._waiting[one]))
        waiting = self._waiting[partition]
        taken = [waiting.popleft() for _ in range(min(limit, len(waiting)))]
        self.size -= len(taken)
        if not waiting:
            del self._waiting[partition], self._by_ms[partition]
        return partition, taken
