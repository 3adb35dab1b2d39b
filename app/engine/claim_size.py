"""How many occurrences one call claims: fewer while that keeps other tenants waiting.

What is due within ``AHEAD_MS`` is claimed ahead of its time. So nobody notices the time that a call
takes while that is half as long or less: what falls due during one call is claimed by the next,
before its moment. A long backlog makes calls long, as the store works for each occurrence. For the
tenant whose backlog it is that is right: fewer calls, more speed. It is wrong for the others.
"""

from __future__ import annotations

from app.engine.claim_times import AHEAD_MS
from app.store.calls import BATCH

LEAST = 64
"""A call never takes fewer: what is the same for each call would count."""

SLOW_MS, QUICK_MS = AHEAD_MS // 2, AHEAD_MS // 5
"""Where calls take longer, they are halved; where they are quicker, doubled."""

LOOKED_AT = 4
"""So many calls of a size are looked at together: one alone may have been held up by anything."""

SHARED_MS = 10_000
"""How long after claims of several tenants others are still expected; and how long it is known that
smaller calls do not help."""

WORTH = 0.7
"""With half the size, calls are to claim so much of what they did, in the same time: else what
takes so long is not the size. A slow disk takes as long for a small call."""


class ClaimSize:
    """How many one call may claim at most, ``most``; it learns from each call."""

    def __init__(self) -> None:
        self.most = BATCH
        self._shared_until_ms = self._in_vain_until_ms = 0
        self._calls = self._claimed = self._took_ms = 0
        self._rate_before = 0.0

    def learn(self, claimed: int, took_ms: int, now_ms: int, *, lanes: int) -> None:
        """Learn from a call for any lane that took so long; ``lanes`` have claims under way."""
        if lanes > 1:
            self._shared_until_ms = now_ms + SHARED_MS
        if now_ms >= self._shared_until_ms:
            self._change(BATCH)
        elif claimed * 4 >= self.most * 3:  # (Less may have been asked for, as the window is full.)
            self._calls += 1
            self._claimed += claimed
            self._took_ms += took_ms
            if self._calls == LOOKED_AT:
                self._decide(now_ms)

    def _decide(self, now_ms: int) -> None:
        took_ms, rate = self._took_ms / self._calls, self._claimed / max(self._took_ms, 1)
        if rate < WORTH * self._rate_before:
            self._in_vain_until_ms = now_ms + SHARED_MS
            self._change(self.most * 2)
        elif took_ms > SLOW_MS and now_ms >= self._in_vain_until_ms:
            self._change(self.most // 2, rate)
        elif took_ms < QUICK_MS:
            self._change(self.most * 2)
        else:
            self._change(self.most)

    def _change(self, most: int, rate_before: float = 0.0) -> None:
        self.most = min(max(most, LEAST), BATCH)
        self._calls = self._claimed = self._took_ms = 0
        self._rate_before = rate_before
