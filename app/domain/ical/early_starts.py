"""Series that begin before 1970, which is where events begin: moved ahead, with the same times.

Birthdays whose year nobody knows begin in 1604, and long memories in 1950.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from math import lcm

from app.domain.recurrence.compiler import compile_schedule
from app.errors import InvalidInput

FIRST = datetime(1970, 1, 2)  # noqa: DTZ001 - a wall time, after 1970 has begun everywhere
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_CYCLE = timedelta(days=146_097)
"""After so many days the calendar is the same again: 400 years."""

_SECONDS = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3_600, "DAILY": 86_400, "WEEKLY": 604_800}
_MONTHS = {"MONTHLY": 1, "YEARLY": 12}
_DAY = 86_400
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST_COUNTED = 100_000
_MOST_STEPS = 5_000


class TooEarly(ValueError):
    """A series can't be moved, or is over; the message goes on from DTSTART."""


def move_ahead(start: datetime, rules: tuple[str, ...]) -> tuple[datetime, tuple[str, ...]]:
    """Return a start after 1970 and rules that give the same times from there on.

    ``start`` is a wall time. Raises ``TooEarly``.
    """
    parts = [dict(part.partition("=")[::2] for part in rule.split(";")) for rule in rules]
    parts = [one for one in parts if not _is_over(one)]
    if not parts:
        raise TooEarly("lies before 1970, and nothing of it is left")
    moved = _aligned(start, parts)
    kept = [text for one in parts if (text := _rest_of(one, start, moved)) is not None]
    if not kept:
        raise TooEarly("lies before 1970, and nothing of it is left")
    return moved, tuple(kept)


def _is_over(parts: dict[str, str]) -> bool:
    return parts.get("UNTIL", "9999")[:4] < "1970"


def _aligned(start: datetime, rules: list[dict[str, str]]) -> datetime:
    """The first start after 1970 that every rule counts its intervals alike from."""
    try:
        units = [(one["FREQ"], int(one.get("INTERVAL", "1"))) for one in rules]
        if any(interval < 1 for _, interval in units):
            raise TooEarly("lies before 1970, and its rule can't be read")
        months = lcm(*(_MONTHS[unit] * interval for unit, interval in units if unit in _MONTHS))
        seconds = lcm(*(_SECONDS[unit] * interval for unit, interval in units if unit in _SECONDS))
    except (KeyError, ValueError) as error:
        if isinstance(error, TooEarly):
            raise
        raise TooEarly("lies before 1970, and its rule can't be read") from None
    has_months = any(unit in _MONTHS for unit, _ in units)
    if has_months and lcm(seconds, _DAY) != _DAY:
        raise TooEarly("lies before 1970; give it a later one")
    try:
        return _by_months(start, months) if has_months else _by_days(start, lcm(seconds, _DAY))
    except (OverflowError, ValueError):
        raise TooEarly("lies before 1970; give it a later one") from None


def _by_days(start: datetime, period: int) -> datetime:
    periods = -((start - FIRST) // timedelta(seconds=1) // period)
    return start + timedelta(seconds=period * max(periods, 0))


def _by_months(start: datetime, period: int) -> datetime:
    """The same day of a month; where a month has no such day, one of the next that have it."""
    at = start.year * 12 + start.month - 1
    at += max((FIRST.year * 12 - at) // period, 0) * period
    for _ in range(_MOST_STEPS):
        year, month = divmod(at, 12)
        if start.day <= monthrange(year, month + 1)[1]:
            moved = start.replace(year=year, month=month + 1)
            if moved >= FIRST:
                return moved
        at += period
    raise ValueError(start)


def _rest_of(parts: dict[str, str], start: datetime, moved: datetime) -> str | None:
    """A rule as it goes on from the moved start; ``None`` if it has ended before."""
    parts = dict(parts)
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        parts["BYDAY"] = _WEEKDAYS[start.weekday()]
    if "COUNT" in parts:
        left = _left(parts, start, moved)
        if left < 1:
            return None
        parts["COUNT"] = str(left)
    return ";".join("=".join(part) for part in parts.items())


def _left(parts: dict[str, str], start: datetime, moved: datetime) -> int:
    """How much of a count is left, counted in years like those, where the calendar can go."""
    endless = ";".join(f"{name}={value}" for name, value in parts.items() if name != "COUNT")
    shift = _CYCLE * (1 + (FIRST - start) // _CYCLE)
    try:
        count = int(parts["COUNT"])
        series = compile_schedule({"rrule": endless}, _ms(start + shift), "UTC")
        gone = series.upcoming(
            _ms(start + shift) - 1, min(count, _MOST_COUNTED), _ms(moved + shift) - 1
        )
    except (ValueError, InvalidInput):
        raise TooEarly("lies before 1970, and its rule can't be read") from None
    return count - len(gone)


def _ms(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)
