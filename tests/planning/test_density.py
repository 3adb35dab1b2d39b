"""How often a schedule may occur within a minute, and how often it occurs in a day."""

from __future__ import annotations

from typing import cast

import pytest

from app.domain.budget import UNLIMITED, count, count_no_more
from app.domain.recurrence import Recurrence, compile_schedule
from app.domain.timetable import Timetable
from app.errors import InvalidInput
from app.planning.density import DAY_MS, MINUTE_MS, check_density, occurrences_a_day
from tests.support.clock import NOW_MS


@pytest.mark.parametrize(
    ("schedule", "most", "accepted"),
    [
        ({"every": "1s"}, 60, True),
        ({"every": "1s"}, 59, False),
        ({"every": "1s"}, 0, True),
        ({"every": "1m"}, 1, True),
        ({"every": "59s"}, 1, False),
        ({"frequency": "minutely"}, 1, True),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,1,2"}, 2, False),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,1,2"}, 3, True),
        ({"rrule": "FREQ=YEARLY;BYHOUR=1;BYMINUTE=1;BYSECOND=0,1,2"}, 2, False),
        ({"rrule": "FREQ=SECONDLY;COUNT=2"}, 2, True),
        ({"rrule": "FREQ=SECONDLY;COUNT=3"}, 2, False),
        ({"cron": "* * * * *"}, 1, True),
    ],
)
def test_how_often_a_schedule_may_occur(schedule, most: int, accepted: bool) -> None:
    rule = compile_schedule(schedule, NOW_MS, None)
    if accepted:
        check_density(rule, most)
    else:
        with pytest.raises(InvalidInput, match="within a minute"):
            check_density(rule, most)


def test_every_beginning_is_looked_at_however_late() -> None:
    """Additions that lie within what was seen are passed over, and those behind it are not."""
    early = ["2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"]
    late = [f"2027-06-01T00:00:0{second}Z" for second in range(4)]
    schedule = {"every": "1d", "include": early + late}
    check_density(compile_schedule({**schedule, "include": early}, NOW_MS, None), 3)
    rule = compile_schedule(schedule, NOW_MS, None)
    check_density(rule, 5)
    with pytest.raises(InvalidInput, match="within a minute"):
        check_density(rule, 3)


def test_rules_are_judged_together() -> None:
    """Where a later one begins, an occurrence more than of the first alone comes in a minute."""
    rules = [{"every": "1s"}, {"cron": "0 3 1 6 *"}]
    rule = compile_schedule({"rules": rules}, NOW_MS + 500, None)
    check_density(rule, 61)
    with pytest.raises(InvalidInput, match="within a minute"):
        check_density(rule, 60)


class Rule:
    """A rule with these beginnings and occurrences, and any bound; see ``Recurrence``."""

    def __init__(self, bound: int, beginnings: list[int], occurrences: list[int]) -> None:
        self._bound, self._beginnings, self._occurrences = bound, beginnings, occurrences
        self.asked: list[str | tuple[int, int]] = []

    def most_within_a_minute(self) -> int:
        self.asked.append("bound")
        return self._bound

    def beginnings(self) -> list[int]:
        self.asked.append("beginnings")
        return self._beginnings

    def upcoming(self, after_ms: int, count: int) -> list[int]:
        self.asked.append((after_ms, count))
        return [at for at in self._occurrences if at > after_ms][:count]


def check(rule: Rule, most: int) -> None:
    check_density(cast("Recurrence", rule), most)


@pytest.mark.parametrize(("most", "asked"), [(0, []), (3, ["bound"]), (4, ["bound"])])
def test_what_is_surely_rare_enough_is_not_looked_at(most: int, asked: list[str]) -> None:
    """Nor is anything where there is no limit."""
    rule = Rule(3, [0], [0, 1, 2])
    check(rule, most)
    assert rule.asked == asked


def test_four_minutes_at_the_allowed_rate_are_looked_at_from_a_minute_before() -> None:
    """What was seen but for its last minute is not looked at again, and what is behind it is."""
    times = [minute * MINUTE_MS for minute in range(100)]
    seen = times[8] - MINUTE_MS
    rule = Rule(9, [times[0], times[1], seen, seen + 1, times[50]], times)
    check(rule, 2)
    assert rule.asked == [
        "bound",
        "beginnings",
        (-MINUTE_MS, 9),
        (seen + 1 - MINUTE_MS, 9),
        (times[50] - MINUTE_MS, 9),
    ]


def test_a_beginning_without_occurrences_hides_no_other() -> None:
    """All of a rule may be excluded from some moment on."""
    rule = Rule(9, [0, 1], [])
    check(rule, 2)
    assert rule.asked[2:] == [(-MINUTE_MS, 9), (1 - MINUTE_MS, 9)]


@pytest.mark.parametrize(("third_ms", "accepted"), [(MINUTE_MS, True), (MINUTE_MS - 1, False)])
def test_a_minute_is_less_than_sixty_seconds_of_distance(third_ms: int, accepted: bool) -> None:
    rule = Rule(9, [0], [0, 1, third_ms])
    if accepted:
        check(rule, 2)
        return
    with pytest.raises(InvalidInput) as refused:
        check(rule, 2)
    sentence = "occurs more than 2 times within a minute; make it rarer"
    assert refused.value.fields == {"schedule": [sentence]}


A_MINUTE = DAY_MS // MINUTE_MS


def in_a_day(schedule: object, after_ms: int = NOW_MS - 1) -> int:
    return occurrences_a_day(Timetable(compile_schedule(schedule, NOW_MS, None), None), after_ms)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"every": "1s"}, 60 * A_MINUTE),
        ({"every": "1m"}, A_MINUTE),
        ({"frequency": "hourly"}, 24),
        ({"frequency": "daily"}, 1),
        ({"frequency": "yearly"}, 1),
        ({"rrule": "FREQ=SECONDLY;COUNT=1"}, 0),
        ({"rrule": "FREQ=SECONDLY;UNTIL=20200101T000000Z"}, 0),
        # Where it is densest: an hour of the day, what begins later, what is included.
        ({"cron": "* 9 * * *"}, A_MINUTE),
        ({"frequency": "daily", "include": [f"2035-01-01T00:00:0{n}Z" for n in range(9)]}, 86_400),
        (
            {"rules": [{"frequency": "daily"}, {"rrule": "FREQ=SECONDLY;BYYEARDAY=300"}]},
            86_400,
        ),
        # A few at once every day are a few a day.
        ({"rrule": "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,1,2"}, 5),
        ({"rules": [{"cron": f"* {hour} * * *"} for hour in range(24)]}, A_MINUTE),
    ],
)
def test_how_often_a_schedule_occurs_in_a_day(schedule, expected: int) -> None:
    assert in_a_day(schedule) == expected


def test_a_schedule_that_takes_too_many_steps_is_judged_by_what_its_rules_allow() -> None:
    """It is not computed for long, whatever it is."""
    leap_mondays = [{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}] * 20
    spent, token = count(UNLIMITED, lambda: 0)
    try:
        costly = {"every": "2s", "exclude": leap_mondays}
        rule = compile_schedule(costly, NOW_MS, None)
        before = spent.left
        assert occurrences_a_day(Timetable(rule, None), NOW_MS) == 30 * A_MINUTE
        assert before - spent.left <= 5_000
    finally:
        count_no_more(token)
