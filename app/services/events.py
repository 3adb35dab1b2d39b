"""Events: create, read, change, delete."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.recurrence import resolve_local
from app.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleVersion
from app.services.event_lists import EventLists
from app.services.planning import next_of, plan_of, recurrence_of
from app.services.queries import EventChanges, EventQuery, Listing, Moment, Preview
from app.store.events import KEEP, EventStore, Plan, Saved
from app.store.occurrences import OccurrenceStore

WRITE_TRIES = 8
"""How often a write is planned anew when the event's next occurrence moves on meanwhile."""

_DEFINITION = ("name", "description", "timezone", "action", "tags", "status", "hmac_secret")
_EMPTY: Mapping[str, Any] = {"description": "", "tags": (), "status": EventStatus.ACTIVE}
_TIMING = ("start_ms", "timezone", "schedule", "status")


class EventService:
    """The use cases around events. Every call is made in the name of an ``Access``."""

    def __init__(
        self,
        events: EventStore,
        lists: EventLists,
        occurrences: OccurrenceStore,
        clock: Clock,
        partitions: int,
    ) -> None:
        self._events = events
        self._lists = lists
        self._occurrences = occurrences
        self._clock = clock
        self._partitions = partitions
        self._ids = ids.EventIds()

    def create(self, changes: EventChanges, access: Access) -> Event:
        """Create an event and schedule it; raises ``InvalidInput`` or ``Forbidden``."""
        partition = random.randrange(self._partitions)  # noqa: S311 - spreads load, no secret
        event_id = self._ids.make(self._clock.now_us(), partition)
        now_ms = self._clock.now_ms()
        created_ms = ids.created_ms(event_id)
        blank = Event(
            id=event_id, name="", start_ms=0, action={}, created_ms=created_ms,
            updated_ms=created_ms,
        )  # fmt: skip
        event = _changed(blank, changes.given)
        if not access.may_change(event.tags):
            raise Forbidden("This token may create events only with tags that are in its scope.")
        event, plan = _planned(event, now_ms)
        self._events.save(event, plan, None, now_ms)
        return _with_next(event, plan)

    def get(self, event_id: str, access: Access) -> Event:
        """Read an event; raises ``NotFound``, also for one out of scope."""
        raw = ids.from_text(event_id, version=7)
        event = self._events.get(raw) if raw else None
        if event is None or not access.sees(event.tags):
            raise NotFound("No event has this id.")
        return event

    def list(self, query: EventQuery, access: Access) -> Listing[Event]:
        """List events, newest first; what is out of scope is absent and not counted."""
        return self._lists.page(query, access)

    def update(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None
    ) -> Event:
        """Change what was given, keep the rest; a new time or schedule counts at once.

        Raises ``NotFound``, ``Forbidden``, ``StaleVersion``, ``InvalidInput`` or ``Conflict``.
        """

        def write(before: Event) -> tuple[Saved, Event]:
            after = _changed(before, changes.given)
            if not access.may_change(after.tags):
                raise Forbidden("This token may give an event only tags that are in its scope.")
            if after == before:
                return Saved.DONE, before
            now_ms = self._clock.now_ms()
            after = replace(after, version=before.version + 1, updated_ms=now_ms)
            plan = KEEP
            if any(getattr(after, name) != getattr(before, name) for name in _TIMING):
                self._refuse_repetition(before, after, now_ms)
                after, plan = _planned(after, now_ms)
            return self._events.save(after, plan, before, now_ms), _with_next(after, plan)

        return self._write(event_id, access, if_match, write)

    def delete(self, event_id: str, access: Access, if_match: int | None) -> None:
        """Delete an event; what is scheduled or waits for a retry ends as cancelled."""

        def write(before: Event) -> tuple[Saved, Event]:
            saved = self._events.delete(
                before, any_version=if_match is None, now_ms=self._clock.now_ms()
            )
            return saved, before

        self._write(event_id, access, if_match, write)

    def deactivate(self, event_id: bytes) -> None:
        """End an event because its receiver is gone; nothing happens if it is not active."""
        for _ in range(WRITE_TRIES):
            try:
                before = self._events.get(event_id)
            except NotFound:
                return
            if before.status is not EventStatus.ACTIVE:
                return
            now_ms = self._clock.now_ms()
            after = replace(
                before,
                status=EventStatus.INACTIVE,
                version=before.version + 1,
                updated_ms=now_ms,
            )
            if self._events.save(after, Plan(), before, now_ms) is Saved.DONE:
                return

    def preview(
        self, event_id: str, access: Access, count: int, from_ms: int | None, to_ms: int | None
    ) -> Sequence[Preview]:
        """Compute future occurrences, the next one first; nothing is stored."""
        event = self.get(event_id, access)
        after = max(self._clock.now_ms(), (from_ms or 0) - 1)
        if event.schedule is None:
            following = next_of(event, after)
            moments = [] if following is None else [following]
            if to_ms is not None:
                moments = [one for one in moments if one <= to_ms]
        else:
            rule = recurrence_of(event.schedule, event.start_ms, event.timezone)
            moments = rule.upcoming(max(after, event.start_ms - 1), count, to_ms)
        return [Preview(scheduled_ms=one) for one in moments]

    def _write(
        self,
        event_id: str,
        access: Access,
        if_match: int | None,
        write: Callable[[Event], tuple[Saved, Event]],
    ) -> Event:
        for _ in range(WRITE_TRIES):
            before = self.get(event_id, access)
            if not access.may_change(before.tags):
                raise Forbidden(
                    "This token may not change an event that has tags out of its scope."
                )
            if if_match is not None and before.version != if_match:
                raise StaleVersion
            saved, after = write(before)
            if saved is Saved.DONE:
                return after
        raise Conflict("The event is being changed by others all the time; try again.")

    def _refuse_repetition(self, before: Event, after: Event, now_ms: int) -> None:
        """A one-time event fires once for one time: to fire again it needs another."""
        again = (
            after.schedule is None
            and after.status is EventStatus.ACTIVE
            and after.start_ms <= now_ms
            and after.start_ms != before.next_ms
        )
        if again:
            occurrence = ids.occurrence_id(after.id, after.start_ms)
            if self._occurrences.get_many([occurrence])[0] is not None:
                raise Conflict("The event has already run at this start_time; give it a new one.")


def _changed(before: Event, given: Mapping[str, Any]) -> Event:
    """Apply given fields; ``None`` clears. Raises ``InvalidInput``."""
    values: dict[str, Any] = {}
    options = dict(before.options)
    for name, value in given.items():
        if name == "start_time":
            continue
        if name in _DEFINITION:
            values[name] = _EMPTY.get(name) if value is None else value
        elif name == "metadata":
            values["metadata_json"] = value or "{}"
        elif name == "schedule":
            values["schedule"] = value
        elif value is None:
            options.pop(name, None)
        else:
            options[name] = value
    timezone = values.get("timezone", before.timezone)
    if "start_time" in given:
        values["start_ms"] = _placed(given["start_time"], timezone)
    return replace(before, options=options, **values)


def _placed(moment: Moment, timezone: str | None) -> int:
    if isinstance(moment, datetime):
        if timezone is None:
            raise InvalidInput.field(
                "start_time", "needs an offset, as in 2026-01-31T09:00:00Z, or a timezone beside it"
            )
        return resolve_local(moment, timezone)
    return moment


def _planned(event: Event, now_ms: int) -> tuple[Event, Plan]:
    """The event and its plan; one for which nothing is left to do is inactive."""
    if event.schedule is not None:
        recurrence_of(event.schedule, event.start_ms, event.timezone)
    plan = plan_of(event, now_ms)
    over = plan.scheduled_ms is None or plan.missed is not None
    if event.status is EventStatus.ACTIVE and over:
        event = replace(event, status=EventStatus.INACTIVE)
    return event, plan


def _with_next(event: Event, plan: Plan) -> Event:
    if plan.keep:
        return event
    return replace(event, next_ms=None if plan.missed else plan.scheduled_ms)
