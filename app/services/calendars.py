"""Calendars: create, read, replace, delete, and replan the events that name them."""

from __future__ import annotations

import logging
import re
from calendar import isleap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.budget import UNLIMITED, BudgetExceeded, limited
from app.domain.calendar import Calendar
from app.domain.recurrence import Notice
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
ENDS_MS = 2 * 366 * 86_400_000
"""A calendar whose days end within this time says so when it is written."""

REPLAN_AT_ONCE = 200
"""If at most so many events name a calendar, they are replanned before its change is answered."""

REPLAN_STEPS = 20_000
"""If replanning takes more steps than this, upkeep replans the rest: see ``Budget``."""

RULE_STEPS = 25_000
"""What it may cost to read a calendar, and to follow its rules through a year."""

BATCH = 200
"""Events in one read of the store."""

BATCH_IN_REQUEST = 10
"""The same while a client waits for the answer."""

ABANDONED_AFTER_MS = 15_000
"""If a replan has made no progress for so long, its worker has died or it never had one."""

SLICE_MS = 2_000
"""How long one job replans before other upkeep jobs have their turn."""

_FORBIDDEN = "A calendar concerns events of every tag: only a token of access admin may change it."


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar as the API shows it; ``events`` is how many name it, ``None`` if not admin."""

    name: str
    definition: Mapping[str, Any]
    updated_ms: int
    events: int | None
    notices: Sequence[Notice] = ()
    """What a write says of it."""


@dataclass(frozen=True, slots=True)
class CalendarService:
    """The use cases around calendars. Any token may read them; only an admin may write them."""

    store: CalendarStore
    queue: ReplanQueue
    clock: Clock
    replan_event: Callable[[bytes], object]

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
        calendar = _check(name, definition)
        if self.store.count() >= MAX_CALENDARS and self.store.get_many([name]) == [None]:
            raise Conflict(f"There are {MAX_CALENDARS} calendars; delete one first.")
        stored = StoredCalendar(name, dict(definition), self.clock.now_ms())
        created = self.store.put(stored)
        events = self.store.users([name])[0]
        if events <= REPLAN_AT_ONCE:
            _, is_done = self._replan(name, steps=REPLAN_STEPS)
        else:
            is_done = False
        if not is_done:
            self._enqueue(name)
        notices = _ends(calendar, stored.updated_ms + ENDS_MS)
        return CalendarView(name, stored.definition, stored.updated_ms, events, notices), created

    def get(self, name: str, access: Access) -> CalendarView:
        """Read a calendar; raises ``NotFound``."""
        stored = self.store.get_many([name])[0] if NAME.fullmatch(name) else None
        if stored is None:
            raise NotFound("No calendar has this name.")
        return self._views([stored], access)[0]

    def list(self, access: Access) -> Sequence[CalendarView]:
        """Read all calendars, by name."""
        return self._views(self.store.all(), access)

    def words(self, view: CalendarView) -> str:
        """What its days are, as in ``public holidays in Berlin and Sundays``."""
        return Calendar(view.name, view.definition).words

    def days(self, view: CalendarView, year: int) -> Sequence[tuple[date, str | None]]:
        """Each day of a year, and why nothing should happen on it (``None``: it may).

        Raises ``InvalidInput`` if that takes too long to find.
        """
        first = date(year, 1, 1)
        try:
            with limited(RULE_STEPS):
                calendar = Calendar(view.name, view.definition)
                days = [first + timedelta(n) for n in range(365 + isleap(year))]
                return [(day, calendar.reason(day)) for day in days]
        except BudgetExceeded:
            raise InvalidInput(
                "The days of this calendar take too long to find: simplify its rules."
            ) from None

    def delete(self, name: str, access: Access) -> None:
        """Forget a calendar; raises ``Forbidden``, ``NotFound``, ``Conflict`` while it is used."""
        _require_admin(access)
        self.get(name, access)
        if events := self.store.users([name])[0]:
            raise Conflict(f"{events} events name this calendar; take it out of them first.")
        self.store.delete(name)

    def replan(self, name: str) -> int:
        """Replan events of a calendar for a bounded time; returns how many.

        Another job is enqueued for the rest.
        """
        replanned, is_done = self._replan(name, end_ms=self.clock.now_ms() + SLICE_MS)
        if not is_done:
            self._enqueue(name)
        return replanned

    def continue_abandoned(self) -> int:
        """Continue the replans that no worker works on; returns how many events were replanned."""
        now_ms = self.clock.now_ms()
        abandoned = {
            pending.name
            for pending in self.store.pending()
            if pending.touched_ms <= now_ms - ABANDONED_AFTER_MS
        }
        end_ms = now_ms + SLICE_MS
        return sum(self._replan(name, end_ms=end_ms)[0] for name in sorted(abandoned))

    def _replan(
        self, name: str, *, end_ms: int | None = None, steps: int | None = None
    ) -> tuple[int, bool]:
        """Replan until all is done, ``end_ms`` has come or so many steps are spent.

        Returns how many, and whether all.
        """
        batch = BATCH if steps is None else BATCH_IN_REQUEST
        replanned = 0
        with limited(UNLIMITED) as budget:
            given = budget.left
            for pending in self.store.pending():
                at: Pending | None = pending if pending.name == name else None
                while at is not None:
                    event_ids, following = self.store.users_from(at, batch, self.clock.now_ms())
                    for event_id in event_ids:
                        self._replan_one(event_id)
                    replanned += len(event_ids)
                    if following is None:
                        self.store.settle(at)
                        break
                    self.store.save_progress(following)
                    is_late = end_ms is not None and self.clock.now_ms() >= end_ms
                    if is_late or (steps is not None and given - budget.left >= steps):
                        return replanned, False
                    at = following
        return replanned, True

    def _replan_one(self, event_id: bytes) -> None:
        try:
            self.replan_event(event_id)
        except StoreUnavailable:
            raise
        except QhronosError:
            # One event that can't be replanned must not keep the others on the old calendar.
            log.exception("an event was not replanned", extra={"event": ids.to_text(event_id)})

    def _enqueue(self, name: str) -> None:
        try:
            self.queue.enqueue_replan(name)
        except StoreUnavailable:
            log.warning("RQ is unavailable; upkeep will replan the events of calendar %s", name)

    def _views(self, stored: Sequence[StoredCalendar], access: Access) -> Sequence[CalendarView]:
        names = [one.name for one in stored]
        counts: Sequence[int | None] = [None] * len(names)
        if access.is_admin:
            counts = self.store.users(names)
        return [
            CalendarView(one.name, one.definition, one.updated_ms, events)
            for one, events in zip(stored, counts, strict=True)
        ]


def _ends(calendar: Calendar, before_ms: int) -> Sequence[Notice]:
    last, notice = calendar.last_listed, calendar.end()
    if last is None or notice is None:
        return ()
    until = datetime.fromtimestamp(before_ms / 1000, UTC).date()
    return (notice,) if last < until else ()


def _check(name: str, definition: Mapping[str, Any]) -> Calendar:
    """Refuse a calendar that is wrong, or whose rules cost more than they may."""
    try:
        with limited(RULE_STEPS):
            calendar = Calendar(name, definition)
            calendar.follow_rules()
    except BudgetExceeded:
        raise InvalidInput.field(
            "rules", "take too long to follow; use fewer, or such as match less often"
        ) from None
    return calendar


def _require_admin(access: Access) -> None:
    if not access.is_admin:
        raise Forbidden(_FORBIDDEN)
