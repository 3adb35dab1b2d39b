"""RANGE=THISANDFUTURE (RFC 5545 3.2.13): a series that goes on in another way from a time on.

The series ends before that time, and another one begins with what is said of it. Where that says no
rule, the series' own goes on, moved by as much as the one time is moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.ical.bodies import Placed
from app.domain.ical.occurrences import parts_of, rule_of, wall_ms
from app.domain.ical.properties import Refused
from app.domain.ical.values import Timed
from app.domain.ical.zones import NoZone
from app.domain.recurrence.compiler import compile_schedule
from app.errors import InvalidInput

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_OF_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")
_OF_DAYS = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS")
_MOST_COUNTED = 10_000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a series: its times from ``begin`` on, which are moved by ``shift``.

    ``placed`` is ``None`` where they are called off.
    """

    placed: Placed | None
    begin: datetime = datetime.min  # noqa: DTZ901 - a wall time
    shift: timedelta = timedelta()

    def moved(self, wall: datetime) -> str | None:
        """Where a time of the whole series lies in this part, as ``exclude`` takes it."""
        if self.placed is None:
            return None
        try:
            at = wall + self.shift
        except OverflowError:
            return None  # beyond the calendar nothing is taken out
        if self.placed.place.is_of_days:
            return at.date().isoformat()
        text = at.isoformat(timespec="seconds")
        return f"{text}Z" if self.placed.place.zone is None else text


def split(series: Placed, changes: Sequence[tuple[datetime, Placed | None]]) -> list[Part]:
    """Split a series where it changes, at ascending wall times on its clock.

    ``None`` calls off what follows. Raises ``Refused`` for what can't be followed.
    """
    parts = [Part(series)]
    for begin, change in changes:
        last = parts[-1]
        if last.placed is not None:
            parts[-1] = replace(last, placed=_ended(last.placed, begin + last.shift))
        if change is None:
            parts.append(Part(None, begin))
            continue
        start = _start_there(change, series)
        placed = change if change.entry.rules else _going_on(series, change, begin, start)
        parts.append(Part(placed, begin, start - begin))
    return parts


def _start_there(change: Placed, series: Placed) -> datetime:
    """The wall time, on the clock of the series, to which a time is moved."""
    if change.place.zone == series.place.zone:
        return change.start.replace(tzinfo=None)
    zone = ZoneInfo(change.place.zone or "UTC")
    there = change.start if change.start.tzinfo else change.start.replace(tzinfo=zone)
    return there.astimezone(ZoneInfo(series.place.zone or "UTC")).replace(tzinfo=None)


def _ended(placed: Placed, end: datetime) -> Placed:
    """A series without its times from ``end`` on."""
    entry = placed.entry
    until = _until(placed, end - _SECOND)
    rules = []
    for rule in entry.rules:
        parts = parts_of(rule)
        if "COUNT" in parts:
            if _count_before(placed, parts, end) < int(parts["COUNT"]):
                del parts["COUNT"]
                parts["UNTIL"] = until
        elif "UNTIL" not in parts or parts["UNTIL"][:8] >= until[:8]:
            parts["UNTIL"] = until
        rules.append(rule_of(parts))
    included = tuple(at for at in entry.included if _wall(placed, at) < end)
    return replace(placed, entry=replace(entry, rules=tuple(rules), included=included))


def _going_on(series: Placed, change: Placed, begin: datetime, start: datetime) -> Placed:
    """What a change says, by the rules of the series moved to its start."""
    shift = start - begin
    line = change.entry.lines.get("RECURRENCE-ID", change.entry.line)
    rules = [
        moved
        for rule in series.entry.rules
        if (moved := _moved_rule(series, parts_of(rule), begin, start, line)) is not None
    ]
    entry = replace(
        change.entry,
        rules=tuple(rules),
        included=_all_moved(series, series.entry.included, begin, shift),
        excluded=_all_moved(series, series.entry.excluded, begin, shift),
    )
    return Placed(entry, series.place, _aware(series, start), change.notices)


def _moved_rule(
    series: Placed, parts: dict[str, str], begin: datetime, start: datetime, line: int
) -> str | None:
    days = (start.date() - begin.date()).days
    if start.time() != begin.time() and any(name in parts for name in _OF_CLOCK):
        raise Refused("moves times that the rule names; split the series", line, "RECURRENCE-ID")
    if days and any(name in parts for name in _OF_DAYS):
        is_plain = parts.get("FREQ") == "WEEKLY" and parts.get("INTERVAL", "1") == "1"
        if not is_plain or not set(_OF_DAYS) & parts.keys() == {"BYDAY"}:
            raise Refused("moves days that the rule names; split the series", line, "RECURRENCE-ID")
        parts["BYDAY"] = ",".join(
            _weekday_later(day, days, line) for day in parts["BYDAY"].split(",")
        )
    if "COUNT" in parts:
        left = int(parts["COUNT"]) - _count_before(series, parts, begin)
        if left < 1:
            return None
        parts["COUNT"] = str(left)
    elif "UNTIL" in parts:
        parts["UNTIL"] = _later(parts["UNTIL"], start - begin, line)
    return rule_of(parts)


def _weekday_later(day: str, days: int, line: int) -> str:
    if day not in _WEEKDAYS:
        raise Refused("moves days that the rule names; split the series", line, "RECURRENCE-ID")
    return _WEEKDAYS[(_WEEKDAYS.index(day) + days) % 7]


def _later(until: str, shift: timedelta, line: int) -> str:
    form = "%Y%m%dT%H%M%S" if "T" in until else "%Y%m%d"
    try:
        at = datetime.strptime(until.rstrip("Z"), form) + shift  # noqa: DTZ007 - on any clock
    except (ValueError, OverflowError):
        raise Refused("can't be read: UNTIL is no time", line, "RRULE") from None
    return at.strftime(form) + until[len(until.rstrip("Z")) :]


def _count_before(placed: Placed, parts: dict[str, str], end: datetime) -> int:
    """How many times of a rule lie before a wall time, at most as many as it has."""
    start = placed.start.replace(tzinfo=None)
    endless = rule_of({name: value for name, value in parts.items() if name != "COUNT"})
    try:
        count = min(int(parts["COUNT"]), _MOST_COUNTED)
        series = compile_schedule({"rrule": endless}, wall_ms(start), "UTC")
    except (ValueError, InvalidInput):
        line = placed.entry.lines.get("RRULE", placed.entry.line)
        raise Refused("can't be read", line, "RRULE") from None
    return len(series.upcoming(wall_ms(start) - 1, count, wall_ms(end) - 1))


def _wall(placed: Placed, at: Timed) -> datetime:
    try:
        return placed.place.wall(at)
    except NoZone as error:
        raise Refused(str(error), placed.entry.line) from None


def _all_moved(
    placed: Placed, times: Sequence[Timed], begin: datetime, shift: timedelta
) -> tuple[Timed, ...]:
    moved = (_moved(placed, at, begin, shift) for at in times)
    return tuple(at for at in moved if at is not None)


def _moved(placed: Placed, at: Timed, begin: datetime, shift: timedelta) -> Timed | None:
    """A time of a series from ``begin`` on, moved; a day stays a day."""
    if not isinstance(at.value, datetime):
        moved = at.value + timedelta(days=(begin + shift).toordinal() - begin.toordinal())
        return Timed(moved) if at.value >= begin.date() else None
    wall = _wall(placed, at)
    return Timed(_aware(placed, wall + shift)) if wall >= begin else None


def _aware(placed: Placed, wall: datetime) -> datetime:
    """A wall time of a series as it is given on: with UTC where that is its zone."""
    return wall.replace(tzinfo=UTC) if placed.place.zone is None else wall


def _until(placed: Placed, at: datetime) -> str:
    """The last time of a rule; without Z it is read in the zone of the event."""
    if placed.place.is_of_days:
        return f"{at:%Y%m%d}"
    return f"{at:%Y%m%dT%H%M%S}" + ("Z" if placed.place.zone is None else "")
