"""An entry as the body of an event, as ``POST /events`` takes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.budget import current
from app.domain.ical.early_starts import FIRST, TooEarly, move_ahead
from app.domain.ical.moments import Setting, place_of, utc_text, wall_text
from app.domain.ical.occurrences import last_counted, with_start
from app.domain.ical.properties import Refused
from app.domain.ical.values import Timed
from app.domain.ical.vevents import Entry, shown_name
from app.domain.ical.zones import NoZone, Zones
from app.domain.lines import check_line
from app.domain.recurrence.compiler import compile_schedule
from app.errors import InvalidInput

MAX_TAGS = 50
MAX_TAG = 64
MAX_NOTICES = 20
_TAG_STEPS = 2
_ONLY_THE_START = "FREQ=DAILY;COUNT=1"
_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6})?(Z?)")
_FIELDS = {
    "name": ("SUMMARY",),
    "description": ("DESCRIPTION",),
    "start_time": ("DTSTART",),
    "timezone": ("DTSTART",),
    "webhook": ("X-QHRONOS-WEBHOOK",),
    "tags": ("X-QHRONOS-TAGS", "CATEGORIES"),
    "schedule": ("RRULE", "RDATE"),
    "schedule.include": ("RDATE",),
    "schedule.exclude": ("EXDATE", "EXRULE"),
}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What counts where an entry does not say: its target; tags that all of them have."""

    webhook: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry whose zone is known, with its start there."""

    entry: Entry
    place: Setting
    start: datetime
    notices: tuple[str, ...]


def put_in_place(entry: Entry, zones: Zones) -> Placed:
    """Find an entry's zone; raises ``Refused``."""
    notices = list(entry.notices)
    place, start = place_of(entry, zones, _last(entry), notices)
    if place.is_of_days:
        entry = replace(entry, rules=until_days(entry.rules))
    return Placed(entry, place, start, tuple(notices))


def make_body(
    placed: Placed, defaults: Defaults, replaced: Sequence[str] = ()
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Make the body of a series or of what occurs once; also all notices.

    ``replaced`` are the times that other entries replace. Raises ``Refused``.
    """
    entry, notices = placed.entry, list(placed.notices)
    body: dict[str, Any] = {"name": shown_name(entry.summary, entry.uid)}
    body["tags"] = _tags(entry, defaults.tags, notices)
    if entry.description:
        body["description"] = entry.description
    webhook = entry.webhook or defaults.webhook
    if webhook is None:
        raise Refused("is missing, and so is webhook in the query", entry.line, "X-QHRONOS-WEBHOOK")
    body["webhook"] = webhook
    if placed.place.zone is not None:
        body["timezone"] = placed.place.zone
    placed = _with_start(_not_early(placed, notices), notices)
    start = placed.start
    zone = placed.place.zone
    body["start_time"] = utc_text(start) if start.tzinfo is not None else wall_text(start, zone)
    schedule = _schedule(placed, replaced)
    if schedule is not None:
        body["schedule"] = schedule
    return body, tuple(notices[:MAX_NOTICES])


def is_emptied(body: Mapping[str, Any]) -> bool:
    """Whether all times of a series are taken out of it; what is wrong otherwise, others say."""
    schedule = body.get("schedule") or {}
    if "exclude" not in schedule or "every" in schedule:
        return False
    timezone = body.get("timezone")
    start = datetime.fromisoformat(body["start_time"])
    at = start if start.tzinfo else start.replace(tzinfo=ZoneInfo(timezone or "UTC"))
    try:
        compile_schedule(schedule, int(at.timestamp() * 1000), timezone)
    except InvalidInput as error:
        return "schedule.exclude" in error.fields
    return False


def lines_of(entry: Entry) -> Mapping[str, int]:
    """The lines that the fields of a body come from."""
    found: dict[str, int] = {}
    for field, names in _FIELDS.items():
        for name in names:
            if name in entry.lines:
                found.setdefault(field, entry.lines[name])
    return found


def _schedule(placed: Placed, replaced: Sequence[str]) -> dict[str, Any] | None:
    entry = placed.entry
    if not entry.rules and not entry.included:
        return None
    rules = [{"rrule": one} for one in entry.rules or (_ONLY_THE_START,)]
    schedule: dict[str, Any] = dict(rules[0]) if len(rules) == 1 else {"rules": rules}
    if entry.included:
        schedule["include"] = _texts(placed, entry.included, "RDATE")
    excluded: list[Any] = [*_texts(placed, entry.excluded, "EXDATE"), *replaced]
    excluded = list(dict.fromkeys(excluded))
    excluded += [{"rrule": one} for one in entry.excluding_rules]
    if excluded:
        schedule["exclude"] = excluded
    return schedule


def _texts(placed: Placed, times: Sequence[Timed], name: str) -> list[str]:
    try:
        # What lies before 1970 is over, and no event's time.
        return [placed.place.text(at) for at in times if at.day >= FIRST.date()]
    except NoZone as error:
        line = placed.entry.lines.get(name, placed.entry.line)
        raise Refused(str(error), line, name) from None


def _not_early(placed: Placed, notices: list[str]) -> Placed:
    entry, start = placed.entry, placed.start
    wall = start.replace(tzinfo=None)
    if wall >= FIRST:
        return placed
    line = entry.lines.get("DTSTART", entry.line)
    try:
        moved, rules = move_ahead(wall, entry.rules)
    except TooEarly as error:
        raise Refused(str(error), line, "DTSTART") from None
    notices.append(f"DTSTART lies in {wall.year}; the series is taken from {moved.date()} on.")
    changed = replace(entry, rules=rules)
    return replace(placed, entry=changed, start=moved.replace(tzinfo=start.tzinfo))


def _with_start(placed: Placed, notices: list[str]) -> Placed:
    """A series whose start is its first time, whether or not its rule gives it."""
    entry = placed.entry
    rules, is_apart = with_start(entry.rules, placed.start.replace(tzinfo=None))
    if not entry.rules or not is_apart:
        return placed
    notices.append("DTSTART is no time of its rule; it is one all the same.")
    is_days = placed.place.is_of_days
    first = Timed(placed.start.date() if is_days else placed.start)
    changed = replace(entry, rules=rules, included=(first, *entry.included))
    return replace(placed, entry=changed)


def _last(entry: Entry) -> datetime | None:
    """The last wall time of a series, roughly; ``None`` if it has no end that is written."""
    lasts = [_last_of(rule, entry) for rule in entry.rules]
    lasts += [datetime.combine(at.day, time(23)) for at in (entry.start, *entry.included)]
    known = [one for one in lasts if one is not None]
    return max(known) if len(known) == len(lasts) else None


def _last_of(rule: str, entry: Entry) -> datetime | None:
    until = _UNTIL.search(rule)
    if until is None:
        start = entry.start.value
        wall = start if isinstance(start, datetime) else datetime.combine(start, time())
        return last_counted(rule, wall.replace(tzinfo=None))
    try:
        return datetime.strptime(until[1], "%Y%m%d").replace(hour=23)  # noqa: DTZ007
    except ValueError:
        return None


def until_days(rules: Sequence[str]) -> tuple[str, ...]:
    """A series of days ends on a day, whatever time of day is written with it."""
    return tuple(_UNTIL.sub(r"UNTIL=\1", rule) for rule in rules)


def _tags(entry: Entry, given: Sequence[str], notices: list[str]) -> list[str]:
    if entry.tags is not None:
        return [*given, *entry.tags]
    tags = list(dict.fromkeys([*given, *_usable(entry.categories, notices)]))
    if len(tags) > MAX_TAGS:
        notices.append(f"CATEGORIES are more than {MAX_TAGS}; the others are left out.")
    return tags[:MAX_TAGS]


def _usable(categories: Sequence[str], notices: list[str]) -> Iterator[str]:
    """The categories that can be tags. Others are left out: a tag that was cut is another tag."""
    current().spend(_TAG_STEPS * len(categories))
    for category in categories:
        tag = unicodedata.normalize("NFC", category).strip()
        try:
            check_line(tag)
            is_usable = len(tag) <= MAX_TAG and "," not in tag
        except InvalidInput:
            is_usable = False
        if tag and is_usable:
            yield tag
        elif tag:
            notices.append(
                f"The category {shown_name(tag, '')[:40]!r} is left out: a tag has 1 to {MAX_TAG} "
                "characters and no comma."
            )
