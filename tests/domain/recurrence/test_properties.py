"""Rules made up at random, compared with slow and obvious ways to compute the same."""

from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.domain.recurrence import compile_schedule
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import (
    EXAMPLES,
    NEAR_CHANGES,
    in_zone,
    iso,
    list_with_dateutil,
    local_ms,
)

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# How long a stretch of each frequency is compared; dateutil walks through all of it.
WINDOWS = {
    "SECONDLY": timedelta(hours=2),
    "MINUTELY": timedelta(days=4),
    "HOURLY": timedelta(days=120),
    "DAILY": timedelta(days=6 * 366),
    "WEEKLY": timedelta(days=12 * 366),
    "MONTHLY": timedelta(days=20 * 366),
    "YEARLY": timedelta(days=40 * 366),
}
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def numbers(draw, least, most, signed=False):
    """Draw one to four numbers, from the end as well if signed."""
    values = st.integers(least, most)
    if signed:
        values = st.one_of(values, values.map(lambda value: -value))
    return sorted(draw(st.sets(values, min_size=1, max_size=4)))


@st.composite
def rule_texts(draw, frequencies=tuple(WINDOWS)):  # noqa: C901 - one line for each part
    """Make a rule that RFC 5545 allows and dateutil reads as we do.

    Left out is where dateutil differs from the RFC: plain beside numbered weekdays, and the last
    weeks of a year by number where they reach into the next.
    """
    frequency = draw(st.sampled_from(frequencies))
    parts = {"FREQ": [frequency], "INTERVAL": [draw(st.integers(1, 14))]}
    below_a_day = frequency in ("SECONDLY", "MINUTELY", "HOURLY")
    some = st.integers(0, 3).map(lambda chance: chance == 0)
    if draw(some):
        parts["BYMONTH"] = numbers(draw, 1, 12)
    if frequency != "WEEKLY" and draw(some):
        parts["BYMONTHDAY"] = numbers(draw, 1, 31, signed=True)
    if frequency == "YEARLY" and draw(some):
        parts["BYWEEKNO"] = numbers(draw, 1, 51) + draw(st.sampled_from([[], [-1]]))
    if (frequency == "YEARLY" or below_a_day) and draw(some):
        parts["BYYEARDAY"] = numbers(draw, 1, 366, signed=True)
    if draw(some):
        days = draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))
        if frequency in ("MONTHLY", "YEARLY") and "BYWEEKNO" not in parts and draw(some):
            days = {f"{draw(st.sampled_from((1, 2, 5, -1, -2)))}{day}" for day in days}
        parts["BYDAY"] = sorted(days)
    if "BYWEEKNO" in parts and not parts.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}:
        # (dateutil has all days of a week then, where we have that of the start.)
        parts["BYDAY"] = [draw(st.sampled_from(WEEKDAYS))]
    if draw(some):
        parts["BYHOUR"] = numbers(draw, 0, 23)
    if draw(some):
        parts["BYMINUTE"] = numbers(draw, 0, 59)
    if draw(some):
        parts["BYSECOND"] = numbers(draw, 0, 59)
    if len(parts) > 2 and draw(some):
        parts["BYSETPOS"] = numbers(draw, 1, 5, signed=True)
    if draw(some):
        parts["WKST"] = [draw(st.sampled_from(WEEKDAYS))]
    return ";".join(f"{name}={','.join(map(str, values))}" for name, values in parts.items())


starts = st.integers(0, 120 * 366 * 86_400).map(
    lambda seconds: datetime.fromisoformat("1971-01-01") + timedelta(seconds=seconds)
)


# Most changes of the clock lie between midnight and four.
clocks = st.sampled_from([0, 15, 30, 60, 75, 90, 105, 120, 150, 180]) | st.integers(0, 4 * 60)


def expand(text, start):
    """Let dateutil list what a rule gives within the window of its frequency."""
    frequency = text.split(";")[0].removeprefix("FREQ=")
    end = start + WINDOWS[frequency]
    if "BYSETPOS" in text and frequency == "WEEKLY":
        # In the first week dateutil numbers only the days from the start on.
        first = WEEKDAYS.index(text.partition("WKST=")[2] or "MO")
        start -= timedelta(days=(start.weekday() - first) % 7)
    return start, end, list_with_dateutil(f"{text};UNTIL={end:%Y%m%dT%H%M%S}", start, end)


@many
@given(text=rule_texts(), start=starts)
def test_rules_agree_with_dateutil(text, start):
    """The same times in the same order, from any point on."""
    start, end, expected = expand(text, start)
    begin = local_ms(start, "UTC")
    times = [local_ms(naive, "UTC") for naive in expected]
    try:
        recurrence = compile_schedule({"rrule": text}, begin, None)
    except InvalidInput:
        assert times == []
        return
    until = local_ms(end, "UTC")
    assert iso(recurrence.upcoming(begin - 1, 400, until)) == iso(times)
    for index in range(0, len(times) - 1, max(1, len(times) // 7)):
        # A fresh one has nothing remembered from before.
        jumping = compile_schedule({"rrule": text}, begin, None)
        assert jumping.next_after(times[index]) == times[index + 1]
        assert jumping.next_after(times[index + 1] - 1) == times[index + 1]


@many
@given(text=rule_texts(), start=starts, count=st.integers(1, 60))
def test_count_agrees_with_dateutil(text, start, count):
    """A series with a count ends with that occurrence, wherever one begins to ask."""
    start, _, expected = expand(text, start)
    assume(len(expected) > count)
    begin = local_ms(start, "UTC")
    recurrence = compile_schedule({"rrule": f"{text};COUNT={count}"}, begin, None)
    times = [local_ms(naive, "UTC") for naive in expected[:count]]
    assert recurrence.upcoming(begin - 1, count + 1) == times
    assert recurrence.next_after(times[-1]) is None
    assert recurrence.next_after(times[-1] - 1) == times[-1]


@many
@given(
    text=rule_texts(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
    near=st.sampled_from(NEAR_CHANGES),
    clock=clocks,
    gap=st.sampled_from(["next", "skip", "shift"]),
    repeat=st.sampled_from(["first", "second", "both"]),
)
def test_wall_times_in_zones_agree_with_a_slow_walk(text, near, clock, gap, repeat):
    """Nominal times from dateutil, each resolved minute by minute, give the same."""
    zone, day = near
    start, end, nominal = expand(text, day + timedelta(minutes=clock))
    begin = local_ms(start, zone)
    expected = [at for at in in_zone(nominal, zone, gap, repeat) if at >= begin]
    try:
        recurrence = compile_schedule(
            {"rrule": text}, begin, zone, dst={"gap": gap, "repeat": repeat}
        )
    except InvalidInput:
        assert nominal == []
        return
    # The last nominal times of the window may fall on either side of its end.
    found = recurrence.upcoming(begin - 1, len(expected) + 3)
    sure = [
        at for at in expected if at < (local_ms(end, zone) if len(nominal) < 400 else expected[-3])
    ]
    assert iso(found[: len(sure)], zone) == iso(sure, zone)


@many
@given(
    near=st.sampled_from(NEAR_CHANGES),
    frequency=st.sampled_from(["minutely", "hourly"]),
    interval=st.integers(1, 50),
    minutes=st.none() | st.sets(st.integers(0, 59), min_size=1),
    weekdays=st.none() | st.sets(st.sampled_from(WEEKDAYS), min_size=1),
)
def test_elapsed_time_in_zones_agrees_with_a_slow_walk(
    near, frequency, interval, minutes, weekdays
):
    """Step by step through UTC, looking at the clock on the wall for what limits the rule."""
    zone, day = near
    assume(not (frequency == "hourly" and minutes))
    begin = local_ms(day, zone)
    schedule = {"frequency": frequency, "interval": interval}
    if minutes:
        schedule["by_minute"] = sorted(minutes)
    if weekdays:
        schedule["by_day"] = sorted(weekdays)
    step = interval * (60_000 if frequency == "minutely" else 3_600_000)
    expected = []
    for at in range(begin, begin + 12 * 86_400_000, step):
        local = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
        if minutes and local.minute not in minutes:
            continue
        if weekdays and WEEKDAYS[local.weekday()] not in weekdays:
            continue
        expected.append(at)
    try:
        recurrence = compile_schedule(schedule, begin, zone)
    except InvalidInput:
        assert expected == []
        return
    found = recurrence.upcoming(begin - 1, len(expected) + 1, begin + 12 * 86_400_000 - 1)
    assert iso(found, zone) == iso(expected, zone)


def cron_field(least, most):
    """Make one field of a cron expression."""
    one = st.integers(least, most)
    span = st.tuples(one, one).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(2, min(20, most - least))  # a longer one is refused, as a misreading
    return st.one_of(
        st.just("*"),
        one.map(str),
        st.lists(one, min_size=2, max_size=4).map(lambda values: ",".join(map(str, values))),
        span,
        step.map(lambda every: f"*/{every}"),
        st.tuples(span, step).map(lambda both: f"{both[0]}/{both[1]}"),
    )


crons = st.tuples(
    cron_field(0, 59),
    cron_field(0, 23),
    cron_field(1, 31) | st.sampled_from(["L", "LW", "1,L"]),
    cron_field(1, 12),
    cron_field(0, 7) | st.sampled_from(["MON-FRI", "5L", "SUN#2", "TUE#5", "SAT"]),
).map(" ".join)


@many
@given(expression=crons, near=st.sampled_from(NEAR_CHANGES), clock=clocks)
def test_cron_agrees_with_cronsim(expression, near, clock):
    """Nominal times from cronsim; wildcards run minute by minute, fixed times as the policy says.

    (Its own way through half an hour that repeats, on Lord Howe, loses a time.)
    """
    zone, day = near
    start = day + timedelta(minutes=clock)
    begin, until = local_ms(start, zone), local_ms(start + timedelta(days=6), zone)
    try:
        walk = CronSim(expression, start - timedelta(days=2))
        nominal = list(takewhile(lambda at: at < start + timedelta(days=8), islice(walk, 20_000)))
    except CronSimError:
        with pytest.raises(InvalidInput):
            compile_schedule({"cron": expression}, begin, zone)
        return
    minute, hour = expression.split()[:2]
    if minute.startswith("*") or hour.startswith("*"):
        shown = set(nominal)
        expected = [
            at
            for at in range(begin, until, 60_000)
            if datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).replace(tzinfo=None) in shown
        ]
    else:
        expected = [at for at in in_zone(nominal, zone, "next", "first") if begin <= at < until]
    try:
        recurrence = compile_schedule({"cron": expression}, begin, zone)
    except InvalidInput:
        assert nominal == []
        return
    found = recurrence.upcoming(begin - 1, len(expected) + 1, until - 1)
    assert iso(found, zone) == iso(expected, zone)


@many
@given(
    schedule=st.one_of(
        rule_texts().map(lambda text: {"rrule": text}),
        crons.map(lambda text: {"cron": text}),
        st.integers(1, 10**6).map(lambda seconds: {"every": f"{seconds}s"}),
    ),
    near=st.sampled_from(NEAR_CHANGES),
    gap=st.sampled_from(["next", "skip", "shift"]),
    repeat=st.sampled_from(["first", "second", "both"]),
    offset=st.integers(-5 * 86_400_000, 400 * 86_400_000),
)
def test_every_series_ascends(schedule, near, gap, repeat, offset):
    """Later than asked for, never before the start, strictly increasing, walk equals jump."""
    zone, day = near
    begin = local_ms(day, zone)
    dst = {"gap": gap, "repeat": repeat}
    try:
        recurrence = compile_schedule(schedule, begin, zone, dst=dst)
    except InvalidInput:
        return
    found = recurrence.upcoming(begin + offset, 12)
    assert all(at > begin + offset and at >= begin for at in found)
    assert found == sorted(set(found))
    for before, after in pairwise(found):
        fresh = compile_schedule(schedule, begin, zone, dst=dst)
        assert fresh.next_after((before + after) // 2) == after
