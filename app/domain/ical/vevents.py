"""VEVENTs as plain values, each read when its turn comes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.budget import current
from app.domain.ical.components import VEvent
from app.domain.ical.content import (
    MAX_LINE,
    Line,
    Property,
    Unreadable,
    content_lines,
    read_property,
)
from app.domain.ical.imported import Refusal
from app.domain.ical.values import (
    Timed,
    read_duration,
    read_text,
    read_texts,
    read_time,
    read_times,
)
from app.domain.lines import check_line
from app.errors import InvalidInput

MAX_LINES = 1_000
"""Lines of one VEVENT that are read."""

MAX_TIMES = 1_000
"""Times in all RDATE, or all EXDATE, of one VEVENT: as many as a schedule takes."""

MAX_RULES = 100
"""Rules of one kind: as many as a schedule takes."""

MAX_UID = 1_000
MAX_NAME = 255
MAX_DESCRIPTION = 4_096

KEPT = frozenset(
    {
        *("UID", "SUMMARY", "DESCRIPTION", "STATUS", "CATEGORIES", "RECURRENCE-ID"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE"),
        *("X-QHRONOS-WEBHOOK", "X-QHRONOS-TAGS"),
    }
)
_TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})
_TEXTS = frozenset({"SUMMARY", "DESCRIPTION"})
_EVENT_STEPS, _LINE_STEPS, _TIME_STEPS = 60, 10, 4
_CHARACTERS_A_STEP = 20
"""What it costs to read a VEVENT, a line of it, a time and a text, in steps."""

_MOST_NOTICES = 20
_NO_TIME = Timed(date.min)
_SAME_WITHOUT = ("RSCALE=GREGORIAN", "SKIP=OMIT")
_SPACES = re.compile(r"\s+")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Refused(Exception):
    """An entry can't be taken."""

    def __init__(self, reason: str, line: int, name: str | None = None) -> None:
        super().__init__(reason)
        said = reason if name is None else f"{name} {reason}"
        self.refusal = Refusal(f"{said}.", line, name)


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


class Properties:
    """The properties of one VEVENT that are read, by name."""

    def __init__(self, data: bytes, event: VEvent, kept: frozenset[str] = KEPT) -> None:
        """Find them; raises ``Refused``. What is in a component inside it is not of it."""
        self.event = event
        self._lines: dict[str, list[Line]] = {}
        self.notices: list[str] = []
        spent = _EVENT_STEPS
        count = depth = 0
        for line in content_lines(data, event.span.begin, event.span.end, event.span.line):
            name = "" if line.name is None else line.name.decode("ascii")
            depth += (name == "BEGIN") - (name == "END")
            if not name and not depth:
                self.notices.append(f"Line {line.number} is no NAME:value; it is left out.")
                del self.notices[_MOST_NOTICES:]
            if depth or name not in kept:
                continue
            count += 1
            spent += _LINE_STEPS + len(line.raw) // _CHARACTERS_A_STEP
            if count > MAX_LINES:
                raise Refused(f"It has more than {MAX_LINES} lines", line.number)
            if name in _TEXTS and len(line.raw) > MAX_LINE:
                self.notices.append(f"{name} is longer than {MAX_LINE} bytes; it is cut.")
                cut = line.raw[:MAX_LINE].decode("utf-8", "ignore").encode()
                line = line._replace(raw=cut[:MAX_LINE])  # noqa: PLW2901
            self._lines.setdefault(name, []).append(line)
        current().spend(spent)
        if event.fault is not None:
            raise Refused(f"It {event.fault}", event.span.line)

    def all(self, name: str) -> Sequence[Property]:
        """Each property of a name; raises ``Refused`` for one that can't be read."""
        return [self._read(line, name) for line in self._lines.get(name, ())]

    def one(self, name: str) -> Property | None:
        """The property of a name, which stands once; raises ``Refused`` if others differ."""
        lines = self._lines.get(name, ())
        if not lines:
            return None
        if name not in _TEXTS and any(line.raw != lines[0].raw for line in lines):
            raise Refused("must stand only once", lines[1].number, name)
        return self._read(lines[0], name)

    def first_lines(self) -> Mapping[str, int]:
        """The line of the first property of each name."""
        return {name: lines[0].number for name, lines in self._lines.items()}

    def time(self, name: str) -> Timed | None:
        """The time of a property; raises ``Refused``."""
        found = self.one(name)
        if found is None:
            return None
        try:
            return read_time(found)
        except Unreadable as error:
            raise Refused(str(error), found.line, name) from None

    def times(self, name: str) -> tuple[Timed, ...]:
        """The times of all properties of a name; raises ``Refused``."""
        times: list[Timed] = []
        for found in self.all(name):
            count = found.value.count(",") + 1
            if len(times) + count > MAX_TIMES:
                raise Refused(f"has more than {MAX_TIMES} times; give fewer", found.line, name)
            current().spend(_TIME_STEPS * count)
            try:
                times += read_times(found)
            except Unreadable as error:
                raise Refused(str(error), found.line, name) from None
        return tuple(times)

    def text(self, name: str) -> str:
        """The text of a property, empty if it is not there; raises ``Refused``."""
        found = self.one(name)
        return "" if found is None else read_text(found.value)

    def rules(self, name: str) -> tuple[str, ...]:
        """The rules of a name but empty ones; raises ``Refused``."""
        rules = []
        lines = self._lines.get(name, ())
        if len(lines) > MAX_RULES:
            raise Refused(f"stands more than {MAX_RULES} times", lines[MAX_RULES].number, name)
        for found in self.all(name):
            parts = "".join(found.value.split()).upper().split(";")
            if "RSCALE=GREGORIAN" in parts:  # RFC 7529: what is meant without it, too
                parts = [part for part in parts if part not in _SAME_WITHOUT]
            rule = ";".join(part for part in parts if part.partition("=")[2])
            if rule:
                rules.append(rule)
            else:
                self.notices.append(f"{name} in line {found.line} is empty; it is left out.")
        return tuple(rules)

    def _read(self, line: Line, name: str) -> Property:
        try:
            return read_property(line, is_time=name in _TIMES)
        except Unreadable as error:
            raise Refused(str(error), line.number, name) from None


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
