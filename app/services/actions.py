"""Actions on an event that its schedule knows nothing of: trigger, pause, resume, backfill."""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence
from app.domain.pause import Pause
from app.errors import Conflict, Forbidden, InvalidInput
from app.planning.limits import WRITING
from app.planning.timetables import Timetables, bounded
from app.services.event_writes import CHANGING, WRITE_TRIES, require_version
from app.services.events import EventService
from app.services.queries import EventChanges
from app.store.events import EventStore
from app.store.occurrences import OccurrenceStore

MAX_BACKFILL = 1_000
"""How many occurrences one call may add."""

PACE_MS = 50
"""The interval between backfilled occurrences, so that no receiver is flooded."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """How many occurrences a range has, and how many of them have a record already."""

    count: int
    existing: int


@dataclass(frozen=True, slots=True)
class ActionService:
    """Every call is made in the name of an ``Access`` that may change the event.

    Every call raises ``NotFound``, ``Forbidden`` and ``StaleVersion``.
    """

    service: EventService
    events: EventStore
    occurrences: OccurrenceStore
    timetables: Timetables
    clock: Clock

    def trigger(
        self,
        event_id: str,
        access: Access,
        if_match: int | None = None,
        at_ms: int | None = None,
    ) -> Occurrence:
        """Add an occurrence for this very moment, whatever the schedule and status say.

        A request that is repeated says when it was first made: ``at_ms``, UTC. It has the one
        occurrence of then. Raises ``Conflict`` if the event is being changed all the time.
        """
        for _ in range(WRITE_TRIES):
            event = self._changeable(event_id, access)
            require_version(event, if_match)
            now_ms = self.clock.now_ms()
            scheduled_ms = now_ms if at_ms is None else at_ms
            if self.events.add_occurrences(event, [(scheduled_ms, now_ms)], now_ms) is not None:
                return self.occurrences.get(ids.occurrence_id(event.id, scheduled_ms))
        raise Conflict(CHANGING)

    def pause(
        self,
        event_id: str,
        access: Access,
        until_ms: int | None,
        note: str | None,
        if_match: int | None = None,
    ) -> Event:
        """Pause an event, for good or until a moment; its scheduled occurrence is withdrawn.

        Raises ``InvalidInput`` for a moment that has passed, ``Conflict`` for an inactive event.
        """
        pause = Pause(until_ms, note)
        pause.require_future(self.clock.now_ms())
        event = self._changeable(event_id, access)
        if event.status is EventStatus.INACTIVE:
            raise Conflict("The event is inactive; there is nothing to pause.")
        changes = EventChanges({"status": EventStatus.PAUSED, "pause": pause.given()})
        return self.service.update(event_id, changes, access, if_match)

    def resume(self, event_id: str, access: Access, if_match: int | None = None) -> Event:
        """Resume a paused event with its next future occurrence.

        Raises ``Conflict`` for any other event.
        """
        event = self._changeable(event_id, access)
        if event.status is not EventStatus.PAUSED:
            raise Conflict("The event is not paused.")
        changes = EventChanges({"status": EventStatus.ACTIVE})
        return self.service.update(event_id, changes, access, if_match)

    def backfill(
        self,
        event_id: str,
        access: Access,
        from_ms: int,
        to_ms: int,
        if_match: int | None = None,
        *,
        dry_run: bool,
    ) -> Backfill:
        """Add the occurrences that a schedule would have had in a past range.

        ``dry_run`` only counts. Those that have a record already are left as they are.
        Raises ``InvalidInput`` for a one-time event, for a range that has more than
        ``MAX_BACKFILL`` occurrences, and for one that ends in the future.
        """
        for _ in range(WRITE_TRIES):
            event = self._changeable(event_id, access)
            require_version(event, if_match)
            done = self._backfill(event, from_ms, to_ms, dry_run=dry_run)
            if done is not None:
                return done
        raise Conflict(CHANGING)

    def _backfill(
        self, event: Event, from_ms: int, to_ms: int, *, dry_run: bool
    ) -> Backfill | None:
        """Backfill an event as it was read; ``None`` if its tags have changed since."""
        if event.schedule is None:
            raise InvalidInput("A one-time event has nothing to backfill; trigger it instead.")
        now_ms = self.clock.now_ms()
        if to_ms > now_ms:
            raise InvalidInput.field("to", "must not be in the future: the schedule sees to that")
        with bounded(WRITING):
            timetable = self.timetables.of(event.id, event.definition)
            found = timetable.upcoming(from_ms - 1, MAX_BACKFILL + 1, to_ms)
        if len(found) > MAX_BACKFILL:
            raise InvalidInput(
                f"The range has more than {MAX_BACKFILL} occurrences; backfill it in parts."
            )
        times = [one.scheduled_ms for one in found]
        if not times:
            return Backfill(0, 0)
        recorded = self.occurrences.get_many([ids.occurrence_id(event.id, at) for at in times])
        existing = sum(one is not None for one in recorded)
        if not dry_run:
            fresh = [at for at, one in zip(times, recorded, strict=True) if one is None]
            paced = [(at, now_ms + PACE_MS * position) for position, at in enumerate(fresh)]
            if paced and self.events.add_occurrences(event, paced, now_ms) is None:
                return None
        return Backfill(len(times), existing)

    def _changeable(self, event_id: str, access: Access) -> Event:
        event = self.service.get(event_id, access)
        if not access.may_change(event.tags):
            raise Forbidden("This token may not change an event that has tags out of its scope.")
        return event
