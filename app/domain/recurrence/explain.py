"""A rule in one English sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app.domain.recurrence.rule import Rule, Until
from app.domain.recurrence.zones import Zone, wall_datetime

_UNITS: Final = {
    "secondly": "second",
    "minutely": "minute",
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
_WORKING_DAYS: Final = tuple((0, weekday) for weekday in range(5))
_MOST_TIMES: Final = 6


def explain_rule(rule: Rule, start: datetime, zone: Zone) -> str:
    """Say what a rule does, as in "every second Friday at 09:00 Europe/Berlin"."""
    rests = [_days(rule, start), _limits(rule), _times(rule, start)]
    if rule.by_set_pos:
        places = join([_from_end(position) for position in _forward(rule.by_set_pos)])
        rests.append(f"(only the {places} of each {_UNITS[rule.frequency]})")
    return " ".join([_head(rule, start), *filter(None, rests), zone.name])


def explain_every(period: str, start: datetime, zone: Zone) -> str:
    """Say what a fixed period does."""
    return f"every {period}, counted from {_moment(start)} {zone.name}"


def explain_end(count: int | None, until: Until | None, zone: Zone) -> str:
    """Say when a series ends, empty if it doesn't."""
    if count is not None:
        return f", {count} times" if count > 1 else ", once"
    if until is None:
        return ""
    second = until.ms // 1000
    wall = wall_datetime(second if until.is_wall else second + zone.offset_at(second))
    ends_with_day = (wall + timedelta(seconds=1)).time().isoformat() == "00:00:00"
    return f", until {_date(wall) if ends_with_day else _moment(wall)}"


def explain_amendments(added: int, removed: int) -> str:
    """Say how many entries ``include`` and ``exclude`` have."""
    words = f", with {added} addition{'s' * (added > 1)}" if added else ""
    return words + (f", with {removed} exclusion{'s' * (removed > 1)}" if removed else "")


def join(words: Sequence[str]) -> str:
    """Join words with commas and a last "and"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _forward(numbers: Sequence[int]) -> list[int]:
    """Put what counts from the end behind what counts from the beginning."""
    return sorted(numbers, key=lambda number: (number < 0, number))


def _every(interval: int, unit: str) -> str:
    if interval == 1:
        return f"every {unit}"
    return f"every second {unit}" if interval == 2 else f"every {interval} {unit}s"


def _head(rule: Rule, start: datetime) -> str:
    """Name the period, or the weekday where there is only that to say."""
    if rule.frequency == "weekly" and len(rule.by_day) <= 1 and rule.interval <= 2:
        return _every(rule.interval, _DAYS[rule.by_day[0][1] if rule.by_day else start.weekday()])
    return _every(rule.interval, _UNITS[rule.frequency])


def _days(rule: Rule, start: datetime) -> str:
    """Name the days, of the start where the rule names none."""
    has_days = rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week_no
    if not has_days and rule.frequency == "monthly":
        return f"on the {_nth(start.day)}"
    if not has_days and rule.frequency == "yearly":
        day = _nth(start.day)
        return f"on the {day}" if rule.by_month else f"on the {day} of {_MONTHS[start.month - 1]}"
    words = []
    if rule.by_day and not (rule.frequency == "weekly" and len(rule.by_day) == 1):
        words.append(f"on {_weekdays(rule.by_day)}")
    elif rule.frequency == "weekly" and rule.interval > 2:
        words.append(f"on {_DAYS[rule.by_day[0][1] if rule.by_day else start.weekday()]}")
    if rule.by_month_day:
        words.append(
            f"on the {join([_from_end(day, ' day') for day in _forward(rule.by_month_day)])}"
        )
    return " that falls ".join(words)


def _limits(rule: Rule) -> str:
    words = []
    if rule.by_year_day:
        words.append(f"on day {join([str(day) for day in _forward(rule.by_year_day)])} of the year")
    if rule.by_week_no:
        words.append(f"in week {join([str(week) for week in _forward(rule.by_week_no)])}")
    if rule.by_month:
        words.append(f"in {join([_MONTHS[month - 1] for month in rule.by_month])}")
    return " ".join(words)


def _times(rule: Rule, start: datetime) -> str:
    """Name the times of day, or what limits a rule below a day."""
    if rule.frequency in ("secondly", "minutely", "hourly"):
        named = [("hour", rule.by_hour), ("minute", rule.by_minute), ("second", rule.by_second)]
        return " ".join(
            f"at {unit}{'s' * (len(values) > 1)} {join([str(value) for value in values])}"
            for unit, values in named
            if values
        )
    hours = rule.by_hour or (start.hour,)
    minutes = rule.by_minute or (start.minute,)
    seconds = rule.by_second or (start.second,)
    if len(hours) * len(minutes) * len(seconds) > _MOST_TIMES:
        return f"{len(hours) * len(minutes) * len(seconds)} times a day from " + _clock(
            hours[0], minutes[0], seconds[0]
        )
    times = [_clock(hour, m, second) for hour in hours for m in minutes for second in seconds]
    return f"at {join(times)}"


def _weekdays(days: Sequence[tuple[int, int]]) -> str:
    if days == _WORKING_DAYS:
        return "Monday to Friday"
    ordered = sorted(days, key=lambda day: (day[0] < 0, day))
    return join([_weekday(nth, day) for nth, day in ordered])


def _weekday(nth: int, weekday: int) -> str:
    return _DAYS[weekday] if nth == 0 else f"the {_from_end(nth)} {_DAYS[weekday]}"


def _from_end(number: int, last: str = "") -> str:
    """Name a position: first, 20th, last, second to last; ``last`` follows "last"."""
    if number > 0:
        return _ORDINALS[number - 1] if number <= 5 and not last else _nth(number)
    if number == -1:
        return f"last{last}"
    return f"{_ORDINALS[-number - 1] if number >= -5 else _nth(-number)} to last{last}"


def _nth(number: int) -> str:
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _clock(hour: int, minute: int, second: int) -> str:
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def _date(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _moment(at: datetime) -> str:
    return f"{_date(at)} {_clock(at.hour, at.minute, at.second)}"
