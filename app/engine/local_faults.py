"""Local faults: what this host lacks puts deliveries off, and nobody is charged an attempt for it.

An attempt that could not be made for want of files, memory, ports, threads or a name server is
handed back and made later, however often that takes. The log, the metrics and the status say so.
"""

from __future__ import annotations

import logging
from collections import Counter

from app.domain.outcome import LOCAL_FAULTS
from app.errors import StoreUnavailable
from app.store.claims import Claim
from app.store.local_faults import LocalFaultStore

log = logging.getLogger(__name__)

FIRST_MS = 1_000
LONGEST_MS = 60_000
"""How long an attempt is put off the first time, and at most; each time in a row doubles it."""

BUSY_MS = 4_000
"""The same for a client that is busy."""

REPORT_MS = 1_000
"""How often what has happened is counted in the store."""

WARN_MS = 60_000
"""How often the log has a warning of one fault."""


class LocalFaults:
    """The local faults of one process; its drains use it one after another."""

    def __init__(self, store: LocalFaultStore) -> None:
        self._store = store
        self._new: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._warned_ms: dict[str, int] = {}
        self._next_report_ms = 0

    def put_off(self, claim: Claim, fault: str, now_ms: int) -> int:
        """Note that a claim could not be sent; returns when to try again, ms UTC.

        (A client that is busy is no fault of this host, and has time for more soon.)
        """
        is_ours = fault in LOCAL_FAULTS
        if is_ours:
            self._new[fault] += 1
            self._untold[fault] += 1
        longest_ms = LONGEST_MS if is_ours else BUSY_MS
        pause_ms = min(FIRST_MS << min(claim.deferred, 16), longest_ms)
        # Spread over as long again, so that they do not all come back at once.
        return now_ms + pause_ms + int.from_bytes(claim.occurrence_id[-2:], "big") % pause_ms

    def report(self, now_ms: int) -> None:
        """Have the store count what has happened since the last report; warn of it at times."""
        if not self._new or now_ms < self._next_report_ms:
            return
        self._next_report_ms = now_ms + REPORT_MS
        for fault in self._new:
            # (While the store is away, what is new is told already, but not yet counted.)
            if self._untold[fault] and now_ms >= self._warned_ms.get(fault, 0):
                self._warned_ms[fault] = now_ms + WARN_MS
                log.warning(
                    "%s: deliveries are put off",
                    LOCAL_FAULTS[fault],
                    extra={"fault": fault, "deliveries": self._untold.pop(fault)},
                )
        try:
            self._store.count(self._new, now_ms)
        except StoreUnavailable:
            return  # counted with the next report
        self._new.clear()
