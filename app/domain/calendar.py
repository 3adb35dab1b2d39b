"""Calendars: days on which nothing should happen, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import holidays

from app.domain.recurrence import Recurrence, compile_schedule
from app.errors import InvalidInput

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_DAYS = 5_000
"""Dates and ranges of one calendar: more than a decade of single days."""

MAX_RULES = 50
_RULES_START_MS = 0
_FIELDS = ("description", "dates", "ranges", "rules", "holidays", "weekdays")


class Calendar:
    """A named set of days. A day has a reason or does not belong to it."""

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        """Read a definition; raises ``InvalidInput`` with the dotted field.

        ``definition`` has any of ``dates`` (ISO dates), ``ranges`` (``{"from", "to"}``, both
        included), ``rules`` (schedules whose days count, in UTC), ``holidays`` (``{"country",
        "subdivision"}``), ``weekdays`` (``MO`` … ``SU``) and ``description``.
        """
        for field in definition:
            if field not in _FIELDS:
                raise InvalidInput.field(field, f"is not known; use {', '.join(_FIELDS)}")
        self.name = name
        self._dates = {_date("dates", one) for one in _list(definition, "dates", MAX_DAYS)}
        self._ranges = [_range(one) for one in _list(definition, "ranges", MAX_DAYS)]
        self._rules = [_rule(one) for one in _list(definition, "rules", MAX_RULES)]
        self._weekdays = {_weekday(one) for one in _list(definition, "weekdays", 7)}
        self._holidays = _holidays(definition.get("holidays"))
        if len(self._weekdays) == len(WEEKDAYS):
            raise InvalidInput.field("weekdays", "leave at least one day of the week")

    def reason(self, day: date) -> str | None:
        """Why nothing should happen on a day; ``None`` for a day like any other."""
        if self._holidays is not None and (holiday := self._holidays.get(day)):
            return f"{holiday} ({self.name})"
        if (
            day in self._dates
            or day.weekday() in self._weekdays
            or any(first <= day <= last for first, last in self._ranges)
            or any(_falls_on(rule, day) for rule in self._rules)
        ):
            return f"calendar {self.name}"
        return None


def _falls_on(rule: Recurrence, day: date) -> bool:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    found = rule.next_after(start - 1)
    return found is not None and found < start + 86_400_000


def _list(definition: Mapping[str, Any], field: str, most: int) -> list[Any]:
    value = definition.get(field) or []
    if not isinstance(value, list) or len(value) > most:
        raise InvalidInput.field(field, f"must be a list of at most {most} entries")
    return value


def _date(field: str, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput.field(field, "must hold dates as in 2026-12-25") from None


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


def _rule(value: Any) -> Recurrence:
    try:
        return compile_schedule(value, _RULES_START_MS, None)
    except InvalidInput as error:
        raise InvalidInput.field("rules", error.message) from None


def _holidays(value: Any) -> holidays.HolidayBase | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not set(value) <= {"country", "subdivision"}:
        raise InvalidInput.field("holidays", 'must be {"country": "DE", "subdivision": "BE"}')
    country, subdivision = value.get("country"), value.get("subdivision")
    if not isinstance(country, str) or not isinstance(subdivision, str | None):
        raise InvalidInput.field("holidays.country", "must be a code of two letters, as in DE")
    return _country(country, subdivision)


@lru_cache(maxsize=64)
def _country(country: str, subdivision: str | None) -> holidays.HolidayBase:
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise InvalidInput.field("holidays.country", "is not a country whose holidays are known")
    if subdivision is not None and subdivision not in known[country]:
        some = ", ".join(known[country][:20]) or "none"
        raise InvalidInput.field("holidays.subdivision", f"is not known; {country} has {some}")
    return holidays.country_holidays(country, subdiv=subdivision, language="en_US")
