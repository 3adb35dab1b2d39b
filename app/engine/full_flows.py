"""Full flows that a drain has seen, and the places in them that are held for nothing.

An attempt that its receiver has yet to acknowledge keeps its place in its flow, for an hour if need
be. Whoever cancels its occurrence meanwhile can't give the place back, and tells nobody. So while
something waits for such a flow, its places are looked at every second.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.store.flow_gate import FlowGate
from app.store.flow_looks import EndedAttempt

EVERY_MS = 1_000
"""How often to look: what waits for a place that is held for nothing is late by no more."""

MOST = 64
"""How many flows one look reads; the others have their turn with the next."""

MOST_CROWDED = 10_000
"""How many are known as full. Then they are learned anew: of a flow that is not known, an end is
recorded, and told, up to 40 ms later. A flow that was full and is asked no more would be kept for
ever."""


class FullFlows:
    """The flows that one drain has found full."""

    def __init__(self, gate: FlowGate, lease_ms: int) -> None:
        """``lease_ms``: places that are held for two leases or less are renewed, or expire."""
        self._gate = gate
        self._lease_ms = lease_ms
        self._flows: dict[bytes, None] = {}
        self._crowded: set[bytes] = set()
        self._next_ms = 0

    @property
    def next_ms(self) -> int | None:
        """When to call ``lapsed`` again, ms UTC; ``None`` if there is nothing to look at."""
        return self._next_ms if self._flows else None

    def __contains__(self, flow: bytes) -> bool:
        """Whether the flow was full when it was asked last: an end lets the next one start."""
        return flow in self._crowded

    def learn(self, asked: Iterable[bytes], full: set[bytes]) -> bool:
        """Learn which of the flows that were asked are full; returns whether any was not before."""
        has_new = not full <= self._crowded
        if len(self._crowded) > MOST_CROWDED:
            self._crowded.clear()
        # (Not a new set: this is done at every look, and the flows may be many.)
        self._crowded.difference_update(asked)
        self._crowded |= full
        self.add(full)
        return has_new

    def add(self, flows: Iterable[bytes]) -> None:
        """Look at these flows, too: something waits for them, and all they allow is under way."""
        self._flows.update(dict.fromkeys(flows))

    def lapsed(self, now_ms: int) -> list[EndedAttempt]:
        """The places that are to be given back. Raises ``StoreUnavailable``.

        A flow is looked at again while an attempt in it waits to be acknowledged.
        """
        if not self._flows or now_ms < self._next_ms:
            return []
        self._next_ms = now_ms + EVERY_MS
        flows = list(self._flows)[:MOST]
        found = self._gate.lapsed(flows, now_ms + 2 * self._lease_ms)
        for flow in flows:
            del self._flows[flow]
        self.add(flow for flow in flows if flow in found.acknowledging)
        return found.ended
