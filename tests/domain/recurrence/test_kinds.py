"""Where a series with a count ends, found by arithmetic or by a walk."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.recurrence import compile_schedule
from tests.domain.recurrence.oracles import ms

START = ms("2025-01-31T08:30:00Z") + 750


@pytest.mark.parametrize("count", [1, 2, 100, 101, 500])
@pytest.mark.parametrize(
    "schedule",
    [
        {"frequency": "daily"},
        {"frequency": "daily", "interval": 3},
        {"frequency": "weekly", "interval": 2},
        {"frequency": "hourly", "interval": 5},
        {"frequency": "minutely"},
        {"frequency": "monthly"},
        {"frequency": "daily", "by_hour": [9, 17]},
        {"every": "90s"},
        {"cron": "30 9 * * *"},
    ],
    ids=str,
)
def test_a_count_is_what_it_says(schedule: dict[str, Any], count: int) -> None:
    """To the millisecond: the last one is in, and none is after it."""
    free = compile_schedule(schedule, START, "Europe/Berlin").upcoming(START - 1, count + 1)
    counted = compile_schedule({**schedule, "count": count}, START, "Europe/Berlin")
    assert counted.upcoming(START - 1, count + 1) == free[:count]


@pytest.mark.parametrize("dst", [{"gap": "skip"}, {"repeat": "both"}, {"repeat": "second"}, {}])
def test_what_a_change_of_the_clock_adds_or_takes_is_counted(dst: dict[str, str]) -> None:
    """From a wall time that one day does not have and another has twice."""
    start = ms("2025-01-01T01:30:00Z")
    daily = {"frequency": "daily"}
    free = compile_schedule(daily, start, "Europe/Berlin", dst=dst).upcoming(start - 1, 400)
    counted = compile_schedule({**daily, "count": 300}, start, "Europe/Berlin", dst=dst)
    assert counted.upcoming(start - 1, 400) == free[:300]


def test_a_count_that_ends_in_an_hour_that_comes_twice_has_its_last_one() -> None:
    start = ms("2025-01-01T01:30:00Z")
    days = 299  # until 26 October
    for repeat, last in (("first", "2025-10-26T00:30:00Z"), ("second", "2025-10-26T01:30:00Z")):
        rule = compile_schedule(
            {"frequency": "daily", "count": days}, start, "Europe/Berlin", dst={"repeat": repeat}
        )
        assert rule.upcoming(start - 1, 400)[-1] == ms(last)


def test_a_count_that_ends_after_the_calendar_has_no_end() -> None:
    rule = compile_schedule(
        {"frequency": "daily", "interval": 1_000_000, "count": 1_000_000_000}, START, "UTC"
    )
    assert len(rule.upcoming(START - 1, 9)) == 3
