"""All-day VEVENTs as the definition of a calendar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from app.domain.calendar import MAX_RULE_DAYS
from app.domain.ical.lines import KEPT
from app.domain.ical.reading import Entry, Timed, read_document, trouble

MAX_EVENTS = 1_500
_NOT_OF_DAYS = {"SUMMARY", "DESCRIPTION", "CATEGORIES", "X-QHRONOS-WEBHOOK", "X-QHRONOS-TAGS"}
MAX_RANGE_DAYS = 3_660
_DAY = timedelta(days=1)


def read_definition(raw: bytes) -> dict[str, Any]:
    """Turn a file into ``dates``, ``ranges`` and ``rules``; raises ``InvalidInput``.

    ``DTEND`` is the day after the last one (RFC 5545 3.6.1). Cancelled VEVENTs are left out, and
    one that replaces a single day of a series takes that day out of it.
    """
    entries = read_document(raw, MAX_EVENTS, KEPT - _NOT_OF_DAYS).entries
    replaced: dict[str, list[date]] = {}
    for entry in entries:
        if entry.replaces is not None:
            replaced.setdefault(entry.uid, []).append(_day(entry, entry.replaces, "RECURRENCE-ID"))
    found = _Days()
    for entry in entries:
        if not entry.is_cancelled:
            found.add(entry, () if entry.replaces else replaced.get(entry.uid, ()))
    return found.definition()


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
        raise trouble(entry.number, "RRULE", f"may repeat at most {MAX_RULE_DAYS} days")
    rest: dict[str, Any] = {"from": first.isoformat()}
    if length > 1:
        rest["days"] = length
    out: list[Any] = [one.isoformat() for one in sorted(excluded)]
    out += [{"rrule": one} for one in entry.excluding_rules]
    if out:
        rest["exclude"] = out
    return [{"rrule": one, **rest} for one in entry.rules]


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
        raise trouble(entry.number, name, "must be whole days after DTSTART")
    days = max(span.days, 1)
    if days > MAX_RANGE_DAYS:
        raise trouble(entry.number, "DTEND", f"must be at most {MAX_RANGE_DAYS} days later")
    if (date.max - first).days < days:
        raise trouble(entry.number, "DTSTART", "must not lie at the end of the calendar")
    return days


def _day(entry: Entry, timed: Timed, name: str) -> date:
    if not timed.is_day:
        raise trouble(entry.number, name, "has a time of day; a calendar is made of all-day events")
    return timed.value
