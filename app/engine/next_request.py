"""The request that a drain sends next, built before its moment has come.

Building takes a third of the time from the moment to the first byte. A drain that waits for the
moment has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.delivery.live_message import LiveMessage
from app.delivery.request import Request
from app.engine.attempts import unsendable
from app.errors import QhronosError
from app.store.claims import Claim

Build = Callable[[Claim, int], Request | LiveMessage]
"""Builds the request of a claim that is sent at a moment, ms UTC."""

FRESH_MS = 5
"""How much later than it was built for a request is sent: it says when it is sent."""


class _Built(NamedTuple):
    """A request for a moment, ms UTC; ``None`` if it could not be built."""

    claim: Claim
    moment_ms: int
    request: Request | LiveMessage | None


class NextRequest:
    """Call ``prepare`` when there is time, and ``of`` when a claim is sent."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._ready: _Built | None = None

    def prepare(self, claim: Claim | None, due_ms: int | None) -> None:
        """Build the request of the claim that is sent next, at ``due_ms``, unless it is built.

        Nothing is built of a claim that must not be sent.
        """
        if claim is None or due_ms is None:
            return
        if self._ready is not None and self._ready.claim is claim:
            return
        if unsendable(claim, due_ms) is not None:  # what must not be sent may have no request
            return
        try:
            request = self._build(claim, due_ms)
        except QhronosError:  # ``of`` raises it again, for whoever sends it
            self._ready = _Built(claim, due_ms, None)
        else:
            self._ready = _Built(claim, due_ms, request)

    def of(self, claim: Claim, now_ms: int) -> Request | LiveMessage:
        """The request of a claim that is sent now, ms UTC. Raises what building it raises."""
        ready = self._ready
        if ready is not None and ready.claim is claim:
            self._ready = None
            if (
                ready.request is not None
                and ready.moment_ms <= now_ms <= ready.moment_ms + FRESH_MS
            ):
                return ready.request
        return self._build(claim, now_ms)
