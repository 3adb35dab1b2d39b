"""How many occurrences one call claims: fewer while that keeps other tenants waiting.

What is due within ``AHEAD_MS`` is claimed ahead of its time. So nobody notices the time that a call
takes while that is half as long or less: what falls due during one call is claimed by the next,
before its moment. A long backlog makes calls long, as the store works for each occurrence. For the
tenant whose backlog it is that is right: fewer calls, more speed. It is wrong for the others.
"""

from __future__ import annotations

from app.engine.claim_ahead import AHEAD_MS
from app.store.calls import BATCH

LEAST = 64
"""A call never takes fewer: what is the same for each call would count."""

SLOW_MS, QUICK_MS = AHEAD_MS // 2, AHEAD_MS // 5
"""Where calls take longer, they are halved; where they are quicker, doubled."""

LOOKED_AT = 4
"""So many calls of a size are looked at together: one alone may have been held up by anything."""

SHARED_MS = 10_000
"""How long after claims of several tenants others are still expected."""

SMALL = 16
"""What a call that claims no more takes is what every call takes: a small one is no help where that
is much, as with a slow disk. Speed would be lost for nothing."""


class ClaimSize:
    """How many one call may claim at most, ``most``; it learns from each call."""

    def __init__(self) -> None:
        self.most = BATCH
        self._size = BATCH
        """What is right beside other tenants, also while there are none."""
        self._shared_until_ms = 0
        self._took_ms: list[int] = []
        self._small_ms: float | None = None

    def learn(self, claimed: int, took_ms: int, now_ms: int, *, lanes: int) -> None:
        """Learn from a call for any lane that took so long; ``lanes`` have claims under way."""
        if lanes > 1:
            self._shared_until_ms = now_ms + SHARED_MS
        is_shared = now_ms < self._shared_until_ms
        if claimed <= SMALL:
            # (The quicker ones say it: others have waited for something else.)
            before_ms = took_ms if self._small_ms is None else self._small_ms
            self._small_ms = min(took_ms, before_ms + (took_ms - before_ms) / 16)
        elif is_shared and claimed * 4 >= self._size * 3:
            # (Less may have been asked for than is allowed, as the window is full.)
            self._took_ms.append(took_ms)
            if len(self._took_ms) >= LOOKED_AT:
                self._decide()
        self.most = self._size if is_shared else BATCH

    def _decide(self) -> None:
        _, *middle, _ = sorted(self._took_ms)
        typical_ms, self._took_ms = sum(middle) / len(middle), []
        if typical_ms < QUICK_MS or (self._small_ms or 0) > SLOW_MS / 2:
            self._size = min(self._size * 2, BATCH)
        elif typical_ms > SLOW_MS:
            self._size = max(self._size // 2, LEAST)
