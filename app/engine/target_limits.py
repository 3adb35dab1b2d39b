"""Fair shares of a drain's sending for each target, so that one that hangs takes no other's place.

Each target (scheme, host and port of the URL) has a lane with a limit of its own that grows with
answers that are quick or successful and shrinks while there are none, as TCP's congestion window
does. A request that takes longer than ``SLOW_MS`` leaves the drain's common concurrency and counts
against its lane alone. What a lane can't take on soon is handed back to be deferred.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from app.store.claims import Claim

SLOW_MS = 1_000
"""An exchange that takes longer is slow; most receivers answer in a tenth of it."""

FIRST_SHARE = 4
"""A target's first limit is this fraction of the whole concurrency."""

SMALLEST = 2
"""A slow target may always have this many requests in flight, or it could never show that it
has recovered."""

SLOW_FACTOR = 4
"""All slow requests together may be this many times the concurrency."""

QUEUE_FACTOR = 2
"""A lane keeps this many times its limit waiting; the rest is deferred."""

STALL_MS = 150
"""A lane that is full and in which nothing ended for so long can't take on more soon."""

STANDSTILL_MS = 20
"""A lane that is full and in which nothing ended for so long has all that it needs waiting."""

SHORTEST_DEFER_MS = 500
LONGEST_DEFER_MS = 15_000
"""A deferred occurrence comes back no later than this, to find out whether its target is well."""


@lru_cache(maxsize=8192)
def target_of(url: str) -> str:
    """The target that a URL belongs to, as in ``https://example.com:443``."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


@dataclass(slots=True, eq=False)
class TargetLimit:
    """One target's share."""

    target: str
    limit: float
    waiting: deque[Claim] = field(default_factory=deque)
    in_flight: int = 0
    took_ms: float = 100.0
    """What an exchange takes, smoothed."""
    progress_ms: int = 0
    """When an exchange last ended, or the first began."""
    slowed_ms: int = -SLOW_MS
    """When its limit last shrank."""

    def settled(self, now_ms: int, took_ms: int, *, succeeded: bool, ceiling: int) -> None:
        """Learn from an exchange that has ended.

        A target that takes its time, but does its work, is given more to do at once: its rate
        must not suffer from that.
        """
        self.progress_ms = now_ms
        self.took_ms += (took_ms - self.took_ms) / 8
        if succeeded or took_ms < SLOW_MS:
            self.limit = min(self.limit + 1, ceiling)

    def stalled(self, now_ms: int, since_ms: int = STALL_MS) -> bool:
        """Whether the lane is full and has stood still for so long."""
        return self.in_flight >= int(self.limit) and now_ms - self.progress_ms >= since_ms

    def slowed(self, now_ms: int) -> None:
        """Learn that an exchange has become slow; many at once say no more than one."""
        if now_ms - self.slowed_ms >= SLOW_MS:
            self.slowed_ms = now_ms
            self.limit = max(self.limit * 0.75, SMALLEST)

    def defer_ms(self, position: int, now_ms: int) -> int:
        """How long until a claim at this position of the surplus can hope for its turn."""
        # What stands still takes at least as long as it has stood: else the same claims would
        # come back again and again, and take the store's time from the others.
        took_ms = max(self.took_ms, now_ms - self.progress_ms)
        expected = took_ms * (position + 1) / max(self.limit, 1)
        return int(min(max(expected, SHORTEST_DEFER_MS), LONGEST_DEFER_MS))


@dataclass(slots=True, eq=False)
class InFlight:
    """A request under way."""

    claim: Claim
    lane: TargetLimit
    started_ms: int
    slow: bool = False
    ended: bool = False


class TargetLimits:
    """All lanes of one drain."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._lanes: dict[str, TargetLimit] = {}
        self._turns: deque[TargetLimit] = deque()
        self._young: deque[InFlight] = deque()
        self._quick = 0
        self._slow = 0

    @property
    def waiting(self) -> int:
        """How many claims wait for their turn."""
        return sum(len(lane.waiting) for lane in self._turns)

    def add(self, claim: Claim, target: str) -> None:
        """Queue a claim in its target's lane."""
        lane = self._lanes.get(target)
        if lane is None:
            first = max(self._concurrency / FIRST_SHARE, SMALLEST)
            lane = self._lanes[target] = TargetLimit(target, first)
        if not lane.waiting:
            self._turns.append(lane)
        lane.waiting.append(claim)

    def take(self, now_ms: int) -> Iterator[InFlight]:
        """Yield what may start now, one of each lane in turn; each is in flight from then on."""
        blocked: list[TargetLimit] = []
        while self._turns and self._quick < self._concurrency:
            lane = self._turns.popleft()
            if lane.in_flight >= int(lane.limit) or self._slow >= SLOW_FACTOR * self._concurrency:
                blocked.append(lane)
                continue
            flight = InFlight(lane.waiting.popleft(), lane, now_ms)
            if lane.in_flight == 0:
                lane.progress_ms = now_ms
            lane.in_flight += 1
            self._quick += 1
            self._young.append(flight)
            if lane.waiting:
                self._turns.append(lane)
            yield flight
        self._turns.extend(blocked)

    def age(self, now_ms: int) -> int:
        """Move what has become slow out of the common concurrency; returns how many did."""
        moved = 0
        while self._young and (
            self._young[0].ended or now_ms - self._young[0].started_ms >= SLOW_MS
        ):
            flight = self._young.popleft()
            if not flight.ended:
                flight.slow = True
                flight.lane.slowed(now_ms)
                self._quick -= 1
                self._slow += 1
                moved += 1
        return moved

    def end(self, flight: InFlight, now_ms: int, *, succeeded: bool) -> None:
        """Take a request that has ended out of the counts."""
        flight.ended = True
        flight.lane.in_flight -= 1
        took_ms = now_ms - flight.started_ms
        flight.lane.settled(now_ms, took_ms, succeeded=succeeded, ceiling=self._concurrency)
        if flight.slow:
            self._slow -= 1
        else:
            self._quick -= 1

    def standing(self, now_ms: int) -> int:
        """How many claims wait in lanes that stand still: they keep nobody busy."""
        return sum(len(one.waiting) for one in self._turns if one.stalled(now_ms, STANDSTILL_MS))

    def surplus(self, now_ms: int) -> Iterator[tuple[Claim, int]]:
        """Yield claims that their lane can't take on soon, and for how many ms to defer each."""
        for lane in self._turns:
            if lane.stalled(now_ms):
                keep = max(int(lane.limit) * QUEUE_FACTOR, SMALLEST)
                for position in reversed(range(len(lane.waiting) - keep)):
                    yield lane.waiting.pop(), lane.defer_ms(position, now_ms)

    def forget_idle(self) -> None:
        """Forget the targets for which there is nothing: there may be ever more of them."""
        busy = {t: lane for t, lane in self._lanes.items() if lane.waiting or lane.in_flight}
        self._lanes = busy

    def empty(self, lane: TargetLimit) -> list[Claim]:
        """Give up what waits in one lane."""
        waiting = list(lane.waiting)
        if waiting:
            lane.waiting.clear()
            self._turns.remove(lane)
        return waiting

    def clear(self) -> list[Claim]:
        """Give up everything that waits."""
        waiting = [claim for lane in self._turns for claim in lane.waiting]
        for lane in self._turns:
            lane.waiting.clear()
        self._turns.clear()
        return waiting
