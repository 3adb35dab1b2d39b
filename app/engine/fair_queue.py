"""A queue that gives every lane its turn: who has queued much holds up only itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from app.domain.weights import EQUAL, LaneWeights

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """First in, first out within a lane; the lanes take turns, as many items as their weight."""

    def __init__(self, weights: LaneWeights = EQUAL) -> None:
        self._weights = None if weights.are_equal else weights
        self._taken = 0
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
        self._size -= 1
        self._taken += 1
        if not queue:
            del self._lanes[lane]
        elif self._weights is not None and self._taken < self._weights.of(lane):
            self._turns.appendleft(lane)
            return item
        else:
            self._turns.append(lane)
        self._taken = 0
        return item

    def take(self, most: int) -> Iterator[Item]:
        """Remove and yield items in their turn, at most so many."""
        for _ in range(min(most, self._size)):
            yield self.pop()

    def clear(self) -> list[Item]:
        """Remove and return all items."""
        return list(self.take(self._size))
