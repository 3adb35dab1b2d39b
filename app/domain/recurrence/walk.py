"""Going through the occurrences of several series at once, ascending, exclusions left out."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date

from app.domain.budget import current
from app.domain.recurrence.moments import day_end_ms
from app.domain.recurrence.parts import Parts
from app.domain.recurrence.series import WallSeries
from app.domain.recurrence.zones import DAY, EPOCH_ORDINAL

_HOUR = 3_600

MAX_EXCLUDED = 200_000
"""How many occurrences in a row may be excluded before the series counts as ended."""


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
        moments = parts.included.moments
        if moments:
            position = bisect_left(moments, at)
            if position < len(moments):
                included = moments[position]
                best = included if best is None else min(best, included)
        return best

    def _excluded_before(self, at: int) -> int | None:
        """Return where to go on after an excluded moment, ``None`` if it is not excluded."""
        parts = self._parts
        if at in parts.excluded.moments:
            stretch = parts.zone.change_near(at // 1000)
            if stretch is None or not parts.is_kept(at, stretch):
                return at + 1  # (what is kept there is on no excluded day, either)
        elif parts.excluded.days:
            follows = self._behind_day(at)
            if follows is not None:
                return follows
        for index, head in enumerate(self._excluding):
            found = head
            if head is not None and head < at:
                found = self._excluding[index] = parts.excluding[index].ceil(at)
            if found == at:
                return self._behind(index, at) + 1
        return None

    def _behind_day(self, at: int) -> int | None:
        """Return where to go on if a moment's day is excluded, ``None`` if it is not."""
        parts, instant = self._parts, at // 1000
        days, stretch = parts.excluded.days, parts.zone.stretch_at(instant)
        day = (instant + stretch.offset) // DAY
        if stretch.is_early(instant):
            # Here may fire what belongs to an earlier day, if the clock skips a midnight.
            first = (stretch.start + stretch.before) // DAY
            among = {one in days for one in range(first, day + 1)}
            if len(among) > 1:
                return None if parts.is_kept(at, stretch) else at + 1
        if day not in days:
            return None
        ends = day_end_ms(date.fromordinal(day + EPOCH_ORDINAL), parts.zone)
        return max(at, ends) + 1

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
