"""When a schedule happens: RFC 5545 rules, cron and fixed periods, in any time zone.

One way in, ``compile_schedule``, and one thing out, a ``Recurrence``. Data flows::

    schedule (JSON) → rule.py, rrule_text.py, cron.py   checked values
                    → build.py                          Pattern: periods, days, times
                    → series.py                         instants in a zone
                    → recurrence.py, walk.py            union, inclusions, exclusions
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
