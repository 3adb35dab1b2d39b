"""Wall times that the clock skips or shows twice: starts, exclusions, inclusions and ends.

Tests ``app.domain.recurrence.parts``, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.recurrence import Recurrence, compile_schedule, read_start
from app.domain.recurrence.zones import get_zone
from app.domain.times import to_rfc3339
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import exists, in_zone, iso, local_ms, ms, resolve
from tests.domain.recurrence.test_properties import expand, many, rule_texts

BERLIN = "Europe/Berlin"
DAILY = {"frequency": "daily"}
GAPS, REPEATS = ("next", "skip", "shift"), ("first", "second", "both")

# The date on which the clock of each zone changes, and the first wall time that is touched.
CHANGES = [
    ("Europe/Berlin", "2027-03-28T02:00"),
    ("Europe/Berlin", "2027-10-31T02:00"),
    ("America/New_York", "2027-03-14T02:00"),
    ("America/New_York", "2027-11-07T01:00"),
    ("Australia/Lord_Howe", "2027-10-03T02:00"),
    ("Australia/Lord_Howe", "2027-04-04T01:30"),
    ("Pacific/Apia", "2011-12-30T00:00"),
    ("Pacific/Apia", "2021-04-04T03:00"),
    ("Africa/Cairo", "2027-04-30T00:00"),
    ("Africa/Cairo", "2027-10-28T23:00"),
    ("Asia/Beirut", "2027-03-28T00:00"),
    ("America/Asuncion", "2023-10-01T00:00"),
    ("America/Asuncion", "2023-03-25T23:00"),
    ("America/Havana", "2027-03-14T00:00"),
    ("America/Havana", "2027-11-07T00:00"),
    ("America/Nuuk", "2027-03-27T23:00"),
    ("America/Scoresbysund", "2027-10-30T23:00"),
    ("America/St_Johns", "2010-03-14T00:01"),
    ("Antarctica/Troll", "2027-03-28T01:00"),
    ("Africa/Casablanca", "2025-02-23T02:00"),
    ("Asia/Pyongyang", "2018-05-04T23:30"),
]
GAP_STARTS = st.sampled_from(
    [
        (zone, start)
        for zone, first in CHANGES
        for minute in range(0, 24 * 60, 5)
        if not exists(start := datetime.fromisoformat(first) + timedelta(minutes=minute), zone)
    ]
)
"""Wall times that the clock skips."""
changes = st.sampled_from(CHANGES).map(lambda one: (one[0], datetime.fromisoformat(one[1])))
policies = st.fixed_dictionaries({"gap": st.sampled_from(GAPS), "repeat": st.sampled_from(REPEATS)})
minutes_into = st.sampled_from([0, 1, 15, 29, 30, 45, 59]) | st.integers(-180, 24 * 60)
times_of_day = st.fixed_dictionaries(
    {
        "by_hour": st.sets(st.integers(0, 4) | st.just(23), min_size=1, max_size=4).map(sorted),
        "by_minute": st.sets(st.sampled_from([0, 1, 15, 30, 59]), min_size=1, max_size=3).map(
            sorted
        ),
    }
)


def series(schedule: dict[str, Any], start: str, zone: str = BERLIN, **dst: str) -> Recurrence:
    """A schedule that starts at a wall time."""
    begins = read_start(datetime.fromisoformat(start), zone, dst)
    return compile_schedule(schedule, begins.ms, zone, dst=dst, start_wall_ms=begins.wall_ms)


def days(schedule: dict[str, Any], start: str, count: int, zone: str = BERLIN, **dst: str):
    found = series(schedule, start, zone, **dst).upcoming(-(10**15), count)
    return [text[5:16] + text[19:22] for text in iso(found, zone)]


def nominal(schedule: dict[str, Any], first: datetime, last: datetime) -> list[datetime]:
    """The wall times of a daily schedule from one to another, day by day."""
    day, found = first.replace(hour=0, minute=0), []
    while day <= last:
        found += [
            day.replace(hour=hour, minute=minute)
            for hour in schedule["by_hour"]
            for minute in schedule["by_minute"]
        ]
        day += timedelta(days=1)
    return [at for at in found if first <= at <= last]


@pytest.mark.parametrize(
    ("exclude", "dst", "expected"),
    [
        ("03-28T02:30:00", {}, ["03-27T02:30+01", "03-29T02:30+02"]),
        ("03-28T02:30:00", {"gap": "shift"}, ["03-27T02:30+01", "03-29T02:30+02"]),
        ("03-28T02:30:00", {"gap": "skip"}, ["03-27T02:30+01", "03-29T02:30+02"]),
        ("03-28", {}, ["03-27T02:30+01", "03-29T02:30+02"]),
        ("03-28T01:00:00Z", {}, ["03-27T02:30+01", "03-29T02:30+02"]),
        # What is moved to 03:00 is not that of 03:00, nor is the other time of the same gap.
        ("03-28T03:00:00", {}, ["03-27T02:30+01", "03-28T03:00+02"]),
        ("03-28T03:30:00", {"gap": "shift"}, ["03-27T02:30+01", "03-28T03:30+02"]),
        ("03-28T02:15:00", {}, ["03-27T02:30+01", "03-28T03:00+02"]),
        ("03-28T01:30:00Z", {"gap": "shift"}, ["03-27T02:30+01", "03-29T02:30+02"]),
    ],
)
def test_an_exclusion_in_a_gap(exclude: str, dst: dict[str, str], expected: list[str]) -> None:
    """It takes away what the rule makes of that wall time, wherever that is moved to."""
    schedule = {**DAILY, "exclude": [f"2027-{exclude}"]}
    assert days(schedule, "2027-03-27T02:30", 2, **dst) == expected


@pytest.mark.parametrize(
    ("exclude", "repeat", "left"),
    [
        ("2027-10-31T02:30:00", "first", []),
        ("2027-10-31T02:30:00", "second", []),
        ("2027-10-31T02:30:00", "both", []),
        ("2027-10-31T00:30:00Z", "first", []),
        ("2027-10-31T00:30:00Z", "second", ["10-31T02:30+01"]),
        ("2027-10-31T00:30:00Z", "both", ["10-31T02:30+01"]),
        ("2027-10-31T02:30:00+01:00", "both", ["10-31T02:30+02"]),
        ("2027-10-31T02:30:00+01:00", "first", ["10-31T02:30+02"]),
    ],
)
def test_an_exclusion_of_a_time_that_comes_twice(exclude: str, repeat: str, left: list) -> None:
    """A wall time means the copies that ``dst`` has; a moment means itself."""
    schedule = {**DAILY, "exclude": [exclude]}
    found = days(schedule, "2027-10-30T02:30", 4, repeat=repeat)
    assert [text for text in found if text.startswith("10-31")] == left


@pytest.mark.parametrize(
    ("include", "dst", "expected"),
    [
        ("2027-03-28T02:30:00", {}, ["03-28T03:00+02"]),
        ("2027-03-28T02:30:00", {"gap": "shift"}, ["03-28T03:30+02"]),
        ("2027-03-28T02:30:00", {"gap": "skip"}, []),
        ("2027-10-31T02:30:00", {}, ["10-31T02:30+02"]),
        ("2027-10-31T02:30:00", {"repeat": "second"}, ["10-31T02:30+01"]),
        ("2027-10-31T02:30:00", {"repeat": "both"}, ["10-31T02:30+02", "10-31T02:30+01"]),
        ("2027-03-28T01:30:00Z", {"gap": "skip"}, ["03-28T03:30+02"]),
    ],
)
def test_an_inclusion_at_a_change(include: str, dst: dict[str, str], expected: list) -> None:
    once = {"rrule": "FREQ=DAILY;COUNT=1", "include": [include]}
    assert days(once, "2027-01-01T02:30", 9, **dst)[1:] == expected


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "Pacific/Apia", "America/New_York"])
@pytest.mark.parametrize("moment", ["0001-01-01", "1883-11-18", "1900-01-01", "9999-12-31"])
def test_wall_times_at_the_ends_of_the_calendar_are_read(moment: str, zone: str) -> None:
    for name in ("exclude", "include"):
        for clock in ("", "T00:00:00", "T12:03:57", "T23:59:59"):
            schedule = {**DAILY, name: [moment + clock]}
            assert len(days(schedule, "2027-01-01T09:00", 3, zone)) == 3, (name, clock)
    for until in (moment, f"{moment}T23:59:59"):
        found = days({**DAILY, "until": until}, "2027-01-01T09:00", 3, zone)
        assert len(found) == (3 if moment > "2027" else 0)


@many
@given(
    zone=st.sampled_from([zone for zone, _ in CHANGES]),
    wall=st.integers(-(2**31), 2**32) | st.integers(0, 60 * 365).map(lambda day: day * 86_400),
)
def test_the_offsets_of_a_wall_time_are_those_of_zoneinfo(zone: str, wall: int) -> None:
    local = datetime.fromisoformat("1970-01-01") + timedelta(seconds=wall)
    known = [
        local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() // timedelta(seconds=1)
        for fold in (0, 1)
    ]
    assert get_zone(zone).offsets_of(wall) == tuple(known)


def test_an_included_date_is_at_the_time_of_the_start_by_the_same_rule() -> None:
    once = {"rrule": "FREQ=DAILY;COUNT=1", "include": ["2027-03-28", "2027-10-31"]}
    found = days(once, "2027-01-01T02:30", 9, repeat="second")
    assert found[1:] == ["03-28T03:00+02", "10-31T02:30+01"]


def test_an_excluded_wall_time_takes_an_included_one_away_and_no_other_of_its_moment() -> None:
    """02:30 fires at 03:00, as 03:00 itself does: each can be taken away by itself."""
    once = {"rrule": "FREQ=DAILY;COUNT=1", "include": ["2027-03-28T02:30:00"]}
    gone = {**once, "exclude": ["2027-03-28T02:30:00"]}
    assert len(days(gone, "2027-01-01T02:30", 9)) == 1
    both = {**DAILY, "by_hour": [2, 3], "by_minute": [0], "by_second": [0]}
    two, three = "2027-03-28T02:00:00", "2027-03-28T03:00:00"
    for exclude, is_left in (([two], True), ([three], True), ([two, three], False)):
        found = days({**both, "exclude": exclude}, "2027-03-28T00:00", 1)
        assert found == ["03-28T03:00+02" if is_left else "03-29T02:00+02"]


@pytest.mark.parametrize(
    ("zone", "start", "excluded", "expected"),
    [
        ("America/Nuuk", "2027-03-26T23:30", "2027-03-27", ["03-26T23:30-02", "03-28T23:30-01"]),
        ("America/Nuuk", "2027-03-27T23:30", "2027-03-28", ["03-28T00:00-01", "03-29T23:30-01"]),
        ("Pacific/Apia", "2011-12-29T09:00", "2011-12-30", ["12-29T09:00-10", "12-31T09:00+14"]),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-31", ["12-31T00:00+14", "01-01T09:00+14"]),
        ("Africa/Cairo", "2027-04-29T00:30", "2027-04-30", ["04-29T00:30+02", "05-01T00:30+03"]),
    ],
)
def test_an_excluded_day_is_that_of_the_wall_time(
    zone: str, start: str, excluded: str, expected: list[str]
) -> None:
    """Where the clock jumps over a midnight, an occurrence fires on the day after its own."""
    assert days({**DAILY, "exclude": [excluded]}, start, 2, zone) == expected


@pytest.mark.parametrize(
    ("dst", "expected"),
    [
        ({}, ["03-28T03:00+02", "03-29T02:30+02", "03-30T02:30+02"]),
        ({"gap": "shift"}, ["03-28T03:30+02", "03-29T02:30+02", "03-30T02:30+02"]),
        ({"gap": "skip"}, ["03-29T02:30+02", "03-30T02:30+02", "03-31T02:30+02"]),
    ],
)
@pytest.mark.parametrize(
    "schedule",
    [DAILY, {"rrule": "FREQ=DAILY;BYMINUTE=30"}, {"rrule": "FREQ=DAILY"}, {"cron": "30 2 * * *"}],
)
def test_a_series_that_starts_in_a_gap_keeps_its_wall_time(schedule, dst, expected) -> None:
    found = series(schedule, "2027-03-28T02:30", **dst)
    assert days(schedule, "2027-03-28T02:30", 3, **dst) == expected
    assert "at 02:30" in found.explain()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"frequency": "weekly"}, ["03-28T03:00+02", "04-04T02:30+02"]),
        ({"frequency": "weekly", "by_day": ["MO"]}, ["03-29T02:30+02", "04-05T02:30+02"]),
        ({"frequency": "monthly"}, ["03-28T03:00+02", "04-28T02:30+02"]),
        ({"frequency": "hourly"}, ["03-28T03:30+02", "03-28T04:30+02"]),
        ({"frequency": "hourly", "interval": 5}, ["03-28T03:30+02", "03-28T08:30+02"]),
        ({"frequency": "minutely", "interval": 45}, ["03-28T03:30+02", "03-28T04:15+02"]),
        ({"every": "5h"}, ["03-28T03:00+02", "03-28T08:00+02"]),
        ({"rrule": "FREQ=DAILY;BYHOUR=2;BYMINUTE=0"}, ["03-29T02:00+02", "03-30T02:00+02"]),
        ({"cron": "0 2 * * *"}, ["03-29T02:00+02", "03-30T02:00+02"]),
        ({"frequency": "daily", "count": 1}, ["03-28T03:00+02"]),
        ({"frequency": "hourly", "count": 1}, ["03-28T03:30+02"]),
    ],
)
def test_what_other_rules_make_of_a_start_in_a_gap(schedule, expected) -> None:
    """What a rule takes from the start it takes from the wall time; nothing before it occurs."""
    assert days(schedule, "2027-03-28T02:30", 2) == expected


@pytest.mark.parametrize(
    ("until", "dst", "expected"),
    [
        ("2027-03-28T02:15:00", {}, 1),
        ("2027-03-28T02:30:00", {}, 2),
        ("2027-03-28T02:30:00", {"gap": "shift"}, 2),
        ("2027-03-28T02:29:59", {"gap": "shift"}, 1),
        ("2027-03-28", {"gap": "shift"}, 2),
        ("2027-03-27", {}, 1),
    ],
)
def test_an_end_in_a_gap_is_a_wall_time(until: str, dst: dict[str, str], expected: int) -> None:
    assert len(days({**DAILY, "until": until}, "2027-03-27T02:30", 9, **dst)) == expected
    day = until.replace("-", "").replace(":", "")
    rule = {"rrule": f"FREQ=DAILY;UNTIL={day}"}
    assert len(days(rule, "2027-03-27T02:30", 9, **dst)) == expected


def test_an_end_right_after_a_gap_takes_in_what_is_shifted_behind_it() -> None:
    """02:01 is before 03:00 on the wall, though it fires at 03:01."""
    schedule = {"frequency": "daily", "by_hour": [2, 3], "by_minute": [0, 1], "by_second": [0]}
    schedule["until"] = "2027-03-28T03:00:00"
    found = days(schedule, "2027-03-28T00:00", 9, gap="shift")
    assert found == ["03-28T03:00+02", "03-28T03:01+02"]


@pytest.mark.parametrize(("repeat", "expected"), [("first", 2), ("second", 2), ("both", 3)])
def test_an_end_at_a_time_that_comes_twice_includes_the_copies_of_the_policy(repeat, expected):
    schedule = {**DAILY, "until": "2027-10-31T02:30:00"}
    assert len(days(schedule, "2027-10-30T02:30", 9, repeat=repeat)) == expected
    sooner = {**DAILY, "until": "2027-10-31T02:29:59"}
    assert len(days(sooner, "2027-10-30T02:30", 9, repeat=repeat)) == 1


@pytest.mark.parametrize(
    ("until", "dst", "last"),
    [
        ("2027-10-31T02:30:00", {}, "10-31T02:30+02"),
        ("2027-10-31T02:30:00", {"repeat": "second"}, "10-31T02:30+01"),
        ("2027-03-28T02:45:00", {}, "03-28T01:30+01"),
        ("2027-03-28T03:30:00", {}, "03-28T03:30+02"),
    ],
)
@pytest.mark.parametrize("schedule", [{"every": "30m"}, {"cron": "*/30 * * * *"}])
def test_an_end_of_what_goes_by_elapsed_time(schedule, until, dst, last) -> None:
    start = until[:11] + "00:00"
    assert days({**schedule, "until": until}, start, 99, **dst)[-1] == last


@pytest.mark.parametrize(
    ("naive", "zone", "dst", "starts", "is_kept"),
    [
        ("2027-03-28T02:30", BERLIN, {}, "2027-03-28T01:00:00Z", True),
        ("2027-03-28T02:30", BERLIN, {"gap": "shift"}, "2027-03-28T01:30:00Z", True),
        ("2027-03-28T02:30", BERLIN, {"gap": "skip"}, "2027-03-28T01:00:00Z", True),
        ("2027-10-31T02:30", BERLIN, {}, "2027-10-31T00:30:00Z", True),
        ("2027-10-31T02:30", BERLIN, {"repeat": "second"}, "2027-10-31T01:30:00Z", True),
        ("2027-10-31T02:30", BERLIN, {"repeat": "both"}, "2027-10-31T00:30:00Z", True),
        ("2027-06-01T02:30", BERLIN, {}, "2027-06-01T00:30:00Z", False),
        ("2027-06-01T02:30", "UTC", {}, "2027-06-01T02:30:00Z", False),
        ("2011-12-30T09:00", "Pacific/Apia", {}, "2011-12-30T10:00:00Z", True),
        ("2027-10-03T02:15", "Australia/Lord_Howe", {}, "2027-10-02T15:30:00Z", True),
    ],
)
def test_where_a_start_lies(naive, zone, dst, starts, is_kept) -> None:
    """The wall time is kept where the moment alone does not tell it."""
    found = read_start(datetime.fromisoformat(naive), zone, dst)
    assert found.ms == ms(starts)
    assert (found.wall_ms is not None) == is_kept


def test_a_start_keeps_its_milliseconds() -> None:
    at = datetime.fromisoformat("2027-03-28T02:30:00.250")
    begins = read_start(at, BERLIN, {})
    assert begins.ms == ms("2027-03-28T01:00:00Z") + 250
    found = compile_schedule(DAILY, begins.ms, BERLIN, start_wall_ms=begins.wall_ms)
    assert found.upcoming(0, 2) == [begins.ms, ms("2027-03-29T00:30:00Z") + 250]
    gone = {**DAILY, "exclude": ["2027-03-28T02:30:00.250"]}
    left = compile_schedule(gone, begins.ms, BERLIN, start_wall_ms=begins.wall_ms)
    assert left.next_after(0) == ms("2027-03-29T00:30:00Z") + 250


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (DAILY, "the occurrence runs at 03:00."),
        (
            {"frequency": "weekly", "by_day": ["MO"]},
            "the series starts at 03:00, and what its rule takes from the start is taken from 02:30.",
        ),
    ],
)
def test_a_start_in_a_gap_is_told(schedule, text) -> None:
    """Once, and also if it is past: it says which time of day is meant."""
    begin = "02:30 on 28 March 2027 does not exist, because the clock jumps ahead from 02:00 to "
    found = series(schedule, "2027-03-28T02:30").notices(ms("2027-01-01T00:00:00Z"), 10**13 // 5)
    (notice,) = [one for one in found if one.local.startswith("2027-03")]
    assert notice.text == f"{begin}03:00: {text}"
    late = series(schedule, "2027-03-28T02:30").notices(ms("2027-06-01T00:00:00Z"), 10**13 // 5)
    assert any(one.local == "2027-03-28T02:30:00" for one in late)


def test_wall_times_that_are_included_are_told_and_excluded_ones_are_not() -> None:
    once = {
        "rrule": "FREQ=DAILY;COUNT=1",
        "include": ["2027-03-28T02:30:00", "2027-10-31T02:30:00"],
    }
    span = (ms("2027-01-01T00:00:00Z"), ms("2028-01-01T00:00:00Z"))
    assert [one.kind for one in series(once, "2027-01-01T09:00").notices(*span)] == [
        "gap",
        "repeat",
    ]
    for gap in GAPS:
        gone = {**DAILY, "exclude": ["2027-03-28T02:30:00", "2027-10-31T02:30:00"]}
        assert series(gone, "2027-01-01T02:30", gap=gap).notices(*span) == []


@many
@given(near=changes, into=minutes_into, dst=policies, clock=times_of_day, data=st.data())
def test_excluding_a_wall_time_removes_exactly_its_occurrence(near, into, dst, clock, data) -> None:
    """However the clock moves it, and whatever else fires at the same moment."""
    zone, change = near
    start = change - timedelta(days=2) + timedelta(minutes=into % 60)
    schedule = {"frequency": "daily", **clock}
    walls = nominal(schedule, start, change + timedelta(days=3))
    taken = data.draw(st.lists(st.sampled_from(walls), min_size=1, max_size=3))
    left = in_zone([at for at in walls if at not in taken], zone, dst["gap"], dst["repeat"])
    schedule["exclude"] = [at.isoformat() for at in taken]
    begin = local_ms(start, zone)
    found = compile_schedule(schedule, begin, zone, dst=dst).upcoming(begin - 1, len(left))
    assert iso(found, zone) == iso(left, zone)


@many
@given(near=changes, into=minutes_into, dst=policies)
def test_an_included_wall_time_is_read_as_the_rules_are(near, into, dst) -> None:
    zone, change = near
    at = change + timedelta(minutes=into)
    begin = local_ms(change - timedelta(days=9), zone)
    once = {"rrule": "FREQ=DAILY;COUNT=1", "include": [at.isoformat()]}
    found = compile_schedule(once, begin, zone, dst=dst).upcoming(begin, 9)
    assert iso(found, zone) == iso(resolve(at, zone, dst["gap"], dst["repeat"]), zone)


@many
@given(near=changes, into=minutes_into, dst=policies, days_out=st.sets(st.integers(-2, 3)))
def test_excluding_days_removes_what_the_rule_means_for_them(near, into, dst, days_out) -> None:
    zone, change = near
    start = change - timedelta(days=3) + timedelta(minutes=into)
    schedule = {"frequency": "daily", "by_hour": [0, 1, 2, 3, 23], "by_minute": [0, 30]}
    out = {(change + timedelta(days=day)).date() for day in days_out}
    walls = nominal(schedule, start, change + timedelta(days=5))
    assume(exists(start, zone))
    left = in_zone([at for at in walls if at.date() not in out], zone, dst["gap"], dst["repeat"])
    if out:
        schedule["exclude"] = [day.isoformat() for day in out]
    begin = local_ms(start, zone)
    left = [at for at in left if at >= begin]
    found = compile_schedule(schedule, begin, zone, dst=dst).upcoming(begin - 1, len(left))
    assert iso(found, zone) == iso(left, zone)


@many
@given(
    text=rule_texts(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
    near=GAP_STARTS,
    dst=policies,
)
def test_a_series_from_a_gap_has_the_wall_times_of_its_start(text, near, dst) -> None:
    """dateutil lists nominal times from the wall time of the start; each is then resolved."""
    zone, naive = near
    start, _, times = expand(text, naive)
    assume(start == naive)  # (of weeks with positions, dateutil is asked from their beginning)
    begins = read_start(naive, zone, dst)
    resolved = in_zone(times, zone, dst["gap"], dst["repeat"])
    expected = [at for at in resolved if at >= begins.ms][:20]
    try:
        found = compile_schedule(
            {"rrule": text}, begins.ms, zone, dst=dst, start_wall_ms=begins.wall_ms
        )
    except InvalidInput:
        assert times == []
        return
    assert iso(found.upcoming(begins.ms - 1, len(expected)), zone) == iso(expected, zone)


@many
@given(near=GAP_STARTS, dst=policies)
def test_a_series_from_a_gap_is_the_one_from_the_day_before_without_its_beginning(
    near, dst
) -> None:
    zone, naive = near
    for schedule in ({"frequency": "daily"}, {"frequency": "daily", "by_hour": [naive.hour]}):
        begins = read_start(naive, zone, dst)
        here = compile_schedule(schedule, begins.ms, zone, dst=dst, start_wall_ms=begins.wall_ms)
        before = local_ms(naive - timedelta(days=1), zone)
        assume(exists(naive - timedelta(days=1), zone))
        there = compile_schedule(schedule, before, zone, dst=dst)
        found = [at for at in there.upcoming(before, 9) if at >= begins.ms]
        assert here.upcoming(begins.ms - 1, len(found)) == found


@many
@given(near=changes, into=minutes_into, dst=policies, clock=times_of_day)
def test_an_end_on_the_wall_ends_with_the_last_wall_time_before_it(near, into, dst, clock) -> None:
    zone, change = near
    start, until = change - timedelta(days=1), change + timedelta(minutes=into)
    assume(exists(start, zone))
    schedule = {"frequency": "daily", **clock, "until": until.isoformat()}
    walls = nominal(schedule, start, until)
    begin = local_ms(start, zone)
    expected = [at for at in in_zone(walls, zone, dst["gap"], dst["repeat"]) if at >= begin]
    found = compile_schedule(schedule, begin, zone, dst=dst).upcoming(begin - 1, 99)
    assert iso(found, zone) == iso(expected, zone)


@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        ("9999-12-31T23:59:59", "UTC", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59", "Europe/Berlin", "9999-12-31T22:59:59Z"),
        ("9999-12-31T12:00:00", "Etc/GMT+12", None),
        ("9999-12-31T11:59:59", "Etc/GMT+12", "9999-12-31T23:59:59Z"),
        ("1970-01-01T00:00:00", "UTC", "1970-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00", "Europe/Berlin", None),
        ("1970-01-01T00:00:00", "Etc/GMT+12", "1970-01-01T12:00:00Z"),
    ],
)
def test_the_first_and_last_starts_that_can_be_written(
    wall: str, zone: str, moment: str | None
) -> None:
    """An event at a moment that no answer could show is refused, not stored."""
    naive = datetime.fromisoformat(wall)
    if moment is not None:
        assert to_rfc3339(read_start(naive, zone, {}).ms) == moment
        return
    with pytest.raises(InvalidInput) as refused:
        read_start(naive, zone, {})
    assert list(refused.value.fields) == ["start_time"]
