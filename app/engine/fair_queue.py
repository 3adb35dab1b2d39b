"""A queue that gives every lane its turn: who has queued much holds up only itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """First in, first out within a lane; the lanes take turns, one item each."""

    def __init__(self) -> None:
        self._lanes: dict[int, deque[Item]] = {}
        self._turns: deque[int] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def lanes(self) -> int:
        """How many lanes have something queued."""
        return len(self._turns)

    def add(self, lane: int, item: Item) -> None:
        """Queue an item in a lane. A lane that had nothing is the last to have its turn."""
        queue = self._lanes.get(lane)
        if queue is None:
            queue = self._lanes[lane] = deque()
            self._turns.append(lane)
        queue.append(item)
        self._size += 1

    def pop(self) -> Item:
        """Remove and return the next item. Raises ``IndexError`` if there is none."""
        lane = self._turns.popleft()
        queue = self._lanes[lane]
        item = queue.popleft()
        if queue:
            self._turns.append(lane)
        else:
            del self._lanes[lane]
        self._size -= 1
        return item

    def take(self, most: int) -> Iterator[Item]:
        """Remove and yield items in their turn, at most so many."""
        for _ in range(min(most, self._size)):
            yield self.pop()

    def clear(self) -> list[Item]:
        """Remove and return all items."""
        return list(self.take(self._size))
