"""Reading a VTIMEZONE's lines."""

from __future__ import annotations

from datetime import datetime

from app.domain.budget import current
from app.domain.ical.components import Span
from app.domain.ical.content import Line, Property, Unreadable, content_lines, read_property
from app.domain.ical.values import Timed, read_offset, read_time, read_times
from app.domain.ical.zone_definitions import Contradiction, Observance, ZoneDefinition

MAX_OBSERVANCES = 300
_MAX_DATES = 1_000
_LINE_STEPS = 6
_OBSERVANCES = (b"STANDARD", b"DAYLIGHT")
_READ = frozenset({b"DTSTART", b"TZOFFSETFROM", b"TZOFFSETTO", b"RRULE", b"RDATE"})


def read_definition(data: bytes, span: Span) -> tuple[ZoneDefinition, str | None]:
    """Read a VTIMEZONE; also the name that ``X-LIC-LOCATION`` gives it.

    Raises ``Contradiction`` for what makes no sense.
    """
    found: list[Observance] = []
    place: str | None = None
    lines: list[Line] | None = None
    for line in content_lines(data, span.begin, span.end, span.line):
        current().spend(_LINE_STEPS)
        component = line.raw.partition(b":")[2].strip().upper()
        if line.name == b"BEGIN" and component in _OBSERVANCES:
            lines = []
        elif line.name == b"END" and component in _OBSERVANCES and lines is not None:
            found.append(_observance(lines))
            lines = None
            if len(found) > MAX_OBSERVANCES:
                raise Contradiction(f"is defined in more than {MAX_OBSERVANCES} parts")
        elif lines is not None and line.name in _READ:
            lines.append(line)
        elif line.name == b"X-LIC-LOCATION":
            place = line.raw.partition(b":")[2].strip().decode("ascii", "replace")
    if not found:
        raise Contradiction("is defined without STANDARD and DAYLIGHT")
    return ZoneDefinition(tuple(found)), place


def _observance(lines: list[Line]) -> Observance:
    read: dict[str, list[Property]] = {}
    try:
        for line in lines:
            one = read_property(line)
            read.setdefault(one.name, []).append(one)
        onset = _wall(read_time(read["DTSTART"][0]))
        before, after = (
            read_offset(read[name][0].value) for name in ("TZOFFSETFROM", "TZOFFSETTO")
        )
        dates = [_wall(at) for one in read.get("RDATE", ()) for at in read_times(one)]
    except KeyError as error:
        raise Contradiction(f"is defined without {error.args[0]}") from None
    except (Unreadable, ValueError):
        raise Contradiction("is defined by what is neither a time nor an offset") from None
    if len(dates) > _MAX_DATES:
        raise Contradiction(f"is defined with more than {_MAX_DATES} changes")
    rules = tuple(one.value for one in read.get("RRULE", ()) if one.value)
    return Observance(onset, before, after, rules, tuple(dates))


def _wall(at: Timed) -> datetime:
    if not isinstance(at.value, datetime):
        return datetime(at.value.year, at.value.month, at.value.day)  # noqa: DTZ001 - a wall time
    return at.value.replace(tzinfo=None)
