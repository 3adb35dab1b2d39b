"""Moments as text: RFC 3339 outside, milliseconds since 1970 UTC inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from app.errors import InvalidInput

MAX_MS = 253_402_300_799_999
"""The last millisecond of the year 9999, UTC: the end of what RFC 3339 can write."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))?",
    re.ASCII,
)
RANGE = "must be a time from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z"


def to_rfc3339(ms: int) -> str:
    """Write a moment in UTC with ``Z``; three digits of milliseconds unless they are zero.

    ``ms`` must be from 0 to ``MAX_MS``.
    """
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z" if rest else _second(seconds) + "Z"


def micros_to_rfc3339(us: int) -> str:
    """Write a moment given in microseconds; six digits unless it is a whole millisecond."""
    ms, rest = divmod(us, 1000)
    return f"{_second(ms // 1000)}.{us % 1_000_000:06d}Z" if rest else to_rfc3339(ms)


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    # What is due together is written together: the same second is asked for again and again.
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def parse_rfc3339(text: str) -> int | datetime:
    """Read a time: milliseconds since 1970 UTC if it has an offset, else a naive datetime.

    One to nine digits of fraction are accepted and cut to milliseconds. Raises ``InvalidInput``
    for anything that RFC 3339 section 5.6 does not allow, for leap seconds, and for moments
    before 1970 or after 9999.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidInput("must be a time such as 2024-05-01T09:30:00Z (RFC 3339)")
    date, clock, fraction, zulu, sign, hours, minutes = match.groups()
    if clock.endswith(":60"):
        raise InvalidInput("must not be a leap second; write the second after it")
    ms = int((fraction or "")[:3].ljust(3, "0"))
    try:
        wall = datetime.fromisoformat(f"{date}T{clock}") + ms * _MILLISECOND
    except ValueError:
        raise InvalidInput("must be a time that exists in the calendar and on the clock") from None
    if zulu:
        return _in_range(wall.replace(tzinfo=UTC))
    if sign:
        return _in_range(wall.replace(tzinfo=timezone(_offset(sign, hours, minutes))))
    if wall.year < _EPOCH.year:
        raise InvalidInput(RANGE)
    return wall


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    if int(hours) > 23 or int(minutes) > 59:
        raise InvalidInput("must have an offset from -23:59 to +23:59")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if sign == "-" else size


def _in_range(moment: datetime) -> int:
    # Subtracting never leaves the range of datetime, as converting to UTC could.
    ms = (moment - _EPOCH) // _MILLISECOND
    if not 0 <= ms <= MAX_MS:
        raise InvalidInput(RANGE)
    return ms
