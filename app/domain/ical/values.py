"""Values of properties (RFC 5545 3.3): times, durations, texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from app.domain.ical.content import Property, Unreadable

_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d))?(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,6})W)?(?:(\d{1,7})D)?"
    r"(?:T(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PART = re.compile(r"(?:\\.|[^,\\]|\\$)+", re.DOTALL)
_LONGEST_TZID = 255
FIRST_YEAR, LAST_YEAR = 2, 9_998
"""A time in any other year may lie beyond the calendar on another clock."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A point in time as it was written.

    ``value`` is a date, a moment in UTC, or a wall time without an offset; ``tzid`` is the name
    that a wall time stands with, whatever that means.
    """

    value: date | datetime
    tzid: str | None = None

    @property
    def is_day(self) -> bool:
        """Whether it is a whole day."""
        return not isinstance(self.value, datetime)

    @property
    def day(self) -> date:
        """The date that it is written with."""
        return self.value.date() if isinstance(self.value, datetime) else self.value


def read_times(found: Property) -> Iterator[Timed]:
    """Read a list of times, none if it is empty; raises ``Unreadable``."""
    for text in found.value.split(","):
        if text.strip():
            # Of a period, the end is of no use.
            yield _timed(found, text.partition("/")[0].strip())


def read_time(found: Property) -> Timed:
    """Read one time; raises ``Unreadable``."""
    return _timed(found, found.value)


def _timed(found: Property, text: str) -> Timed:
    match = _TIME.fullmatch(text)
    if match is None:
        raise Unreadable(f"has {text[:40]!r}, which is neither a date nor a time")
    year, month, day, hour, minute, second, offset = match.groups()
    at: datetime | None
    try:
        whole = date(int(year), int(month), int(day))
        if hour is None:
            return Timed(whole)
        # A clock without leap seconds reads second 60 as 59 (RFC 5545 3.3.12).
        at = datetime(  # noqa: DTZ001 - a wall time, if no offset is written
            whole.year, whole.month, whole.day, int(hour), int(minute), min(int(second or 0), 59)
        )
        if offset is not None:
            at = at.replace(tzinfo=_offset(offset))
        if found.parameters.get("VALUE", "").upper() == "DATE" and at.time() == _MIDNIGHT:
            return Timed(whole)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise Unreadable(f"has {text[:40]!r}, which no calendar or clock shows")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise Unreadable(
            f"has {text[:40]!r}, which is not of the years {FIRST_YEAR} to {LAST_YEAR}"
        )
    if offset is not None:
        return Timed(at.astimezone(UTC))
    return Timed(at, found.parameters.get("TZID", "")[:_LONGEST_TZID] or None)


_MIDNIGHT = datetime.min.time()


def _offset(text: str) -> timezone:
    return UTC if text in "Zz" else timezone(timedelta(seconds=read_offset(text)))


def read_offset(text: str) -> int:
    """Read an offset from UTC, ``+0200`` or ``-023000``, in seconds; raises ``ValueError``."""
    match = re.fullmatch(r"([+-]?)(\d\d):?(\d\d)(?::?(\d\d))?", text.strip(), re.ASCII)
    seconds = 0
    if match is not None:
        seconds = int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4] or 0)
    if match is None or seconds >= 86_400:
        raise ValueError(text)
    return -seconds if match[1] == "-" else seconds


def read_duration(found: Property) -> timedelta:
    """Read a length of time; raises ``Unreadable``."""
    match = _DURATION.fullmatch(found.value)
    if match is None or not any(match.groups()[1:]):
        raise Unreadable(f"has {found.value[:40]!r}, which is no duration such as PT1H")
    sign, *numbers = match.groups()
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in numbers)
    length = timedelta(days, seconds, 0, 0, minutes, hours, weeks)
    return -length if sign == "-" else length


def read_text(text: str) -> str:
    """Take RFC 5545's escapes out of a text (3.3.11)."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], text)


def read_texts(text: str) -> tuple[str, ...]:
    """Split a list of texts at the commas that are not escaped."""
    return tuple(read_text(match[0]) for match in _PART.finditer(text))
