"""From a clause to rules of the API: each exactly what was said, or a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.domain.durations import parse_duration_ms
from app.domain.words import daytimes
from app.domain.words.clauses import Clause
from app.domain.words.clocks import Day
from app.domain.words.daytimes import Time
from app.errors import InvalidInput

Schedule = dict[str, Any]

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CRON_DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_WORKING: Final = (0, 1, 2, 3, 4)
_SUB_DAILY: Final = {"second": "s", "minute": "m", "hour": "h"}
_FREQUENCIES: Final = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
_FIRST_OF_QUARTERS: Final = (1, 4, 7, 10)
_LAST_OF_QUARTERS: Final = (3, 6, 9, 12)
_SHORTEST_MONTH: Final = 28
_WORKING_DAYS_OF_A_MONTH: Final = 20
_WHAT_TIME: Final = "say at what time, as in at 9:00"


def question(clause: Clause, sentence: str) -> InvalidInput:
    """Make the error that asks back about a clause."""
    said = clause.said if len(clause.said) <= 60 else clause.said[:59] + "…"
    return InvalidInput.field("text", f'says "{said}"; {sentence}')


def rules_of(clause: Clause, start: datetime | None) -> list[Schedule]:
    """Return the rules of a clause, without their end.

    ``start`` is the wall time that was given for the first occurrence: it says what is left out.
    """
    _check_together(clause)
    if clause.fixed or (clause.period and clause.period[1] in _SUB_DAILY):
        return _below_a_day(clause, start)
    times = daytimes.of_clocks(clause.times)
    if clause.window is not None:
        raise question(clause, "say how often between these times, as in every hour")
    if clause.minutes:
        raise question(clause, "say of which hours these are the minutes, as in at 9:15")
    if not times and start is None:
        raise question(clause, _WHAT_TIME)
    if clause.yearly and not _is_rectangle(clause.yearly):
        alone = [replace(clause, yearly=[day]) for day in clause.yearly]
        return [rule for one in alone for rule in rules_of(one, start)]
    rule = _days(clause, start)
    has_seconds = any(time[2] for time in times) or bool(
        start and (start.second or start.microsecond)
    )
    found = []
    for hours, minutes, seconds in daytimes.rectangles(times) or [([], [], [])]:
        parts = {"by_hour": hours, "by_minute": minutes, "by_second": seconds * has_seconds}
        found.append({**rule, **{name: part for name, part in parts.items() if part}})
    return found


def _check_together(clause: Clause) -> None:
    kinds = [clause.weekdays, clause.position, clause.yearly]
    if sum(map(bool, kinds)) > 1:
        raise question(clause, "name its days in one way, or in two parts that begin with every")
    if not clause.is_every:
        if clause.weekdays or clause.position or clause.yearly:
            raise question(clause, "say every if it repeats, or write the date with its year")
        raise question(clause, "say how often, as in every day, or on which date")
    if clause.except_months:
        _without_months(clause)
    if clause.except_weekdays:
        _without_weekdays(clause)


def _without_months(clause: Clause) -> None:
    months = set(clause.months or range(1, 13)) - set(clause.except_months)
    if not months:
        raise question(clause, "except some of the months, not all")
    clause.months = tuple(sorted(months))


def _without_weekdays(clause: Clause) -> None:
    if clause.position or clause.yearly:
        raise question(clause, "except its dates, or give a calendar in calendars")
    days = set(clause.weekdays or range(7)) - set(clause.except_weekdays)
    if not days:
        raise question(clause, "except some of the days, not all")
    clause.weekdays = tuple(sorted(days))


def _days(clause: Clause, start: datetime | None) -> Schedule:
    """Return frequency, interval and days."""
    interval, unit = clause.period or (1, _unit_of(clause))
    if "quarter" in (unit, clause.of):
        return _of_quarter(clause, interval)
    if clause.of not in ("", "month"):
        raise question(clause, "say of which month, as in of every January")
    if unit == "day" and interval == 1 and clause.weekdays:
        unit = "week"
    if not (clause.position or clause.yearly or clause.weekdays or unit == "day" or start):
        way = {"week": "on Friday", "month": "on the 15th", "year": "on 25 December"}[unit]
        raise question(clause, f"say on which day, as in {way}")
    rule = {"frequency": _FREQUENCIES[unit], "interval": interval, **_named_days(clause, unit)}
    if clause.months:
        if "by_month" in rule:
            raise question(clause, "name its months once")
        rule["by_month"] = list(clause.months)
    if clause.positions:
        rule["by_set_pos"] = list(clause.positions)
    return rule


def _named_days(clause: Clause, unit: str) -> Schedule:
    """Return the days that were named, if the unit has such."""
    if clause.position:
        if unit not in ("month", "year") or (unit == "year" and not clause.months):
            raise question(clause, "say of which month these days are, as in of every month")
        return _of_month(clause)
    if clause.yearly:
        return _of_year(clause, unit)
    if clause.weekdays and unit in ("month", "year") and not clause.positions:
        raise question(clause, "say which of these days, as in the first Monday of every month")
    return {"by_day": [_DAYS[day] for day in clause.weekdays]} if clause.weekdays else {}


def _unit_of(clause: Clause) -> str:
    """Return the unit of what is named without a period: every Friday is one of weeks."""
    if clause.weekdays:
        return "week"
    return "year" if clause.yearly else "month"


def _of_month(clause: Clause) -> Schedule:
    """Return the days of a position: numbers of days, of weekdays, or of working days."""
    nouns = {noun if isinstance(noun, str) else "weekday" for _, noun in clause.position}
    if len(nouns) > 1:
        raise question(clause, "name days, weekdays and working days in parts of their own")
    numbers = [number for number, _ in clause.position]
    most = {"day": 31, "weekday": 5, "working": _WORKING_DAYS_OF_A_MONTH}[nouns.pop()]
    if not all(1 <= abs(number) <= most for number in numbers):
        raise question(clause, f"a month has no more than {most} of these for sure")
    if most == 31:
        return {"by_month_day": numbers}
    if most == 5:
        return {
            "by_day": [f"{number}{_DAYS[int(noun)]}" for number, noun in clause.position],
        }
    if clause.positions:
        raise question(clause, "say once which of the days")
    return {"by_day": [_DAYS[day] for day in _WORKING], "by_set_pos": numbers}


def _of_quarter(clause: Clause, interval: int) -> Schedule:
    """Return days of a quarter: those near its beginning are of its first month."""
    if clause.months or clause.weekdays or clause.yearly or interval != 1:
        raise question(clause, "name the months, as in every month on the 1st in January and July")
    if not clause.position:
        raise question(clause, "say on which day, as in on the first day of every quarter")
    from_start = {number > 0 for number, _ in clause.position}
    if len(from_start) > 1:
        raise question(clause, "name days from the beginning and from the end in two parts")
    parts = _of_month(clause)
    if any(abs(day) > _SHORTEST_MONTH for day in parts.get("by_month_day", ())) or any(
        abs(number) == 5 and isinstance(noun, int) for number, noun in clause.position
    ):
        raise question(clause, "that day may be in the next month; name the months")
    months = _FIRST_OF_QUARTERS if from_start == {True} else _LAST_OF_QUARTERS
    return {"frequency": "monthly", "interval": 1, **parts, "by_month": list(months)}


def _is_rectangle(days: Sequence[Day]) -> bool:
    """Whether they are the same days of several months."""
    found = {(day.month, day.day) for day in days}
    return len(found) == len({day.month for day in days}) * len({day.day for day in days})


def _of_year(clause: Clause, unit: str) -> Schedule:
    """Return dates of the year: in one month, or the same day of several."""
    days = sorted({day.day for day in clause.yearly})
    months = sorted({day.month for day in clause.yearly})
    if unit != "year":
        raise question(clause, "say every year")
    if not _is_rectangle(clause.yearly):
        raise question(clause, "give each of these dates in a part of its own")
    return {"by_month": months, "by_month_day": days}


def _below_a_day(clause: Clause, start: datetime | None) -> list[Schedule]:
    """Return periods of less than a day: elapsed time, or times of certain days."""
    if clause.times:
        raise question(clause, "say between which times, or how often a day has this time")
    has_days = bool(clause.weekdays or clause.position or clause.yearly or clause.months)
    if clause.fixed:
        if has_days or clause.window:
            raise question(clause, "say it in whole minutes, as in every 90 minutes")
        return [{"every": clause.fixed}]
    interval, unit = clause.period or (1, "hour")
    # From a start that was given at that minute on, elapsed hours are what was said.
    is_of_start = start is not None and unit == "hour" and clause.minutes == (start.minute,)
    if not has_days and clause.window is None and (is_of_start or not clause.minutes):
        text = f"{interval}{_SUB_DAILY[unit]}"
        _check_duration(clause, text)
        return [{"every": text}]
    return [
        {"cron": f"{time} {_cron_days(clause)}"} for time in _cron_times(clause, interval, unit)
    ]


def _check_duration(clause: Clause, text: str) -> None:
    try:
        parse_duration_ms(text)
    except InvalidInput as error:
        raise question(clause, error.message) from None


def _cron_times(clause: Clause, interval: int, unit: str) -> list[str]:
    if unit == "second":
        raise question(clause, "days and windows are for minutes and hours")
    minutes = interval * (60 if unit == "hour" else 1)
    if minutes > 1_440:
        raise question(clause, "a day has 24 hours; write it in days")
    if not clause.minutes:
        return daytimes.cron_times(daytimes.grid(minutes, clause.window))
    if unit != "hour" or clause.window:
        raise question(clause, "say the minutes, or between which times")
    hours: list[Time] = daytimes.grid(minutes, None)
    return daytimes.cron_times(
        sorted((hour, minute, 0) for hour, _, _ in hours for minute in clause.minutes)
    )


def _cron_days(clause: Clause) -> str:
    """Return cron's fields for day, month and day of the week."""
    months = ",".join(map(str, clause.months)) or "*"
    if clause.of not in ("", "month"):
        raise question(clause, "name the months instead of quarters or years")
    if clause.yearly:
        days = _of_year(clause, "year")
        if clause.months:
            raise question(clause, "name its months once")
        return f"{_comma(days['by_month_day'])} {_comma(days['by_month'])} *"
    if clause.weekdays:
        return f"* {months} {_weekday_field(clause.weekdays)}"
    if clause.position:
        return _cron_position(clause, months)
    return f"* {months} *"


def _cron_position(clause: Clause, months: str) -> str:
    found = _of_month(clause)
    numbers = {number for number, _ in clause.position}
    if "by_set_pos" in found:
        if not numbers <= {1, -1}:
            raise question(clause, "take the first or the last working day")
        return (
            f"{_comma(['1W' if number > 0 else 'LW' for number in found['by_set_pos']])} {months} *"
        )
    if any(number < -1 for number in numbers):
        raise question(clause, "count the days from the beginning, or take the last one")
    if "by_month_day" in found:
        return f"{_comma([day if day > 0 else 'L' for day in found['by_month_day']])} {months} *"
    terms = [
        f"{_CRON_DAYS[int(noun)]}{f'#{number}' if number > 0 else 'L'}"
        for number, noun in clause.position
    ]
    return f"* {months} {_comma(terms)}"


def _weekday_field(days: Sequence[int]) -> str:
    names = [_CRON_DAYS[day] for day in days]
    is_range = len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1))
    return f"{names[0]}-{names[-1]}" if is_range else _comma(names)


def _comma(values: Sequence[object]) -> str:
    return ",".join(map(str, values))
