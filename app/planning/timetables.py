"""Makes the timetable of an event from its definition: recurrence rule, calendars, jitter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.calendar import Calendar
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.timetable import Timetable
from app.planning.density import check_density


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

    def checked(self, event: Event) -> Timetable:
        """The timetable of a recurring event that is about to be stored.

        Raises ``InvalidInput`` for anything that is wrong in its definition, calendars included.
        """
        definition = event.definition
        _ = definition.options.on_excluded, definition.options.misfire
        names = definition.options.calendars
        calendars = self._calendars.named(names) if names else ()
        timetable = _timetable(event.id, definition, calendars)
        check_density(timetable.rule, self._most_a_minute)
        return timetable

    def of(self, event_id: bytes, definition: Definition) -> Timetable:
        """The timetable of a recurring event that is stored."""
        names = definition.options.calendars
        calendars = self._calendars.known(names) if names else ()
        return _timetable(event_id, definition, calendars)


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
