"""Circuit breakers: a target that only fails gets no requests for a while, then is tried again.

While a breaker is open, the attempts for its target are deferred. A deferral is recorded, but it is
no attempt and no failure. An attempt is deferred twice at most: a target that is down for days
delays its occurrences by minutes, and they still end as their retry policy says.

::

    closed ── FAILURES in a row, for AFTER_MS at least ──▶ open for 5 s, 10 s, … 60 s
      ▲                                                      │
      └──── it answers ──── half open: one at a time ◀───────┘
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from app.domain.outcome import Outcome
from app.engine.background import Submit, at_once
from app.errors import StoreUnavailable
from app.store.breakers import BreakerStore
from app.store.claims import Claim

log = logging.getLogger(__name__)

FAILURES = 20
AFTER_MS = 5_000
"""A breaker opens after so many failures in a row, if the first is so long ago: a short outage, or
a few unlucky requests at once, open none."""

FIRST_MS = 5_000
LONGEST_MS = 60_000
"""How long a breaker is open the first time, and at most; each opening in a row doubles it."""

FORGET_MS = 600_000
"""A breaker that is not opened again for so long after its time is forgotten."""

REFRESH_MS = 500
"""How often to read what other workers have found out."""

PROBE_MS = 2_000
"""How long the other attempts wait while one probes whether the target has recovered."""

MAX_DEFERRALS = 2
"""How often one attempt is deferred: then it is made, and its retry policy decides."""

_FAULTS = frozenset(
    {"timeout", "too_slow", "dns", "refused", "unreachable", "tls", "closed", "reset"}
)
_DOWN = frozenset({502, 503, 504})
"""What proxies answer for a server that is down. 500 is not among them: one kind of event that the
receiver can't process must not stop all the others."""


@dataclass(slots=True)
class _Streak:
    """Failures in a row."""

    since_ms: int
    count: int = 0


class CircuitBreakers:
    """The breakers as one process knows them; its drains use them one after another."""

    def __init__(self, store: BreakerStore, submit: Submit = at_once) -> None:
        """``submit``: what others have found out is read with it, meanwhile attempts go on."""
        self._store = store
        self._submit = submit
        self._reading: Future[dict[str, int]] | None = None
        self._own: dict[str, int | None] = {}
        """What this process has found out since a reading began; ``None``: closed."""
        self._known: dict[str, int] = {}
        self._streaks: dict[str, _Streak] = {}
        self._probing: dict[str, int] = {}
        self._next_refresh_ms = 0

    def defer_until(self, target: str, claim: Claim, now_ms: int) -> int | None:
        """Until when to defer an attempt, ms UTC; ``None``: send it now."""
        self.refresh(now_ms)
        until_ms = self._known.get(target)
        if until_ms is None or claim.deferred >= MAX_DEFERRALS:
            return None
        if now_ms >= until_ms:
            if self._probing.get(target, 0) <= now_ms:
                self._probing[target] = now_ms + PROBE_MS
                return None
            until_ms = self._probing[target]
        # Spread, so that they do not all come back at once.
        return until_ms + int.from_bytes(claim.occurrence_id[-2:], "big") % FIRST_MS

    def learn(self, target: str, outcome: Outcome, now_ms: int) -> bool:
        """Learn from an outcome; returns whether it has opened its target's breaker."""
        if not _is_fault(outcome):
            self._streaks.pop(target, None)
            if target in self._known:
                self._close(target)
            return False
        streak = self._streaks.setdefault(target, _Streak(now_ms))
        streak.count += 1
        until_ms = self._known.get(target)
        lasting = streak.count >= FAILURES and now_ms - streak.since_ms >= AFTER_MS
        half_open = until_ms is not None and now_ms >= until_ms
        if not half_open and (until_ms is not None or not lasting):
            return False
        return self._open(target, now_ms)

    def refresh(self, now_ms: int) -> None:
        """Learn what others have found out. Call it while nothing is to be sent, too.

        Whoever comes first then is judged by what is known now, not by what was at the last one.
        """
        self._take_reading(now_ms)  # one that was left for long is followed by another at once
        if self._reading is None and now_ms >= self._next_refresh_ms:
            self._next_refresh_ms = now_ms + REFRESH_MS
            self._own = {}
            self._reading = self._submit(lambda: self._store.all(now_ms - FORGET_MS))
            self._take_reading(now_ms)

    def _take_reading(self, now_ms: int) -> None:
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            read = reading.result()
        except StoreUnavailable:
            return  # what is known still counts
        self._known = {
            target: until_ms
            for target, until_ms in (read | self._own).items()
            if until_ms is not None
        }
        if len(self._streaks) > 10_000:
            self._streaks.clear()
        self._probing = {one: at for one, at in self._probing.items() if at > now_ms}

    def _open(self, target: str, now_ms: int) -> bool:
        try:
            self._known[target] = self._own[target] = self._store.open(
                target,
                now_ms,
                first_ms=FIRST_MS,
                longest_ms=LONGEST_MS,
                forget_ms=FORGET_MS,
            )
        except StoreUnavailable:
            return False
        self._probing.pop(target, None)
        log.warning("a target's breaker is open", extra={"target": target})
        return True

    def _close(self, target: str) -> None:
        try:
            self._store.close(target)
        except StoreUnavailable:
            return  # the next attempt that succeeds closes it
        self._known.pop(target, None)
        self._own[target] = None
        self._probing.pop(target, None)
        log.info("a target's breaker is closed", extra={"target": target})


def _is_fault(outcome: Outcome) -> bool:
    down = outcome.status_code in _DOWN and not outcome.succeeded  # an event may expect a 503
    return down or outcome.error in _FAULTS
