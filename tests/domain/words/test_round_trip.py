"""What a schedule is explained as, fed back as a text, comes to the same times."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.recurrence import compile_schedule
from app.domain.words import understand
from tests.domain.recurrence.oracles import EXAMPLES, ms

ZONE = "Europe/Berlin"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
STARTS = st.integers(ms("2025-01-01T00:00:00Z") // 60_000, ms("2028-01-01T00:00:00Z") // 60_000)


def some(values: Any, most: int) -> Any:
    return st.lists(values, min_size=1, max_size=most, unique=True)


TIMES = st.fixed_dictionaries(
    {"by_hour": some(st.integers(0, 23), 3), "by_minute": some(st.integers(0, 59), 2)}
)
ENDS = st.sampled_from([{}, {}, {"count": 1}, {"count": 12}, {"until": "2028-06-30"}])
MONTHS = st.just({}) | some(st.integers(1, 12), 4).map(lambda months: {"by_month": months})
MONTH_DAYS = some(st.integers(1, 31) | st.integers(-9, -1), 3).map(
    lambda days: {"by_month_day": days}
)
NTH_DAYS = some(
    st.tuples(st.sampled_from([1, 2, 3, 4, 5, -1, -2]), st.sampled_from(DAYS)).map(
        lambda one: f"{one[0]}{one[1]}"
    ),
    3,
).map(lambda days: {"by_day": days})
SET_POS = st.fixed_dictionaries(
    {"by_day": some(st.sampled_from(DAYS), 5), "by_set_pos": some(st.sampled_from([1, 2, -1]), 2)}
)


def rules(frequency: str, interval: Any, *parts: Any) -> Any:
    def together(found: tuple[Any, ...]) -> dict[str, Any]:
        merged: dict[str, Any] = {"frequency": frequency, "interval": found[0]}
        for part in found[1:]:
            merged.update(part)
        return merged

    return st.tuples(interval, *parts).map(together)


WEEKDAYS = some(st.sampled_from(DAYS), 7).map(lambda days: {"by_day": days})
RULES = st.one_of(
    rules("daily", st.integers(1, 9), TIMES, ENDS),
    rules("weekly", st.integers(1, 5), WEEKDAYS, TIMES, ENDS),
    rules("weekly", st.integers(1, 5), TIMES, ENDS),
    rules("weekly", st.just(1), WEEKDAYS, MONTHS, TIMES, ENDS),
    rules("monthly", st.integers(1, 5), MONTH_DAYS, TIMES, ENDS),
    rules("monthly", st.integers(1, 5), NTH_DAYS, TIMES, ENDS),
    rules("monthly", st.just(1), MONTH_DAYS | NTH_DAYS | SET_POS, MONTHS, TIMES, ENDS),
    rules("hourly", st.integers(1, 30)),
    rules("minutely", st.integers(1, 300)),
    rules(
        "yearly",
        st.integers(1, 3),
        st.integers(1, 28).map(lambda day: {"by_month_day": [day]}),
        st.integers(1, 12).map(lambda month: {"by_month": [month]}),
        TIMES,
        ENDS,
    ),
)
PERIODS = st.integers(1, 5_000).map(lambda minutes: {"every": f"{minutes}m"})
# "at 09:00 on Monday" may be meant once, and is asked back.
CRON_DAYS = st.sampled_from(["MON-FRI", "MON-SAT", "FRI-SUN", "*"])
CRONS = st.one_of(
    st.tuples(st.integers(0, 59), st.integers(0, 23), CRON_DAYS).map(
        lambda one: f"{one[0]} {one[1]} * * {one[2]}"
    ),
    st.tuples(st.integers(0, 59), st.integers(0, 23), st.sampled_from(["L", "LW", "1", "15"])).map(
        lambda one: f"{one[0]} {one[1]} {one[2]} * *"
    ),
    st.sampled_from(["0 * * * *", "0 * * * MON-FRI", "*/15 9-17 * * MON-FRI", "*/5 8-19 * * *"]),
    st.sampled_from(["0,30 * * * *", "10,20,40 * * * SAT,SUN", "0 9,12,17 * * *"]),
    st.sampled_from(["0 9 * * FRI#2", "0 9 * * MONL", "0 9 * * MON#1,MON#3"]),
).map(lambda text: {"cron": text})


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(schedule=RULES | PERIODS | CRONS, minute=STARTS)
def test_a_sentence_comes_to_the_schedule_that_it_explains(
    schedule: dict[str, Any], minute: int
) -> None:
    start = minute * 60_000
    recurrence = compile_schedule(schedule, start, ZONE)
    # A fixed period says its start itself.
    beside = None if "every" in schedule else start
    again = understand(recurrence.explain(), start, start=beside)
    assert again.schedule is not None
    same = compile_schedule(again.schedule, again.start_ms, again.timezone)
    assert same.upcoming(start - 1, 40) == recurrence.upcoming(start - 1, 40)


@pytest.mark.parametrize(
    "words",
    [
        "every day 8 times a day from 09:00",
        "every day at 8 times from 09:00 to 10:45 Europe/Berlin",
        "every second day at 09:00 (only if it is a Monday) Europe/Berlin",
        "every year on the 14th of a month at 09:00 (only in week 20) Europe/Berlin",
        "every year on day 100 and -1 of the year at 09:00",
        "every day at 09:00 Europe/Berlin, with 2 exclusions",
        "at 09:00 on December 25 Europe/Berlin",
        "at 09:00 on Monday and Tuesday Europe/Berlin",
        "every 20 minutes at hours 9 and 10 Europe/Berlin",
    ],
)
def test_a_sentence_that_does_not_say_all_is_not_taken_for_a_schedule(words: str) -> None:
    with pytest.raises(Exception, match="text: "):
        understand(words, ms("2026-01-01T00:00:00Z"), ZONE)
