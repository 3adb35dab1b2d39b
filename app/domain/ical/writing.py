"""What is planned and what has happened, as an iCalendar file for people's calendars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import icalendar

from app.domain.occurrence import OccurrenceStatus

PRODUCT = "-//Qhronos//Occurrences//EN"
REFRESH = "PT15M"
_PLANNED = OccurrenceStatus.SCHEDULED
_SHORTENED = 1_000
_CALLED_OFF = frozenset(
    {OccurrenceStatus.CANCELLED, OccurrenceStatus.MISSED, OccurrenceStatus.SKIPPED}
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One occurrence in a feed; times are ms UTC.

    ``uid`` never changes, so that a program which reads the feed again finds what it has.
    """

    uid: str
    name: str
    scheduled_ms: int
    status: OccurrenceStatus = _PLANNED
    changed_ms: int | None = None
    description: str = ""
    attempts: int = 0
    status_code: int | None = None
    error: str | None = None
    tags: tuple[str, ...] = ()


def write_feed(happenings: Iterable[Happening], now_ms: int) -> bytes:
    """Write a file; the library escapes and folds what users wrote."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", "Qhronos")
    calendar.add("X-PUBLISHED-TTL", REFRESH)
    for happening in happenings:
        calendar.add_component(_event(happening, now_ms))
    text: bytes = calendar.to_ical()
    return text


def _event(happening: Happening, now_ms: int) -> icalendar.Event:
    event = icalendar.Event()
    status = happening.status
    name = _printable(happening.name)
    event.add("UID", f"{happening.uid}@qhronos")
    event.add("DTSTAMP", _moment(happening.changed_ms or now_ms))
    event.add("DTSTART", _moment(happening.scheduled_ms))
    event.add("SUMMARY", name if status is _PLANNED else f"{name} [{status}]")
    event.add("DESCRIPTION", _printable(_description(happening)))
    event.add("STATUS", "CANCELLED" if status in _CALLED_OFF else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    if happening.tags:
        event.add("CATEGORIES", list(happening.tags))
    return event


def _description(happening: Happening) -> str:
    parts = [f"Status: {happening.status}"]
    if happening.attempts:
        parts.append(f"Attempts: {happening.attempts}")
    if happening.status_code is not None:
        parts.append(f"Answer: {happening.status_code}")
    if happening.error:
        parts.append(f"Error: {happening.error[:_SHORTENED]}")
    if happening.description:
        parts += ["", happening.description[:_SHORTENED]]
    return "\n".join(parts)


def _printable(text: str) -> str:
    """Without control characters, which RFC 5545 3.1 allows nowhere; line ends stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in text if one == "\n" or (one >= " " and one != "\x7f"))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
