"""Going through the occurrences of several series at once, ascending, exclusions left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.budget import current
from app.domain.recurrence.moments import day_end_ms
from app.domain.recurrence.series import Series, WallSeries
from app.domain.recurrence.zones import DAY, EPOCH_ORDINAL, Zone

_HOUR = 3_600

MAX_EXCLUDED = 200_000
"""How many occurrences in a row may be excluded before the series counts as ended."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a schedule is put together from. ``included`` is sorted; moments are ms UTC."""

    series: tuple[Series, ...]
    included: Sequence[int]
    moments: frozenset[int]
    """Excluded moments."""
    days: frozenset[int]
    """Excluded days, counted from 1970-01-01, on the wall."""
    excluding: tuple[Series, ...]
    covering: tuple[bool, ...]
    """For each excluding series, whether it takes every occurrence of an hour of which it takes
    one, so that a walk goes on behind that hour (or that day, if it has all hours)."""
    zone: Zone


class Walk:
    """A position among the occurrences.

    Each series is asked again only when the walk has passed what it gave last: an occurrence costs
    the searches of the series that it comes from, however many there are.
    """

    __slots__ = ("_at", "_excluding", "_heads", "_parts")

    def __init__(self, parts: Parts, at_ms: int) -> None:
        """Begin at a moment, itself included."""
        self._parts = parts
        self._at = at_ms
        # What each series gave last: ``_at - 1`` says that it was not asked yet.
        self._heads: list[int | None] = [at_ms - 1] * len(parts.series)
        self._excluding: list[int | None] = [at_ms - 1] * len(parts.excluding)

    def step(self, until_ms: int | None = None, most_excluded: int = MAX_EXCLUDED) -> int | None:
        """Return the next occurrence, ``None`` if there is none up to ``until_ms``."""
        spend = current().spend
        steps = 1 + (len(self._heads) + len(self._excluding)) // 16
        for _ in range(most_excluded):
            spend(steps)
            found = self._candidate()
            if found is None or (until_ms is not None and found > until_ms):
                return None
            follows = self._excluded_before(found)
            if follows is None:
                self._at = found + 1
                return found
            self._at = follows
        return None

    def _candidate(self) -> int | None:
        """Return the first moment from here on that a series or ``included`` has."""
        at, parts = self._at, self._parts
        best: int | None = None
        for index, head in enumerate(self._heads):
            found = head
            if head is not None and head < at:
                found = self._heads[index] = parts.series[index].ceil(at)
            if found is not None and (best is None or found < best):
                best = found
        if parts.included:
            position = bisect_left(parts.included, at)
            if position < len(parts.included):
                included = parts.included[position]
                best = included if best is None else min(best, included)
        return best

    def _excluded_before(self, at: int) -> int | None:
        """Return where to go on after an excluded moment, ``None`` if it is not excluded."""
        parts = self._parts
        if at in parts.moments:
            return at + 1
        if parts.days:
            instant = at // 1000
            day = (instant + parts.zone.offset_at(instant)) // DAY
            if day in parts.days:
                ends = day_end_ms(date.fromordinal(day + EPOCH_ORDINAL), parts.zone)
                return max(at, ends) + 1
        for index, head in enumerate(self._excluding):
            found = head
            if head is not None and head < at:
                found = self._excluding[index] = parts.excluding[index].ceil(at)
            if found == at:
                return self._behind(index, at) + 1
        return None

    def _behind(self, index: int, at: int) -> int:
        """Return the last moment that an excluding series surely takes away from ``at`` on."""
        series = self._parts.excluding[index]
        if not self._parts.covering[index] or not isinstance(series, WallSeries):
            return at
        instant = at // 1000
        stretch = series.zone.stretch_at(instant)
        if instant < stretch.start + max(0, stretch.offset - stretch.before):
            return at  # wall times of a gap may fire here, at other seconds of the hour
        unit = DAY if series.pattern.times.has_every_hour else _HOUR
        wall = instant + stretch.offset
        last = min((wall // unit + 1) * unit - stretch.offset, stretch.end) * 1000 - 1
        return max(at, last if series.end_ms is None else min(last, series.end_ms))
