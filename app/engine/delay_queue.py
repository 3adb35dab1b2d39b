"""Claims that were made before they are due; they are sent to the millisecond when they are."""

from __future__ import annotations

import heapq
import itertools

from app.store.claims import Claim


class DelayQueue:
    """A queue of claims by due time, the earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Claim]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_ms(self) -> int | None:
        """When the first is due, ms UTC; ``None`` if there is none."""
        return self._heap[0][0] if self._heap else None

    @property
    def next_claim(self) -> Claim | None:
        """The first that is due."""
        return self._heap[0][2] if self._heap else None

    def add(self, due_ms: int, claim: Claim) -> None:
        """Queue a claim that is due at ``due_ms``, UTC."""
        heapq.heappush(self._heap, (due_ms, next(self._order), claim))

    def due(self, now_ms: int) -> list[Claim]:
        """Remove and return the claims that are due."""
        found = []
        while self._heap and self._heap[0][0] <= now_ms:
            found.append(heapq.heappop(self._heap)[2])
        return found

    def clear(self) -> list[Claim]:
        """Remove and return all claims."""
        left = [claim for _, _, claim in self._heap]
        self._heap.clear()
        return left
