"""The VEVENTs of one UID, each read: which replace times of the series, and which are void."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.domain.budget import BudgetExceeded, current, limited
from app.domain.ical.bodies import Placed, put_in_place
from app.domain.ical.components import VEvent
from app.domain.ical.imported import Refusal
from app.domain.ical.moments import Setting
from app.domain.ical.occurrences import gives
from app.domain.ical.properties import KEPT, Properties, Refused
from app.domain.ical.ranges import Part
from app.domain.ical.values import FIRST_YEAR, LAST_YEAR, Timed
from app.domain.ical.vevents import Entry, read_entry, read_replaced
from app.domain.ical.zones import NoZone, Zones

# How long it takes is nothing to an event, so that nothing can be wrong with it.
_OF_EVENTS = KEPT - {"DTEND", "DURATION"}
MAX_STEPS = 100_000
"""What it may cost to read one entry, or to make a body of it."""

_NEWER = Refusal("The file has a newer version of this time.", 0)


@dataclass(slots=True)
class Member:
    """One VEVENT of a group: read, or refused; ``replaces`` is known of some that are refused."""

    event: VEvent
    zones: Zones
    entry: Entry | None = None
    placed: Placed | None = None
    refusal: Refusal | None = None
    replaces: Timed | None = None
    is_range: bool = False
    key: str = ""
    part: Part | None = None
    is_void: bool = False

    @property
    def is_cancelled(self) -> bool:
        """Whether it calls off what it is about."""
        return self.entry is not None and self.entry.is_cancelled


def read_member(data: bytes, event: VEvent, zones: Zones) -> Member:
    """Read one; what is wrong with it is its refusal."""
    member = Member(event, zones)
    try:
        with bounded_entry(event.span.line):
            _fill(member, data)
    except Refused as error:
        member.refusal = error.refusal
    return member


def _fill(member: Member, data: bytes) -> None:
    event = member.event
    found = Properties(data, event, _OF_EVENTS)
    if event.recurrence:
        replaces, member.is_range = read_replaced(found)
        member.replaces = replaces if replaces is None or _is_within(replaces) else None
    member.entry = entry = read_entry(found)
    _check_years(entry)
    if entry.is_cancelled:
        return
    if event.recurrence and not member.is_range:
        entry = replace(entry, rules=(), excluding_rules=(), included=(), excluded=())
    member.placed = put_in_place(entry, member.zones)


def _check_years(entry: Entry) -> None:
    times = {
        "DTSTART": () if entry.is_cancelled else (entry.start,),
        "RECURRENCE-ID": () if entry.replaces is None else (entry.replaces,),
        "RDATE": entry.included,
        "EXDATE": entry.excluded,
    }
    for name, all_times in times.items():
        if not all(map(_is_within, all_times)):
            line = entry.lines.get(name, entry.line)
            raise Refused("must not lie at the end of the calendar", line, name)


def _is_within(at: Timed) -> bool:
    return FIRST_YEAR <= at.day.year <= LAST_YEAR


@contextmanager
def bounded_entry(line: int) -> Iterator[None]:
    """Refuse an entry that takes too long to read; raises ``Refused``.

    What is left of the budget around it is for others.
    """
    try:
        with limited(MAX_STEPS):
            yield
    except BudgetExceeded:
        if current().left < 1:
            raise
        raise Refused("It takes too long to read; make it simpler", line) from None
    except OverflowError:
        raise Refused("It reaches beyond the calendar", line) from None


def tell_times(series: Member | None, others: Sequence[Member]) -> None:
    """Find which time each of the others replaces, and which of them do so no more."""
    base = None if series is None or series.placed is None else series.placed.place
    for one in others:
        _name_time(one, base)
    _drop_older(others)
    if series is not None and series.placed is not None:
        _call_off(others, series, series.placed)


def _name_time(one: Member, base: Setting | None) -> None:
    """Find the one spelling of the time that an entry replaces."""
    place = base or (one.placed.place if one.placed is not None else None)
    if one.replaces is None:
        return
    if place is None:
        zone = None if one.replaces.tzid else one.zones.floating
        place = Setting(one.zones, zone, None, one.replaces.is_day)
    try:
        one.key = place.canonical(one.replaces)
    except NoZone as error:
        if one.refusal is None:
            one.refusal = Refusal(f"RECURRENCE-ID {error}.", one.event.span.line, "RECURRENCE-ID")


def _drop_older(others: Sequence[Member]) -> None:
    """Refuse what has a newer version whose time is written in another way."""
    newest: dict[str, Member] = {}
    for one in others:
        other = newest.get(one.key)
        if other is None or not one.key:
            newest[one.key] = one
            continue
        older, newer = sorted((one, other), key=lambda member: member.event.version)
        older.refusal = replace(_NEWER, line=older.event.span.line)
        older.replaces = None
        newest[one.key] = newer


def _call_off(others: Sequence[Member], series: Member, placed: Placed) -> None:
    """Call off what replaces a time that a newer version of its series does not have.

    So it is when somebody moves a time and then deletes it, or a later part of the series.
    """
    older = [
        one
        for one in others
        if one.key and not one.is_range and one.event.version[0] < series.event.version[0]
    ]
    if not older:
        return
    place, entry = placed.place, placed.entry
    start = placed.start.replace(tzinfo=None)
    try:
        excluded = {place.canonical(at) for at in entry.excluded}
        included = {place.canonical(at) for at in entry.included}
    except NoZone:
        return  # the series is refused for it
    for one in older:
        wall = start if one.replaces is None else place.wall(one.replaces)
        is_given = (
            not entry.rules
            or one.key in included
            or wall == start
            or any(gives(rule, start, wall) for rule in entry.rules)
        )
        one.is_void = one.key in excluded or not is_given
