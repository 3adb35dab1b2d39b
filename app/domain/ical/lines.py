"""Cutting a file into its VEVENTs, keeping only what is understood, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.errors import InvalidInput

KEPT = frozenset(
    {
        *("UID", "SUMMARY", "DESCRIPTION", "STATUS", "CATEGORIES", "RECURRENCE-ID"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE"),
        *("X-QHRONOS-WEBHOOK", "X-QHRONOS-TAGS"),
    }
)
ZONE = "X-ZONE"
"""The name under which the parameter ``TZID`` goes on."""

MAX_DEPTH = 8
MAX_LINE = 65_536
MAX_LINES = 1_000
"""Lines of one VEVENT that are understood."""

MAX_DATES = 20_000
"""Entries of all EXDATE and RDATE lines of a file."""

_EVENT = ["VCALENDAR", "VEVENT"]
_FORM = "The body must be an iCalendar file: VEVENTs between BEGIN:VCALENDAR and END:VCALENDAR."
_FOLD = re.compile(r"\r?\n[ \t]")
_ZONE = re.compile(r";TZID=", re.IGNORECASE)
_NEWLINE = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[:;])")


@dataclass(slots=True)
class RawCalendar:
    """The lines of each VEVENT, unfolded; ``zone`` is the file's ``X-WR-TIMEZONE``."""

    events: list[list[str]] = field(default_factory=list)
    zone: str | None = None


def cut(raw: bytes, most: int) -> RawCalendar:
    """Find the VEVENTs, at most ``most``; raises ``InvalidInput``."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The calendar is not UTF-8; encode it as UTF-8.") from None
    cutter = _Cutter(most)
    for number, line in _lines(text):
        cutter.take(number, line)
    return cutter.finish()


class _Cutter:
    """Follows the nesting of components, line by line."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found = RawCalendar()
        self._inside: list[str] = []
        self._dates = 0

    def take(self, number: int, line: str) -> None:
        match = _NAME.match(line)
        if match is None:
            raise InvalidInput(f"Line {number} of the calendar is no NAME:value; correct it.")
        name = match[0].upper()
        if name == "BEGIN":
            self._begin(_component(line))
        elif not self._inside:
            raise InvalidInput(_FORM)
        elif name == "END":
            if self._inside.pop() != _component(line):
                raise InvalidInput(f"Line {number} of the calendar ends what did not begin.")
        elif self._inside == _EVENT and name in KEPT:
            self._keep(number, name, line)
        elif self._inside == _EVENT[:1] and name == "X-WR-TIMEZONE":
            self._found.zone = line.partition(":")[2].strip() or None

    def finish(self) -> RawCalendar:
        if self._inside:
            raise InvalidInput(f"The calendar is cut off: END:{self._inside[-1][:40]} is missing.")
        if not self._found.events:
            raise InvalidInput("The calendar has no VEVENT; send at least one.")
        return self._found

    def _begin(self, component: str) -> None:
        self._inside.append(component)
        if len(self._inside) > MAX_DEPTH or self._inside[0] != _EVENT[0]:
            raise InvalidInput(_FORM)
        if self._inside == _EVENT:
            self._found.events.append([])
            if len(self._found.events) > self._most:
                raise InvalidInput(f"The calendar has too many VEVENTs; send at most {self._most}.")

    def _keep(self, number: int, name: str, line: str) -> None:
        lines = self._found.events[-1]
        # Under another name the library leaves zones alone: it guesses and follows their rules.
        lines.append(_ZONE.sub(rf";{ZONE}=", line, count=1))
        if name in ("EXDATE", "RDATE"):
            self._dates += line.count(",") + 1
        if len(line) > MAX_LINE or len(lines) > MAX_LINES or self._dates > MAX_DATES:
            raise InvalidInput(
                f"Line {number} of the calendar is more than can be read; send less."
            )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfold (RFC 5545 3.1) and number the lines that are not empty."""
    for number, line in enumerate(_NEWLINE.split(_FOLD.sub("", text)), 1):
        if line.strip():
            yield number, line


def _component(line: str) -> str:
    return line.partition(":")[2].strip().upper()
