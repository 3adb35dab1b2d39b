"""The days of a rule in words: a beginning such as "every month on the 7th", and what limits it.

Limits stand in notes, behind "only": "if it is a Friday".
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.recurrence.days import month_length
from app.domain.recurrence.phrases import (
    DAYS,
    UNITS,
    WORKING_DAYS,
    every,
    forward,
    from_end,
    join,
    month_days,
    months_of,
)
from app.domain.recurrence.rule import Rule

Said = tuple[list[str], list[str]]
"""What a sentence begins with, and its notes."""

_WEEK = 7
_NO_SUCH_DAY = "where there is such a day"
_EVERY_MONTH = " of every month"
_A_COMMON_YEAR = 2025


def days_of_rule(rule: Rule) -> Said:
    """Say on which days a rule occurs that chooses among all days, weeks, months and years."""
    if rule.by_year_day or rule.by_week_no:
        return ["every year", _of_year(rule)], _notes_of_year(rule)
    if not rule.by_month_day and not _is_numbered(rule):
        return [_every_weekday(rule), *_in_months(rule)], []
    days, notes = _of_months(rule)
    if rule.by_month or "of the year" in days:
        return ["every year", days], notes
    return [days] if days.endswith(_EVERY_MONTH) else ["every month", days], notes


def days_of_periods(rule: Rule) -> Said:
    """Say the same where an interval chooses periods, or positions choose within each."""
    head = every(rule.interval, UNITS[rule.frequency])
    if rule.frequency == "daily":
        return [head], [*_if_date(rule), *_if_weekday(rule), *_in_months(rule)]
    if rule.frequency == "weekly":
        if len(rule.by_day) == 1 and rule.interval <= 2:
            return [every(rule.interval, DAYS[rule.by_day[0][1]])], _in_months(rule)
        return [head, f"on {_weekdays(rule.by_day)}"], _in_months(rule)
    if rule.by_year_day or rule.by_week_no:
        return [head, _of_year(rule)], _notes_of_year(rule)
    days, notes = _of_months(rule)
    return [head, days], notes


def _of_months(rule: Rule) -> tuple[str, list[str]]:
    """Name days of months, or weekdays of months or of years."""
    is_yearly = rule.frequency == "yearly"
    names_months = rule.by_month and (is_yearly or rule.interval == 1)
    notes = _if_missing(rule)
    if rule.by_month and not names_months:
        notes = [*_in_months(rule), *notes]
    if rule.by_month_day:
        days, of = f"on the {month_days(rule.by_month_day)}", "of"
        notes = [*_if_weekday(rule), *notes]
        if is_yearly and not rule.by_month:
            days += _EVERY_MONTH
    else:
        days = f"on {_weekdays(rule.by_day, '' if rule.by_set_pos else 'every ')}"
        of = "of" if _is_numbered(rule) else "in"
        if is_yearly and not rule.by_month and _is_numbered(rule):
            days += " of the year"
    return f"{days} {of} {months_of(rule.by_month)}" if names_months else days, notes


def days_below(rule: Rule) -> Said:
    """Say on which days a rule occurs that goes by hours, minutes or seconds."""
    if rule.by_year_day:
        return [f"on {_year_days(rule)}"], _notes_of_year(rule)
    if rule.by_month_day:
        of = _dates_of_months(rule) if rule.by_month else None
        days = of or f"{month_days(rule.by_month_day)} of every month"
        return [f"on the {days}"], [*_if_weekday(rule), *_if_missing(rule)]
    if rule.by_day:
        return [f"on {_weekdays(rule.by_day, plural=True)}", *_in_months(rule)], []
    return _in_months(rule), []


def _of_year(rule: Rule) -> str:
    if rule.by_year_day:
        return f"on {_year_days(rule)}"
    if rule.by_month_day:
        return f"on the {_dates_of_months(rule) if rule.by_month else _days_of_a_month(rule)}"
    return f"on {_weekdays(rule.by_day)} in {_weeks(rule)}"


def _notes_of_year(rule: Rule) -> list[str]:
    notes = []
    if rule.by_year_day:
        notes += [*_if_date(rule), *_if_weekday(rule), *_in_months(rule)]
        if any(abs(day) > 365 for day in rule.by_year_day):
            notes.append(_NO_SUCH_DAY)
    if rule.by_week_no:
        if rule.by_year_day or rule.by_month_day:
            notes.append(f"in {_weeks(rule)}")
        if not rule.by_year_day:
            notes += _if_weekday(rule) if rule.by_month_day else _in_months(rule)
        if any(abs(week) > 52 for week in rule.by_week_no):
            notes.append("where there is such a week")
    return notes


def _year_days(rule: Rule) -> str:
    days = [
        f"day {day}" if day > 0 else f"the {from_end(day, ' day')}"
        for day in forward(rule.by_year_day)
    ]
    return f"{join(days)} of the year"


def _weeks(rule: Rule) -> str:
    return join(
        [
            f"week {week}" if week > 0 else f"the {from_end(week)} week of the year"
            for week in forward(rule.by_week_no)
        ]
    )


def _dates_of_months(rule: Rule) -> str:
    return f"{month_days(rule.by_month_day)} of {months_of(rule.by_month)}"


def _days_of_a_month(rule: Rule) -> str:
    return f"{month_days(rule.by_month_day)} of a month"


def _is_numbered(rule: Rule) -> bool:
    return any(nth for nth, _ in rule.by_day)


def _every_weekday(rule: Rule) -> str:
    """Name plain weekdays, or every day."""
    if len(rule.by_day) in (0, _WEEK):
        return "every day"
    if len(rule.by_day) == 1:
        return f"every {DAYS[rule.by_day[0][1]]}"
    return f"every week on {_weekdays(rule.by_day)}"


def _in_months(rule: Rule) -> list[str]:
    return [f"in {months_of(rule.by_month)}"] if rule.by_month else []


def _if_date(rule: Rule) -> list[str]:
    if not rule.by_month_day:
        return []
    return [f"if it is the {month_days(rule.by_month_day, 'or')} of a month"]


def _if_weekday(rule: Rule) -> list[str]:
    if not rule.by_day:
        return []
    plain = tuple(day for nth, day in rule.by_day if not nth)
    if plain == WORKING_DAYS and not _is_numbered(rule):
        return ["from Monday to Friday"]
    names = [
        f"the {from_end(nth)} {DAYS[day]}" if nth else f"a {DAYS[day]}"
        for nth, day in _ordered(rule.by_day)
    ]
    of = ""
    if _is_numbered(rule):
        of = " of the year" if rule.frequency == "yearly" and not rule.by_month else " of the month"
    return [f"if it is {join(names, 'or')}{of}"]


def _if_missing(rule: Rule) -> list[str]:
    """Say that some months have no such day."""
    lengths = [month_length(_A_COMMON_YEAR, month) for month in rule.by_month or range(1, 13)]
    if any(abs(day) > min(lengths) for day in rule.by_month_day):
        return [_NO_SUCH_DAY]
    in_year = rule.frequency == "yearly" and not rule.by_month
    if any(abs(nth) > (52 if in_year else 4) for nth, _ in rule.by_day):
        return [_NO_SUCH_DAY]
    return []


def _ordered(days: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(days, key=lambda day: (day[0] < 0, day))


def _weekdays(days: Sequence[tuple[int, int]], each: str = "", *, plural: bool = False) -> str:
    """Name weekdays; ``each`` stands before a plain one, as in "every Monday"."""
    if tuple(day for nth, day in days if not nth) == WORKING_DAYS and len(days) == len(
        WORKING_DAYS
    ):
        return f"{each and 'every day from '}Monday to Friday"
    return join(
        [
            f"the {from_end(nth)} {DAYS[day]}" if nth else f"{each}{DAYS[day]}{'s' * plural}"
            for nth, day in _ordered(days)
        ]
    )
