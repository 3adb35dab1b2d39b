"""The periods that an interval leaves: every nth day, week, month …, counted from the start."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from math import gcd

from app.domain.recurrence.times import Times
from app.domain.recurrence.zones import DAY, EPOCH_ORDINAL, HORIZON


class Grid(ABC):
    """The periods of a rule that count, on the wall clock."""

    unit: int
    """A period's length in seconds (of the shortest one)."""

    @abstractmethod
    def ceil(self, wall: int, shift: int) -> int:
        """Return ``wall`` if its period counts, else the beginning of the next one that does.

        ``shift`` is how far the clock has been moved since the start, for grids of elapsed time.
        """

    @abstractmethod
    def cycle_years(self) -> int:
        """Return after how many years all that can match has matched, or is too rare to wait for.

        The Gregorian calendar repeats after 400 years.
        """

    def most_within_a_minute(self) -> int:
        """Return how many seconds of 60 may lie in periods that count."""
        return 60

    def may_meet(self, times: Times, shift: int) -> bool:
        """Whether any period that counts ever holds one of those times of day."""
        del times, shift
        return True

    @abstractmethod
    def period(self, wall: int) -> tuple[int, int]:
        """Return the first day of the period around ``wall``, and the first day after it."""


class EvenGrid(Grid):
    """Periods of the same length, up to weeks: ``unit`` seconds out of every ``step``."""

    __slots__ = ("_anchor", "_step", "unit")

    def __init__(self, anchor: int, unit: int, step: int) -> None:
        self._anchor = anchor
        self._step = step
        self.unit = unit

    def ceil(self, wall: int, shift: int) -> int:
        """Return the first second from ``wall`` on that lies in a period that counts."""
        rest = (wall - self._anchor - shift + shift % self.unit) % self._step
        return wall if rest < self.unit else wall + self._step - rest

    def cycle_years(self) -> int:
        """Return 400: a rule that waits longer counts as one that never matches."""
        return 400

    def most_within_a_minute(self) -> int:
        """Return how many seconds of 60 may lie in periods that count."""
        return min(60, -(-60 // self._step) * self.unit)

    def may_meet(self, times: Times, shift: int) -> bool:
        """Look through one day, in which periods may begin wherever they do on any day."""
        common = gcd(self._step, DAY)
        if common <= self.unit:
            return True
        reachable = EvenGrid(self._anchor, self.unit, common)
        second: int | None = 0
        while second is not None and second < DAY:
            moved = reachable.ceil(second, shift)
            second = times.ceil(moved)
            if second == moved:
                return True
        return False

    def period(self, wall: int) -> tuple[int, int]:
        """Return the days of the period around ``wall``, whose unit is days or weeks."""
        start = (wall - (wall - self._anchor) % self._step) // DAY
        return start, start + self.unit // DAY


class MonthGrid(Grid):
    """Every nth month, or every nth year as twelve months."""

    __slots__ = ("_anchor", "_interval", "_months", "unit")

    def __init__(self, anchor: int, months: int, interval: int) -> None:
        self._months = months
        self._interval = interval
        self._anchor = self._index(anchor)
        self.unit = 28 * DAY * months

    def _index(self, wall: int) -> int:
        at = date.fromordinal(wall // DAY + EPOCH_ORDINAL)
        return (at.year * 12 + at.month - 1) // self._months

    def _first_day(self, index: int) -> int:
        year, month = divmod(index * self._months, 12)
        if year > 9999:
            return HORIZON // DAY + 1
        return date(year, month + 1, 1).toordinal() - EPOCH_ORDINAL

    def ceil(self, wall: int, shift: int) -> int:
        """Return the first second from ``wall`` on that lies in a month or year that counts."""
        del shift
        if self._interval == 1 or wall > HORIZON:
            return wall
        index = self._index(wall)
        rest = (index - self._anchor) % self._interval
        return wall if rest == 0 else self._first_day(index + self._interval - rest) * DAY

    def cycle_years(self) -> int:
        """Return when months of the same kind have all been periods that count."""
        return 400 * self._interval // gcd(self._interval, 4800 // self._months)

    def period(self, wall: int) -> tuple[int, int]:
        """Return the days of the month or year around ``wall``."""
        index = self._index(wall)
        return self._first_day(index), self._first_day(index + 1)
