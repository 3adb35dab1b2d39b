"""Compiled calendars by name, kept until one of them changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.budget import unlimited
from app.domain.calendar import Calendar
from app.errors import InvalidInput
from app.store.calendars import CalendarStore

UNKNOWN = "{!r} is not a calendar; create it with PUT /calendars/<name>"


class CalendarCache:
    """Looks calendars up; a call costs one small read, and more only after a change."""

    def __init__(self, store: CalendarStore) -> None:
        self._store = store
        self._read: tuple[int, dict[str, Calendar | None]] = (-1, {})

    def named(self, names: Sequence[str]) -> tuple[Calendar, ...]:
        """The calendars of these names, in order.

        Raises ``InvalidInput`` for an unknown one, and ``StoreUnavailable``.
        """
        found = self._look_up(names)
        for name in names:
            if found[name] is None:
                raise InvalidInput.field("calendars", UNKNOWN.format(name))
        return tuple(calendar for name in names if (calendar := found[name]))

    def known(self, names: Sequence[str]) -> tuple[Calendar, ...]:
        """The calendars of these names that exist, in order; raises ``StoreUnavailable``."""
        found = self._look_up(names)
        return tuple(calendar for name in names if (calendar := found[name]))

    def _look_up(self, names: Sequence[str]) -> dict[str, Calendar | None]:
        if not names:
            return {}
        # The version is read before the definitions: a newer definition is then read again.
        version = self._store.version()
        if self._read[0] != version:
            self._read = (version, {})
        found = self._read[1]
        missing = [name for name in dict.fromkeys(names) if name not in found]
        if missing:
            for name, stored in zip(missing, self._store.get_many(missing), strict=True):
                found[name] = None if stored is None else _read(name, stored.definition)
        return found


def _read(name: str, definition: Mapping[str, Any]) -> Calendar:
    # Once for all events that name it, so at the cost of none of them; admins write calendars.
    with unlimited():
        return Calendar(name, definition)
