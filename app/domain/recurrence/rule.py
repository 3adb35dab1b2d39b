"""A recurrence rule as a checked value: the parts of RFC 5545 3.3.10 and what they may not be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from app.domain.recurrence.moments import (
    LAST_MS,
    NEEDS_ZONE,
    is_guess,
    parse_date,
    parse_moment,
)
from app.domain.recurrence.naming import Naming
from app.domain.recurrence.zones import Zone

FREQUENCIES: Final = ("secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly")
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_ENTRIES: Final = 1_000
MAX_COUNT: Final = 1_000_000_000
MAX_INTERVAL: Final = 1_000_000_000

_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
# The part, its least and greatest value, and whether it may count from the end as well.
_NUMBERS: Final = {
    "by_month": (1, 12, False),
    "by_month_day": (1, 31, True),
    "by_year_day": (1, 366, True),
    "by_week_no": (1, 53, True),
    "by_hour": (0, 23, False),
    "by_minute": (0, 59, False),
    "by_second": (0, 60, False),
    "by_set_pos": (1, 366, True),
}
PARTS: Final = (
    "frequency",
    "interval",
    "by_day",
    *_NUMBERS,
    "week_start",
    "count",
    "until",
)


_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)


class Until(NamedTuple):
    """The last time that may be an occurrence, in milliseconds: UTC, or on the wall."""

    ms: int
    is_wall: bool
    is_day: bool = False
    """Given as a date: the end of that day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. Empty parts were not given.

    ``by_day`` holds (n, weekday): n 0 is every such weekday, Monday is weekday 0.
    """

    frequency: str
    interval: int = 1
    by_day: tuple[tuple[int, int], ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0
    count: int | None = None
    until: Until | None = None


def read_rule(parts: Mapping[str, Any], naming: Naming, zone: Zone) -> Rule:
    """Check the parts of a rule, named as in the reference form; raises ``InvalidInput``.

    ``zone`` is where an ``until`` without an offset would be read.
    """
    frequency = _read_frequency(parts.get("frequency"), naming)
    numbers = {part: _read_numbers(parts, part, naming) for part in _NUMBERS}
    rule = Rule(
        frequency=frequency,
        interval=read_whole(parts.get("interval", 1), "interval", MAX_INTERVAL, naming),
        by_day=_read_by_day(parts, naming),
        # RFC 5545 3.3.12: a clock without leap seconds reads second 60 as 59.
        **{**numbers, "by_second": tuple(min(second, 59) for second in numbers["by_second"])},
        week_start=_read_week_start(parts.get("week_start", "MO"), naming),
        count=read_count(parts, naming),
        until=read_until(parts, naming, zone),
    )
    _refuse_combinations(rule, naming)
    return rule


def _read_frequency(value: Any, naming: Naming) -> str:
    allowed = FREQUENCIES if naming.is_text else FREQUENCIES[1:]
    if value is None:
        raise naming.error(
            "frequency", f"is required: one of {', '.join(map(naming.value, allowed))}"
        )
    frequency = value.lower() if isinstance(value, str) else ""
    if frequency == "secondly" and not naming.is_text:
        raise naming.error(
            "frequency", 'can\'t be secondly; use {"every": "1s"} or {"rrule": "FREQ=SECONDLY"}'
        )
    if frequency not in allowed:
        raise naming.error("frequency", f"must be one of {', '.join(map(naming.value, allowed))}")
    return frequency


def read_whole(value: Any, part: str, most: int, naming: Naming) -> int:
    """Check a positive whole number."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise naming.error(part, f"must be a whole number from 1 to {most}")
    return value


def read_count(parts: Mapping[str, Any], naming: Naming) -> int | None:
    """Check ``count``; ``None`` if it was not given."""
    value = parts.get("count")
    return None if value is None else read_whole(value, "count", MAX_COUNT, naming)


def read_until(parts: Mapping[str, Any], naming: Naming, zone: Zone) -> Until | None:
    """Read ``until``, inclusive; a date means its whole day, and is a wall time as well."""
    value = parts.get("until")
    if value is None:
        return None
    if parts.get("count") is not None:
        raise naming.error("count", f"can't stand beside {naming.name('until')}; give one of them")
    # In a rule's text a time without Z is the calendar's own way to say local time.
    if not naming.is_text and is_guess(value, zone):
        raise naming.error("until", NEEDS_ZONE)
    try:
        day, moment = parse_date(value), parse_moment(value)
    except ValueError:
        day = moment = None
    if day is not None:
        ends = ((day - _EPOCH).days + 1) * _DAY_MS - 1
        return Until(min(ends, LAST_MS), is_wall=True, is_day=True)
    if moment is not None:
        return Until(*moment)
    example = "20271231T235959Z" if naming.is_text else "2027-12-31T23:59:59Z"
    raise naming.error("until", f"must be a date or a time such as {example}")


def _read_list(parts: Mapping[str, Any], part: str, naming: Naming) -> list[Any]:
    value = parts.get(part)
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not value:
        raise naming.error(part, "must be a list of at least one entry")
    if len(value) > MAX_ENTRIES:
        raise naming.error(part, f"must have at most {MAX_ENTRIES} entries")
    return list(value)


def _read_numbers(parts: Mapping[str, Any], part: str, naming: Naming) -> tuple[int, ...]:
    least, most, signed = _NUMBERS[part]
    found = set()
    for value in _read_list(parts, part, naming):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not least <= (abs(value) if signed else value) <= most:
            also = f" or -{most} to -{least}" if signed else ""
            shown = f", not {str(value)[:20]!r}" if naming.is_text else ""
            raise naming.error(part, f"must hold whole numbers from {least} to {most}{also}{shown}")
        found.add(value)
    return tuple(sorted(found))


def _read_by_day(parts: Mapping[str, Any], naming: Naming) -> tuple[tuple[int, int], ...]:
    found = set()
    for value in _read_list(parts, "by_day", naming):
        match = _BY_DAY.fullmatch(value.upper()) if isinstance(value, str) else None
        nth = 0 if match is None or match[1] is None else int(match[1])
        if match is None or (match[1] is not None and not 1 <= abs(nth) <= 53):
            raise naming.error(
                "by_day",
                "must hold weekdays such as MO, or with a number 1 to 53 as in 2TU or -1FR",
            )
        found.add((nth, WEEKDAYS.index(match[2])))
    return tuple(sorted(found))


def _read_week_start(value: Any, naming: Naming) -> int:
    if not isinstance(value, str) or value.upper() not in WEEKDAYS:
        raise naming.error("week_start", f"must be one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value.upper())


def _refuse_combinations(rule: Rule, naming: Naming) -> None:
    """Refuse what RFC 5545 3.3.10 says MUST NOT stand together."""
    frequency = rule.frequency

    def refuse(part: str, others: str) -> None:
        raise naming.error(part, f"can't be used with {others}")

    written = f"{naming.name('frequency')} {naming.value(frequency)}"
    if rule.by_month_day and frequency == "weekly":
        refuse("by_month_day", written)
    if rule.by_year_day and frequency in ("daily", "weekly", "monthly"):
        refuse("by_year_day", written)
    if rule.by_week_no and frequency != "yearly":
        refuse("by_week_no", f"{written}, only with {naming.value('yearly')}")
    if any(nth for nth, _ in rule.by_day):
        if frequency not in ("monthly", "yearly"):
            raise naming.error(
                "by_day",
                f"can have numbers, as in 1MO, only with {naming.value('monthly')} or "
                f"{naming.value('yearly')}",
            )
        if rule.by_week_no:
            raise naming.error("by_day", f"can't have numbers beside {naming.name('by_week_no')}")
    others = [part for part in PARTS if part.startswith("by_") and part != "by_set_pos"]
    if rule.by_set_pos and not any(getattr(rule, part) for part in others):
        raise naming.error("by_set_pos", "needs another by-part whose matches it numbers")
