"""VEVENTs as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import icalendar
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from app.domain.ical.lines import KEPT, ZONE, cut
from app.domain.recurrence import validate_timezone
from app.errors import InvalidInput

When = date | datetime
"""A date, a moment in UTC, or a wall time (naive) whose zone stands beside it."""

_ONCE = ("UID", "SUMMARY", "DESCRIPTION", "STATUS", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION")
_LONGEST_TZID = 255


@dataclass(frozen=True, slots=True)
class OldTimed:
    """A point in time as it was written; ``zone`` is an IANA name if it named one."""

    value: When
    zone: str | None = None

    @property
    def is_day(self) -> bool:
        """Whether it is a whole day."""
        return not isinstance(self.value, datetime)


@dataclass(frozen=True, slots=True)
class OldEntry:
    """One VEVENT; ``number`` counts from 1, as people do."""

    number: int
    uid: str
    start: OldTimed
    end: OldTimed | None
    duration: timedelta | None
    summary: str
    description: str
    is_cancelled: bool
    replaces: OldTimed | None
    rules: tuple[str, ...]
    excluding_rules: tuple[str, ...]
    included: tuple[OldTimed, ...]
    excluded: tuple[OldTimed, ...]
    categories: tuple[str, ...]
    webhook: str | None
    tags: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's VEVENTs and the time zone that it says it is in."""

    entries: tuple[OldEntry, ...]
    zone: str | None


def read_document(raw: bytes, most: int, kept: frozenset[str] = KEPT) -> Document:
    """Read a file of at most ``most`` VEVENTs; raises ``InvalidInput`` naming the wrong one.

    ``kept`` are the properties that are looked at.
    """
    found = cut(raw, most, kept)
    entries = tuple(_entry(number, lines) for number, lines in enumerate(found.events, 1))
    zone = None if found.zone is None else _zone(found.zone)
    return Document(entries, zone)


def trouble(number: int, name: str, message: str) -> InvalidInput:
    """Make the error for one property of one VEVENT."""
    return InvalidInput.field(f"VEVENT {number}.{name}", message)


def _entry(number: int, lines: Iterable[str]) -> OldEntry:
    text = "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])
    try:
        event = icalendar.Event.from_ical(text)
        if event.errors:
            name, message = event.errors[0]
            raise trouble(number, str(name), f"can't be read ({str(message)[:80]})")
        return _read(number, event)
    except InvalidInput:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        # Whatever the library stumbles over in a file that no honest program makes.
        raise InvalidInput(f"VEVENT {number} can't be read; check its properties.") from None


def _read(number: int, event: Any) -> OldEntry:
    for name in _ONCE:
        if isinstance(event.get(name), list):
            raise trouble(number, name, "must stand only once")
    if "DTSTART" not in event:
        raise trouble(number, "DTSTART", "is required")
    tags = event.get("X-QHRONOS-TAGS")
    duration = event.get("DURATION")
    return OldEntry(
        number=number,
        uid=_text(event, "UID"),
        start=_timed(event["DTSTART"], number, "DTSTART"),
        end=_timed(event["DTEND"], number, "DTEND") if "DTEND" in event else None,
        duration=None if duration is None else duration.td,
        summary=_text(event, "SUMMARY"),
        description=_text(event, "DESCRIPTION"),
        is_cancelled=_text(event, "STATUS").upper() == "CANCELLED",
        replaces=_replaces(event, number),
        rules=tuple(_rules(event, "RRULE", number)),
        excluding_rules=tuple(_rules(event, "EXRULE", number)),
        included=tuple(_dates(event, "RDATE", number)),
        excluded=tuple(_dates(event, "EXDATE", number)),
        categories=tuple(
            str(one) for part in _all(event, "CATEGORIES") for one in part.cats if str(one).strip()
        ),
        webhook=_raw(event, "X-QHRONOS-WEBHOOK", number),
        tags=None if tags is None else _split(_raw(event, "X-QHRONOS-TAGS", number) or ""),
    )


def _all(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _rules(event: Any, name: str, number: int) -> Iterator[str]:
    for one in _all(event, name):
        text: str = one.to_ical().decode()
        if not text:
            raise trouble(number, name, "must not be empty")
        yield text


def _text(event: Any, name: str) -> str:
    return str(event.get(name, ""))


def _raw(event: Any, name: str, number: int) -> str | None:
    """An ``X-`` property as text, with RFC 5545's escapes taken out."""
    found = event.get(name)
    if isinstance(found, list):
        raise trouble(number, name, "must stand only once")
    if found is None:
        return None
    return str(found).replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\").strip()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part.strip())


def _replaces(event: Any, number: int) -> OldTimed | None:
    found = event.get("RECURRENCE-ID")
    if found is None:
        return None
    if "RANGE" in found.params:
        raise trouble(number, "RECURRENCE-ID", "with RANGE is not supported; split the series")
    return _timed(found, number, "RECURRENCE-ID")


def _dates(event: Any, name: str, number: int) -> Iterator[OldTimed]:
    for line in _all(event, name):
        for one in line.dts:
            value = one.dt[0] if isinstance(one.dt, tuple) else one.dt
            yield _placed(value, line.params.get(ZONE), number, name)


def _timed(found: Any, number: int, name: str) -> OldTimed:
    return _placed(found.dt, found.params.get(ZONE), number, name)


def _placed(value: Any, tzid: Any, number: int, name: str) -> OldTimed:
    if not isinstance(value, date):
        raise trouble(number, name, "must be a date or a time")
    if not isinstance(value, datetime):
        return OldTimed(value)
    if value.tzinfo is not None:
        return OldTimed(value.astimezone(UTC))
    if tzid is None:
        return OldTimed(value)
    if not isinstance(tzid, str):
        raise trouble(number, name, "must have one TZID")
    zone = _zone(tzid)
    if zone is None:
        raise trouble(number, name, f"has the TZID {tzid[:60]!r}; use an IANA name")
    return OldTimed(value, zone)


def _zone(tzid: str) -> str | None:
    return _known_zone(tzid) if len(tzid) <= _LONGEST_TZID else None


@lru_cache(maxsize=1024)
def _known_zone(tzid: str) -> str | None:
    """The IANA name that a TZID means: itself, at its end, or as Windows has it."""
    parts = tzid.strip().strip('"').split("/")
    # Programs put their own name before, as in /freeassociation.sourceforge.net/Europe/Berlin.
    candidates = ["/".join(parts[-length:]) for length in (len(parts), 3, 2, 1)]
    candidates.append(WINDOWS_TO_OLSON.get(tzid.strip(), ""))
    for candidate in candidates:
        try:
            validate_timezone(candidate)
        except InvalidInput:
            continue
        return candidate
    return None
