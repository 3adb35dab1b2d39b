"""What belongs to one UID: a series and the times of it that other entries replace."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from app.domain.ical.bodies import Defaults, Placed, is_emptied, lines_of, make_body
from app.domain.ical.components import VCalendar, VEvent
from app.domain.ical.imported import ImportedEntry, Refusal
from app.domain.ical.members import Member, bounded_entry, read_member, tell_times
from app.domain.ical.moments import Setting
from app.domain.ical.properties import Refused
from app.domain.ical.ranges import Part, split
from app.domain.ical.values import Timed
from app.domain.ical.vevents import Entry, shown_name
from app.domain.ical.zones import Zones

MAX_RANGES = 20
"""How often a series may go on in another way."""

_TOO_MANY = f"It goes on in another way more than {MAX_RANGES} times."
_VOID = "A newer version of its series does not have this time any more."
_EMPTIED = "All of its times are excluded, or replaced by other entries."


def read_group(
    data: bytes,
    events: Sequence[VEvent],
    zones_of: Callable[[VCalendar], Zones],
    defaults: Defaults,
) -> Iterator[ImportedEntry]:
    """Read the newest versions of one UID: the series first, then what replaces times of it."""
    members = [read_member(data, event, zones_of(event.calendar)) for event in events]
    series = next((one for one in members if not one.event.recurrence), None)
    others = [one for one in members if one is not series]
    tell_times(series, others)
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


def _parts(series: Member | None, others: Sequence[Member]) -> list[Part]:
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
        with bounded_entry(series.event.span.line):
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
    series: Member, parts: Sequence[Part], others: Sequence[Member], defaults: Defaults
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
    one: Member,
    series: Member | None,
    parts: Sequence[Part],
    others: Sequence[Member],
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
    part: Part, parts: Sequence[Part], others: Sequence[Member], place: Setting
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


def _taken(one: Member, part: Part, replaced: Sequence[str], defaults: Defaults) -> ImportedEntry:
    try:
        if part.placed is None:
            return _shown(one, is_cancelled=True)
        with bounded_entry(one.event.span.line):
            body, notices = make_body(part.placed, defaults, replaced)
            is_empty = is_emptied(body)
        if is_empty:
            return replace(_shown(one, is_cancelled=True), notices=(_EMPTIED,))
    except Refused as error:
        one.refusal = error.refusal
        return _shown(one)
    shown = _shown(one)
    return replace(shown, name=body["name"], body=body, notices=notices)


def _shown(one: Member, *, is_cancelled: bool = False) -> ImportedEntry:
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
