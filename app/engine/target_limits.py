"""Adaptive concurrency limits: one for each target of a drain, so that a slow one blocks no other.

A target is the scheme, host and port of a URL. Its limit grows with quick or successful answers
and shrinks while there are none, as TCP's congestion window does. A request that takes longer than
``SLOW_MS`` no longer counts in the drain's concurrency, only in its target's limit. Claims that a
target can't take soon are returned to be deferred.

The lanes of tenants take turns, and within a lane its targets. A lane that has little in flight may
start a little more than the concurrency allows: no other lane can take all that there is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from app.domain.weights import EQUAL, LaneWeights
from app.engine.target_limit import MIN_LIMIT, SLOW_MS, TargetLimit
from app.store.claims import Claim

FIRST_SHARE = 4
"""A target's first limit is the drain's concurrency divided by this."""

SLOW_FACTOR = 4
"""All slow requests together may be this many times the drain's concurrency."""

QUEUE_FACTOR = 2
"""A stalled target keeps this many times its limit waiting; the rest is deferred."""

FORGET_MS = 15_000
"""How often the targets are forgotten to which nothing is sent."""

BRIEFLY_STALLED_MS = 20
"""A target at its limit for which no request ended for so long needs no more claims for now."""

FOR_OTHERS = 4
"""The concurrency divided by this is added for lanes that have little in flight."""

LITTLE = 8
"""Less in flight than the concurrency divided by this is little."""


def most_in_flight(concurrency: int) -> int:
    """How many requests a drain of this concurrency may have in flight, slow ones included."""
    return (concurrency + concurrency // FOR_OTHERS) * (1 + SLOW_FACTOR)


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
class LaneShare:
    """What one lane has in flight, and the targets for which claims of it wait, in turn."""

    lane: int
    weight: int
    little: int
    """With less in flight, it may start a little more than the concurrency allows."""
    in_flight: int = 0
    started: int = 0
    """How many it has started in its turn."""
    targets: deque[TargetLimit] = field(default_factory=deque)

    def take(self) -> tuple[Claim, TargetLimit] | None:
        """Remove and return the claim whose turn it is, and its target; ``None``: all are full."""
        for _ in range(len(self.targets)):
            limit = self.targets[0]
            if not limit.is_full:
                claims = limit.by_lane[self.lane]
                claim = claims.popleft()
                if claims:
                    self.targets.rotate(-1)
                else:
                    self.targets.popleft()
                    del limit.by_lane[self.lane]
                return claim, limit
            self.targets.rotate(-1)
        return None


@dataclass(slots=True, eq=False)
class InFlightRequest:
    """A request that was started and has no outcome yet."""

    claim: Claim
    limit: TargetLimit
    started_ms: int
    share: LaneShare
    is_slow: bool = False
    has_ended: bool = False


class TargetLimits:
    """The limits of all targets of one drain, and the claims that wait for their target."""

    def __init__(self, concurrency: int, weights: LaneWeights = EQUAL) -> None:
        self._concurrency = concurrency
        self._weights = weights
        self._limits: dict[str, TargetLimit] = {}
        self._lanes: dict[int, LaneShare] = {}
        self._turns: deque[LaneShare] = deque()
        self._by_start: deque[InFlightRequest] = deque()
        self._forget_ms = 0
        self._quick = 0
        self._slow = 0

    @property
    def waiting(self) -> int:
        """How many claims wait for their target."""
        return sum(limit.waiting for limit in self._with_claims())

    def add(self, claim: Claim, target: str) -> None:
        """Queue a claim for its target."""
        limit = self._limits.get(target)
        if limit is None:
            first = max(self._concurrency / FIRST_SHARE, MIN_LIMIT)
            limit = self._limits[target] = TargetLimit(target, first)
        lane = claim.lane
        share = self._lanes.get(lane)
        if share is None:
            share = self._lanes[lane] = self._new_share(lane)
        if not share.targets:
            self._turns.append(share)
        claims = limit.by_lane.get(lane)
        if claims is None:
            claims = limit.by_lane[lane] = deque()
            share.targets.append(limit)
        claims.append(claim)

    def start_ready(self, now_ms: int, most: int | None = None) -> list[InFlightRequest]:
        """Return the requests that may start now, at most so many.

        Lane after lane in turn, as many as its weight, and in each target after target. They count
        as in flight from then on.
        """
        started: list[InFlightRequest] = []
        held_up: list[LaneShare] = []
        while self._turns and (most is None or len(started) < most):
            share = self._turns.popleft()
            found = share.take() if self._may_start(share) else None
            if found is None:
                held_up.append(share)
                continue
            claim, limit = found
            request = InFlightRequest(claim, limit, now_ms, share)
            if limit.in_flight == 0:
                limit.progress_ms = now_ms
            limit.in_flight += 1
            share.in_flight += 1
            self._quick += 1
            self._by_start.append(request)
            share.started += 1
            if share.targets and share.started < share.weight:
                self._turns.appendleft(share)
            else:
                share.started = 0
                if share.targets:
                    self._turns.append(share)
            started.append(request)
        self._turns.extend(held_up)
        return started

    def _new_share(self, lane: int) -> LaneShare:
        # (All weights together would be too much: what is little for the greatest is for nobody.)
        little, weight = self._concurrency // LITTLE, self._weights.of(lane)
        if weight < self._weights.greatest:
            little = max(little * weight // self._weights.greatest, 1)
        return LaneShare(lane, weight, little)

    def _may_start(self, share: LaneShare) -> bool:
        most = self._concurrency
        if share.in_flight < share.little:
            most += most // FOR_OTHERS
        return self._quick < most and self._slow < SLOW_FACTOR * most

    def mark_slow(self, now_ms: int) -> list[InFlightRequest]:
        """Take the requests that have become slow out of the concurrency; returns which."""
        if now_ms >= self._forget_ms:
            self._forget_ms = now_ms + FORGET_MS
            self.forget_idle()
        marked = []
        while self._by_start and (
            self._by_start[0].has_ended or now_ms - self._by_start[0].started_ms >= SLOW_MS
        ):
            request = self._by_start.popleft()
            if not request.has_ended:
                request.is_slow = True
                request.limit.shrink(now_ms)
                self._quick -= 1
                self._slow += 1
                marked.append(request)
        return marked

    def end(self, request: InFlightRequest, now_ms: int, *, succeeded: bool) -> None:
        """Count a request as ended, and let its target's limit learn from it."""
        request.has_ended = True
        request.limit.in_flight -= 1
        request.share.in_flight -= 1
        took_ms = now_ms - request.started_ms
        request.limit.grow(now_ms, took_ms, succeeded=succeeded, most=self._concurrency)
        if request.is_slow:
            self._slow -= 1
        else:
            self._quick -= 1

    def stalled(self, now_ms: int) -> int:
        """How many claims wait for targets that are stalled, if only briefly."""
        return sum(
            limit.waiting
            for limit in self._with_claims()
            if limit.is_stalled(now_ms, BRIEFLY_STALLED_MS)
        )

    def take_surplus(self, now_ms: int) -> Iterator[tuple[Claim, int]]:
        """Remove the claims that a stalled target can't take soon, of the longest lanes first.

        Yields each with the milliseconds to defer it for.
        """
        for limit in self._with_claims():
            if limit.is_stalled(now_ms):
                keep = max(int(limit.limit) * QUEUE_FACTOR, MIN_LIMIT)
                for position in reversed(range(limit.waiting - keep)):
                    lane = max(limit.by_lane, key=lambda one: len(limit.by_lane[one]))
                    claim = limit.by_lane[lane].pop()
                    if not limit.by_lane[lane]:
                        self._forget_waiting(limit, lane)
                    yield claim, limit.defer_ms(position, now_ms)

    def forget_idle(self) -> None:
        """Forget the targets and lanes without claims and requests: there may be ever more."""
        self._limits = {
            target: limit
            for target, limit in self._limits.items()
            if limit.by_lane or limit.in_flight
        }
        self._lanes = {
            lane: share for lane, share in self._lanes.items() if share.targets or share.in_flight
        }

    def clear_target(self, limit: TargetLimit) -> list[Claim]:
        """Remove and return the claims that wait for one target."""
        waiting = [claim for claims in limit.by_lane.values() for claim in claims]
        for lane in list(limit.by_lane):
            self._forget_waiting(limit, lane)
        return waiting

    def clear(self) -> list[Claim]:
        """Remove and return all claims that wait."""
        return [claim for limit in self._with_claims() for claim in self.clear_target(limit)]

    def _with_claims(self) -> list[TargetLimit]:
        limits = (limit for share in self._turns for limit in share.targets)
        return list(dict.fromkeys(limits))

    def _forget_waiting(self, limit: TargetLimit, lane: int) -> None:
        """Take a target out of the turns of a lane of which no claim waits for it any more."""
        del limit.by_lane[lane]
        share = self._lanes[lane]
        share.targets.remove(limit)
        if not share.targets:
            self._turns.remove(share)
