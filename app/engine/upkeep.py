"""Periodic upkeep: leases that ended, series that broke off, records that are old enough to go.

Each call does a bounded amount and says whether more is left; each is harmless when repeated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.clock import Clock
from app.engine.acknowledgements import Acknowledgements
from app.engine.retention import Retention
from app.planning.successors import Successors
from app.services.calendars import CalendarService
from app.services.events import EventService
from app.services.redeliveries import RedeliveryService
from app.store.coordination import Coordination
from app.store.sweep import EventSweep
from app.store.work import BATCH, WorkStore

MEND_AFTER_MS = 5_000
"""A successor that was not scheduled so long after its claim has lost its worker."""

SETTLE_S = 1.0
"""How long leases that have ended are left alone: if it was the store that stood still, those who
hold them are back as well and renew them first."""

SWEEP_EVENTS = 20_000
"""How many events one reconciliation looks at: some hundred milliseconds of the store's time,
in slices of a millisecond."""


Mend = Callable[[int, str, str], tuple[int, str]]
"""Looks at one slice: partition, what, cursor → how many were mended, the next cursor."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The three duties, by name as RQ runs them."""

    work: WorkStore
    series: Successors
    events: EventService
    calendars: CalendarService
    redeliveries: RedeliveryService
    sweep: EventSweep
    retention: Retention
    coordination: Coordination
    clock: Clock
    acknowledgements: Acknowledgements

    def recover(self) -> int:
        """Return expired leases, end waits and pauses, mend series, go on with replans and retries.

        Returns how many there were.
        """
        recovered = 0
        if any((head.lease_ms or math.inf) <= self.clock.now_ms() for head in self.work.heads()):
            time.sleep(SETTLE_S)
        for partition in range(self.work.partitions):
            now_ms = self.clock.now_ms()
            recovered += self.work.reclaim_expired(partition, now_ms)
            recovered += self.acknowledgements.overdue(partition, now_ms)
            recovered += self.series.mend(partition, now_ms - MEND_AFTER_MS, now_ms, BATCH)
            for event_id in self.sweep.paused(partition, now_ms, BATCH):
                self.events.resume_due(event_id)
                recovered += 1
        return recovered + self.calendars.finish_abandoned() + self.redeliveries.go_on()

    def reconcile(self) -> int:
        """Look at a stretch of everything, from where the last run stopped.

        Active events without a scheduled occurrence get one; open occurrences that are neither
        due nor claimed are put back. Returns how many of both there were.
        """
        mended = 0
        for partition in range(self.work.partitions):
            mended += self._sweep(partition, "events", self._mend_events)
            for status in ("scheduled", "retrying", "dispatched"):
                mended += self._sweep(partition, status, self._restore)
        return mended

    def _sweep(self, partition: int, what: str, mend: Mend) -> int:
        mended, looked = 0, 0
        place = f"{partition}:{what}"
        cursor = self.coordination.sweep_cursor(place)
        while looked < max(BATCH, SWEEP_EVENTS // self.work.partitions):
            count, cursor = mend(partition, what, cursor)
            mended += count
            looked += BATCH
            if not cursor:
                break
        self.coordination.move_sweep(place, cursor)
        return mended

    def _mend_events(self, partition: int, _what: str, cursor: str) -> tuple[int, str]:
        found = self.sweep.suspects(partition, cursor, BATCH)
        return self.series.reconcile(found.suspects, self.clock.now_ms()), found.cursor

    def _restore(self, partition: int, status: str, cursor: str) -> tuple[int, str]:
        found = self.sweep.open_slice(partition, status, cursor, BATCH)
        if not found.suspects:
            return 0, found.cursor
        return self.work.restore(partition, found.suspects, self.clock.now_ms()), found.cursor

    def retain(self) -> int:
        """Forget what retention says is old enough; returns how much was forgotten."""
        return self.retention.run(self.clock.now_ms())
