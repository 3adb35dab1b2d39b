"""Notes how late deliveries were in each minute, so that a day of it can be shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.clock import Clock
from app.services.overview_parts import lateness_of
from app.store.figures import MINUTE_MS
from app.store.lateness import LatenessLog, MinuteOfLateness
from app.store.occurrences import OccurrenceStore

SAMPLE = 200
"""How many deliveries of a minute are looked at."""

SETTLED_MS = 5_000
"""How long after its end a minute is looked at: what ended in it is recorded by then."""

BACK_MS = 60 * MINUTE_MS
"""What nobody noted for so long stays a gap."""

AT_ONCE = 20
"""How many minutes one call notes: it takes some milliseconds for each."""


@dataclass(slots=True)
class LatenessHistory:
    """Looks at each minute once. Every call raises ``StoreUnavailable``."""

    log: LatenessLog
    occurrences: OccurrenceStore
    clock: Clock
    _next_ms: int = field(default=0, init=False)
    """The minute after the last one that this process has looked at."""

    def note(self) -> int:
        """Note the minutes that are over; returns how many deliveries were looked at."""
        end_ms = (self.clock.now_ms() - SETTLED_MS) // MINUTE_MS * MINUTE_MS
        if self._next_ms > end_ms:  # the clock was put back
            self._next_ms = 0
        first_ms = max(self._next_ms, end_ms - BACK_MS)
        if first_ms >= end_ms:
            return 0
        first_ms = max(first_ms, (self.log.last_ms() or 0) + MINUTE_MS)
        minutes = range(first_ms, end_ms, MINUTE_MS)[:AT_ONCE]
        found = [self._of(minute_ms) for minute_ms in minutes]
        noted = [one for one in found if one is not None]
        self.log.note(noted)
        self._next_ms = minutes[-1] + MINUTE_MS if minutes else end_ms
        return sum(one.size for one in noted)

    def _of(self, minute_ms: int) -> MinuteOfLateness | None:
        read = self.occurrences.get_many(self.log.sample(minute_ms, SAMPLE))
        told = lateness_of([one for one in read if one is not None])
        if told is None:
            return None
        return MinuteOfLateness(minute_ms, told.p50, told.p99, told.most, told.size)
