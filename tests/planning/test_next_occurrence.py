"""What follows an occurrence: the misfire rule, calendars, and the end of a series."""

from __future__ import annotations

import pytest

from app.domain.calendar import Calendar
from app.domain.misfire import MisfirePolicy
from app.domain.recurrence import compile_schedule
from app.domain.timetable import Timetable
from app.planning.next_occurrence import continue_series

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def minutely(**options) -> Timetable:
    return Timetable(compile_schedule({"frequency": "minutely"}, START, None), None, **options)


def test_on_time_the_next_one_follows() -> None:
    found = continue_series(minutely(), START, START + 3, MisfirePolicy())
    assert (found.next_ms, found.due_ms, found.missed_ms) == (START + MINUTE, START + MINUTE, ())


def test_within_the_grace_everything_fires() -> None:
    found = continue_series(minutely(), START, START + 4 * MINUTE, MisfirePolicy())
    assert (found.next_ms, found.missed_ms) == (START + MINUTE, ())


def test_after_a_long_outage_one_fires_for_all_and_the_rest_is_recorded() -> None:
    """An hour away: the claimed one fires, 54 are missed, the last five minutes fire."""
    now = START + HOUR
    found = continue_series(minutely(), START, now, MisfirePolicy())
    assert found.next_ms == now - 5 * MINUTE
    assert found.missed_ms == tuple(START + MINUTE * step for step in range(1, 55))


def test_no_more_is_recorded_than_the_limit() -> None:
    found = continue_series(minutely(), START, START + 1000 * HOUR, MisfirePolicy(limit=7))
    assert found.missed_ms == tuple(START + MINUTE * step for step in range(1, 8))


def test_fire_all_fires_the_newest_up_to_the_limit() -> None:
    now = START + HOUR
    found = continue_series(minutely(), START, now, MisfirePolicy(policy="fire_all", limit=10))
    late = now - 5 * MINUTE
    assert found.next_ms == late - 10 * MINUTE
    assert found.missed_ms[0] == START + MINUTE
    few = continue_series(minutely(), START, now, MisfirePolicy(policy="fire_all", limit=100))
    assert (few.next_ms, few.missed_ms) == (START + MINUTE, ())


@pytest.mark.parametrize("years", [1, 50])
def test_catching_up_costs_the_same_after_any_outage(years: int) -> None:
    """Thirty million missed minutes are not walked."""
    now = START + years * 366 * 24 * HOUR
    for policy in ("fire_once", "fire_all", "skip"):
        found = continue_series(minutely(), START, now, MisfirePolicy(policy=policy, limit=5))
        assert found.next_ms is not None
        assert found.next_ms >= now - 5 * MINUTE - 5 * MINUTE
        assert len(found.missed_ms) <= 5


def test_the_end_of_a_series_is_known() -> None:
    rule = compile_schedule({"frequency": "minutely", "count": 2}, START, None)
    found = continue_series(Timetable(rule, None), START + MINUTE, START + MINUTE, MisfirePolicy())
    assert found.next_ms is None


def test_what_a_calendar_takes_is_recorded_with_the_reason() -> None:
    calendar = Calendar("closed", {"dates": ["2026-01-02", "2026-01-03"]})
    rule = compile_schedule({"frequency": "daily"}, START, None)
    table = Timetable(rule, None, calendars=[calendar])
    found = continue_series(table, START, START, MisfirePolicy())
    assert found.next_ms == START + 72 * HOUR
    assert [(one.nominal_ms, one.reason) for one in found.skipped] == [
        (START + 24 * HOUR, "calendar closed"),
        (START + 48 * HOUR, "calendar closed"),
    ]
