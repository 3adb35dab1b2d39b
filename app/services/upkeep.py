"""Periodic upkeep: leases that ended, series that broke off, records that are old enough to go.

Each call does a bounded amount and says whether more is left; each is harmless when repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.services.calendars import CalendarService
from app.services.events import EventService
from app.services.retaining import Retention
from app.services.series import Series
from app.store.coordination import Coordination
from app.store.sweeping import EventSweep
from app.store.work import BATCH, WorkStore

MEND_AFTER_MS = 5_000
"""A successor that was not scheduled so long after its claim has lost its worker."""

SWEEP_EVENTS = 20_000
"""How many events one reconciliation looks at: some hundred milliseconds of the store's time,
in slices of a millisecond."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The three duties, by name as RQ runs them."""

    work: WorkStore
    series: Series
    events: EventService
    calendars: CalendarService
    sweep: EventSweep
    retention: Retention
    coordination: Coordination
    clock: Clock

    def recover(self) -> int:
        """Return expired leases, mend broken series, end pauses, plan anew after calendars changed.

        Returns how many there were.
        """
        recovered = 0
        for partition in range(self.work.partitions):
            now_ms = self.clock.now_ms()
            recovered += self.work.reclaim_expired(partition, now_ms)
            recovered += self.series.mend(partition, now_ms - MEND_AFTER_MS, now_ms, BATCH)
            for event_id in self.sweep.paused(partition, now_ms, BATCH):
                self.events.resume_due(event_id)
                recovered += 1
        return recovered + self.calendars.finish_abandoned()

    def reconcile(self) -> int:
        """Look at a stretch of all events, from where the last run stopped.

        Returns how many active events without a scheduled occurrence were mended.
        """
        mended = 0
        share = max(BATCH, SWEEP_EVENTS // self.work.partitions)
        for partition in range(self.work.partitions):
            cursor = self.coordination.sweep_cursor(partition)
            looked = 0
            while looked < share:
                found = self.sweep.suspects(partition, cursor, BATCH)
                mended += self.series.reconcile(found.suspects, self.clock.now_ms())
                looked += BATCH
                cursor = found.cursor
                if not cursor:
                    break
            self.coordination.move_sweep(partition, cursor)
        return mended

    def retain(self) -> int:
        """Forget what retention says is old enough; returns how much was forgotten."""
        return self.retention.run(self.clock.now_ms())
