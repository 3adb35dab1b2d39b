"""When a schedule happens: RFC 5545 rules, cron and fixed periods, in any time zone.

One way in, ``compile_schedule``, and one thing out, a ``Recurrence``. Data flows::

    schedule (JSON) → rule.py, rrule_text.py, cron.py   checked values
                    → build.py                          Pattern: periods, days, times
                    → series.py                         instants in a zone
                    → parts.py, recurrence.py, walk.py  union, inclusions, exclusions

What a wall time means where the clock changes is in wall_times.py, what is said of a schedule in
explain.py and notices.py.
"""

from app.domain.recurrence.compiler import compile_schedule
from app.domain.recurrence.cron_zones import named_zone
from app.domain.recurrence.notices import Notice, list_once
from app.domain.recurrence.recurrence import Recurrence, most_within
from app.domain.recurrence.wall_times import (
    Start,
    naive_of,
    read_policy,
    read_start,
)
from app.domain.recurrence.zones import resolve_local, validate_timezone

__all__ = [
    "Notice",
    "Recurrence",
    "Start",
    "compile_schedule",
    "list_once",
    "most_within",
    "naive_of",
    "named_zone",
    "read_policy",
    "read_start",
    "resolve_local",
    "validate_timezone",
]
