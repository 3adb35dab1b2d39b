"""Walks through a schedule: the same occurrences as one by one, in few steps however much is out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from app.domain.budget import BudgetExceeded, limited
from app.domain.recurrence import Recurrence, compile_schedule
from app.errors import InvalidInput

DAY_MS = 86_400_000
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
TRANSITIONS = [
    datetime(2027, 3, 27, 22, tzinfo=UTC),
    datetime(2027, 10, 30, 20, tzinfo=UTC),
    datetime(2027, 4, 3, 12, tzinfo=UTC),
    datetime(2027, 10, 2, 12, tzinfo=UTC),
    datetime(2027, 6, 1, tzinfo=UTC),
]

units = st.sampled_from(["SECONDLY", "MINUTELY", "HOURLY", "DAILY"])
limits = st.lists(
    st.sampled_from(
        ["BYHOUR=1,2,3", "BYHOUR=2", "BYDAY=SA,SU", "BYMINUTE=0,15,30,45", "BYMINUTE=30"]
    ),
    max_size=2,
    unique_by=lambda part: part.partition("=")[0],
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """A rule that gives something often enough to meet exclusions."""
    if draw(st.booleans()):
        return {"every": draw(st.sampled_from(["20m", "7m", "90s", "1h", "61s"]))}
    parts = [f"FREQ={draw(st.sampled_from(['MINUTELY', 'HOURLY']))}", *draw(limits)]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(7, 40))}")
    return {"rrule": ";".join(parts)}


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    excluding = [
        {"rrule": ";".join([f"FREQ={draw(units)}", *draw(limits)])}
        for _ in range(draw(st.integers(1, 3)))
    ]
    return {"rules": draw(st.lists(rules(), min_size=1, max_size=3)), "exclude": excluding}


def one_by_one(recurrence: Recurrence, after_ms: int, until_ms: int) -> list[int]:
    """The definition: what any rule has, less what any excluding rule has."""
    parts = recurrence._parts
    given: set[int] = set()
    for one in parts.series:
        at = one.ceil(after_ms + 1)
        while at is not None and at <= until_ms:
            given.add(at)
            at = one.ceil(at + 1)
    return sorted(at for at in given if not any(one.ceil(at) == at for one in parts.excluding))


@settings(max_examples=60, deadline=None)
@given(
    schedules(),
    st.sampled_from(ZONES),
    st.sampled_from(TRANSITIONS),
    st.sampled_from(
        [{}, {"gap": "shift"}, {"repeat": "both"}, {"gap": "skip", "repeat": "second"}]
    ),
    st.sampled_from([0, 500, 30_000]),
)
def test_a_walk_gives_what_the_definition_gives(schedule, zone, begin, dst, more_ms) -> None:
    """Across changes of the clock, whatever hours an exclusion takes at once."""
    start_ms = int(begin.timestamp() * 1000) + more_ms
    try:
        recurrence = compile_schedule(schedule, start_ms, zone, dst=dst)
    except InvalidInput:
        reject()  # a rule that never matches, or nothing left
    expected = one_by_one(recurrence, start_ms - 1, start_ms + 2 * DAY_MS)
    assert recurrence.upcoming(start_ms - 1, 1 << 30, start_ms + 2 * DAY_MS) == expected
    if expected:
        assert recurrence.next_after(start_ms - 1) == expected[0]


@pytest.mark.parametrize(
    ("schedule", "most"),
    [
        ({"every": "1s", "exclude": [{"rrule": "FREQ=SECONDLY;BYMONTH=1"}]}, 300),
        ({"every": "1m", "exclude": [{"rrule": "FREQ=MINUTELY;BYDAY=SA,SU"}]}, 100),
        ({"every": "15m", "exclude": [{"cron": "* 0-6 * * *"}]}, 400),
        ({"cron": "*/5 * * * *", "exclude": [{"rrule": "FREQ=MINUTELY;BYMONTH=1,2"}]}, 600),
        ({"cron": "0 * * * *", "exclude": [{"rrule": "FREQ=HOURLY;BYMINUTE=0;BYHOUR=1,2,3"}]}, 200),
    ],
)
def test_long_stretches_of_exclusions_cost_few_steps(schedule, most: int) -> None:
    """Whole hours or days are passed over at once."""
    start_ms = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
    recurrence = compile_schedule(schedule, start_ms, "Europe/Berlin")
    with limited(most):
        assert recurrence.next_after(start_ms - 1) is not None


def test_a_hundred_rules_cost_a_hundred_searches_only_once() -> None:
    """An occurrence costs the search of the rule that it comes from."""
    rules = [{"rrule": f"FREQ=DAILY;BYHOUR={n % 24};BYMINUTE={n % 60}"} for n in range(100)]
    recurrence = compile_schedule({"rules": rules}, 0, "UTC")
    with limited(20_000):
        assert len(recurrence.upcoming(0, 1_000)) == 1_000


def test_a_search_ends_where_its_budget_does() -> None:
    rules = [{"rrule": f"FREQ=SECONDLY;BYMINUTE={minute}"} for minute in range(59)]
    recurrence = compile_schedule({"every": "1s", "exclude": rules}, 0, "UTC", ends=())
    with pytest.raises(BudgetExceeded), limited(1_000):
        recurrence.next_after(0)
