"""Claims that are in hand before their moment, which is then met to the millisecond."""

from __future__ import annotations

import heapq
import itertools

from app.store.claims import Claim


class DelayQueue:
    """Holds claims and gives them up when their moment has come, the earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Claim]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_ms(self) -> int | None:
        """When the first is due, ms UTC; ``None`` if there is none."""
        return self._heap[0][0] if self._heap else None

    def add(self, moment_ms: int, claim: Claim) -> None:
        """Hold a claim until a moment, ms UTC."""
        heapq.heappush(self._heap, (moment_ms, next(self._order), claim))

    def due(self, now_ms: int) -> list[Claim]:
        """Return, and let go of, the claims whose moment has come."""
        found = []
        while self._heap and self._heap[0][0] <= now_ms:
            found.append(heapq.heappop(self._heap)[2])
        return found

    def clear(self) -> list[Claim]:
        """Give up all of them."""
        left = [claim for _, _, claim in self._heap]
        self._heap.clear()
        return left
