"""What belongs to one UID: a series and the times of it that other entries replace."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.ical.bodies import Defaults, Placed, is_emptied, lines_of, make_body, put_in_place
from app.domain.ical.components import VCalendar, VEvent
from app.domain.ical.imported import ImportedEntry, Refusal
from app.domain.ical.moments import Setting
from app.domain.ical.occurrences import gives
from app.domain.ical.ranges import Part, split
from app.domain.ical.values import Timed
from app.domain.ical.vevents import (
    KEPT,
    Entry,
    Properties,
    Refused,
    read_entry,
    read_replaced,
    shown_name,
)
from app.domain.ical.zones import NoZone, Zones

# How long it takes is nothing to an event, so that nothing can be wrong with it.
_OF_EVENTS = KEPT - {"DTEND", "DURATION"}
MAX_RANGES = 20
"""How often a series may go on in another way."""

_TOO_MANY = f"It goes on in another way more than {MAX_RANGES} times."
_VOID = "A newer version of its series does not have this time any more."
_EMPTIED = "All of its times are excluded, or replaced by other entries."
_NEWER = Refusal("The file has a newer version of this time.", 0)


@dataclass(slots=True)
class _Member:
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
        return self.entry is not None and self.entry.is_cancelled


def read_group(
    data: bytes,
    events: Sequence[VEvent],
    zones_of: Callable[[VCalendar], Zones],
    defaults: Defaults,
) -> Iterator[ImportedEntry]:
    """Read the newest versions of one UID: the series first, then what replaces times of it."""
    members = [_read(data, event, zones_of(event.calendar)) for event in events]
    series = next((one for one in members if not one.event.recurrence), None)
    others = [one for one in members if one is not series]
    base = _place_of_series(series)
    for one in others:
        _name_time(one, base)
    _drop_older(others)
    if series is not None and series.placed is not None:
        _void(others, series, series.placed)
    if series is not None and series.is_cancelled:
        yield _shown(series, is_cancelled=True)
        for one in others:
            yield _shown(one, is_cancelled=True)
        return
    parts = _parts(series, others)
    if series is not None:
        yield _of_series(series, parts, others, defaults)
    for one in others:
        yield _of_other(one, series, parts, others, defaults)


def _read(data: bytes, event: VEvent, zones: Zones) -> _Member:
    member = _Member(event, zones)
    try:
        found = Properties(data, event, _OF_EVENTS)
        if event.recurrence:
            member.replaces, member.is_range = read_replaced(found)
        member.entry = read_entry(found)
        if not member.entry.is_cancelled:
            entry = member.entry
            if event.recurrence and not member.is_range:
                entry = replace(entry, rules=(), excluding_rules=(), included=(), excluded=())
            member.placed = put_in_place(entry, zones)
    except Refused as error:
        member.refusal = error.refusal
    return member


def _place_of_series(series: _Member | None) -> Setting | None:
    return None if series is None or series.placed is None else series.placed.place


def _name_time(one: _Member, base: Setting | None) -> None:
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


def _drop_older(others: Sequence[_Member]) -> None:
    """Refuse what has a newer version whose time is written in another way."""
    newest: dict[str, _Member] = {}
    for one in others:
        other = newest.get(one.key)
        if other is None or not one.key:
            newest[one.key] = one
            continue
        older, newer = sorted((one, other), key=lambda member: member.event.version)
        older.refusal = replace(_NEWER, line=older.event.span.line)
        older.replaces = None
        newest[one.key] = newer


def _void(others: Sequence[_Member], series: _Member, placed: Placed) -> None:
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


def _parts(series: _Member | None, others: Sequence[_Member]) -> list[Part]:
    """The series in the parts into which ranges cut it; the first is what stays of itself.

    None if it can't be taken.
    """
    if series is None or series.placed is None or series.refusal is not None:
        return []
    place = series.placed.place
    changes = [
        (place.wall(one.replaces), one)
        for one in others
        if series.placed.entry.rules and one.is_range and one.replaces is not None and one.key
    ]
    if len(changes) > MAX_RANGES:
        series.refusal = Refusal(_TOO_MANY, series.event.span.line)
        return []
    changes.sort(key=lambda change: change[0])
    for begin, one in changes:
        if one.placed is None and not one.is_cancelled:
            # To go on as before would be as wrong as to stop: both wait for a better file.
            reason = f"It goes on in another way from {begin} on, which can't be taken."
            series.refusal = Refusal(reason, one.event.span.line)
            return []
    try:
        parts = split(series.placed, [(begin, one.placed) for begin, one in changes])
    except Refused as error:
        series.refusal = error.refusal
        for _, one in changes:
            one.refusal = one.refusal or error.refusal
        return []
    for (_, one), part in zip(changes, parts[1:], strict=True):
        one.part = part
    return parts


def _of_series(
    series: _Member, parts: Sequence[Part], others: Sequence[_Member], defaults: Defaults
) -> ImportedEntry:
    if not parts or series.placed is None:
        return _shown(series)
    place = series.placed.place
    if not series.placed.entry.rules and not series.placed.entry.included:
        only = place.canonical(Timed(series.placed.start))
        if any(one.key in (only, only[:10]) for one in others):
            notice = "Its only time is replaced by another entry."
            return replace(_shown(series, is_cancelled=True), notices=(notice,))
    return _taken(series, parts[0], _replaced(parts[0], parts, others, place), defaults)


def _of_other(
    one: _Member,
    series: _Member | None,
    parts: Sequence[Part],
    others: Sequence[_Member],
    defaults: Defaults,
) -> ImportedEntry:
    if one.is_cancelled:
        return _shown(one, is_cancelled=True)
    if one.is_void:
        return replace(_shown(one, is_cancelled=True), notices=(_VOID,))
    if one.refusal is not None or one.placed is None:
        return _shown(one)
    part, replaced = Part(one.placed), []
    if one.part is not None and series is not None and series.placed is not None:
        part = one.part
        replaced = _replaced(part, parts, others, series.placed.place)
    elif one.is_range and not (one.placed.entry.rules or one.placed.entry.included):
        reason = "It changes a series that is not taken."
        one.refusal = Refusal(reason, one.event.span.line, "RECURRENCE-ID")
        return _shown(one)
    if series is not None and series.entry is not None and part.placed is not None:
        part = replace(part, placed=_inherit(part.placed, series.entry))
        defaults = replace(defaults, webhook=series.entry.webhook or defaults.webhook)
    return _taken(one, part, replaced, defaults)


def _inherit(placed: Placed, series: Entry) -> Placed:
    """What a replaced time does not say of itself is as in its series."""
    entry = placed.entry
    changes: dict[str, Any] = {}
    if not entry.summary.strip():
        changes["summary"] = series.summary
    if entry.tags is None and not entry.categories:
        changes |= {"tags": series.tags, "categories": series.categories}
    return replace(placed, entry=replace(entry, **changes)) if changes else placed


def _replaced(
    part: Part, parts: Sequence[Part], others: Sequence[_Member], place: Setting
) -> list[str]:
    """The times of a part that single entries replace, or call off."""
    begins = [one.begin for one in parts]
    found = []
    for one in others:
        if one.replaces is None or not one.key or one.is_range:
            continue
        wall = place.wall(one.replaces)
        if parts[bisect_right(begins, wall) - 1] is not part:
            continue
        text = place.text(one.replaces) if part is parts[0] else part.moved(wall)
        if text is not None:
            found.append(text)
    return found


def _taken(one: _Member, part: Part, replaced: Sequence[str], defaults: Defaults) -> ImportedEntry:
    try:
        if part.placed is None:
            return _shown(one, is_cancelled=True)
        body, notices = make_body(part.placed, defaults, replaced)
        if is_emptied(body):
            return replace(_shown(one, is_cancelled=True), notices=(_EMPTIED,))
    except Refused as error:
        one.refusal = error.refusal
        return _shown(one)
    shown = _shown(one)
    return replace(shown, name=body["name"], body=body, notices=notices)


def _shown(one: _Member, *, is_cancelled: bool = False) -> ImportedEntry:
    """An entry without its body."""
    event, entry = one.event, one.entry
    uid = event.uid
    summary = "" if entry is None else entry.summary
    return ImportedEntry(
        uid=uid if entry is not None else shown_name("", uid),
        recurrence_id=one.key,
        line=event.span.line,
        number=event.number,
        name=shown_name(summary, uid),
        refusal=None if is_cancelled else one.refusal,
        is_cancelled=is_cancelled,
        is_range=one.is_range,
        lines={} if entry is None else lines_of(entry),
    )
