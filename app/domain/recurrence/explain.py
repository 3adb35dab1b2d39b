"""A rule in one English sentence, which says how often it really occurs.

A rule of years may occur every month, and a rule of days once a year: what by-parts come to counts,
not the frequency that was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.recurrence.build import SUB_DAILY, with_days_of_start
from app.domain.recurrence.explain_days import days_below, days_of_periods, days_of_rule
from app.domain.recurrence.phrases import (
    UNITS,
    clock,
    date_of,
    every,
    forward,
    from_end,
    join,
    moment_of,
)
from app.domain.recurrence.rule import Rule, Until
from app.domain.recurrence.zones import Zone, wall_datetime

_MOST_TIMES = 6
_MOST_SPANS = 3
_LARGER = {"secondly": "minutely", "minutely": "hourly", "hourly": "daily"}
_NAMED = {"secondly": "by_second", "minutely": "by_minute", "hourly": "by_hour"}


def explain_rule(rule: Rule, start: datetime, zone: Zone) -> str:
    """Say what a rule does, as in "every second Friday at 09:00 Europe/Berlin"."""
    rule = _in_larger_units(with_days_of_start(rule, start))
    is_plain = rule.interval == 1 and not (rule.by_set_pos and rule.frequency != "daily")
    if rule.frequency in SUB_DAILY:
        said, notes = days_below(rule)
        words = [every(rule.interval, UNITS[rule.frequency]), *_clock_parts(rule, start), *said]
        notes = [*_clock_notes(rule), *notes]
    else:
        said, notes = days_of_rule(rule) if is_plain else days_of_periods(rule)
        words = [*said, _times(rule, start)]
    if rule.by_set_pos:
        places = join([from_end(position) for position in forward(rule.by_set_pos)])
        notes = [f"the {places} of each {UNITS[rule.frequency]}", *notes]
    if notes:
        words.append(f"(only {'; only '.join(notes)})")
    return " ".join([*words, zone.name])


def explain_every(period: str, start: datetime, zone: Zone) -> str:
    """Say what a fixed period does."""
    return f"every {period}, counted from {moment_of(start)} {zone.name}"


def explain_end(count: int | None, until: Until | None, zone: Zone) -> str:
    """Say when a series ends, empty if it doesn't."""
    if count is not None:
        return f", {count} times" if count > 1 else ", once"
    if until is None:
        return ""
    second = until.ms // 1000
    wall = wall_datetime(second if until.is_wall else second + zone.offset_at(second))
    ends_with_day = (wall + timedelta(seconds=1)).time().isoformat() == "00:00:00"
    return f", until {date_of(wall) if ends_with_day else moment_of(wall)}"


def explain_amendments(added: int, removed: int) -> str:
    """Say how many entries ``include`` and ``exclude`` have."""
    words = f", with {added} addition{'s' * (added > 1)}" if added else ""
    return words + (f", with {removed} exclusion{'s' * (removed > 1)}" if removed else "")


def _in_larger_units(rule: Rule) -> Rule:
    """Say "every day at 09:00 and 10:00" for every hour of which only 9 and 10 are allowed."""
    if rule.interval > 1 or rule.by_set_pos:
        return rule
    while rule.frequency in SUB_DAILY and getattr(rule, _NAMED[rule.frequency]):
        rule = replace(rule, frequency=_LARGER[rule.frequency])
    return rule


def _clock_parts(rule: Rule, start: datetime) -> list[str]:
    """Name the minutes and seconds of each hour, and the hours."""
    words = []
    by_minute = rule.by_minute
    if rule.frequency == "hourly" and rule.interval == 1 and not by_minute and start.minute:
        by_minute = (start.minute,)
    if by_minute and rule.frequency == "hourly":
        words.append(_named("at minute", by_minute))
    if by_minute and rule.frequency == "secondly":
        words.append(f"{_named('in minute', by_minute)} of every hour")
    if rule.by_second and rule.frequency != "secondly":
        words.append(_named("at second", rule.by_second))
    if rule.by_hour:
        words.append(_hours(rule.by_hour))
    return words


def _clock_notes(rule: Rule) -> list[str]:
    """Say which of the periods that an interval chooses count."""
    notes = []
    if rule.frequency == "secondly" and rule.by_second:
        notes.append(_if("second", rule.by_second))
    if rule.frequency == "minutely" and rule.by_minute:
        notes.append(_if("minute", rule.by_minute))
    return notes


def _if(unit: str, numbers: Sequence[int]) -> str:
    return f"if the {unit} is {join([str(number) for number in numbers], 'or')}"


def _named(unit: str, numbers: Sequence[int]) -> str:
    return f"{unit}{'s' * (len(numbers) > 1)} {join([str(number) for number in numbers])}"


def _hours(hours: Sequence[int]) -> str:
    """Name the hours, as spans where they are few: from 09:00 through 10:59."""
    spans: list[list[int]] = []
    for hour in hours:
        if spans and hour == spans[-1][-1] + 1:
            spans[-1].append(hour)
        else:
            spans.append([hour])
    if len(spans) > _MOST_SPANS:
        return _named("in hour", hours)
    return join([f"from {span[0]:02}:00 through {span[-1]:02}:59" for span in spans])


def _times(rule: Rule, start: datetime) -> str:
    """Name the times of day."""
    hours = rule.by_hour or (start.hour,)
    minutes = rule.by_minute or (start.minute,)
    seconds = rule.by_second or (start.second,)
    first = clock(hours[0], minutes[0], seconds[0])
    if (times := len(hours) * len(minutes) * len(seconds)) > _MOST_TIMES:
        return f"at {times} times from {first} to {clock(hours[-1], minutes[-1], seconds[-1])}"
    clocks = [clock(hour, minute, sec) for hour in hours for minute in minutes for sec in seconds]
    return f"at {join(clocks)}"
