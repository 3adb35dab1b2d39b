"""Makes the timetable of an event from its definition: recurrence rule, calendars, jitter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from app.domain.budget import BudgetExceeded, limited
from app.domain.calendar import Calendar
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.timetable import Timetable
from app.errors import InvalidInput
from app.planning.density import check_density
from app.planning.limits import WRITING

_PROBES_MS = tuple(quarter * 91 * 86_400_000 for quarter in range(9))
"""From where on an occurrence is looked for before a schedule is accepted: two years of quarters,
so that what is costly in a part of the year shows."""

TOO_COSTLY = "takes too many steps to compute; give it fewer or simpler rules and exclusions"


@contextmanager
def bounded(steps: int) -> Iterator[None]:
    """Bound what is computed for a request; raises ``InvalidInput`` where it needs more."""
    try:
        with limited(steps):
            yield
    except BudgetExceeded:
        raise InvalidInput.field("schedule", TOO_COSTLY) from None


class Calendars(Protocol):
    """Calendars by name; see ``app.planning.calendar_cache``."""

    def named(self, names: Sequence[str], /) -> tuple[Calendar, ...]:
        """The calendars of these names; raises ``InvalidInput`` for one that does not exist."""
        ...

    def known(self, names: Sequence[str], /) -> tuple[Calendar, ...]:
        """Those of these names that exist."""
        ...


class Timetables:
    """Makes timetables."""

    def __init__(self, calendars: Calendars, most_a_minute: int = 0) -> None:
        """``most_a_minute``: how often a schedule may occur within a minute, 0 for any."""
        self._calendars = calendars
        self._most_a_minute = most_a_minute

    def checked(self, event: Event, now_ms: int) -> Timetable:
        """The timetable of a recurring event that is being written.

        Raises ``InvalidInput`` for whatever its definition has wrong, calendars included, and for
        one that costs too much: to read, to judge, or to find an occurrence in the coming years.
        """
        with bounded(WRITING):
            return self._checked(event, now_ms)

    def _checked(self, event: Event, now_ms: int) -> Timetable:
        definition = event.definition
        if definition.schedule is not None:
            definition = definition._replace(schedule=definition.schedule.new())
        _ = definition.options.on_excluded, definition.options.misfire
        names = definition.options.calendars
        calendars = self._calendars.named(names) if names else ()
        timetable = _timetable(event.id, definition, calendars)
        check_density(timetable.rule, self._most_a_minute)
        for ahead_ms in _PROBES_MS:
            timetable.next_after(max(now_ms, event.start_ms) + ahead_ms)
        return timetable

    def of(self, event_id: bytes, definition: Definition) -> Timetable:
        """The timetable of a recurring event that is stored."""
        names = definition.options.calendars
        calendars = self._calendars.known(names) if names else ()
        return _timetable(event_id, definition, calendars)

    @staticmethod
    def ruled(event_id: bytes, definition: Definition) -> Timetable:
        """The timetable of such an event by its rule alone, whatever calendars say of its days."""
        return _timetable(event_id, definition, ())


def _timetable(event_id: bytes, definition: Definition, calendars: Sequence[Calendar]) -> Timetable:
    options = definition.options
    return Timetable(
        definition.recurrence,
        definition.timezone,
        calendars=calendars,
        on_excluded=options.on_excluded,
        jitter_ms=options.jitter_ms,
        seed=event_id,
    )
