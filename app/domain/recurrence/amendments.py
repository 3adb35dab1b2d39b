"""What stands beside the rule: ``exclude`` and ``include``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from app.domain.budget import current
from app.domain.recurrence.context import Context
from app.domain.recurrence.kinds import Compiled
from app.domain.recurrence.moments import (
    LAST_MS,
    NEEDS_ZONE,
    GivenTime,
    is_guess,
    parse_date,
    parse_moment,
)
from app.domain.recurrence.rule import MAX_ENTRIES
from app.domain.recurrence.series import Series
from app.domain.recurrence.wall_times import wall_ms_of
from app.domain.recurrence.zones import wall_datetime
from app.errors import InvalidInput

_MAX_RULES = 100
_INCLUDE_STEPS, _EXCLUDE_STEPS = 8, 3
"""What it costs to read an entry, in steps."""

CompileRule = Callable[[Any, str, Context], Compiled]


@dataclass(slots=True)
class Amendments:
    """Moments, days and rules to add or take away; ``added`` and ``removed`` as they were given.

    Wall times are in milliseconds, as they were given: what they mean is the ``Recurrence``'s.
    """

    added: list[Any] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)
    included: list[int] = field(default_factory=list)
    included_walls: list[int] = field(default_factory=list)
    including: list[Series] = field(default_factory=list)
    excluded: list[int] = field(default_factory=list)
    excluded_walls: list[int] = field(default_factory=list)
    excluded_days: list[date] = field(default_factory=list)
    excluding: list[Series] = field(default_factory=list)


def read_amendments(
    schedule: Mapping[str, Any], context: Context, compile_rule: CompileRule
) -> Amendments:
    """Read both lists; raises ``InvalidInput`` for the entry, as in ``schedule.exclude.2``."""
    found = Amendments(
        added=_read_list(schedule, "include"), removed=_read_list(schedule, "exclude")
    )
    current().spend(_INCLUDE_STEPS * len(found.added) + _EXCLUDE_STEPS * len(found.removed))
    for index, entry in enumerate(found.added):
        path = f"schedule.include.{index}"
        if isinstance(entry, Mapping):
            found.including.append(compile_rule(entry, path, context).series)
            continue
        moment = _read_moment(entry, path, context)
        if isinstance(moment, date):
            found.included_walls.append(_at_time_of_start(moment, context))
        else:
            (found.included_walls if moment.is_wall else found.included).append(moment.ms)
    for index, entry in enumerate(found.removed):
        path = f"schedule.exclude.{index}"
        if isinstance(entry, Mapping):
            found.excluding.append(compile_rule(entry, path, context).series)
            continue
        moment = _read_moment(entry, path, context)
        if isinstance(moment, date):
            found.excluded_days.append(moment)
        else:
            (found.excluded_walls if moment.is_wall else found.excluded).append(moment.ms)
    return found


def _read_list(schedule: Mapping[str, Any], name: str) -> list[Any]:
    entries = schedule.get(name)
    path = f"schedule.{name}"
    if entries is None:
        return []
    if not isinstance(entries, list | tuple) or not entries:
        raise InvalidInput.field(path, "must be a list of at least one time, date or rule")
    if len(entries) > MAX_ENTRIES:
        raise InvalidInput.field(path, f"must have at most {MAX_ENTRIES} entries")
    if sum(isinstance(entry, Mapping) for entry in entries) > _MAX_RULES:
        raise InvalidInput.field(path, f"must have at most {_MAX_RULES} rules")
    return list(entries)


def _read_moment(entry: Any, path: str, context: Context) -> date | GivenTime:
    if is_guess(entry, context.zone):
        raise InvalidInput.field(path, NEEDS_ZONE)
    try:
        found = parse_date(entry) or parse_moment(entry)
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput.field(
            path, "must be a date such as 2026-12-25, a time such as 2026-12-25T09:00:00Z or a rule"
        )
    return found


def _at_time_of_start(day: date, context: Context) -> int:
    """Return an added date at the start's time of day, on the wall."""
    clock = wall_datetime(context.start_wall).time()
    wall = datetime.combine(day, time(clock.hour, clock.minute, clock.second))
    return min(wall_ms_of(wall) + context.start_ms % 1000, LAST_MS)
