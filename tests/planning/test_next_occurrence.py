"""What follows an occurrence: the misfire rule, calendars, and the end of a series."""

from __future__ import annotations

import pytest

from app.domain.calendar import Calendar
from app.domain.event import EventStatus
from app.domain.misfire import MisfirePolicy
from app.domain.recurrence import compile_schedule
from app.domain.timetable import Timetable, spread
from app.planning.next_occurrence import TOO_LATE, continue_series, plan_next
from app.store.event_plans import NOTHING, Plan
from tests.support.builders import an_event
from tests.support.planning import SPREAD_MS, Daily

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


def test_a_series_that_ended_meanwhile_says_what_it_passed_over() -> None:
    """What was missed and what a calendar took, from the claim until now and within the limit."""
    calendar = Calendar("closed", {"dates": ["2026-01-01", "2026-01-03", "2026-01-05"]})
    rule = compile_schedule({"frequency": "daily", "count": 5}, START, None)
    table = Timetable(rule, None, calendars=[calendar])
    days = [START + day * 24 * HOUR for day in range(5)]
    found = continue_series(table, days[0], days[4] + HOUR, MisfirePolicy())
    assert (found.next_ms, found.due_ms, found.missed_ms) == (None, 0, (days[1], days[3]))
    assert [one.nominal_ms for one in found.skipped] == [days[2], days[4]]
    few = continue_series(table, days[0], days[4] + HOUR, MisfirePolicy(limit=1))
    assert (few.missed_ms, [one.nominal_ms for one in few.skipped]) == ((days[1],), [days[2]])


@pytest.mark.parametrize(("later_ms", "missed_ms"), [(0, ()), (1, (START + HOUR,))])
def test_the_grace_ends_exactly(later_ms: int, missed_ms: tuple[int, ...]) -> None:
    """What is as old as the grace still fires; a millisecond later it is missed."""
    rule = compile_schedule({"every": "1h"}, START, None)
    policy = MisfirePolicy(grace_ms=MINUTE)
    found = continue_series(Timetable(rule, None), START, START + HOUR + MINUTE + later_ms, policy)
    assert found.missed_ms == missed_ms
    assert found.next_ms == START + HOUR * (1 + len(missed_ms))


def test_fire_all_begins_with_the_very_first_of_the_newest() -> None:
    """Also where late occurrences lie a millisecond apart: the search ends at the right one."""
    moments = [f"2026-01-01T00:00:01.00{n}Z" for n in range(9)]
    rule = compile_schedule({"every": "1d", "include": moments}, START, None)
    table = Timetable(rule, None)
    first = START + 1000
    for limit in range(1, 9):
        policy = MisfirePolicy(policy="fire_all", limit=limit)
        found = continue_series(table, START, START + HOUR, policy)
        assert found.next_ms == first + 9 - limit


def test_a_one_time_event_fires_within_the_grace_and_is_missed_beyond_it() -> None:
    """With its share of the jitter; as late as the grace is still in time."""
    event = an_event(start_ms=START, options={"jitter": "1h", "misfire": {"grace": "1m"}})
    due_ms = START + spread(event.id, START, HOUR)
    assert due_ms > START
    for now_ms in (START - HOUR, START + MINUTE):
        assert plan_next(event, None, now_ms) == Plan(scheduled_ms=START, due_ms=due_ms)
    missed = Plan(scheduled_ms=START, missed=TOO_LATE)
    assert plan_next(event, None, START + MINUTE + 1) == missed


@pytest.mark.parametrize("status", [EventStatus.PAUSED, EventStatus.INACTIVE])
def test_an_event_that_is_not_active_has_nothing_next(status: EventStatus) -> None:
    event = an_event(start_ms=START, status=status)
    assert plan_next(event, None, START) == NOTHING
    assert plan_next(event, minutely(), START) == NOTHING


def test_a_series_goes_on_with_what_has_come_and_was_not_sent() -> None:
    """The first such time that the timetable has, or else the next that is to come."""
    event, table, day_ms = an_event(start_ms=START), minutely(), 24 * HOUR
    for came_ms, expected in (
        ((), 62),
        ((START + 1,), 62),
        ((START + 1, START + 3 * MINUTE, START + 4 * MINUTE), 3),
    ):
        at = START + expected * MINUTE
        found = plan_next(event, table, START + 61 * MINUTE, came_ms=came_ms)
        assert found == Plan(scheduled_ms=at, due_ms=at)
    at = START + day_ms
    spread_out = Plan(scheduled_ms=at, due_ms=at + SPREAD_MS)
    assert plan_next(event, Daily(), at + 1, came_ms=[at]) == spread_out
    assert plan_next(event, Daily(), START) == spread_out


def test_a_series_begins_with_its_start_and_ends() -> None:
    event = an_event(start_ms=START)
    table = Timetable(compile_schedule({"every": "1m", "count": 1}, START, None), None)
    assert plan_next(event, table, START - HOUR) == Plan(scheduled_ms=START, due_ms=START)
    assert plan_next(event, table, START) == NOTHING
