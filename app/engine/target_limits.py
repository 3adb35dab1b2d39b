"""Adaptive concurrency limits: one for each target of a drain, so that a slow one blocks no other.

A target is the scheme, host and port of a URL. Its limit grows with quick or successful answers
and shrinks while there are none, as TCP's congestion window does. A request that takes longer than
``SLOW_MS`` no longer counts in the drain's concurrency, only in its target's limit. Claims that a
target can't take soon are returned to be deferred.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from app.store.claims import Claim

SLOW_MS = 1_000
"""A request that takes longer is slow; most receivers answer in a tenth of it."""

FIRST_SHARE = 4
"""A target's first limit is the drain's concurrency divided by this."""

MIN_LIMIT = 2
"""The smallest limit of a target: with none in flight it could never show that it has recovered."""

SLOW_FACTOR = 4
"""All slow requests together may be this many times the drain's concurrency."""

QUEUE_FACTOR = 2
"""A stalled target keeps this many times its limit waiting; the rest is deferred."""

STALLED_MS = 150
"""A target at its limit for which no request ended for so long defers what it can't take soon."""

BRIEFLY_STALLED_MS = 20
"""A target at its limit for which no request ended for so long needs no more claims for now."""

MIN_DEFER_MS = 500
"""The shortest deferral: each one is a release and another claim for the store."""

MAX_DEFER_MS = 15_000
"""The longest deferral: the occurrence then finds out whether its target has recovered."""


@lru_cache(maxsize=8192)
def target_of(url: str) -> str:
    """The target that a URL belongs to, as in ``https://example.com:443``.

    What is not reached at a URL is a target by itself.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


@dataclass(slots=True, eq=False)
class TargetLimit:
    """How many requests one target may have in flight, and the claims that wait for it."""

    target: str
    limit: float
    waiting: deque[Claim] = field(default_factory=deque)
    in_flight: int = 0
    took_ms: float = 100.0
    """How long a request takes, as a moving average."""
    progress_ms: int = 0
    """When a request last ended, or the first was started."""
    slowed_ms: int = -SLOW_MS
    """When the limit last shrank."""

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


@dataclass(slots=True, eq=False)
class InFlightRequest:
    """A request that was started and has no outcome yet."""

    claim: Claim
    limit: TargetLimit
    started_ms: int
    is_slow: bool = False
    has_ended: bool = False


class TargetLimits:
    """The limits of all targets of one drain, and the claims that wait for their target."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._limits: dict[str, TargetLimit] = {}
        self._with_claims: deque[TargetLimit] = deque()
        self._by_start: deque[InFlightRequest] = deque()
        self._quick = 0
        self._slow = 0

    @property
    def waiting(self) -> int:
        """How many claims wait for their target."""
        return sum(len(limit.waiting) for limit in self._with_claims)

    def add(self, claim: Claim, target: str) -> None:
        """Queue a claim for its target."""
        limit = self._limits.get(target)
        if limit is None:
            first = max(self._concurrency / FIRST_SHARE, MIN_LIMIT)
            limit = self._limits[target] = TargetLimit(target, first)
        if not limit.waiting:
            self._with_claims.append(limit)
        limit.waiting.append(claim)

    def start_ready(self, now_ms: int) -> Iterator[InFlightRequest]:
        """Yield the requests that may start now, target after target in turn.

        Each counts as in flight from then on.
        """
        full: list[TargetLimit] = []
        while self._with_claims and self._quick < self._concurrency:
            limit = self._with_claims.popleft()
            if limit.is_full or self._slow >= SLOW_FACTOR * self._concurrency:
                full.append(limit)
                continue
            request = InFlightRequest(limit.waiting.popleft(), limit, now_ms)
            if limit.in_flight == 0:
                limit.progress_ms = now_ms
            limit.in_flight += 1
            self._quick += 1
            self._by_start.append(request)
            if limit.waiting:
                self._with_claims.append(limit)
            yield request
        self._with_claims.extend(full)

    def mark_slow(self, now_ms: int) -> int:
        """Take the requests that have become slow out of the concurrency; returns how many."""
        marked = 0
        while self._by_start and (
            self._by_start[0].has_ended or now_ms - self._by_start[0].started_ms >= SLOW_MS
        ):
            request = self._by_start.popleft()
            if not request.has_ended:
                request.is_slow = True
                request.limit.shrink(now_ms)
                self._quick -= 1
                self._slow += 1
                marked += 1
        return marked

    def end(self, request: InFlightRequest, now_ms: int, *, succeeded: bool) -> None:
        """Count a request as ended, and let its target's limit learn from it."""
        request.has_ended = True
        request.limit.in_flight -= 1
        took_ms = now_ms - request.started_ms
        request.limit.grow(now_ms, took_ms, succeeded=succeeded, most=self._concurrency)
        if request.is_slow:
            self._slow -= 1
        else:
            self._quick -= 1

    def stalled(self, now_ms: int) -> int:
        """How many claims wait for targets that are stalled, if only briefly."""
        return sum(
            len(limit.waiting)
            for limit in self._with_claims
            if limit.is_stalled(now_ms, BRIEFLY_STALLED_MS)
        )

    def take_surplus(self, now_ms: int) -> Iterator[tuple[Claim, int]]:
        """Remove the claims that a stalled target can't take soon.

        Yields each with the milliseconds to defer it for.
        """
        for limit in self._with_claims:
            if limit.is_stalled(now_ms):
                keep = max(int(limit.limit) * QUEUE_FACTOR, MIN_LIMIT)
                for position in reversed(range(len(limit.waiting) - keep)):
                    yield limit.waiting.pop(), limit.defer_ms(position, now_ms)

    def forget_idle(self) -> None:
        """Forget the targets without claims and requests: there may be ever more of them."""
        self._limits = {
            target: limit
            for target, limit in self._limits.items()
            if limit.waiting or limit.in_flight
        }

    def clear_target(self, limit: TargetLimit) -> list[Claim]:
        """Remove and return the claims that wait for one target."""
        waiting = list(limit.waiting)
        if waiting:
            limit.waiting.clear()
            self._with_claims.remove(limit)
        return waiting

    def clear(self) -> list[Claim]:
        """Remove and return all claims that wait."""
        waiting = [claim for limit in self._with_claims for claim in limit.waiting]
        for limit in self._with_claims:
            limit.waiting.clear()
        self._with_claims.clear()
        return waiting
