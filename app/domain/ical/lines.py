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

MAX_WORK = 200_000
"""What may be kept of a file, in steps of about a microsecond that reading it takes."""

_EVENT_STEPS = 45
_LINE_STEPS = 15
_PARAMETER_STEPS = 3
_CHARACTERS_A_STEP = 4
_ENTRY_STEPS = {"RDATE": 12, "EXDATE": 12, "RRULE": 4, "EXRULE": 4}
_OTHER_ENTRY_STEPS = 2

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


def cut(raw: bytes, most: int, kept: frozenset[str] = KEPT) -> RawCalendar:
    """Find the VEVENTs, at most ``most``; raises ``InvalidInput``.

    ``kept`` are the properties that are read: any other costs nothing.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The calendar is not UTF-8; encode it as UTF-8.") from None
    cutter = _Cutter(most, kept)
    for number, line in _lines(text):
        cutter.take(number, line)
    return cutter.finish()


class _Cutter:
    """Follows the nesting of components, line by line."""

    def __init__(self, most: int, kept: frozenset[str]) -> None:
        self._most = most
        self._kept = kept
        self._found = RawCalendar()
        self._inside: list[str] = []
        self._work = 0

    def take(self, number: int, line: str) -> None:
        match = _NAME.match(line)
        if match is None:
            raise InvalidInput(f"Line {number} of the calendar is no NAME:value; correct it.")
        name = match[0].upper()
        if name == "BEGIN":
            self._begin(number, _component(line))
        elif not self._inside:
            raise InvalidInput(_FORM)
        elif name == "END":
            if self._inside.pop() != _component(line):
                raise InvalidInput(f"Line {number} of the calendar ends what did not begin.")
        elif self._inside == _EVENT and name in self._kept:
            self._keep(number, name, line)
        elif self._inside == _EVENT[:1] and name == "X-WR-TIMEZONE":
            self._found.zone = line.partition(":")[2].strip() or None

    def finish(self) -> RawCalendar:
        if self._inside:
            raise InvalidInput(f"The calendar is cut off: END:{self._inside[-1][:40]} is missing.")
        if not self._found.events:
            raise InvalidInput("The calendar has no VEVENT; send at least one.")
        return self._found

    def _begin(self, number: int, component: str) -> None:
        self._inside.append(component)
        if len(self._inside) > MAX_DEPTH or self._inside[0] != _EVENT[0]:
            raise InvalidInput(_FORM)
        if self._inside == _EVENT:
            self._found.events.append([])
            if len(self._found.events) > self._most:
                raise InvalidInput(f"The calendar has too many VEVENTs; send at most {self._most}.")
            self._spend(number, _EVENT_STEPS)

    def _keep(self, number: int, name: str, line: str) -> None:
        lines = self._found.events[-1]
        # Under another name the library leaves zones alone: it guesses and follows their rules.
        lines.append(_ZONE.sub(rf";{ZONE}=", line, count=1))
        if len(line) > MAX_LINE or len(lines) > MAX_LINES:
            raise _too_much(number)
        self._spend(number, _steps(name, line))

    def _spend(self, number: int, steps: int) -> None:
        self._work += steps
        if self._work > MAX_WORK:
            raise _too_much(number)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfold (RFC 5545 3.1) and number the lines that are not empty."""
    for number, line in enumerate(_NEWLINE.split(_FOLD.sub("", text)), 1):
        if line.strip():
            yield number, line


def _steps(name: str, line: str) -> int:
    """What it costs to read a line: the library goes through it entry by entry."""
    entries = (line.count(",") + 1) * _ENTRY_STEPS.get(name, _OTHER_ENTRY_STEPS)
    parameters = line.count(";") * _PARAMETER_STEPS
    return _LINE_STEPS + entries + parameters + len(line) // _CHARACTERS_A_STEP


def _too_much(number: int) -> InvalidInput:
    return InvalidInput(f"Line {number} of the calendar is more than can be read; send less.")


def _component(line: str) -> str:
    return line.partition(":")[2].strip().upper()
