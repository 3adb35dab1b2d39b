"""How long the next occurrence of a schedule takes, and whether it matters when it started.

Prints, for twelve kinds of rules, the median time of ``next_after`` for a start yesterday and one
in 1970, their ratio, and the time to compile; and what dateutil needs for a rule six years old.

    python -m benchmarks.recurrence
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dateutil.rrule import MINUTELY, rrule

from app.domain.recurrence import compile_schedule

ZONE = "Europe/Berlin"
NOW_MS = 1_760_000_000_000
DAY_MS = 86_400_000
SAMPLES = 400

KINDS: Mapping[str, Mapping[str, Any]] = {
    "every 90s": {"every": "90s"},
    "minutely": {"frequency": "minutely"},
    "minutely, 7th, January": {"frequency": "minutely", "interval": 7, "by_month": [1]},
    "minutely, office hours": {"frequency": "minutely", "interval": 20, "by_hour": [9, 12, 16]},
    "hourly, every 5": {"frequency": "hourly", "interval": 5},
    "daily": {"frequency": "daily"},
    "daily, every 3": {"frequency": "daily", "interval": 3},
    "weekly, Mo We Fr": {"frequency": "weekly", "interval": 2, "by_day": ["MO", "WE", "FR"]},
    "monthly, last Friday": {"frequency": "monthly", "by_day": ["-1FR"]},
    "monthly, by_set_pos": {
        "frequency": "monthly",
        "by_day": ["MO", "TU", "WE", "TH", "FR"],
        "by_set_pos": [-2],
    },
    "yearly, 29 February": {"frequency": "yearly", "by_month": [2], "by_month_day": [29]},
    "cron */5 9-17 * * MON-FRI": {"cron": "*/5 9-17 * * MON-FRI"},
}


def median_us(call: Callable[[int], object]) -> float:
    """Time a call for many moments of the coming two years, in microseconds."""
    times = []
    for sample in range(SAMPLES):
        after = NOW_MS + sample * 2 * 366 * DAY_MS // SAMPLES
        begin = time.perf_counter_ns()
        call(after)
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1000


def compile_from(schedule: Mapping[str, Any], after_ms: int) -> object:
    """Compile a schedule that starts at a moment."""
    return compile_schedule(schedule, after_ms, ZONE)


def main() -> None:
    """Measure and print."""
    print(f"{'next_after, median µs':28} {'yesterday':>10} {'1970':>8} {'ratio':>6} {'compile':>8}")
    for name, schedule in KINDS.items():
        recent = compile_schedule(schedule, NOW_MS - DAY_MS, ZONE)
        old = compile_schedule(schedule, NOW_MS % DAY_MS, ZONE)
        fresh = median_us(recent.next_after)
        aged = median_us(old.next_after)
        compiling = median_us(partial(compile_from, schedule))
        print(f"{name:28} {fresh:10.1f} {aged:8.1f} {aged / fresh:6.2f} {compiling:8.1f}")

    daily = compile_schedule(KINDS["cron */5 9-17 * * MON-FRI"], NOW_MS, ZONE)
    begin = time.perf_counter()
    daily.upcoming(NOW_MS, 1_000)
    print(f"\na preview of 1,000 by cron: {(time.perf_counter() - begin) * 1000:.1f} ms")

    now = datetime.fromisoformat("2025-10-09T08:53:20")
    walk = rrule(MINUTELY, dtstart=now - timedelta(days=6 * 365))
    begin = time.perf_counter()
    walk.after(now)
    print(
        f"dateutil, minutely, six years old: {(time.perf_counter() - begin) * 1000:.0f} ms a call"
    )


if __name__ == "__main__":
    main()
