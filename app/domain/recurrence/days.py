"""Which days a rule allows, found by jumping: a weekday by arithmetic, the rest month by month."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from app.domain.budget import current
from app.domain.recurrence.zones import EPOCH_ORDINAL, HORIZON

DayNumber = int
"""Days since 1970-01-01, on the calendar on the wall."""

LAST_DAY = HORIZON // 86_400
# The Gregorian calendar, weekdays included, repeats after 400 years: what has not matched in
# that time never will.
_CYCLE_MONTHS = 4_800


class Days(ABC):
    """A set of days."""

    @abstractmethod
    def ceil(self, day: DayNumber) -> DayNumber | None:
        """Return the first allowed day from ``day`` on, ``None`` if there is none."""

    @abstractmethod
    def between(self, start: DayNumber, end: DayNumber) -> Sequence[DayNumber]:
        """Return the allowed days with ``start <= day < end``."""


class EveryDay(Days):
    """All days."""

    def ceil(self, day: DayNumber) -> DayNumber | None:
        """Return ``day`` itself."""
        return day if day <= LAST_DAY else None

    def between(self, start: DayNumber, end: DayNumber) -> Sequence[DayNumber]:
        """Return the whole range."""
        return range(start, end)


class Weekdays(Days):
    """Some days of the week; Monday is 0."""

    def __init__(self, weekdays: Iterable[int]) -> None:
        allowed = set(weekdays)
        # 1970-01-01 was a Thursday, weekday 3.
        self._wait = [
            min((weekday - (remainder + 3)) % 7 for weekday in allowed) for remainder in range(7)
        ]

    def ceil(self, day: DayNumber) -> DayNumber | None:
        """Return the first such weekday from ``day`` on."""
        found = day + self._wait[day % 7]
        return found if found <= LAST_DAY else None

    def between(self, start: DayNumber, end: DayNumber) -> Sequence[DayNumber]:
        """Return those weekdays in the range."""
        return [day for day in range(start, end) if self._wait[day % 7] == 0]


class MonthDays(Days):
    """Days told by a function that lists those of one month; 1 is the first of the month."""

    def __init__(
        self,
        list_month: Callable[[int, int], Sequence[int]],
        months: Iterable[int] = range(1, 13),
        steps: int = 15,
    ) -> None:
        """``steps`` is what it costs to list a month."""
        self._steps = steps
        self._list_month = list_month
        self._months = frozenset(months)
        self._known: dict[int, list[DayNumber]] = {}

    def ceil(self, day: DayNumber) -> DayNumber | None:
        """Return the first allowed day from ``day`` on, looking ahead 400 years at most."""
        if day > LAST_DAY:
            return None
        index = _month_index(day)
        for month in range(index, min(index + _CYCLE_MONTHS + 1, 9999 * 12 + 12)):
            if month % 12 + 1 in self._months:
                days = self._known.get(month) or self._fill(month)
                if days and days[-1] >= day:
                    found = days[0] if month > index else days[bisect_left(days, day)]
                    return found if found <= LAST_DAY else None
        return None

    def between(self, start: DayNumber, end: DayNumber) -> Sequence[DayNumber]:
        """Return the allowed days of the range, month by month."""
        found: list[DayNumber] = []
        for month in range(_month_index(start), _month_index(min(end, LAST_DAY)) + 1):
            if month % 12 + 1 in self._months:
                found += self._known.get(month) or self._fill(month)
        return found[bisect_left(found, start) : bisect_left(found, end)]

    def _fill(self, month: int) -> list[DayNumber]:
        current().spend(self._steps)
        year, zero_based = divmod(month, 12)
        before = date(year, zero_based + 1, 1).toordinal() - EPOCH_ORDINAL - 1
        days = [before + number for number in self._list_month(year, zero_based + 1)]
        if len(self._known) >= 128:
            self._known.clear()
        self._known[month] = days
        return days


def _month_index(day: DayNumber) -> int:
    at = date.fromordinal(day + EPOCH_ORDINAL)
    return at.year * 12 + at.month - 1


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 31 if month in (1, 3, 5, 7, 8, 10, 12) else monthrange(year, month)[1]


def nth_weekdays(first: int, length: int, ordinals: Iterable[tuple[int, int]]) -> set[int]:
    """Return the numbers, from 1, of the days that ``BYDAY`` names in a month or a year.

    ``first`` is the weekday of day 1; an ordinal is (n, weekday): n 0 means each such weekday,
    a negative n counts from the end.
    """
    found: set[int] = set()
    for nth, weekday in ordinals:
        start = 1 + (weekday - first) % 7
        if nth == 0:
            found.update(range(start, length + 1, 7))
            continue
        number = start + 7 * (nth - 1) if nth > 0 else start + 7 * ((length - start) // 7 + 1 + nth)
        if 1 <= number <= length:
            found.add(number)
    return found
