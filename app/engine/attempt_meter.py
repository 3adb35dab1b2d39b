"""Counts what became of attempts, how late they were and where their time went.

It is called for every delivery. So an attempt is only noted, and many are counted together: a loop
over many costs half of what as many calls do, between which a delivery does a lot of other things.
"""

from __future__ import annotations

import threading
from collections import deque

from app.domain.action import CANARY
from app.domain.outcome import Outcome, Timings
from app.engine.group_meter import GroupMeter
from app.metrics import catalogue
from app.metrics.registry import Registry
from app.store.claims import Claim

SUCCESS = "ok"
"""The result of an attempt that succeeded; the others are the words of ``Outcome.error``."""

NO_STATUS = "none"
CLASSES = (NO_STATUS, *(f"{hundred}xx" for hundred in range(1, 10)))

TOGETHER = 128
"""So many are counted together, or fewer when somebody reads the counts."""


class AttemptMeter:
    """The attempts of one process; its drains use it one after another."""

    def __init__(self, registry: Registry, groups: GroupMeter | None = None) -> None:
        self.groups = groups or GroupMeter(registry)
        """Counts the same by tag and by host."""

        self._attempts = registry.tally(catalogue.ATTEMPTS)
        self._lateness = registry.buckets(catalogue.LATENESS)
        self._connecting = [
            registry.buckets(catalogue.RECEIVER, phase) for phase in ("dns", "connect", "tls")
        ]
        self._wait = registry.buckets(catalogue.RECEIVER, "wait")
        self._read = registry.buckets(catalogue.RECEIVER, "read")
        self._noted = deque[tuple[str, str | None, int, bool, Timings]]()
        self._lock = threading.Lock()
        registry.before_reading.append(self.count)

    def note(self, claim: Claim, outcome: Outcome) -> None:
        """Note an attempt that has ended."""
        # (The lateness of canaries has a metric of its own.)
        noted, kind = self._noted, claim.action.kind
        is_first = claim.attempt == 1 and kind != CANARY
        noted.append(
            (
                kind,
                outcome.error,
                outcome.status_code or 0,
                is_first,
                outcome.timings,
            )
        )
        if self.groups.is_on and is_first:
            timings = outcome.timings
            self.groups.note_lateness(claim, timings.started_us - timings.due_us)
        if len(noted) >= TOGETHER:
            self.count()

    def count(self) -> None:
        """Count what was noted; any thread may call it."""
        attempts, lateness, wait, read = self._attempts, self._lateness, self._wait, self._read
        pop = self._noted.popleft
        with self._lock:
            for _ in range(len(self._noted)):
                kind, error, code, is_first, timings = pop()
                due, started, done, first, dns, connect, tls = timings
                attempts[kind, error or SUCCESS, CLASSES[code // 100 % 10]] += 1
                if is_first:
                    lateness.add(started - due)
                if dns is not None or connect is not None or tls is not None:
                    started += self._connected(dns, connect, tls)
                if first is not None:
                    wait.add(first - started)
                    read.add(done - first)

    def _connected(self, *phases: int | None) -> int:
        """Count the phases of a new connection; returns what they took together."""
        for buckets, took in zip(self._connecting, phases, strict=True):
            if took is not None:
                buckets.add(took)
        return sum(took or 0 for took in phases)
