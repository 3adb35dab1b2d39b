"""What the rules of a series give, on the wall clock and without a zone: is a time one of it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.recurrence.compiler import compile_schedule
from app.domain.recurrence.rule import WEEKDAYS
from app.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
_MOST_COUNTED = 1_000


def parts_of(rule: str) -> dict[str, str]:
    """A rule's parts by name."""
    return dict(part.partition("=")[::2] for part in rule.split(";"))


def rule_of(parts: dict[str, str]) -> str:
    """A rule of its parts."""
    return ";".join(f"{name}={value}" for name, value in parts.items())


def wall_ms(wall: datetime) -> int:
    """A naive wall time as if it were UTC."""
    return (wall - _EPOCH) // timedelta(milliseconds=1)


def gives(rule: str, start: datetime, wall: datetime) -> bool:
    """Whether a rule that begins at a wall time has another one.

    What can't be followed is taken to have it: who plans it says what is wrong.
    """
    parts = parts_of(rule)
    if wall == start and _has_weekday(parts, start):
        return True
    # Until when it goes may be said in another clock's time: a day later it is over on any.
    if parts.get("UNTIL", "9")[:8] < f"{wall - timedelta(days=1):%Y%m%d}":
        return False
    endless = rule_of({name: value for name, value in parts.items() if name != "UNTIL"})
    try:
        series = compile_schedule({"rrule": endless}, wall_ms(start), "UTC")
    except InvalidInput:
        return True
    at = wall_ms(wall)
    return series.next_after(at - 1) == at


def _has_weekday(parts: dict[str, str], start: datetime) -> bool:
    """Whether nothing of a rule is about its start but a weekday, which the start has."""
    about = {name for name in parts if name.startswith("BY")}
    days = parts.get("BYDAY", "").split(",")
    is_weekly = about == {"BYDAY"} and parts.get("FREQ") == "WEEKLY"
    return not about or (is_weekly and WEEKDAYS[start.weekday()] in days)


def last_counted(rule: str, start: datetime) -> datetime | None:
    """The last wall time of a rule with a count; ``None`` if that is not easily told."""
    parts = parts_of(rule)
    count = parts.get("COUNT", "")
    if not count.isdecimal() or not 0 < int(count) <= _MOST_COUNTED:
        return None
    del parts["COUNT"]
    try:
        series = compile_schedule({"rrule": rule_of(parts)}, wall_ms(start), "UTC")
    except InvalidInput:
        return None
    found = series.upcoming(wall_ms(start) - 1, int(count))
    return _EPOCH + timedelta(milliseconds=found[-1]) if found else None


def with_start(rules: Sequence[str], start: datetime) -> tuple[tuple[str, ...], bool]:
    """The rules of a series beside a start that none of them gives; also whether that is so.

    The start is the first time of a series all the same (RFC 5545 3.8.5.3), and a count counts it.
    """
    if any(gives(rule, start, start) for rule in rules):
        return tuple(rules), False
    rest = []
    for rule in rules:
        parts = parts_of(rule)
        if parts.get("COUNT", "").isdecimal():
            if int(parts["COUNT"]) < 2:
                continue
            parts["COUNT"] = str(int(parts["COUNT"]) - 1)
        rest.append(rule_of(parts))
    return tuple(rest), True
