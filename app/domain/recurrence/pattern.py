"""A rule on the wall clock alone: periods, days and times, each of which can jump ahead."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.budget import current
from app.domain.recurrence.days import Days
from app.domain.recurrence.grid import Grid
from app.domain.recurrence.times import Times
from app.domain.recurrence.zones import DAY, HORIZON

MAX_TRIES = 100_000
"""How often the parts of a rule may disagree before a search ends."""
COMPILE_TRIES = 4_000
"""The same for the first search, which decides whether a rule is accepted."""
COMPILE_PERIODS = 450
"""The same where periods are numbered through; 400 years of them exhaust a yearly rule."""

_PERIOD_STEPS = 4
"""What it costs to number the matches of one period, in steps."""


class Pattern:
    """The wall times at which a rule matches.

    Nothing is walked from the start: periods, days and times in turn move a candidate to their
    next match until all of them agree.
    """

    __slots__ = ("_positions", "days", "grid", "times")

    def __init__(
        self, grid: Grid | None, days: Days, times: Times, positions: Sequence[int] = ()
    ) -> None:
        """Combine the parts; ``positions`` is ``BYSETPOS`` and needs a grid of days or longer."""
        self.grid = grid
        self.days = days
        self.times = times
        self._positions = positions

    def ceil(
        self, wall: int, shift: int = 0, limit: int = HORIZON, tries: int = MAX_TRIES
    ) -> int | None:
        """Return the first matching wall time with ``wall <= found < limit``, or ``None``.

        ``shift`` is for rules in elapsed time: how far the clock has moved since the start.
        """
        if self._positions:
            return self._ceil_positions(wall, limit, tries)
        limit = min(limit, HORIZON)
        grid = self.grid
        spend = current().spend
        for _ in range(tries):
            spend()
            if grid is not None:
                wall = grid.ceil(wall, shift)
            if wall >= limit:
                return None
            today, second = divmod(wall, DAY)
            day = self.days.ceil(today)
            if day is None:
                return None
            if day > today:
                wall = day * DAY
                continue
            found = self.times.ceil(second)
            if found is None:
                wall = (today + 1) * DAY
            elif found == second or grid is None or grid.unit >= DAY:
                wall += found - second
                return wall if wall < limit else None
            else:
                wall += found - second
        return None

    def most_within_a_minute(self) -> int:
        """Return a bound on the matches within 60 seconds: what the times and periods allow."""
        most = self.times.most_within_a_minute()
        return most if self.grid is None else min(most, self.grid.most_within_a_minute())

    def can_match(self, wall: int, shift: int = 0) -> bool:
        """Whether anything matches from a wall time on; one that is too rare to find doesn't."""
        limit = HORIZON
        if self.grid is not None:
            if not self.grid.may_meet(self.times, shift):
                return False
            limit = min(limit, wall + self.grid.cycle_years() * 366 * DAY)
        tries = COMPILE_PERIODS if self._positions else COMPILE_TRIES
        return self.ceil(wall, shift, limit, tries) is not None

    def matches(self, start: int, end: int, most: int) -> list[int]:
        """List the first matches with ``start <= wall < end``, ``most`` of them at most."""
        found: list[int] = []
        wall = self.ceil(start, limit=end)
        while wall is not None and len(found) < most:
            found.append(wall)
            wall = self.ceil(wall + 1, limit=end)
        return found

    def _ceil_positions(self, wall: int, limit: int, tries: int) -> int | None:
        """Search period by period, numbering the matches of each (``BYSETPOS``)."""
        grid, times = self.grid, self.times
        assert grid is not None  # noqa: S101 - the compiler gives one with positions
        limit = min(limit, HORIZON)
        at = wall
        spend = current().spend
        for _ in range(tries):
            spend(_PERIOD_STEPS)
            at = grid.ceil(at, 0)
            if at >= limit:
                return None
            start, end = grid.period(at)
            days = self.days.between(start, end)
            if not days:
                day = self.days.ceil(end)
                if day is None:
                    return None
                at = day * DAY
                continue
            spend(len(days) + len(self._positions))
            total = len(days) * times.per_day
            chosen = {p - 1 if p > 0 else total + p for p in self._positions}
            for index in sorted(i for i in chosen if 0 <= i < total):
                day, position = divmod(index, times.per_day)
                found = days[day] * DAY + times.nth(position)
                if found >= wall:
                    return found if found < limit else None
            at = end * DAY
        return None
