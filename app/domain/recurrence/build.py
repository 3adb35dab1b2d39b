"""From a checked rule and its start to a pattern: what is left out comes from the start.

The expansions and limits are the table of RFC 5545 3.3.10. A rule alone decides what matches: a
start that doesn't match its own rule is no occurrence.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from math import gcd

from app.domain.recurrence.days import (
    Days,
    EveryDay,
    MonthDays,
    Weekdays,
    month_length,
    nth_weekdays,
)
from app.domain.recurrence.grid import EvenGrid, Grid, MonthGrid
from app.domain.recurrence.pattern import Pattern
from app.domain.recurrence.rule import Rule
from app.domain.recurrence.times import Times, seconds_of_hour
from app.domain.recurrence.zones import DAY, wall_datetime

SUB_DAILY = ("secondly", "minutely", "hourly")
_MONTH_STEPS, _YEAR_STEPS = 15, 25
"""What it costs to list a month by itself, or out of the list of its year, in steps."""

_ALL_60 = tuple(range(60))


def build_pattern(rule: Rule, start: int) -> Pattern | None:
    """Return the pattern of a rule that starts at that wall time; ``None`` if it can't match."""
    times = _build_times(rule, start)
    if times is None:
        return None
    rule = with_days_of_start(rule, wall_datetime(start))
    months = _months(rule, start)
    if not months:
        return None
    positions = () if rule.frequency in SUB_DAILY else rule.by_set_pos
    return Pattern(_build_grid(rule, start), _build_days(rule, months), times, positions)


def with_days_of_start(rule: Rule, at: datetime) -> Rule:
    """Fill in the days that a rule of weeks, months or years takes from its start on the wall."""
    if rule.by_day or rule.by_month_day or rule.by_year_day:
        return rule
    if rule.frequency == "weekly" or rule.by_week_no:
        return replace(rule, by_day=((0, at.weekday()),))
    if rule.frequency == "monthly":
        return replace(rule, by_month_day=(at.day,))
    if rule.frequency == "yearly":
        return replace(rule, by_month_day=(at.day,), by_month=rule.by_month or (at.month,))
    return rule


def _build_times(rule: Rule, start: int) -> Times | None:
    """Return the times of day; below a day the positions of ``BYSETPOS`` are chosen here."""
    at = wall_datetime(start)
    hours = rule.by_hour or (range(24) if rule.frequency in SUB_DAILY else (at.hour,))
    seconds: Sequence[int] = rule.by_second or (at.second,)
    if rule.frequency == "secondly":
        chosen = _choose((at.second,), rule.by_set_pos)
        of_hour = seconds_of_hour(rule.by_minute or _ALL_60, rule.by_second or _ALL_60)
        return Times(hours, of_hour) if chosen else None
    if rule.frequency == "minutely" or (rule.frequency == "hourly" and not rule.by_minute):
        seconds = _choose(seconds, rule.by_set_pos)
        of_hour = seconds_of_hour(rule.by_minute or _ALL_60, tuple(seconds))
    else:
        of_hour = seconds_of_hour(rule.by_minute or (at.minute,), tuple(seconds))
        if rule.frequency == "hourly":
            of_hour = _choose(of_hour, rule.by_set_pos)
    return Times(hours, of_hour) if of_hour else None


def _choose(items: Sequence[int], positions: Sequence[int]) -> tuple[int, ...]:
    """Return the items at those positions, counted from 1 or, if negative, from the end."""
    if not positions:
        return tuple(items)
    chosen = {p - 1 if p > 0 else len(items) + p for p in positions}
    return tuple(item for index, item in enumerate(items) if index in chosen)


def _build_grid(rule: Rule, start: int) -> Grid | None:
    """Return the periods that count, ``None`` if all do."""
    interval, frequency = rule.interval, rule.frequency
    if frequency == "hourly" and not rule.by_minute:
        # An hour from the start's minute on, so that elapsed hours stay whole where the clock
        # moves by half an hour.
        return EvenGrid(start - start % 60, 60, interval * 3600)
    if interval == 1 and (not rule.by_set_pos or frequency in SUB_DAILY):
        return None
    if frequency == "monthly":
        return MonthGrid(start, 1, interval)
    if frequency == "yearly":
        return MonthGrid(start, 12, interval)
    if frequency == "weekly":
        day = start // DAY
        # Day 0 was a Thursday, weekday 3.
        first = day - (day + 3 - rule.week_start) % 7
        return EvenGrid(first * DAY, 7 * DAY, interval * 7 * DAY)
    unit = {"secondly": 1, "minutely": 60, "hourly": 3600, "daily": DAY}[frequency]
    return EvenGrid(start - start % unit, unit, interval * unit)


def _months(rule: Rule, start: int) -> set[int]:
    """Return the months that a rule allows and that its interval ever comes to."""
    months = set(rule.by_month or range(1, 13))
    if rule.frequency == "monthly":
        stride, first = gcd(rule.interval, 12), wall_datetime(start).month
        months = {month for month in months if (month - first) % stride == 0}
    return months


def _build_days(rule: Rule, months: set[int]) -> Days:
    """Return the days that every by-part of days and months allows."""
    by_year = bool(rule.by_year_day or rule.by_week_no)
    plain = all(nth == 0 for nth, _ in rule.by_day)
    if not by_year and not rule.by_month and not rule.by_month_day and plain:
        if not rule.by_day:
            return EveryDay()
        return Weekdays(weekday for _, weekday in rule.by_day)
    lister = _MonthLister(rule)
    return MonthDays(lister, months, lister.steps)


class _MonthLister:
    """Lists the days of a month that a rule allows."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        numbered = any(nth for nth, _ in rule.by_day)
        # RFC 5545 3.3.10, note 2: a numbered weekday counts within the year if a yearly rule
        # names no months.
        self._in_year = numbered and rule.frequency == "yearly" and not rule.by_month
        self._by_year = bool(rule.by_year_day or rule.by_week_no or self._in_year)
        self._year_days: tuple[int, list[int]] = (0, [])
        self.steps = _YEAR_STEPS if self._by_year else _MONTH_STEPS

    def __call__(self, year: int, month: int) -> Sequence[int]:
        """Return the days' numbers, sorted."""
        rule, length = self._rule, month_length(year, month)
        first = date(year, month, 1)
        days: Sequence[int] = range(1, length + 1)
        if self._by_year:
            before = first.toordinal() - date(year, 1, 1).toordinal()
            of_year = self._days_of_year(year)
            part = slice(bisect_right(of_year, before), bisect_right(of_year, before + length))
            days = [day - before for day in of_year[part]]
        if rule.by_month_day:
            allowed = {day if day > 0 else length + 1 + day for day in rule.by_month_day}
            days = [day for day in days if day in allowed]
        if rule.by_day and not self._in_year:
            allowed = nth_weekdays(first.weekday(), length, rule.by_day)
            days = [day for day in days if day in allowed]
        return days

    def _days_of_year(self, year: int) -> list[int]:
        if self._year_days[0] != year:
            self._year_days = (year, sorted(self._list_year(year)))
        return self._year_days[1]

    def _list_year(self, year: int) -> set[int]:
        rule, first = self._rule, date(year, 1, 1)
        length = 366 if isleap(year) else 365
        parts = []
        if rule.by_year_day:
            parts.append({day if day > 0 else length + 1 + day for day in rule.by_year_day})
        if rule.by_week_no:
            parts.append(_days_of_weeks(year, rule.by_week_no, rule.week_start))
        if self._in_year:
            parts.append(nth_weekdays(first.weekday(), length, rule.by_day))
        return set.intersection(*parts)


def _days_of_weeks(year: int, numbers: Sequence[int], week_start: int) -> set[int]:
    """Return the days of the calendar year, from 1, that lie in weeks of those numbers.

    Week 1 is the first with four days in its year (RFC 5545 3.3.10), so the first and last days
    of a calendar year may belong to weeks of its neighbours.
    """
    before = date(year, 1, 1).toordinal() - 1
    found: set[int] = set()
    for week_year in range(max(year - 1, 1), min(year + 1, 9998) + 1):
        first = _first_week(week_year, week_start)
        weeks = (_first_week(week_year + 1, week_start) - first) // 7
        for number in numbers:
            week = number if number > 0 else weeks + 1 + number
            if 1 <= week <= weeks:
                start = first + 7 * (week - 1) - before
                found.update(range(start, start + 7))
    return found


@lru_cache(maxsize=1024)
def _first_week(year: int, week_start: int) -> int:
    """Return the ordinal of the first day of week 1."""
    january = date(year, 1, 1)
    into_week = (january.weekday() - week_start) % 7
    return january.toordinal() - into_week + (0 if into_week <= 3 else 7)
