"""Counts what became of attempts, how late they were and where their time went.

It is called for every delivery, so it adds to plain numbers that it has looked up before.
"""

from __future__ import annotations

from app.domain.outcome import Outcome
from app.metrics import catalogue
from app.metrics.registry import Registry
from app.store.claims import Claim

SUCCESS = "ok"
"""The result of an attempt that succeeded; the others are the words of ``Outcome.error``."""

NO_STATUS = "none"
CLASSES = (NO_STATUS, *(f"{hundred}xx" for hundred in range(1, 10)))


class AttemptMeter:
    """The attempts of one process; its drains use it one after another."""

    def __init__(self, registry: Registry) -> None:
        self._attempts = registry.tally(catalogue.ATTEMPTS)
        self._lateness = registry.buckets(catalogue.LATENESS)
        self._connecting = [
            registry.buckets(catalogue.RECEIVER, phase) for phase in ("dns", "connect", "tls")
        ]
        self._wait = registry.buckets(catalogue.RECEIVER, "wait")
        self._read = registry.buckets(catalogue.RECEIVER, "read")

    def note(self, claim: Claim, outcome: Outcome) -> None:
        """Count an attempt that has ended."""
        due, started, done, first, dns, connect, tls = outcome.timings
        code = outcome.status_code
        status = NO_STATUS if code is None else CLASSES[code // 100 % 10]
        self._attempts[claim.action.kind, outcome.error or SUCCESS, status] += 1
        if claim.attempt == 1:
            self._lateness.add(started - due)
        ready = started
        if dns is not None or connect is not None or tls is not None:
            for buckets, took in zip(self._connecting, (dns, connect, tls), strict=True):
                if took is not None:
                    buckets.add(took)
                    ready += took
        if first is not None:
            self._wait.add(first - ready)
            self._read.add(done - first)
