"""The calendar feed: the past and future occurrences that a token may see."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.budget import BudgetExceeded, limited
from app.domain.event import Event, EventStatus
from app.domain.ical.writing import Happening
from app.domain.occurrence import Occurrence
from app.planning.limits import FEED
from app.planning.timetables import Timetables
from app.services.events import EventService
from app.services.occurrences import OccurrenceService
from app.services.queries import EventQuery, OccurrenceQuery, TagFilter
from app.store.events import EventStore

AHEAD_MS = 60 * 86_400_000
BACK_MS = 7 * 86_400_000
MAX_EVENTS = 500
MAX_PER_EVENT = 1_000
MAX_IN_ALL = 2_000
PIECE = 32
"""Occurrences of an event that are computed at once."""

MAX_RECORDED = 1_000
"""At most so many past occurrences are shown, the newest, so that there is room for future ones."""

_FORGOTTEN = "An event that was deleted"


@dataclass(frozen=True, slots=True)
class FeedService:
    """Collects occurrences for the feed, bounded: programs ask for it again and again."""

    events: EventService
    occurrences: OccurrenceService
    event_store: EventStore
    timetables: Timetables
    clock: Clock

    def happenings(self, tags: TagFilter, access: Access) -> list[Happening]:
        """Occurrences in scope of the last 7 and the next 60 days.

        The nearest come first: at most ``MAX_EVENTS`` events are read, the newest.
        """
        now_ms = self.clock.now_ms()
        found = {one.uid: one for one in self._recorded(tags, access, now_ms)}
        for one in self._planned(tags, access, now_ms):
            if len(found) >= MAX_IN_ALL:
                break
            found.setdefault(one.uid, one)
        return sorted(found.values(), key=lambda one: (one.scheduled_ms, one.uid))

    def _recorded(self, tags: TagFilter, access: Access, now_ms: int) -> list[Happening]:
        query = OccurrenceQuery(
            tags=tags, from_ms=now_ms - BACK_MS, to_ms=now_ms, limit=MAX_RECORDED
        )
        listed = self.occurrences.list(query, access).items
        occurrences = [one for one in listed if one.callback_of is None]
        event_ids = list(dict.fromkeys(one.event_id for one in occurrences))
        events = dict(zip(event_ids, self.event_store.get_many(event_ids), strict=True))
        # What the event says now is not for those who may see its past alone.
        seen = {event.id: event for event in events.values() if event and access.sees(event.tags)}
        return [_recorded(one, seen.get(one.event_id)) for one in occurrences]

    def _planned(self, tags: TagFilter, access: Access, now_ms: int) -> Iterator[Happening]:
        query = EventQuery(tags=tags, status=EventStatus.ACTIVE.value, limit=MAX_EVENTS)
        events: Sequence[Event] = self.events.list(query, access).items
        # Each event's times are computed only as far as they are among the nearest of all.
        return heapq.merge(
            *(islice(self._ahead(event, now_ms), MAX_PER_EVENT) for event in events),
            key=lambda one: one.scheduled_ms,
        )

    def _ahead(self, event: Event, now_ms: int) -> Iterator[Happening]:
        end_ms = now_ms + AHEAD_MS
        if event.schedule is None:
            if now_ms < event.start_ms <= end_ms:
                yield _planned(event, event.start_ms)
            return
        timetable = self.timetables.of(event.id, event.definition)
        after = max(now_ms, event.start_ms - 1)
        # In pieces: a budget ends before anything is handed out, or it would count others' work.
        spent = False
        while not spent:
            try:
                with limited(FEED):
                    found = timetable.upcoming(after, PIECE, end_ms)
            except BudgetExceeded:
                return  # what is so costly is left out
            for firing in found:
                yield _planned(event, firing.scheduled_ms)
            spent = len(found) < PIECE
            after = found[-1].scheduled_ms if found else after


def _planned(event: Event, scheduled_ms: int) -> Happening:
    return Happening(
        uid=ids.to_text(ids.occurrence_id(event.id, scheduled_ms)),
        name=event.name,
        scheduled_ms=scheduled_ms,
        changed_ms=event.updated_ms,
        description=event.definition.description,
        tags=event.tags,
    )


def _recorded(occurrence: Occurrence, event: Event | None) -> Happening:
    return Happening(
        uid=ids.to_text(occurrence.id),
        name=_FORGOTTEN if event is None else event.name,
        scheduled_ms=occurrence.scheduled_ms,
        status=occurrence.status,
        changed_ms=occurrence.changed_ms,
        description="" if event is None else event.definition.description,
        attempts=occurrence.attempt_count,
        status_code=occurrence.status_code,
        error=occurrence.error_message,
        tags=occurrence.tags,
    )
