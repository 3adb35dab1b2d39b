"""What is planned and what has happened, as an iCalendar file for people's calendars.

Programs ask for the file again and again, and it may have 2,000 entries. So its lines are put
together here: the library needs a hundred times as long. It is what the tests read them with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.occurrence import OccurrenceStatus

PRODUCT = "-//Qhronos//Occurrences//EN"
REFRESH = "PT15M"

LASTS = "PT1M"
"""How long an occurrence takes in a calendar. Without a duration programs show an hour, and so do
some where the end is the start; RFC 5545 3.8.2.5 wants a positive one. So it is the shortest that
people can see."""

_PLANNED = OccurrenceStatus.SCHEDULED
_SHORTENED = 1_000
_LONGEST = 75
"""Octets of a line without its end (RFC 5545 3.1)."""

_CALLED_OFF = frozenset(
    {OccurrenceStatus.CANCELLED, OccurrenceStatus.MISSED, OccurrenceStatus.SKIPPED}
)
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_LINE_END = re.compile(r"\r\n?|\u0085|\u2028|\u2029")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LAST_SEQUENCE = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Happening:
    """One occurrence in a feed; times are ms UTC.

    ``uid`` never changes, so that a program which reads the feed again finds what it has.
    ``changed_ms`` is when something of it last changed, ``made_ms`` when its event was made.
    """

    uid: str
    name: str
    scheduled_ms: int
    changed_ms: int
    status: OccurrenceStatus = _PLANNED
    made_ms: int = 0
    description: str = ""
    attempts: int = 0
    status_code: int | None = None
    error: str | None = None
    tags: tuple[str, ...] = ()
    event_id: bytes = b""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a feed says of itself at a moment (ms UTC) of the calendar, for who looks there."""

    uid: str
    text: str
    explained: str
    at_ms: int


def write_feed(
    happenings: Iterable[Happening],
    *,
    name: str = "Qhronos",
    about: str = "",
    remarks: Iterable[Remark] = (),
) -> bytes:
    """Write a file; the same arguments give the same bytes."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    if about:
        lines.append(f"X-WR-CALDESC:{_text(about)}")
    for happening in happenings:
        lines += _event(happening)
    for remark in remarks:
        lines += _remark(remark)
    lines += ["END:VCALENDAR", ""]
    return b"\r\n".join(_folded(line) for line in lines)


def _event(happening: Happening) -> Iterator[str]:
    status = happening.status
    name = _text(happening.name)
    yield "BEGIN:VEVENT"
    yield f"UID:{happening.uid}@qhronos"
    yield from _stamps(happening)
    yield f"DTSTART:{_moment(happening.scheduled_ms)}"
    yield f"DURATION:{LASTS}"
    yield f"SUMMARY:{name}" if status is _PLANNED else f"SUMMARY:{name} [{status}]"
    yield f"DESCRIPTION:{_text(_description(happening))}"
    yield "STATUS:CANCELLED" if status in _CALLED_OFF else "STATUS:CONFIRMED"
    yield "TRANSP:TRANSPARENT"
    if happening.tags:
        yield f"CATEGORIES:{','.join(map(_text, happening.tags))}"
    yield "END:VEVENT"


def _stamps(happening: Happening) -> Iterator[str]:
    """When it last changed: by these, programs know what is new (RFC 5545 3.8.7)."""
    changed = _moment(happening.changed_ms)
    yield f"DTSTAMP:{changed}"
    yield f"LAST-MODIFIED:{changed}"
    sequence = (happening.changed_ms - happening.made_ms) // 1000
    yield f"SEQUENCE:{min(max(sequence, 0), _LAST_SEQUENCE)}"


def _remark(remark: Remark) -> Iterator[str]:
    moment = _moment(remark.at_ms)
    yield "BEGIN:VEVENT"
    yield f"UID:{remark.uid}@qhronos"
    yield f"DTSTAMP:{moment}"
    yield f"DTSTART:{moment}"
    yield f"DURATION:{LASTS}"
    yield f"SUMMARY:{_text(remark.text)}"
    yield f"DESCRIPTION:{_text(remark.explained)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


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


def _text(value: str) -> str:
    """A value of type TEXT (RFC 5545 3.3.11), without the control characters of section 3.1."""
    if not value.isascii() or not value.isprintable():
        value = _CONTROL.sub("", _LINE_END.sub("\n", value))
    return value.translate(_ESCAPES)


def _folded(line: str) -> bytes:
    """A line in pieces of at most 75 octets, none of which begins within a character."""
    raw = line.encode()
    if len(raw) <= _LONGEST:
        return raw
    pieces, begin, room = [], 0, _LONGEST
    while len(raw) - begin > room:
        end = begin + room
        while raw[end] & 0xC0 == 0x80:  # a byte that continues a character
            end -= 1
        pieces.append(raw[begin:end])
        begin, room = end, _LONGEST - 1  # the space that a continued line begins with
    return b"\r\n ".join([*pieces, raw[begin:]])


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
