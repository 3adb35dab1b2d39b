"""Ends of attempts in flows that the store is yet to be told of."""

from __future__ import annotations

from app.clock import NEVER_MS
from app.store.calls import Deferral, Record
from app.store.flow_gate import AWAY_MS, FlowGate
from app.store.flow_looks import EndedAttempt, FlowsAway

GATHER_MS = 20
"""For how long an end may wait to be told with others, if nothing is known to wait for it: a call
for each would cost a flow's delivery as much as its record."""


class FlowEnds:
    """The ends that one drain has to tell."""

    def __init__(self) -> None:
        self.ended: list[EndedAttempt] = []
        self._is_urgent = False
        self._by_ms: int | None = None

    def add(self, ended: EndedAttempt, *, is_urgent: bool) -> None:
        """Add an end; it is urgent if something may wait for it."""
        self.ended.append(ended)
        self._is_urgent |= is_urgent

    def by_ms(self, now_ms: int) -> int:
        """By when to tell, ms UTC; the time that an end may wait begins when this is asked."""
        if not self.ended:
            return NEVER_MS
        if self._is_urgent:
            return now_ms
        self._by_ms = self._by_ms or now_ms + GATHER_MS
        return self._by_ms

    def tell(self, gate: FlowGate, now_ms: int) -> bool:
        """Tell the store; those of a shard that is away are told later. Answers as ``end``."""
        woken, left = False, list[EndedAttempt]()
        try:
            woken = gate.end(self.ended, now_ms)
        except FlowsAway as away:
            left = away.left
        self.ended, self._is_urgent = left, False
        self._by_ms = now_ms + AWAY_MS if left else None
        return woken


def acknowledged_by(item: Record | Deferral) -> int | None:
    """Until when a receiver may acknowledge, ms UTC; ``None`` if it was not asked to."""
    waits = isinstance(item, Record) and item.verdict == "dispatched"
    return item.next_attempt_ms if isinstance(item, Record) and waits else None
