"""One rule in one time zone: from wall times to instants, across every change of the clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from app.domain.budget import current
from app.domain.recurrence.pattern import Pattern
from app.domain.recurrence.wall_times import Policy
from app.domain.recurrence.zones import DAY, EARLIEST, HORIZON, Stretch, Zone

_ELAPSED_SEARCH = 50 * 366 * DAY
"""How far a rule in elapsed time looks ahead; a Monday 29 February comes within 40 years."""

_STRETCH_STEPS = 20
"""What it costs to go on to the next stretch, in steps: the zone's year may have to be read."""


class Series(ABC):
    """Ascending occurrences, in UTC milliseconds, from a start on."""

    end_ms: int | None = None
    """The last possible occurrence: ``until``, or what ``count`` comes to."""

    @abstractmethod
    def ceil(self, at_ms: int) -> int | None:
        """Return the first occurrence at or after ``at_ms``, ``None`` if there is none."""

    @abstractmethod
    def most_within_a_minute(self) -> int:
        """Return a bound on the occurrences within 60 seconds, wherever they are."""

    def reaches(self, at_ms: int) -> bool:
        """Whether the series has not ended before a time."""
        return self.end_ms is None or at_ms <= self.end_ms


class Every(Series):
    """Elapsed time, aligned to the start: start, start + period, …."""

    def __init__(self, start_ms: int, period_ms: int) -> None:
        self.start_ms = start_ms
        self.period_ms = period_ms

    def ceil(self, at_ms: int) -> int | None:
        """Return the first occurrence at or after ``at_ms``."""
        late = max(at_ms - self.start_ms, 0)
        found = self.start_ms + -(-late // self.period_ms) * self.period_ms
        return found if self.reaches(found) and found < HORIZON * 1000 else None

    def most_within_a_minute(self) -> int:
        """Return a bound on the occurrences within 60 seconds."""
        return -(-60_000 // self.period_ms)


class WallSeries(Series):
    """A pattern on the wall clock of a zone."""

    first_wall: int = EARLIEST
    """The first possible wall time among those that a gap skips: of a start in it."""
    end_wall: int = HORIZON
    """The last possible wall time, where an ``until`` on the wall says so; not in elapsed time."""

    def __init__(
        self,
        pattern: Pattern,
        zone: Zone,
        policy: Policy,
        start_ms: int,
        fraction_ms: int,
        *,
        in_steps: bool,
        start_offset: int,
    ) -> None:
        """Put a pattern into a zone.

        ``fraction_ms`` is what each occurrence has beyond its whole second. ``in_steps``: the
        grid counts elapsed time from the start instead of the time on the wall. ``start_offset``
        is the offset from UTC with which the start was read.
        """
        self.pattern = pattern
        self.zone = zone
        self.policy = policy
        self.start_ms = start_ms
        self.fraction_ms = fraction_ms
        self.in_steps = in_steps
        self._start_offset = start_offset

    def ceil(self, at_ms: int) -> int | None:
        """Return the first occurrence at or after ``at_ms`` and the start."""
        at = -((self.fraction_ms - max(at_ms, self.start_ms)) // 1000)
        last = HORIZON if self.end_ms is None else (self.end_ms - self.fraction_ms) // 1000
        if self.in_steps:
            last = min(last, at + _ELAPSED_SEARCH)
        spend, steps = current().spend, 2
        while at <= last:
            spend(steps)
            steps = _STRETCH_STEPS
            stretch = self.zone.stretch_at(at)
            found, waiting = self._in_stretch(stretch, at)
            if found is not None:
                return found * 1000 + self.fraction_ms if found <= last else None
            if waiting is None:
                return None
            at = stretch.end
            if self.policy.repeat == "first" or stretch.after >= stretch.offset:
                # No wall time matches before ``waiting``, and none comes back; two days are more
                # than any clock has moved.
                at = max(at, waiting - stretch.offset - 2 * DAY)
        return None

    def most_within_a_minute(self) -> int:
        """Return a bound on the occurrences within 60 seconds."""
        return self.pattern.most_within_a_minute()

    def _in_stretch(self, stretch: Stretch, at: int) -> tuple[int | None, int | None]:
        """Return the first occurrence from ``at`` on in the stretch, and the next wall time."""
        offset = stretch.offset
        begin, end = at + offset, stretch.end + offset
        if self.policy.repeat == "first":
            begin = max(begin, stretch.start + stretch.before)
        elif self.policy.repeat == "second":
            end = min(end, stretch.end + stretch.after)
        if self.in_steps:
            wall = self.pattern.ceil(begin, offset - self._start_offset, limit=end)
            return (None, end) if wall is None else (wall - offset, wall)
        wall = self.pattern.ceil(begin)
        found = None
        if wall is not None and wall < end and wall <= self.end_wall:
            found = wall - offset
        from_gap = self._from_gap(stretch, at)
        if from_gap is not None and (found is None or from_gap < found):
            found = from_gap
        return found, wall

    def _from_gap(self, stretch: Stretch, at: int) -> int | None:
        """Return when a wall time skipped by the stretch's beginning fires, from ``at`` on."""
        gap_start, gap_end = stretch.start + stretch.before, stretch.start + stretch.offset
        if gap_start >= gap_end or self.policy.gap == "skip":
            return None
        gap_start, gap_end = max(gap_start, self.first_wall), min(gap_end, self.end_wall + 1)
        if self.policy.gap == "next":
            skips = at == stretch.start and self.pattern.ceil(gap_start, limit=gap_end) is not None
            return stretch.start if skips else None
        wall = self.pattern.ceil(max(gap_start, at + stretch.before), limit=gap_end)
        return None if wall is None else wall - stretch.before

    def walls_at(self, at_ms: int, stretch: Stretch) -> Iterator[int]:
        """List the wall times for which it fires at an occurrence early in a stretch, in seconds.

        It is one that the clock shows, or several that the beginning of the stretch has skipped.
        """
        instant = (at_ms - self.fraction_ms) // 1000
        first, end = instant + stretch.before, instant + stretch.before + 1
        if self.policy.gap == "next":
            first, end = stretch.start + stretch.before, stretch.start + stretch.offset
        if self.policy.gap == "shift" or (self.policy.gap == "next" and instant == stretch.start):
            end = min(end, stretch.start + stretch.offset, self.end_wall + 1)
            wall = self.pattern.ceil(max(first, self.first_wall), limit=end)
            while wall is not None:
                yield wall
                wall = self.pattern.ceil(wall + 1, limit=end)
        shown = instant + stretch.offset
        if shown <= self.end_wall and self.pattern.ceil(shown, limit=shown + 1) is not None:
            yield shown

    def stretches(self, after_ms: int, until_ms: int) -> Iterator[Stretch]:
        """List the stretches of constant offset whose beginning may concern a time between two.

        They begin up to a day, the most that a clock was ever changed by, before or after it.
        """
        at = max(after_ms, self.start_ms) // 1000 - DAY
        last = until_ms if self.end_ms is None else min(until_ms, self.end_ms)
        last = min(last // 1000 + DAY, HORIZON)
        spend = current().spend
        while at <= last:
            spend(_STRETCH_STEPS)
            stretch = self.zone.stretch_at(at)
            if stretch.start >= at:
                yield stretch
            at = stretch.end
