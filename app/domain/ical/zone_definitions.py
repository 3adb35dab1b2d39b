"""VTIMEZONE (RFC 5545 3.6.5): a zone as a file defines it, and the IANA zone that agrees with it.

An event recurs in an IANA zone, so one is looked for whose clock shows the same as the defined one
in the years that matter. Names are tried first, but prove nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from app.domain.budget import current
from app.domain.ical.zone_names import likely_zones
from app.domain.recurrence.compiler import compile_schedule
from app.domain.recurrence.zones import get_zone
from app.errors import InvalidInput

MAX_ONSETS = 1_000
"""Changes of one VTIMEZONE; real ones list each year at most."""

_EARLIEST = datetime(1900, 1, 1)  # noqa: DTZ001 - a wall time
_YEARS_BEFORE = timedelta(days=800)
_CHECK_STEPS = 4
_FOLLOW_STEPS = 200
_DAY = 86_400
SLACK_S = 2 * 3_600
"""By so much the hours may differ at which a defined clock and that of a zone change: programs
are often wrong about them."""


class Contradiction(ValueError):
    """A definition that can't be followed; the message goes on from the zone's name."""


@dataclass(frozen=True, slots=True)
class Observance:
    """A STANDARD or DAYLIGHT: from each onset on, the clock is ``after`` seconds ahead of UTC.

    ``onset`` and ``dates`` are wall times of the clock that was ``before`` seconds ahead.
    """

    onset: datetime
    before: int
    after: int
    rules: tuple[str, ...] = ()
    dates: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class ZoneDefinition:
    """What a VTIMEZONE says."""

    observances: tuple[Observance, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """When a clock changes, ascending, and by how much it is ahead of UTC from then on.

    ``first`` is its offset before, and ``is_open`` says that a rule goes on past the last of them.
    All in seconds, instants since 1970 UTC.
    """

    first: int
    instants: tuple[int, ...]
    offsets: tuple[int, ...]
    is_open: bool

    def offset_at(self, instant: int) -> int:
        """The offset in force at an instant."""
        position = bisect_right(self.instants, instant)
        return self.offsets[position - 1] if position else self.first

    def ends_before(self, instant: int) -> bool:
        """Whether they are a list that stops before an instant, as old files have it."""
        return not self.is_open and len(self.instants) > 1 and self.instants[-1] < instant

    def resolve(self, wall: datetime) -> int:
        """The instant of a wall time: the first of two, and with the offset before a gap."""
        seconds = _seconds(wall)
        before = self.first
        for change, after in zip(self.instants, self.offsets, strict=True):
            if seconds - before < change or seconds - after < change:
                break
            before = after
        return seconds - before


@lru_cache(maxsize=512)
def follow(definition: ZoneDefinition, begin: int, end: int) -> Changes:
    """Follow a definition through the instants from ``begin`` to ``end``.

    Raises ``Contradiction`` for what can't be followed.
    """
    found: dict[int, tuple[int, int]] = {}
    is_open = False
    for one in definition.observances:
        # What Outlook's rules begin with, in 1601, is no change of its own.
        is_real = one.onset >= _EARLIEST or not one.rules
        walls = {*one.dates, one.onset} if is_real else set(one.dates)
        for rule in one.rules:
            goes_on, onsets = _onsets(one, rule, begin, end)
            walls |= onsets
            is_open = is_open or goes_on
        for wall in walls:
            change = (one.before, one.after)
            known = found.setdefault(_seconds(wall) - one.before, change)
            if known[1] != one.after:
                raise Contradiction("is defined with two offsets for the same time")
        if len(found) > MAX_ONSETS:
            raise Contradiction(f"is defined with more than {MAX_ONSETS} changes")
    current().spend(_CHECK_STEPS * len(found))
    if not found:
        raise Contradiction("is defined without any change that matters")
    instants = sorted(found)
    return Changes(
        found[instants[0]][0],
        tuple(instants),
        tuple(found[instant][1] for instant in instants),
        is_open,
    )


def find_zone(
    definition: ZoneDefinition, hints: Iterable[str], begin: int, end: int, far: int
) -> str | None:
    """The IANA zone whose clock agrees with a definition from ``begin`` to ``end``, if any.

    Rather one that agrees until ``far``: a series may be made longer. ``hints`` are tried first.
    If the definition lists changes and stops before ``end``, as old files do, a hint that agrees
    with all of them is the one that was meant. Raises ``Contradiction``.
    """
    return _find_zone(definition, tuple(hints), begin, end, max(end, far))


@lru_cache(maxsize=512)
def _find_zone(
    definition: ZoneDefinition, hints: tuple[str, ...], begin: int, end: int, far: int
) -> str | None:
    changes = follow(definition, begin, far)
    until = (far,) if far == end else (far, end)
    for last in until:
        for name in hints:
            if _agrees(name, changes, begin, last, SLACK_S):
                return name
    if changes.ends_before(end) and (meant := meant_by(changes, hints)) is not None:
        return meant
    for last in until:
        for slack in (0, SLACK_S):
            for name in likely_zones():
                if _agrees(name, changes, begin, last, slack):
                    return name
    return None


def meant_by(changes: Changes, hints: Iterable[str]) -> str | None:
    """The hint that has all changes of a definition that lists some and then stops."""
    first, last = max(changes.instants[0], 0), changes.instants[-1]
    if first >= last:
        return None
    return next((name for name in hints if _agrees(name, changes, first, last, SLACK_S)), None)


def _agrees(name: str, changes: Changes, begin: int, end: int, slack: int) -> bool:
    """Whether a zone's clock shows the same at every instant from ``begin`` to ``end``.

    But for so many seconds before and after a change.
    """
    zone = get_zone(name)
    current().spend(_CHECK_STEPS)
    for instant in (begin, *changes.instants, end):
        # Before a change and after it, and so everywhere if the zone has no other change.
        for at in (instant - slack - 1, instant + slack):
            if begin + slack <= at <= end and zone.offset_at(at) != changes.offset_at(at):
                return False
    current().spend(_FOLLOW_STEPS)
    at = begin
    while at <= end:
        stretch = zone.stretch_at(at)
        shown = min(stretch.start + slack, stretch.end - 1)
        if begin <= shown <= end and stretch.offset != changes.offset_at(shown):
            return False
        at = stretch.end
    return True


def _onsets(one: Observance, rule: str, begin: int, end: int) -> tuple[bool, set[datetime]]:
    """The onsets by a rule that matter from ``begin`` to ``end``; also if it has no end."""
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";") if part)
    until = _until(parts.pop("UNTIL", None), one.before)
    start = one.onset
    if start < _EARLIEST:
        # Outlook's clocks change since 1601.
        if parts.get("FREQ") != "YEARLY" or parts.get("INTERVAL", "1") != "1" or "COUNT" in parts:
            raise Contradiction("is defined by a rule that begins before 1900")
        start = start.replace(year=1904)
    text = ";".join("=".join(part) for part in parts.items())
    try:
        series = compile_schedule({"rrule": text}, _seconds(start) * 1000, "UTC")
    except InvalidInput as error:
        raise Contradiction(f"is defined by the rule {rule[:60]!r}: {error.message}") from None
    last = end + _DAY if until is None else min(until, end + _DAY)
    # One onset before the first year that matters says what the clock shows as it begins.
    first = (
        _seconds(start)
        if "COUNT" in parts
        else min(begin, last) - int(_YEARS_BEFORE.total_seconds())
    )
    found = series.upcoming(first * 1000 - 1, MAX_ONSETS + 1, last * 1000)
    if len(found) > MAX_ONSETS:
        raise Contradiction(f"is defined with more than {MAX_ONSETS} changes")
    onsets = {_EPOCH + timedelta(milliseconds=at) for at in found}
    return until is None and "COUNT" not in parts, {at for at in onsets if at >= one.onset}


def _until(text: str | None, before: int) -> int | None:
    """When a rule ends, as seconds on the wall clock; UNTIL is in UTC (RFC 5545 3.3.10)."""
    if text is None:
        return None
    digits = text.rstrip("Z").replace("T", "").ljust(14, "0")
    try:
        at = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall time
    except ValueError:
        raise Contradiction(f"is defined by a rule until {text[:20]!r}") from None
    return _seconds(at) + (before if text.endswith("Z") else 0)


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time


def _seconds(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(seconds=1)
