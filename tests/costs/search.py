"""Climbing from request to request: what costs most is changed again."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field, replace

from tests.costs import grammar
from tests.costs.meter import MAX_CPU_MS, Cost, Meter
from tests.costs.mutations import mutated
from tests.costs.requests import Request

_log = logging.getLogger(__name__)

KEPT = 8
"""The worst of each kind that go on."""

_LOOKS_HEAVY_MS = 50
_LOOKS_HEAVY_BYTES = 500_000
_MAX_FILE = 1_048_576


@dataclass(order=True)
class Found:
    """A request, and the least that it has cost."""

    share: float
    cost: Cost = field(compare=False)
    request: Request = field(compare=False)


class Search:
    """Keeps the worst requests of each kind."""

    def __init__(self, meter: Meter, seed: int) -> None:
        self._meter = meter
        self._rng = random.Random(seed)
        self._worst: dict[str, list[Found]] = {kind: [] for kind in grammar.KINDS}
        self.tried = 0

    def begin_with(self, seeds: dict[str, list[Request]]) -> None:
        """Measure what was found once."""
        for kind, requests in seeds.items():
            for request in requests:
                self._try(kind, request)

    def run(self, *, seconds: float = 0, tries: int = 0) -> None:
        """Search for so long, or so many requests of each kind."""
        ends = time.monotonic() + seconds
        rounds = 0
        while time.monotonic() < ends if seconds else rounds < tries:
            rounds += 1
            for kind in grammar.KINDS:
                self._try(kind, self._next(kind))

    def worst(self) -> dict[str, list[Found]]:
        """The worst of each kind, the worst first."""
        return {kind: sorted(found, reverse=True) for kind, found in self._worst.items()}

    def _next(self, kind: str) -> Request:
        rng, found = self._rng, self._worst[kind]
        if not found or rng.random() < 0.2:
            return grammar.KINDS[kind](rng)
        # Of two the worse one, mostly.
        parent = max(rng.choice(found), rng.choice(found))
        others = [one.request for one in found]
        others += [one.request for one in self._worst[rng.choice(list(self._worst))]]
        return mutated(rng, parent.request, others)

    def _try(self, kind: str, request: Request) -> None:
        limit = _MAX_FILE if request.media == "text/calendar" else self._meter.max_bytes
        if len(request.raw) > limit:
            return
        self.tried += 1
        cost = self._meter.cost(request)
        found = self._worst[kind]
        lowest = min(found).share if len(found) >= KEPT else 0.0
        if cost.cpu_ms / MAX_CPU_MS <= lowest and cost.answered < _LOOKS_HEAVY_BYTES:
            return
        cost = self._meter.least(request, cost)
        looks_heavy = cost.cpu_ms > _LOOKS_HEAVY_MS or cost.answered > _LOOKS_HEAVY_BYTES
        if looks_heavy and cost.cpu_ms <= MAX_CPU_MS:
            cost = replace(cost, megabytes=self._meter.megabytes(request))
        if cost.share > 1:
            _log.warning("%s: %.0f ms, %.1f MB", kind, cost.cpu_ms, cost.megabytes)
        found.append(Found(cost.share, cost, request))
        found.sort(reverse=True)
        del found[KEPT:]
