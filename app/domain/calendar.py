"""Calendars: days on which nothing should happen, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays

from app.domain.budget import current
from app.domain.recurrence import Notice, Recurrence, compile_schedule
from app.errors import InvalidInput

_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_DAYS = 5_000
"""Dates and ranges of one calendar: more than a decade of single days."""

MAX_RULES = 200
MAX_RULE_DAYS = 366
MAX_DESCRIPTION = 4_096
_MAX_YEARS = 64
_HOLIDAY_STEPS = 500
"""What it costs to find the holidays of a year, in steps."""

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_FIELDS = ("description", "dates", "ranges", "rules", "holidays", "weekdays")


class Calendar:
    """A named set of days. A day has a reason or does not belong to it."""

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        """Read a definition; raises ``InvalidInput`` with the dotted field.

        ``definition`` has any of ``dates`` (ISO dates), ``ranges`` (``{"from", "to"}``, both
        included), ``rules`` (schedules whose days count; ``from`` is the date on which one
        begins, 1970 by itself, ``days`` how many days each time takes), ``holidays``
        (``{"country", "subdivision"}``), ``weekdays`` (``MO`` … ``SU``) and ``description``.
        """
        for field in definition:
            if field not in _FIELDS:
                raise InvalidInput.field(field, f"is not known; use {', '.join(_FIELDS)}")
        self.name = name
        _description(definition.get("description"))
        self._dates = {_date("dates", one) for one in _list(definition, "dates", MAX_DAYS)}
        self._ranges = _merged(_range(one) for one in _list(definition, "ranges", MAX_DAYS))
        self._rules = [_rule(one) for one in _list(definition, "rules", MAX_RULES)]
        self._weekdays = {_weekday(one) for one in _list(definition, "weekdays", 7)}
        self._holidays = _holidays(definition.get("holidays"))
        if len(self._weekdays) == len(WEEKDAYS):
            raise InvalidInput.field("weekdays", "leave at least one day of the week")
        self._rule_days: dict[int, frozenset[date]] = {}
        self._place = _place(definition.get("holidays"))

    @property
    def words(self) -> str:
        """What its days are, as in ``public holidays in Berlin and Sundays``."""
        words = [f"public holidays in {self._place}"] if self._holidays is not None else []
        words += [f"{_DAY_NAMES[day]}s" for day in sorted(self._weekdays)]
        if self._dates or self._ranges or self._rules or not words:
            words.append(f"days of {self.name}")
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

    def reason(self, day: date) -> str | None:
        """Why nothing should happen on a day; ``None`` for a day like any other."""
        if self._holidays is not None and (
            holiday := _holidays_in(*self._holidays, day.year).get(day)
        ):
            return f"{holiday} ({self.name})"
        if (
            day in self._dates
            or day.weekday() in self._weekdays
            or self._is_in_range(day)
            or (self._rules and day in self._days_of_rules(day.year))
        ):
            return f"calendar {self.name}"
        return None

    def end(self, next_ms: int | None = None) -> Notice | None:
        """Say on which day the days end that it lists one by one; ``None`` if it lists none.

        Those beside the holidays of a country are no such data: that goes on. ``next_ms`` is the
        first occurrence that the end concerns.
        """
        last = self.last_listed
        if last is None:
            return None
        text = (
            f"The days that calendar {self.name} lists end on {last.day} {last:%B %Y}: "
            "later ones are left out once it lists them."
        )
        return Notice(last.isoformat(), "end", text, next_ms)

    @property
    def last_listed(self) -> date | None:
        """The day on which its data ends; ``None`` if it has no such end."""
        if self._holidays is not None:
            return None
        ends = [*self._dates, *(last for _, last in self._ranges[-1:])]
        return max(ends, default=None)

    def follow_rules(self) -> None:
        """Follow each rule through a year, as planning does: in a budget, that bounds the cost."""
        for rule in self._rules:
            for _ in rule.days_of(min(rule.begins.year + 1, date.max.year)):
                pass

    def _is_in_range(self, day: date) -> bool:
        position = bisect_right(self._ranges, (day, date.max)) - 1
        return position >= 0 and day <= self._ranges[position][1]

    def _days_of_rules(self, year: int) -> frozenset[date]:
        found = self._rule_days.get(year)
        if found is None:
            if len(self._rule_days) >= _MAX_YEARS:
                self._rule_days.clear()
            found = frozenset(day for rule in self._rules for day in rule.days_of(year))
            self._rule_days[year] = found
        return found


@dataclass(frozen=True, slots=True)
class _Rule:
    """A schedule of which each occurrence takes ``length`` days, the first its own."""

    schedule: Recurrence
    length: int
    begins: date

    def days_of(self, year: int) -> Iterator[date]:
        """The days of a year, each once, ascending."""
        first, last = _number(date(year, 1, 1)), _number(date(year, 12, 31))
        given = first - 1
        at = self.schedule.next_after((first - self.length + 1) * _DAY_MS - 1)
        while at is not None and given < last and (begins := at // _DAY_MS) <= last:
            ends = min(begins + self.length - 1, last)
            for day in range(max(begins, given + 1), ends + 1):
                yield _EPOCH + timedelta(day)
            given = max(given, ends)
            at = self.schedule.next_after((begins + 1) * _DAY_MS - 1)


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _merged(ranges: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """The same days in ranges that are sorted and apart, so that one look finds a day."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _description(value: Any) -> None:
    if value is not None and (not isinstance(value, str) or len(value) > MAX_DESCRIPTION):
        raise InvalidInput.field(
            "description", f"must be text of at most {MAX_DESCRIPTION} characters"
        )


def _list(definition: Mapping[str, Any], field: str, most: int) -> list[Any]:
    # Lenient with what is empty: earlier versions stored that in any form. The API is not.
    value = definition.get(field) or []
    if not isinstance(value, list) or len(value) > most:
        raise InvalidInput.field(field, f"must be a list of at most {most} entries")
    return value


def _date(field: str, value: Any) -> date:
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    # Python also reads other forms of ISO 8601, such as 20261225.
    if found is None or found.isoformat() != value:
        raise InvalidInput.field(field, "must hold dates as in 2026-12-25")
    return found


def _range(value: Any) -> tuple[date, date]:
    if not isinstance(value, Mapping) or set(value) != {"from", "to"}:
        raise InvalidInput.field("ranges", 'must hold objects {"from": date, "to": date}')
    first, last = _date("ranges", value["from"]), _date("ranges", value["to"])
    if last < first:
        raise InvalidInput.field("ranges", "must not end before they begin")
    return first, last


def _weekday(value: Any) -> int:
    if value not in WEEKDAYS:
        raise InvalidInput.field("weekdays", f"must hold {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value)


def _rule(value: Any) -> _Rule:
    if not isinstance(value, Mapping):
        raise InvalidInput.field("rules", 'must hold schedules, as in {"rrule": "FREQ=…"}')
    length = value.get("days", 1)
    if type(length) is not int or not 1 <= length <= MAX_RULE_DAYS:
        raise InvalidInput.field("rules", f"days must be a whole number from 1 to {MAX_RULE_DAYS}")
    begins = _date("rules", value["from"]) if "from" in value else _EPOCH
    schedule = {key: part for key, part in value.items() if key not in ("from", "days")}
    try:
        return _Rule(compile_schedule(schedule, _number(begins) * _DAY_MS, None), length, begins)
    except InvalidInput as error:
        raise InvalidInput.field("rules", error.message) from None


def _holidays(value: Any) -> tuple[str, str | None] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not set(value) <= {"country", "subdivision"}:
        raise InvalidInput.field("holidays", 'must be {"country": "DE", "subdivision": "BE"}')
    country, subdivision = value.get("country"), value.get("subdivision")
    if not isinstance(country, str):
        raise InvalidInput.field("holidays.country", "must be a code of two letters, as in DE")
    if not isinstance(subdivision, str | None):
        raise InvalidInput.field("holidays.subdivision", "must be a code, as in BE")
    known = _countries()
    if country not in known:
        raise InvalidInput.field("holidays.country", "is not a country whose holidays are known")
    if subdivision is not None and subdivision not in known[country]:
        some = ", ".join(known[country][:20]) or "none"
        raise InvalidInput.field("holidays.subdivision", f"is not known; {country} has {some}")
    return country, subdivision


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    found: dict[str, list[str]] = holidays.list_supported_countries(include_aliases=True)
    return found


@lru_cache(maxsize=1024)
def _holidays_in(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    current().spend(_HOLIDAY_STEPS)
    # A year at a time: an object that grows while it is asked is not for several threads.
    found: Mapping[date, str] = holidays.country_holidays(
        country, subdiv=subdivision, years=year, expand=False, language="en_US"
    )
    return dict(found)


def _place(value: Any) -> str:
    """The name of a part of a country where there is one, else the codes that were given."""
    given = value or {}
    country, subdivision = given.get("country", ""), given.get("subdivision")
    if subdivision is None:
        return str(country)
    names = holidays.country_holidays(country, subdiv=subdivision).subdivisions_aliases
    return next((name for name, code in names.items() if code == subdivision), subdivision)
