"""The properties of one VEVENT that are read, found in its lines and read one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from app.domain.ical.values import Timed, read_text, read_time, read_times

MAX_LINES = 1_000
"""Lines of one VEVENT that are read."""

MAX_TIMES = 1_000
"""Times in all RDATE, or all EXDATE, of one VEVENT: as many as a schedule takes."""

MAX_RULES = 100
"""Rules of one kind: as many as a schedule takes."""

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
_SAME_WITHOUT = ("RSCALE=GREGORIAN", "SKIP=OMIT")


class Refused(Exception):
    """An entry can't be taken."""

    def __init__(self, reason: str, line: int, name: str | None = None) -> None:
        super().__init__(reason)
        said = reason if name is None else f"{name} {reason}"
        self.refusal = Refusal(f"{said}.", line, name)


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
