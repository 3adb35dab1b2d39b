"""VEVENTs as plain values, each read when its turn comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.ical.content import Unreadable
from app.domain.ical.properties import Properties, Refused
from app.domain.ical.values import Timed, read_duration, read_text, read_texts
from app.domain.lines import check_line
from app.errors import InvalidInput

MAX_UID = 1_000
MAX_NAME = 255
MAX_DESCRIPTION = 4_096

_NO_TIME = Timed(date.min)
_SPACES = re.compile(r"\s+")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a VEVENT says. ``lines`` are those of its properties; ``notices`` what was left out."""

    number: int
    line: int
    uid: str
    start: Timed
    end: Timed | None
    duration: timedelta | None
    summary: str
    description: str
    is_cancelled: bool
    replaces: Timed | None
    is_range: bool
    rules: tuple[str, ...]
    excluding_rules: tuple[str, ...]
    included: tuple[Timed, ...]
    excluded: tuple[Timed, ...]
    categories: tuple[str, ...]
    webhook: str | None
    tags: tuple[str, ...] | None
    lines: Mapping[str, int]
    notices: tuple[str, ...]


def read_replaced(found: Properties) -> tuple[Timed | None, bool]:
    """The time of a series that a VEVENT replaces, and whether all that follows is meant, too.

    Raises ``Refused``.
    """
    one = found.one("RECURRENCE-ID")
    if one is None:
        return None, False
    is_range = one.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
    if "RANGE" in one.parameters and not is_range:
        # RFC 5545 has no THISANDPRIOR any more; what was sent by it must not be guessed at.
        raise Refused("has a RANGE that is not THISANDFUTURE", one.line, "RECURRENCE-ID")
    return found.time("RECURRENCE-ID"), is_range


def read_entry(found: Properties) -> Entry:
    """Read a VEVENT; raises ``Refused`` for what can't be understood."""
    event = found.event
    uid = _uid(found)
    replaces, is_range = read_replaced(found)
    start = found.time("DTSTART")
    is_cancelled = event.calendar.is_cancel or found.text("STATUS").strip().upper() == "CANCELLED"
    if start is None:
        if not is_cancelled:
            raise Refused("is missing", event.span.line, "DTSTART")
        # What calls off needs no more than the name of what it calls off (RFC 5546 3.2.5).
        start = replaces or _NO_TIME
    tags = found.one("X-QHRONOS-TAGS")
    webhook = found.text("X-QHRONOS-WEBHOOK").strip()
    return Entry(
        number=event.number,
        line=event.span.line,
        uid=uid,
        start=start,
        end=found.time("DTEND"),
        duration=_duration(found),
        summary=_summary(found),
        description=_description(found),
        is_cancelled=is_cancelled,
        replaces=replaces,
        is_range=is_range,
        rules=found.rules("RRULE"),
        excluding_rules=found.rules("EXRULE"),
        included=found.times("RDATE"),
        excluded=found.times("EXDATE"),
        categories=tuple(one for part in found.all("CATEGORIES") for one in read_texts(part.value)),
        webhook=webhook or None,
        tags=None if tags is None else _split(read_text(tags.value)),
        lines=found.first_lines(),
        notices=tuple(found.notices),
    )


def _duration(found: Properties) -> timedelta | None:
    one = found.one("DURATION")
    try:
        return None if one is None else read_duration(one)
    except Unreadable as error:
        raise Refused(str(error), found.first_lines()["DURATION"], "DURATION") from None


def _uid(found: Properties) -> str:
    uid, line = found.event.uid, found.first_lines().get("UID", found.event.span.line)
    found.one("UID")
    try:
        check_line(uid)
    except InvalidInput:
        raise Refused("has line breaks or control characters", line, "UID") from None
    if len(uid) > MAX_UID:
        raise Refused(f"is longer than {MAX_UID} characters", line, "UID")
    return uid


def shown_name(summary: str, uid: str) -> str:
    """What people know an entry by: a name that an event may have."""
    for text in (summary, uid):
        clean = _SPACES.sub(" ", _TURNS.sub("", _CONTROLS.sub(" ", text))).strip()
        if clean:
            return clean[:MAX_NAME].strip()
    return "no name"


def _summary(found: Properties) -> str:
    summary = found.text("SUMMARY")
    if len(summary.strip()) > MAX_NAME:
        found.notices.append(f"SUMMARY is longer than {MAX_NAME} characters; it is cut.")
    if _TURNS.search(summary):
        found.notices.append("SUMMARY turns the direction of writing; that is left out.")
    return summary


def _description(found: Properties) -> str:
    text = _CONTROLS.sub("", found.text("DESCRIPTION").replace("\r\n", "\n"))
    if len(text) > MAX_DESCRIPTION:
        found.notices.append(f"DESCRIPTION is longer than {MAX_DESCRIPTION} characters; it is cut.")
    return text[:MAX_DESCRIPTION]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part.strip())
