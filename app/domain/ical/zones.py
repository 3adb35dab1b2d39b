"""The zones of one VCALENDAR: what its TZIDs mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from app.domain.ical.components import Span, VCalendar
from app.domain.ical.zone_definitions import (
    Changes,
    Contradiction,
    ZoneDefinition,
    find_zone,
    follow,
    meant_by,
)
from app.domain.ical.zone_names import zones_named
from app.domain.ical.zone_reading import read_definition

HORIZON_S = 5 * 366 * 86_400
"""So far ahead of now the clocks of a defined zone and of its IANA zone must agree."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SHOWN = 60
_DAY = 86_400
_MOST_DEFINITIONS = 4
_FIRST_S, _LAST_S = -2_208_988_800, 253_370_764_800
"""1900 and 9999: before and after them no zone is followed."""


class NoZone(ValueError):
    """A TZID means nothing; the message is a sentence's end, after the property's name."""


class Zones:
    """Finds what the names of zones in one VCALENDAR mean."""

    def __init__(self, data: bytes, calendar: VCalendar, default: str | None, now_ms: int) -> None:
        """``default`` is an IANA name, for times that have no zone; else X-WR-TIMEZONE is."""
        self._data = data
        self._calendar = calendar
        self._default = default
        self._now = now_ms // 1000
        self._read: dict[str, list[tuple[ZoneDefinition, str | None]] | NoZone] = {}

    @cached_property
    def floating(self) -> str | None:
        """The IANA zone of times that have none; ``None`` if nobody named one that is known."""
        if self._default is not None or self._calendar.zone is None:
            return self._default
        try:
            return self.of_series(self._calendar.zone, None, None)
        except NoZone:
            return None

    @property
    def unknown_default(self) -> str | None:
        """The zone that the calendar says it is in, if it means nothing."""
        return self._calendar.zone if self.floating is None else None

    def of_series(self, tzid: str, start: datetime | None, end: datetime | None) -> str:
        """The IANA zone in which a series recurs that has wall times from ``start`` to ``end``.

        From the first of them that is to come until the horizon, its clock shows what the file
        defines. Raises ``NoZone``.
        """
        definitions = self._defined(tzid)
        if not definitions:
            return self._named(tzid)
        first = self._now if start is None else max(_second(start), self._now)
        last = first + HORIZON_S
        if end is not None:
            last = min(last, _second(end))
            if last < self._now and start is not None:  # it is over: all of it mattered
                first = _second(start)
        # By whole days, so that what is found for one entry is found for the next.
        first, last = first - first % _DAY, last - last % _DAY + _DAY
        return self._agreeing(tzid, definitions, first, max(first, last))

    def at(self, tzid: str, wall: datetime) -> tuple[datetime, str | None]:
        """One wall time with the IANA zone that it is in; in UTC where only the file knows it.

        Raises ``NoZone``.
        """
        definitions = self._defined(tzid)
        if not definitions:
            return wall, self._named(tzid)
        all_changes = [self._follow(tzid, one, _second(wall)) for one, _ in definitions]
        instants = {changes.resolve(wall) for changes in all_changes}
        if len(instants) > 1:
            raise NoZone(f"{_shown(tzid)}, which is defined twice, and differently")
        second = instants.pop()
        instant = _EPOCH + timedelta(seconds=second)
        hints = self._hints(tzid, definitions)
        for name in hints:
            if wall.replace(tzinfo=ZoneInfo(name)).astimezone(UTC) == instant:
                return wall, name
        changes = all_changes[0]
        if changes.ends_before(second) or second < changes.instants[0]:
            meant = meant_by(changes, hints)
            if meant is not None:
                return wall, meant
        if second < changes.instants[0]:
            raise NoZone(f"{_shown(tzid)}, which is not defined for {wall.date()}")
        return instant, None

    def _defined(self, tzid: str) -> list[tuple[ZoneDefinition, str | None]]:
        key = self._key(tzid)
        if key is None:
            return []
        if key not in self._read:
            try:
                spans = self._calendar.definitions[key][:_MOST_DEFINITIONS]
                self._read[key] = list(
                    dict.fromkeys(self._definition(tzid, span) for span in spans)
                )
            except NoZone as error:
                self._read[key] = error
        found = self._read[key]
        if isinstance(found, NoZone):
            raise found
        return found

    def _key(self, tzid: str) -> str | None:
        return self._defined_names.get(tzid) or self._defined_names.get(tzid.casefold())

    @cached_property
    def _defined_names(self) -> dict[str, str]:
        """The names of the definitions, also in small letters: some programs mix the case up."""
        names = list(self._calendar.definitions)
        return {name.casefold(): name for name in names} | {name: name for name in names}

    def _definition(self, tzid: str, span: Span) -> tuple[ZoneDefinition, str | None]:
        try:
            return read_definition(self._data, span)
        except Contradiction as error:
            raise NoZone(f"{_shown(tzid)}, which {error} (line {span.line})") from None

    def _follow(self, tzid: str, definition: ZoneDefinition, around: int) -> Changes:
        day = min(max(around, _FIRST_S), _LAST_S) // _DAY * _DAY
        try:
            return follow(definition, day - _DAY, day + 2 * _DAY)
        except Contradiction as error:
            raise NoZone(f"{_shown(tzid)}, which {error}") from None

    def _agreeing(
        self, tzid: str, definitions: list[tuple[ZoneDefinition, str | None]], first: int, last: int
    ) -> str:
        hints = self._hints(tzid, definitions)
        first, last, far = (
            min(max(one, _FIRST_S), _LAST_S) for one in (first, last, first + HORIZON_S)
        )
        try:
            found = {find_zone(one, hints, first, last, far) for one, _ in definitions}
        except Contradiction as error:
            raise NoZone(f"{_shown(tzid)}, which {error}") from None
        if len(found) > 1:
            raise NoZone(f"{_shown(tzid)}, which is defined twice, and differently")
        name = found.pop()
        if name is None:
            line = self._calendar.definitions[self._key(tzid) or tzid][0].line
            raise NoZone(
                f"{_shown(tzid)}, and no IANA zone agrees with its definition in line {line}; "
                "correct that, or use an IANA name such as Europe/Berlin without a definition"
            )
        return name

    def _hints(self, tzid: str, definitions: list[tuple[ZoneDefinition, str | None]]) -> list[str]:
        names = [tzid, *(place for _, place in definitions if place)]
        hints = [zone for name in names for zone in zones_named(name)]
        hints += [] if self._default is None else [self._default]
        if self._calendar.zone is not None:
            hints += zones_named(self._calendar.zone)
        return list(dict.fromkeys(hints))

    def _named(self, tzid: str) -> str:
        names = zones_named(tzid)
        if not names:
            raise NoZone(
                f"{_shown(tzid)}, which the file does not define; use an IANA name such as "
                "Europe/Berlin"
            )
        return names[0]


def _second(wall: datetime) -> int:
    return (wall.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)


def _shown(tzid: str) -> str:
    shown = tzid if len(tzid) <= _LONGEST_SHOWN else tzid[: _LONGEST_SHOWN - 3] + "..."
    return f"has the time zone {shown!r}"
