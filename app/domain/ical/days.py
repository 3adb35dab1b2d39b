"""All-day VEVENTs as the definition of a calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.budget import BudgetExceeded, limited
from app.domain.calendar import MAX_RULE_DAYS
from app.domain.ical.bodies import until_days
from app.domain.ical.components import VEvent, find_components
from app.domain.ical.early_starts import TooEarly, move_ahead
from app.domain.ical.properties import KEPT, Properties, Refused
from app.domain.ical.values import Timed
from app.domain.ical.versions import newest
from app.domain.ical.vevents import Entry, read_entry
from app.domain.ical.zone_names import zones_named
from app.domain.recurrence import compile_schedule
from app.errors import InvalidInput

MAX_EVENTS = 1_500
_FIRST_YEAR = 1900
"""Rules begin no earlier; those that do are moved ahead."""

MAX_STEPS = 200_000
"""What it may cost to read a file."""

_KEPT = KEPT - {"SUMMARY", "DESCRIPTION", "CATEGORIES", "X-QHRONOS-WEBHOOK", "X-QHRONOS-TAGS"}
MAX_RANGE_DAYS = 3_660
_DAY = timedelta(days=1)


def read_definition(raw: bytes) -> dict[str, Any]:
    """Turn a file into ``dates``, ``ranges`` and ``rules``; raises ``InvalidInput``.

    ``DTEND`` is the day after the last one (RFC 5545 3.6.1). Of several versions the newest counts.
    Cancelled VEVENTs are left out, and one that replaces a single day of a series takes that day
    out of it. What lasts from midnight to midnight is days, too.
    """
    try:
        with limited(MAX_STEPS):
            return _read(raw)
    except BudgetExceeded:
        raise InvalidInput("The calendar is more than can be read; send less.") from None


def _read(raw: bytes) -> dict[str, Any]:
    events = find_components(raw, MAX_EVENTS)
    if not events:
        raise InvalidInput("The calendar has no VEVENT; send at least one.")
    found = _Days()
    for group in newest(events):
        entries = [_entry(raw, event) for event in group]
        if any(one.is_cancelled and one.replaces is None for one in entries):
            continue
        replaced = [
            _day(one, one.replaces, "RECURRENCE-ID") for one in entries if one.replaces is not None
        ]
        for entry in entries:
            if not entry.is_cancelled:
                found.add(entry, () if entry.replaces else replaced)
    return found.definition()


def _entry(raw: bytes, event: VEvent) -> Entry:
    try:
        entry = read_entry(Properties(raw, event, _KEPT))
    except Refused as error:
        said = error.refusal
        if said.name is None:
            message = f"VEVENT {event.number} can't be read: {said.reason} (line {said.line})"
            raise InvalidInput(message) from None
        reason = said.reason.removeprefix(f"{said.name} ").rstrip(".")
        raise _trouble(event.number, said.name, f"{reason} (line {said.line})") from None
    if entry.is_range:
        raise _trouble(
            event.number, "RECURRENCE-ID", "with RANGE is not for days; split the series"
        )
    return _in_days(entry, event.calendar.zone)


def _in_days(entry: Entry, place: str | None) -> Entry:
    """An entry whose times are days, where they are midnights; ``place`` is a zone's name."""
    zones = zones_named(place) if place else ()
    zone = ZoneInfo(zones[0]) if zones else None

    def day(at: Timed | None) -> Timed | None:
        return at and _as_day(at, zone)

    return replace(
        entry,
        start=_as_day(entry.start, zone),
        end=day(entry.end),
        replaces=day(entry.replaces),
        rules=() if entry.replaces else until_days(entry.rules),
        included=tuple(_as_day(at, zone) for at in entry.included),
        excluded=tuple(_as_day(at, zone) for at in entry.excluded),
    )


def _as_day(at: Timed, zone: ZoneInfo | None) -> Timed:
    """The day that begins with a midnight, on the clock that it is written for, or in the zone."""
    value = at.value
    if not isinstance(value, datetime):
        return at
    if value.time() == time():
        return Timed(value.date())
    if value.tzinfo is UTC and zone is not None and value.astimezone(zone).time() == time():
        return Timed(value.astimezone(zone).date())
    return at


def _trouble(number: int, name: str, message: str) -> InvalidInput:
    """Make the error for one property of one VEVENT."""
    return InvalidInput.field(f"VEVENT {number}.{name}", message)


class _Days:
    """Gathers the days of one entry after the other."""

    def __init__(self) -> None:
        self._dates: set[date] = set()
        self._ranges: set[tuple[date, date]] = set()
        self._rules: list[dict[str, Any]] = []

    def add(self, entry: Entry, replaced: Iterable[date]) -> None:
        length = _length(entry)
        first = _day(entry, entry.start, "DTSTART")
        excluded = {*replaced, *(_day(entry, one, "EXDATE") for one in entry.excluded)}
        self._rules += _rules(entry, first, length, excluded)
        # A rule speaks for its own start, which exceptions to it may take away.
        begins = {_day(entry, one, "RDATE") for one in entry.included}
        if not entry.rules:
            begins.add(first)
        for begin in begins - excluded:
            if length == 1:
                self._dates.add(begin)
            else:
                self._ranges.add((begin, begin + (length - 1) * _DAY))

    def definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = {}
        if self._dates:
            definition["dates"] = [one.isoformat() for one in sorted(self._dates)]
        if self._ranges:
            definition["ranges"] = [
                {"from": first.isoformat(), "to": last.isoformat()}
                for first, last in sorted(self._ranges)
            ]
        if self._rules:
            definition["rules"] = self._rules
        return definition


def _rules(
    entry: Entry, first: date, length: int, excluded: Iterable[date]
) -> list[dict[str, Any]]:
    if not entry.rules:
        return []
    if length > MAX_RULE_DAYS:
        raise _trouble(entry.number, "RRULE", f"may repeat at most {MAX_RULE_DAYS} days")
    for rule in (*entry.rules, *entry.excluding_rules):
        try:
            compile_schedule({"rrule": rule}, 0, None)
        except InvalidInput as error:
            message = error.message.removeprefix("schedule.rrule: ")
            raise _trouble(entry.number, "RRULE", message) from None
    rules = entry.rules
    if first.year < _FIRST_YEAR:
        try:
            moved, rules = move_ahead(datetime.combine(first, time()), rules)
        except TooEarly:
            return []  # what is over has no days that are still to come
        first = moved.date()
    rest: dict[str, Any] = {"from": first.isoformat()}
    if length > 1:
        rest["days"] = length
    out: list[Any] = [one.isoformat() for one in sorted(excluded) if one.year >= _FIRST_YEAR]
    out += [{"rrule": one} for one in entry.excluding_rules]
    if out:
        rest["exclude"] = out
    return [{"rrule": one, **rest} for one in rules]


def _length(entry: Entry) -> int:
    """How many days it takes; one if it does not say, or says that it ends where it begins."""
    first = _day(entry, entry.start, "DTSTART")
    span = _DAY
    if entry.end is not None:
        span = _day(entry, entry.end, "DTEND") - first
    elif entry.duration is not None:
        span = entry.duration
    if span < timedelta() or span % _DAY:
        name = "DURATION" if entry.end is None else "DTEND"
        raise _trouble(entry.number, name, "must be whole days after DTSTART")
    days = max(span.days, 1)
    if days > MAX_RANGE_DAYS:
        raise _trouble(entry.number, "DTEND", f"must be at most {MAX_RANGE_DAYS} days later")
    if (date.max - first).days < days:
        raise _trouble(entry.number, "DTSTART", "must not lie at the end of the calendar")
    return days


def _day(entry: Entry, timed: Timed, name: str) -> date:
    if isinstance(timed.value, datetime):
        raise _trouble(
            entry.number, name, "has a time of day; a calendar is made of all-day events"
        )
    return timed.value
