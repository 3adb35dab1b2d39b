"""Cron expressions: five fields, or six with the seconds first; what Debian's cron understands.

The grammar is cronsim's: names, ranges, lists, steps, ``L``, ``LW``, ``5L``, ``MON#2``. Beside it
stand ``@daily`` and its like, ``?`` for ``*`` in the day fields, ``15W`` (the weekday nearest to
the 15th within its month), whole names, ranges over the end of a field, and ``CRON_TZ=``.
``cron_terms.py`` reads the terms, ``cron_dialects.py`` knows what other programs write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from cronsim import CronSim, CronSimError
from cronsim.explain import join

from app.domain.recurrence.cron_dialects import (
    refuse_characters,
    refuse_lines,
    refuse_other_layouts,
    refuse_quartz_weekdays,
    refuse_wrapped,
    split_zone,
)
from app.domain.recurrence.cron_terms import read_term_list
from app.domain.recurrence.days import EveryDay, MonthDays, month_length
from app.domain.recurrence.pattern import Pattern
from app.domain.recurrence.phrases import from_end, nth
from app.domain.recurrence.rrule_text import check_text
from app.domain.recurrence.times import Times, seconds_of_hour
from app.errors import InvalidInput

_NICKNAMES: Final = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * 0",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}
_NEAREST = re.compile(r"(\d{1,2})W", re.ASCII)
_AROUND = re.compile(r"\s*,\s*|\s+-\s*(?=\w)|(?<=\w)-\s+|\s+/(?=\d)|/\s+(?=\d)", re.ASCII)
"""Spaces inside a field: none begins or ends with a comma, a dash or a slash."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_STEP = re.compile(r"\*/(\d+)", re.ASCII)
_LAST_DAY = 31
_ROUNDS = ((0, 59), (0, 59), (0, 23), (1, _LAST_DAY), (1, 12))
"""First and last value of each field but the weekday's; seconds first."""
_MOST_SPELLED = 10
_TH = re.compile(r"\b(\d+)th\b", re.ASCII)
"""cronsim says 21th."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: its pattern and how it meets a change of the clock."""

    text: str
    zone: str | None
    """That of a prefix ``CRON_TZ=``, not checked."""
    pattern: Pattern
    is_wildcard: bool
    """The hour or the minute begins with ``*``: it runs by elapsed time."""
    has_seconds: bool
    words: str


def read_cron(value: Any, path: str, *, is_new: bool = True) -> Cron:
    """Read a cron expression; raises ``InvalidInput`` for the field ``path``.

    What can be read, but surely means something else to who wrote it, is refused if it ``is_new``.
    """
    text = check_text(value, path)
    if is_new and isinstance(value, str):
        refuse_lines(value, path)
    zone, rest = split_zone(text)
    written = _expand(rest, path, len(text) - len(rest))
    fields = [field.upper() for field in written]
    if is_new:
        refuse_quartz_weekdays(fields, path, _is_readable)
    has_seconds = len(fields) == 6
    if not has_seconds:
        fields.insert(0, "0")
    fields[3] = "*" if fields[3] == "?" else fields[3]
    fields[5] = "*" if fields[5] == "?" else fields[5]
    fields = [
        read_term_list(index, field, index + has_seconds, path, is_new=is_new)
        for index, field in enumerate(fields)
    ]
    fields[3], nearest = _take_nearest_weekdays(fields[3])
    cron = _parse(fields, path)
    days = _CronMonth(cron, nearest)
    return Cron(
        text=text,
        zone=zone,
        pattern=Pattern(
            None,
            EveryDay() if days.is_every_day else MonthDays(days, sorted(cron.months)),
            Times(
                sorted(cron.hours),
                seconds_of_hour(tuple(sorted(cron.minutes)), tuple(sorted(cron.seconds))),
            ),
        ),
        is_wildcard=fields[1].startswith("*") or fields[2].startswith("*"),
        has_seconds=has_seconds,
        words=_explain(fields) if not nearest else _explain_nearest(fields, nearest, rest),
    )


def _expand(text: str, path: str, before: int) -> list[str]:
    """Return the fields, five or six, of what may be a nickname or another program's.

    ``before`` is how many characters stand before the text.
    """
    refuse_wrapped(text, path, _is_readable)
    if text.startswith("@"):
        if text.upper() not in _NICKNAMES:
            raise InvalidInput.field(
                path, f"must be one of {', '.join(_NICKNAMES).lower()}, or a list of fields"
            )
        return _NICKNAMES[text.upper()].split()
    written = text.split()
    if len(written) > 5:
        joined = _AROUND.sub(lambda match: match[0].strip(), " ".join(written)).split()
        written = joined if len(joined) in (5, 6) else written
    refuse_other_layouts(written, path, _is_readable)
    refuse_characters(text, path, before)
    return written


def _is_readable(text: str) -> bool:
    if "(" in text:  # no form within a form
        return False
    try:
        read_cron(text, "")
    except InvalidInput:
        return False
    return True


def _take_nearest_weekdays(field: str) -> tuple[str, frozenset[int]]:
    """Split ``15W`` off the day-of-month field; a field of nothing else leaves its day behind."""
    nearest, others = set(), []
    for term in field.split(","):
        match = _NEAREST.fullmatch(term)
        if match is None:
            others.append(term)
        else:
            nearest.add(int(match[1]))
    # Without other days, one stands in that _CronMonth takes out again.
    return ",".join(others) or "1", frozenset(nearest if others else {*nearest, 0})


def _parse(fields: list[str], path: str) -> CronSim:
    try:
        return CronSim(" ".join(fields), _ANY_TIME)
    except CronSimError:
        # Each term is known to be right by itself, so the days are in none of the months.
        raise InvalidInput.field(
            path,
            f'never matches any date: no month of "{fields[4][:40]}" has a day of '
            f'"{fields[3][:40]}"; write L for the last day of the month',
        ) from None


def _explain(fields: list[str]) -> str:
    """Say it; steps that begin anew before they are even are spelled out.

    ``*/45`` is at minutes 0 and 45: "every 45th minute" would be read as every 45 minutes.
    """
    both_days = fields[3] != "*" and fields[5] != "*"  # there, ``*`` is more than its values
    spelled = [
        field if both_days and index == 3 else _spelled(field, *_ROUNDS[index])
        for index, field in enumerate(fields[:5])
    ]
    words = CronSim(" ".join([*spelled, fields[5]]), _ANY_TIME).explain()
    words = _TH.sub(lambda match: nth(int(match[1])), words)
    return words[:1].lower() + words[1:]


def _spelled(field: str, first: int, last: int) -> str:
    """Return ``*/n`` in a list as its values, if n does not divide the round and they are few."""
    terms: list[str] = []
    for term in field.split(","):
        match = _STEP.fullmatch(term)
        if match is None:
            terms.append(term)
            continue
        step = int(match[1])
        values = range(first, last + 1, step)
        # Months differ in length: no step goes on from one to the next.
        is_even = len(values) * step == last - first + 1 and len(values) > 1 and last != _LAST_DAY
        terms += [term] if is_even or len(values) > _MOST_SPELLED else map(str, values)
    if all(term.isdecimal() for term in terms):
        terms = sorted(set(terms), key=int)
    return ",".join(terms)


def _explain_nearest(fields: list[str], nearest: frozenset[int], text: str) -> str:
    """Say it without the days, then name them; with other days beside them it stays as it was."""
    if 0 not in nearest or fields[5] != "*":
        return " ".join(text.split())
    words = _explain([*fields[:3], "*", *fields[4:]])
    days = join([f"the {from_end(day)}" for day in sorted(nearest - {0})])
    of = "every month" if fields[4] == "*" else "the month"
    return f"{words.replace(' every day', '')} on the weekday nearest to {days} of {of}"


class _CronMonth:
    """Lists the days of a month that match; as cron does, by day of month, of week or both."""

    def __init__(self, cron: CronSim, nearest: frozenset[int]) -> None:
        self._days = frozenset() if 0 in nearest else frozenset(cron.days)
        self._nearest = sorted(nearest - {0})
        self._both = cron.day_and
        self._weekdays = [
            (day[1] if isinstance(day, tuple) else 0, day[0] if isinstance(day, tuple) else day)
            for day in cron.weekdays
        ]
        self._is_every_month = len(cron.months) == 12

    @property
    def is_every_day(self) -> bool:
        """Whether every day of every month matches."""
        every_day = self._days.issuperset(range(1, 32))
        every_weekday = {weekday % 7 for nth, weekday in self._weekdays if nth == 0} == set(
            range(7)
        )
        return self._is_every_month and every_day and every_weekday

    def __call__(self, year: int, month: int) -> Sequence[int]:
        """Return the days' numbers, sorted."""
        first, length = date(year, month, 1).weekday(), month_length(year, month)
        of_month = {day for day in range(1, length + 1) if day in self._days}
        if CronSim.LAST in self._days:
            of_month.add(length)
        if CronSim.LAST_WEEKDAY in self._days:
            of_month.add(_nearest_weekday(first, length, length))
        of_month.update(
            _nearest_weekday(first, length, day) for day in self._nearest if day <= length
        )
        of_week: set[int] = set()
        for which, weekday in self._weekdays:
            # Cron's Sunday is 0 or 7, Monday 1; here Monday is 0.
            start = 1 + (weekday - 1 - first) % 7
            days = range(start, length + 1, 7)
            if which == 0:
                of_week.update(days)
            else:
                of_week.update(days[-1:] if which == CronSim.LAST else days[which - 1 : which])
        return sorted(of_month & of_week if self._both else of_month | of_week)


def _nearest_weekday(first: int, length: int, day: int) -> int:
    """Return the Monday to Friday nearest to a day without leaving its month."""
    weekday = (first + day - 1) % 7
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day
