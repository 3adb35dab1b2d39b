"""Times of an entry as a schedule takes them: in the zone of its start, in UTC, or as days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from app.domain.ical.properties import Refused
from app.domain.ical.values import Timed
from app.domain.ical.vevents import Entry
from app.domain.ical.zones import NoZone, Zones

_MIDNIGHT = time()
_ASSUMED = "has no time zone; it is read in UTC. Name another one by timezone."


@dataclass(frozen=True, slots=True)
class Setting:
    """How the times of an entry are to be read.

    ``zone`` is an IANA name, ``None`` for UTC. ``tzid`` is what its start calls that zone.
    ``is_of_days``: it begins on a day, so all of its times are days.
    """

    zones: Zones
    zone: str | None
    tzid: str | None
    is_of_days: bool

    def text(self, at: Timed) -> str:
        """Write a time as ``exclude`` and ``include`` take it; raises ``NoZone``."""
        value = at.value
        if not isinstance(value, datetime):
            return value.isoformat()
        if self.is_of_days:
            return self._day(value, at.tzid).isoformat()
        if value.tzinfo is not None:
            return utc_text(value)
        is_ours = at.tzid is None or (self.zone is not None and at.tzid == self.tzid)
        if not is_ours and at.tzid is not None:
            value, zone = self.zones.at(at.tzid, value)
            if zone != self.zone or value.tzinfo is not None:
                return utc_text(_instant(value, zone))
        return wall_text(value, self.zone)

    def canonical(self, at: Timed) -> str:
        """Write a time so that it is always the same, however it was written; raises ``NoZone``."""
        text = self.text(at)
        if len(text) == len("2026-01-07") or text.endswith("Z"):
            return text
        return utc_text(_instant(datetime.fromisoformat(text), self.zone))

    def wall(self, at: Timed) -> datetime:
        """A time on the clock of the zone, naive; a day begins at midnight. Raises ``NoZone``."""
        text = self.text(at)
        if not text.endswith("Z"):
            return datetime.fromisoformat(text)
        found = datetime.fromisoformat(text)
        return found.astimezone(ZoneInfo(self.zone or "UTC")).replace(tzinfo=None)

    def _day(self, value: datetime, tzid: str | None) -> date:
        if value.time() == _MIDNIGHT or tzid is not None or value.tzinfo is None:
            return value.date()
        return value.astimezone(ZoneInfo(self.zone or "UTC")).date()


def place_of(
    entry: Entry, zones: Zones, last: datetime | None, notices: list[str]
) -> tuple[Setting, datetime]:
    """Where an entry's times are, and its start: a wall time there, or a moment in UTC.

    ``last`` is the last wall time of a series, if it has an end. Adds to ``notices`` what had to be
    assumed. Raises ``Refused``.
    """
    start, tzid = entry.start.value, entry.start.tzid
    is_day = not isinstance(start, datetime)
    wall = start if isinstance(start, datetime) else datetime.combine(start, _MIDNIGHT)
    try:
        if wall.tzinfo is not None:
            return Setting(zones, None, None, is_of_days=False), wall
        if tzid is None:
            if zones.floating is None:
                notices.append(f"DTSTART {_ASSUMED}")
                if zones.unknown_default is not None:
                    notices.append("X-WR-TIMEZONE names no zone that is known.")
            return Setting(zones, zones.floating, None, is_day), wall
        if entry.rules or entry.included:
            return Setting(zones, zones.of_series(tzid, wall, last), tzid, is_day), wall
        wall, zone = zones.at(tzid, wall)
        return Setting(zones, zone, tzid, is_day), wall
    except NoZone as error:
        raise Refused(str(error), entry.lines.get("DTSTART", entry.line), "DTSTART") from None


def wall_text(value: datetime, zone: str | None) -> str:
    """Write a wall time in a zone, with Z if it is UTC."""
    text = value.isoformat(timespec="seconds")
    return f"{text}Z" if zone is None else text


def utc_text(value: datetime) -> str:
    """Write a moment in UTC."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _instant(value: datetime, zone: str | None) -> datetime:
    if value.tzinfo is not None:
        return value
    return value.replace(tzinfo=UTC if zone is None else ZoneInfo(zone))
