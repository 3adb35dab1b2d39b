"""Where a file's VCALENDARs, VEVENTs and VTIMEZONEs are, found in one pass over its lines.

Each VCALENDAR speaks for itself: its zone, its method, its definitions of zones. What a VEVENT says
is read later, when its turn comes; here only that by which versions of it are told apart.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.budget import current
from app.domain.ical.content import Line, Unreadable, content_lines, read_property
from app.domain.ical.values import read_text
from app.errors import InvalidInput

MAX_DEPTH = 8
FORM = "The body must be an iCalendar file: VEVENTs between BEGIN:VCALENDAR and END:VCALENDAR."

_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_CALENDAR, _EVENT, _ZONE = b"VCALENDAR", b"VEVENT", b"VTIMEZONE"
_OF_CALENDAR = frozenset({b"X-WR-TIMEZONE", b"METHOD"})
_VERSION = frozenset({b"UID", b"RECURRENCE-ID", b"SEQUENCE", b"LAST-MODIFIED", b"DTSTAMP"})
_CONTENT = frozenset({b"DTSTART", b"SUMMARY", b"RRULE"})
_STAMP = re.compile(r"\d{8}T\d{6}Z?", re.ASCII)
_SEQUENCE = re.compile(r"\d{1,10}", re.ASCII)
_LINES_A_STEP = 2
_BYTES_A_LINE = 1_000
_LINES_AT_ONCE = 100
_EVENT_STEPS = 15
"""What it costs to find a VEVENT and to tell its version, in steps."""


class Span(NamedTuple):
    """A component's bytes, from after its BEGIN to before its END; ``line`` is that of BEGIN."""

    line: int
    begin: int
    end: int


@dataclass(slots=True)
class VCalendar:
    """What a VCALENDAR says of itself, wherever it says it."""

    zone: str | None = None
    is_cancel: bool = False
    definitions: dict[str, list[Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VEvent:
    """Where a VEVENT is, and which version of what; ``fault`` says why it can't be read.

    ``recurrence`` is its RECURRENCE-ID as it is written, and ``version`` grows from one version to
    the next (RFC 5546 2.1.4): SEQUENCE, LAST-MODIFIED, DTSTAMP, place in the file.
    """

    calendar: VCalendar
    number: int
    span: Span
    uid: str
    recurrence: str
    version: tuple[int, str, str, int]
    fault: str | None


def find_components(data: bytes, most: int) -> list[VEvent]:
    """Find the VEVENTs of a file, at most ``most``; raises ``InvalidInput``."""
    if data.startswith(_WIDE):
        raise InvalidInput("The calendar is UTF-16; save it as UTF-8.")
    finder = _Finder(most)
    for line in content_lines(data, len(_BOM) if data.startswith(_BOM) else 0):
        finder.take(line)
    return finder.finish()


class _Finder:
    """Follows the nesting of components, line by line."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: list[VEvent] = []
        self._inside: list[bytes] = []
        self._lines = 0
        self._has_calendar = False
        self._calendar = VCalendar()
        self._begun = Span(0, 0, 0)
        self._own: dict[bytes, Line] = {}
        self._tzid: Line | None = None
        self._fault: str | None = None

    def take(self, line: Line) -> None:
        self._lines += 1 + len(line.raw) // _BYTES_A_LINE
        if self._lines >= _LINES_AT_ONCE:
            current().spend(self._lines // _LINES_A_STEP)
            self._lines = 0
        name = line.name
        if name == b"BEGIN":
            self._begin(line)
        elif not self._inside:
            raise InvalidInput(FORM)
        elif name == b"END":
            self._end(line)
        elif name is not None:
            self._look_at(name, line)

    def finish(self) -> list[VEvent]:
        if self._inside:
            name = self._inside[-1][:40].decode("ascii", "replace")
            raise InvalidInput(f"The calendar is cut off: END:{name} is missing.")
        if not self._has_calendar:
            raise InvalidInput(FORM)
        return self._found

    def _begin(self, line: Line) -> None:
        component = _component(line)
        if (component == _CALENDAR) is bool(self._inside) or len(self._inside) >= MAX_DEPTH:
            raise InvalidInput(FORM)
        if component == _EVENT and _EVENT in self._inside:
            self._fault = "has another VEVENT inside; end one before the next begins"
        self._inside.append(component)
        if len(self._inside) == 1:
            self._has_calendar = True
            self._calendar = VCalendar()
        elif len(self._inside) == 2:
            self._begun = Span(line.number, line.end, line.end)
            self._own, self._tzid, self._fault = {}, None, None

    def _end(self, line: Line) -> None:
        begun = self._inside.pop()
        if begun != _component(line):
            name = begun[:40].decode("ascii", "replace")
            raise InvalidInput(
                f"Line {line.number} of the calendar ends what did not begin, or too early: "
                f"END:{name} has to come first."
            )
        if len(self._inside) != 1:
            return
        span = self._begun._replace(end=line.begin)
        if _component(line) == _EVENT:
            self._found.append(self._event(span))
            current().spend(_EVENT_STEPS)
            if len(self._found) > self._most:
                raise InvalidInput(f"The calendar has too many VEVENTs; send at most {self._most}.")
        elif _component(line) == _ZONE and self._tzid is not None:
            tzid = _value(self._tzid)
            self._calendar.definitions.setdefault(tzid, []).append(span)

    def _look_at(self, name: bytes, line: Line) -> None:
        if len(self._inside) == 1 and name in _OF_CALENDAR:
            value = _value(line)
            if name == b"METHOD":
                self._calendar.is_cancel = value.upper() == "CANCEL"
            else:
                self._calendar.zone = value or None
        elif len(self._inside) != 2:
            return
        elif self._inside[1] == _EVENT and (name in _VERSION or name in _CONTENT):
            self._own.setdefault(name, line)
        elif self._inside[1] == _ZONE and name == b"TZID":
            self._tzid = line

    def _event(self, span: Span) -> VEvent:
        own, number = self._own, len(self._found) + 1
        sequence = _of(own, b"SEQUENCE")
        modified, stamp = (_of(own, name) for name in (b"LAST-MODIFIED", b"DTSTAMP"))
        replaced = own.get(b"RECURRENCE-ID")
        return VEvent(
            calendar=self._calendar,
            number=number,
            span=span,
            uid=_of(own, b"UID") or _made_uid(own),
            recurrence="" if replaced is None else replaced.raw.decode("utf-8", "replace").upper(),
            version=(
                int(sequence) if _SEQUENCE.fullmatch(sequence) else 0,
                modified if _STAMP.fullmatch(modified) else "",
                stamp if _STAMP.fullmatch(stamp) else "",
                number,
            ),
            fault=self._fault,
        )


def _of(own: dict[bytes, Line], name: bytes) -> str:
    return _value(own[name]) if name in own else ""


def _value(line: Line) -> str:
    """The value of a line that is only compared: what can't be read of it is never equal."""
    try:
        return read_text(read_property(line).value).strip()
    except Unreadable:
        return line.raw.decode("utf-8", "backslashreplace")


def _made_uid(own: dict[bytes, Line]) -> str:
    """A UID for a VEVENT that has none: the same as long as it says the same."""
    digest = hashlib.sha256(b"\n".join(own[name].raw for name in sorted(_CONTENT & own.keys())))
    return f"no-uid-{digest.hexdigest()[:32]}"


def _component(line: Line) -> bytes:
    return line.raw.partition(b":")[2].strip().upper()
