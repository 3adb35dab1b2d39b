"""Wiring of what decides when an event is due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.config import Settings
from app.planning.calendar_cache import CalendarCache
from app.planning.timetables import Timetables
from app.wiring.storage import Storage


@dataclass(frozen=True)
class Planning:
    """Calendars and timetables."""

    settings: Settings
    storage: Storage

    @cached_property
    def calendar_cache(self) -> CalendarCache:
        """Calendars by name."""
        return CalendarCache(self.storage.calendars)

    @cached_property
    def timetables(self) -> Timetables:
        """Rules, calendars and jitter of events."""
        return Timetables(self.calendar_cache, self.settings.max_occurrences_per_minute)
