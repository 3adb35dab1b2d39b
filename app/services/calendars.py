"""Calendars: create, read, replace, delete, and what that means for the events that name them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.calendar import Calendar
from app.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    QhronosError,
    StoreUnavailable,
)
from app.services.queues import ReplanQueue
from app.store.calendars import CalendarStore, Pending, StoredCalendar

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9._-]{1,64}")
MAX_CALENDARS = 1_000
AT_ONCE = 200
"""With at most so many events, a change is theirs when it is answered."""

BATCH = 200
ABANDONED_AFTER_MS = 15_000
"""A change on which nothing has been done for so long has lost its worker, or never had one."""

SLICE_MS = 2_000
"""How long one job plans anew before it lets other upkeep have its turn."""

_FORBIDDEN = "A calendar concerns events of every tag: only a token of access admin may change it."


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar as it is shown; ``events`` counts who names it, ``None``: not for this token."""

    name: str
    definition: Mapping[str, Any]
    updated_ms: int
    events: int | None


class CalendarService:
    """The use cases around calendars. Who reads needs no scope, who writes must be admin."""

    def __init__(
        self,
        store: CalendarStore,
        queue: ReplanQueue,
        clock: Clock,
        replan_event: Callable[[bytes], object],
    ) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._replan_event = replan_event

    def put(
        self, name: str, definition: Mapping[str, Any], access: Access
    ) -> tuple[CalendarView, bool]:
        """Create or replace a calendar; also returns whether it is a new one.

        Raises ``Forbidden``, ``InvalidInput`` and, with too many calendars, ``Conflict``.
        """
        _require_admin(access)
        if not NAME.fullmatch(name):
            raise InvalidInput.field(
                "name", "must be 1 to 64 characters of a-z, 0-9, '.', '_', '-'"
            )
        Calendar(name, definition)
        if self._store.count() >= MAX_CALENDARS and self._store.get_many([name]) == [None]:
            raise Conflict(f"There are {MAX_CALENDARS} calendars; delete one first.")
        stored = StoredCalendar(name, dict(definition), self._clock.now_ms())
        created = self._store.put(stored)
        events = self._store.users([name])[0]
        if events <= AT_ONCE:
            self._work_off(name, None)
        else:
            self._call_for_replan(name)
        return CalendarView(name, stored.definition, stored.updated_ms, events), created

    def get(self, name: str, access: Access) -> CalendarView:
        """Read a calendar; raises ``NotFound``."""
        stored = self._store.get_many([name])[0] if NAME.fullmatch(name) else None
        if stored is None:
            raise NotFound("No calendar has this name.")
        return self._views([stored], access)[0]

    def list(self, access: Access) -> Sequence[CalendarView]:
        """Read every calendar, by name."""
        return self._views(self._store.all(), access)

    def delete(self, name: str, access: Access) -> None:
        """Forget a calendar; raises ``Forbidden``, ``NotFound``, ``Conflict`` while it is used."""
        _require_admin(access)
        self.get(name, access)
        if events := self._store.users([name])[0]:
            raise Conflict(f"{events} events name this calendar; take it out of them first.")
        self._store.delete(name)

    def replan(self, name: str) -> int:
        """Plan events of a calendar anew, for a bounded time; returns how many were looked at.

        What is left is called for again.
        """
        looked, is_done = self._work_off(name, self._clock.now_ms() + SLICE_MS)
        if not is_done:
            self._call_for_replan(name)
        return looked

    def finish_abandoned(self) -> int:
        """Go on with changes that nobody works on; returns how many events were looked at."""
        now_ms = self._clock.now_ms()
        abandoned = {
            pending.name
            for pending in self._store.pending()
            if pending.touched_ms <= now_ms - ABANDONED_AFTER_MS
        }
        end_ms = now_ms + SLICE_MS
        return sum(self._work_off(name, end_ms)[0] for name in sorted(abandoned))

    def _work_off(self, name: str, end_ms: int | None) -> tuple[int, bool]:
        """Plan anew until all is done or a moment has passed; returns how many, and which."""
        looked = 0
        for pending in self._store.pending():
            at: Pending | None = pending if pending.name == name else None
            while at is not None:
                event_ids, following = self._store.users_from(at, BATCH, self._clock.now_ms())
                for event_id in event_ids:
                    self._plan_anew(event_id)
                looked += len(event_ids)
                if following is None:
                    self._store.settle(at)
                    break
                self._store.go_on(following)
                if end_ms is not None and self._clock.now_ms() >= end_ms:
                    return looked, False
                at = following
        return looked, True

    def _plan_anew(self, event_id: bytes) -> None:
        try:
            self._replan_event(event_id)
        except StoreUnavailable:
            raise
        except QhronosError:
            # One event that can't be planned must not keep the others on the old calendar.
            log.exception("an event was not planned anew", extra={"event": ids.to_text(event_id)})

    def _call_for_replan(self, name: str) -> None:
        try:
            self._queue.enqueue_replan(name)
        except StoreUnavailable:
            log.warning("RQ is away; upkeep will plan the events of calendar %s anew", name)

    def _views(self, stored: Sequence[StoredCalendar], access: Access) -> Sequence[CalendarView]:
        names = [one.name for one in stored]
        counts: Sequence[int | None] = [None] * len(names)
        if access.is_admin:
            counts = self._store.users(names)
        return [
            CalendarView(one.name, one.definition, one.updated_ms, events)
            for one, events in zip(stored, counts, strict=True)
        ]


def _require_admin(access: Access) -> None:
    if not access.is_admin:
        raise Forbidden(_FORBIDDEN)
