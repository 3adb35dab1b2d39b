"""Wiring of what decides when: calendars, timetables, and who plans anew after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from app.clock import Clock
from app.config import Settings
from app.planning.calendar_cache import CalendarCache
from app.planning.timetables import Timetables
from app.services.calendars import CalendarService
from app.services.queues import ReplanQueue
from app.store.calendars import CalendarStore
from app.store.connection import StoreClient


@dataclass(frozen=True)
class Calendaring:
    """Nothing connects before it is used."""

    settings: Settings
    client: StoreClient
    clock: Clock

    @cached_property
    def store(self) -> CalendarStore:
        """Calendars at rest."""
        return CalendarStore(self.client, self.settings.partitions)

    @cached_property
    def timetables(self) -> Timetables:
        """Rules, calendars and jitter of events."""
        return Timetables(self.book, self.settings.max_occurrences_per_minute)

    @cached_property
    def book(self) -> CalendarCache:
        """Calendars by name."""
        return CalendarCache(self.store)

    def service(self, queue: ReplanQueue, replan: Callable[[bytes], object]) -> CalendarService:
        """Use cases around calendars; ``replan`` plans an event anew."""
        return CalendarService(self.store, queue, self.clock, replan)
