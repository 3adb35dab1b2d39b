"""The adaptive concurrency limit of one target, and the claims that wait for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from app.store.claims import Claim

SLOW_MS = 1_000
"""A request that takes longer is slow; most receivers answer in a tenth of it."""

MIN_LIMIT = 2
"""The smallest limit of a target: with none in flight it could never show that it has recovered."""

STALLED_MS = 150
"""A target at its limit for which no request ended for so long defers what it can't take soon."""

MIN_DEFER_MS = 500
"""The shortest deferral: each one is a release and another claim for the store."""

MAX_DEFER_MS = 15_000
"""The longest deferral: the occurrence then finds out whether its target has recovered."""


@dataclass(slots=True, eq=False)
class TargetLimit:
    """How many requests one target may have in flight, and the claims that wait for it."""

    target: str
    limit: float
    by_lane: dict[int, deque[Claim]] = field(default_factory=dict)
    """The claims that wait for it; no lane is without."""
    in_flight: int = 0
    took_ms: float = 100.0
    """How long a request takes, as a moving average."""
    progress_ms: int = 0
    """When a request last ended, or the first was started."""
    slowed_ms: int = -SLOW_MS
    """When the limit last shrank."""

    @property
    def waiting(self) -> int:
        """How many claims wait for it."""
        return sum(map(len, self.by_lane.values()))

    @property
    def is_full(self) -> bool:
        """Whether as many requests are in flight as the limit allows."""
        return self.in_flight >= int(self.limit)

    def is_stalled(self, now_ms: int, for_ms: int = STALLED_MS) -> bool:
        """Whether the target is at its limit and no request has ended for ``for_ms``."""
        return self.is_full and now_ms - self.progress_ms >= for_ms

    def grow(self, now_ms: int, took_ms: int, *, succeeded: bool, most: int) -> None:
        """Learn from a request that has ended; the limit grows to ``most`` at the most.

        It also grows if the answer was slow but a success: a target that takes its time and does
        its work gets more requests at once, so that its rate does not suffer.
        """
        self.progress_ms = now_ms
        self.took_ms += (took_ms - self.took_ms) / 8
        if succeeded or took_ms < SLOW_MS:
            self.limit = min(self.limit + 1, most)

    def shrink(self, now_ms: int) -> None:
        """Learn that a request has become slow; several within ``SLOW_MS`` count as one."""
        if now_ms - self.slowed_ms >= SLOW_MS:
            self.slowed_ms = now_ms
            self.limit = max(self.limit * 0.75, MIN_LIMIT)

    def defer_ms(self, position: int, now_ms: int) -> int:
        """How long to defer the claim at this position after those that stay."""
        # A request of a stalled target takes at least as long as the target has been stalled.
        # Without this the same claims would come back again and again and keep the store busy.
        took_ms = max(self.took_ms, now_ms - self.progress_ms)
        expected = took_ms * (position + 1) / max(self.limit, 1)
        return int(min(max(expected, MIN_DEFER_MS), MAX_DEFER_MS))
