"""Reading points in time and dates from a schedule."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from app.domain.recurrence.zones import HORIZON, Zone

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
LAST_MS = HORIZON * 1000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of clocks without a zone, too
_MILLISECOND = timedelta(milliseconds=1)

NEEDS_ZONE = "needs an offset, as in 2026-12-25T09:00:00Z, or the event a timezone"


def is_guess(value: Any, zone: Zone) -> bool:
    """Whether a value is a wall time, and nobody said in which zone."""
    match = _MOMENT.fullmatch(value) if zone.assumed and isinstance(value, str) else None
    return match is not None and match[1] is None


def parse_date(value: Any) -> date | None:
    """Read ``2026-12-25``; ``None`` for anything else. Raises ``ValueError`` for 30 February."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    return None


class GivenTime(NamedTuple):
    """A time in milliseconds since 1970: UTC, or on the wall if it was given without an offset."""

    ms: int
    is_wall: bool


def parse_moment(value: Any) -> GivenTime | None:
    """Read an RFC 3339 time; ``None`` for anything else.

    Raises ``ValueError`` for a time that no calendar or clock shows.
    """
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    moment = datetime.fromisoformat(value.upper())
    if moment.tzinfo is None:
        return GivenTime(min((moment - _EPOCH) // _MILLISECOND, LAST_MS), is_wall=True)
    since = moment.replace(tzinfo=None) - _EPOCH - (moment.utcoffset() or timedelta())
    return GivenTime(min(since // _MILLISECOND, LAST_MS), is_wall=False)


def day_start_ms(day: date, zone: Zone) -> int:
    """Return the first moment of a date in the zone, in UTC milliseconds."""
    return zone.resolve(datetime(day.year, day.month, day.day)) * 1000  # noqa: DTZ001 - wall time


def day_end_ms(day: date, zone: Zone) -> int:
    """Return the last millisecond of a date in the zone."""
    if day.year == 9999:
        return LAST_MS
    return day_start_ms(day + timedelta(days=1), zone) - 1
