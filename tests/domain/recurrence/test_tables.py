"""Literal tables: what people expect of months, leap years, counts, ends and amendments."""

from datetime import date, timedelta

import pytest

from app.domain.recurrence import compile_schedule
from tests.domain.recurrence.oracles import iso, ms

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
START = "2025-01-31T09:00:00+00:00"


def days(schedule, start=START, count=6, zone=None, **options):
    """List the first occurrences as local dates."""
    begin = ms(start)
    recurrence = compile_schedule(schedule, begin, zone, **options)
    return [text[:10] for text in iso(recurrence.upcoming(begin - 1, count), zone or "UTC")]


def times(schedule, start=START, count=6, zone="UTC", **options):
    """List the first occurrences as local times with offsets."""
    begin = ms(start)
    return iso(compile_schedule(schedule, begin, zone, **options).upcoming(begin - 1, count), zone)


@pytest.mark.parametrize(
    ("schedule", "start", "expected"),
    [
        pytest.param(
            {"frequency": "monthly"},
            START,
            ["2025-01-31", "2025-03-31", "2025-05-31", "2025-07-31"],
            id="the 31st skips short months",
        ),
        pytest.param(
            {"frequency": "yearly"},
            "2024-02-29T09:00:00Z",
            ["2024-02-29", "2028-02-29", "2032-02-29", "2036-02-29"],
            id="29 February comes in leap years only",
        ),
        pytest.param(
            {"frequency": "yearly"},
            "2096-02-29T09:00:00Z",
            ["2096-02-29", "2104-02-29"],
            id="the year 2100 is no leap year",
        ),
        pytest.param(
            {"frequency": "monthly", "by_month_day": [-1]},
            START,
            ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"],
            id="the last day of every month",
        ),
        pytest.param(
            {"rrule": "FREQ=YEARLY;BYMONTH=3,5;BYMONTHDAY=10,20;BYSETPOS=1,-1"},
            START,
            ["2025-03-10", "2025-05-20", "2026-03-10"],
            id="positions are counted over all months of a year",
        ),
        pytest.param(
            {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"},
            "1997-08-05T09:00:00Z",
            ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"],
            id="weeks that begin on Monday",
        ),
        pytest.param(
            {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"},
            "1997-08-05T09:00:00Z",
            ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"],
            id="weeks that begin on Sunday",
        ),
        pytest.param(
            {"frequency": "weekly", "by_day": ["MO"]},
            "2025-01-01T09:00:00Z",
            ["2025-01-06", "2025-01-13"],
            id="the rule alone decides: a start that does not match is no occurrence",
        ),
        pytest.param(
            {"frequency": "monthly", "by_day": ["MO", "-1FR"]},
            "2025-01-01T09:00:00Z",
            ["2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27", "2025-01-31", "2025-02-03"],
            id="numbered and plain weekdays are both taken",
        ),
        pytest.param(
            {"cron": "0 9 15W * *"},
            "2025-02-01T09:00:00Z",
            ["2025-02-14", "2025-03-14", "2025-04-15", "2025-05-15", "2025-06-16"],
            id="cron: the weekday nearest to the 15th",
        ),
        pytest.param(
            {"cron": "0 9 1W,LW * *"},
            "2025-02-01T00:00:00Z",
            ["2025-02-03", "2025-02-28", "2025-03-03", "2025-03-31"],
            id="cron: the nearest weekday stays in its month",
        ),
        pytest.param(
            {"cron": "0 9 ? * MON#2,5L"},
            "2025-02-01T00:00:00Z",
            ["2025-02-10", "2025-02-28", "2025-03-10", "2025-03-28"],
            id="cron: the second Monday and the last Friday",
        ),
        pytest.param(
            {"cron": "0 9 13 * FRI"},
            "2025-02-01T00:00:00Z",
            ["2025-02-07", "2025-02-13", "2025-02-14", "2025-02-21"],
            id="cron: day of month or day of week",
        ),
        pytest.param(
            {"cron": "@weekly"},
            "2025-02-01T00:00:00Z",
            ["2025-02-02", "2025-02-09"],
            id="cron: a nickname",
        ),
        pytest.param(
            {"rules": [{"cron": "0 8 * * MON"}, {"frequency": "weekly", "by_day": ["MO", "TU"]}]},
            "2025-02-03T08:00:00Z",
            ["2025-02-03", "2025-02-04", "2025-02-10", "2025-02-11"],
            id="several rules: each time once",
        ),
    ],
)
def test_dates(schedule, start, expected):
    """The first occurrences fall on these dates."""
    assert days(schedule, start, len(expected)) == expected


@pytest.mark.parametrize(
    "schedule",
    [
        {"frequency": "daily", "count": 3},
        {"rrule": "FREQ=DAILY;COUNT=3"},
        {"frequency": "daily", "until": "2025-02-02T09:00:00Z"},
        {"frequency": "daily", "until": "2025-02-02"},
        {"rrule": "FREQ=DAILY;UNTIL=20250202T090000Z"},
        {"rrule": "FREQ=DAILY;UNTIL=20250202T090000"},
        {"rrule": "RRULE:freq=daily;until=20250202"},
        {"cron": "0 9 * * *", "count": 3},
        {"cron": "0 9 * * *", "until": "2025-02-02"},
        {"every": "1d", "count": 3},
        {"every": "24h", "until": "2025-02-02T09:00:00Z"},
    ],
    ids=str,
)
def test_count_and_until_end_the_series(schedule):
    """Three occurrences: ``until`` is inclusive, a date is its whole day."""
    assert days(schedule) == ["2025-01-31", "2025-02-01", "2025-02-02"]


def test_count_is_over_the_whole_series():
    """Asking later does not begin to count anew."""
    recurrence = compile_schedule({"frequency": "daily", "count": 3}, ms(START), None)
    assert recurrence.next_after(ms("2025-02-01T10:00:00Z")) == ms("2025-02-02T09:00:00Z")
    assert recurrence.next_after(ms("2025-02-02T09:00:00Z")) is None


@pytest.mark.parametrize(
    ("schedule", "last"),
    [
        ({"frequency": "minutely", "count": 1_000_000}, "2026-12-26T19:39:00Z"),
        ({"frequency": "daily", "count": 50_000}, "2161-12-23T09:00:00Z"),
        ({"frequency": "weekly", "interval": 2, "count": 101}, "2028-12-01T09:00:00Z"),
        ({"frequency": "daily", "by_day": ["FR"], "count": 200}, "2028-11-24T09:00:00Z"),
    ],
    ids=str,
)
def test_the_end_of_a_long_count(schedule, last):
    """The end is the same whether computed by arithmetic or by a walk."""
    recurrence = compile_schedule(schedule, ms(START), None)
    assert recurrence.next_after(ms(last) - 1) == ms(last)
    assert recurrence.next_after(ms(last)) is None


@pytest.mark.parametrize("week", [1, 20, 51, 52, 53, -1, -2, -53])
def test_week_numbers_are_those_of_iso_8601(week):
    """Also where a week lies in two calendar years; negative numbers count from the last week."""
    day, expected = date(1971, 1, 1), []
    while day < date(2031, 1, 1):
        year, number, _ = day.isocalendar()
        weeks = date(year, 12, 28).isocalendar().week
        if week in (number, number - weeks - 1):
            expected.append(day.isoformat())
        day += timedelta(days=1)
    schedule = {"frequency": "yearly", "by_week_no": [week], "by_day": list(WEEKDAYS)}
    assert days(schedule, "1971-01-01T09:00:00Z", len(expected)) == expected


# What each rule takes from its start, Friday 31 January 2025 09:00, by the notes of RFC 5545 3.3.10.
FROM_THE_START = [
    ("FREQ=YEARLY", ["2025-01-31T09:00", "2026-01-31T09:00"]),
    ("FREQ=YEARLY;BYMONTH=3", ["2025-03-31T09:00", "2026-03-31T09:00"]),
    ("FREQ=YEARLY;BYMONTH=2,3", ["2025-03-31T09:00", "2026-03-31T09:00"]),
    ("FREQ=YEARLY;BYHOUR=6", ["2026-01-31T06:00", "2027-01-31T06:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20", ["2025-05-16T09:00", "2026-05-15T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20,40", ["2025-05-16T09:00", "2025-10-03T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=-1", ["2025-12-26T09:00", "2027-01-01T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20;WKST=SU", ["2025-05-16T09:00", "2026-05-22T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20;BYHOUR=6", ["2025-05-16T06:00", "2026-05-15T06:00"]),
    ("FREQ=YEARLY;BYWEEKNO=18;BYMONTH=5", ["2025-05-02T09:00", "2026-05-01T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20,21;BYSETPOS=-1", ["2025-05-23T09:00", "2026-05-22T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20;INTERVAL=2", ["2025-05-16T09:00", "2027-05-21T09:00"]),
    # Who names a day in any way has said which: nothing is added.
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO,TU", ["2025-05-12T09:00", "2025-05-13T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20;BYMONTHDAY=14", ["2025-05-14T09:00", "2026-05-14T09:00"]),
    ("FREQ=YEARLY;BYWEEKNO=20;BYYEARDAY=133", ["2025-05-13T09:00", "2026-05-13T09:00"]),
    ("FREQ=YEARLY;BYMONTHDAY=29", ["2025-03-29T09:00", "2025-04-29T09:00"]),
    ("FREQ=YEARLY;BYDAY=MO", ["2025-02-03T09:00", "2025-02-10T09:00"]),
    ("FREQ=YEARLY;BYDAY=20MO", ["2025-05-19T09:00", "2026-05-18T09:00"]),
    ("FREQ=YEARLY;BYYEARDAY=100", ["2025-04-10T09:00", "2026-04-10T09:00"]),
    ("FREQ=MONTHLY", ["2025-01-31T09:00", "2025-03-31T09:00"]),
    ("FREQ=MONTHLY;BYMONTH=2,3", ["2025-03-31T09:00", "2026-03-31T09:00"]),
    ("FREQ=MONTHLY;BYMINUTE=15", ["2025-01-31T09:15", "2025-03-31T09:15"]),
    ("FREQ=WEEKLY", ["2025-01-31T09:00", "2025-02-07T09:00"]),
    ("FREQ=WEEKLY;BYMONTH=3", ["2025-03-07T09:00", "2025-03-14T09:00"]),
    ("FREQ=WEEKLY;BYHOUR=8", ["2025-02-07T08:00", "2025-02-14T08:00"]),
    ("FREQ=DAILY;BYMINUTE=30", ["2025-01-31T09:30", "2025-02-01T09:30"]),
    ("FREQ=DAILY;BYMONTHDAY=1", ["2025-02-01T09:00", "2025-03-01T09:00"]),
    ("FREQ=HOURLY", ["2025-01-31T09:00", "2025-01-31T10:00"]),
    ("FREQ=HOURLY;BYSECOND=30", ["2025-01-31T09:00", "2025-01-31T10:00"]),
    ("FREQ=MINUTELY;BYHOUR=8", ["2025-02-01T08:00", "2025-02-01T08:01"]),
]


@pytest.mark.parametrize(("rule", "expected"), FROM_THE_START)
def test_what_a_rule_leaves_out_comes_from_its_start(rule, expected):
    """dateutil has every day of a week that is named by its number; libical has one, as we do."""
    assert [text[:16] for text in times({"rrule": rule}, count=2)] == expected


def test_a_count_of_weeks_counts_one_day_of_each():
    schedule = {"frequency": "yearly", "by_week_no": [20, 40], "count": 3}
    assert days(schedule) == ["2025-05-16", "2025-10-03", "2026-05-15"]


def test_an_end_before_the_start_is_an_empty_series():
    """A schedule that is already over is accepted and has no occurrences."""
    assert days({"frequency": "daily", "until": "2024-01-01"}) == []


def test_excluded_occurrences_count():
    """RFC 5545: ``exclude`` takes occurrences away after ``count`` has counted them."""
    schedule = {"frequency": "daily", "count": 4, "exclude": ["2025-02-01", "2025-02-02T09:00:00Z"]}
    assert days(schedule) == ["2025-01-31", "2025-02-03"]


def test_an_excluded_date_is_that_day_in_the_zone():
    """08:30 and 18:30 in Los Angeles are two days in UTC and one there."""
    schedule = {"cron": "30 8,18 * * *", "exclude": ["2025-07-04"]}
    found = times(schedule, "2025-07-03T12:00:00Z", 4, "America/Los_Angeles")
    assert [text[:16] for text in found] == [
        "2025-07-03T08:30",
        "2025-07-03T18:30",
        "2025-07-05T08:30",
        "2025-07-05T18:30",
    ]


def test_excluded_moments_are_exact_and_may_be_wall_times():
    """A time without an offset is read in the event's zone; one that does not occur is ignored."""
    exclude = ["2025-07-04T09:00:00", "2025-07-05T07:00:00Z", "2025-07-06T09:00:01"]
    schedule = {"frequency": "daily", "exclude": exclude}
    found = times(schedule, "2025-07-03T07:00:00Z", 3, "Europe/Berlin")
    assert [text[:10] for text in found] == ["2025-07-03", "2025-07-06", "2025-07-07"]


def test_included_moments_dates_and_rules():
    """Added times are merged in order, each once; a date takes the start's time of day."""
    include = [
        "2025-02-01T12:00:00Z",
        "2025-02-05",
        "2025-02-07T09:00:00Z",
        "2020-01-01",
        {"frequency": "monthly", "by_month_day": [2]},
    ]
    assert times({"frequency": "weekly", "include": include}, count=5) == [
        "2025-01-31T09:00:00+00:00",
        "2025-02-01T12:00:00+00:00",
        "2025-02-02T09:00:00+00:00",
        "2025-02-05T09:00:00+00:00",
        "2025-02-07T09:00:00+00:00",
    ]


def test_excluding_beats_including():
    """What is both added and taken out is out, and a rule can take out as well."""
    schedule = {
        "frequency": "daily",
        "include": ["2025-02-01T12:00:00Z"],
        "exclude": ["2025-02-01", {"frequency": "daily", "by_day": ["SU", "MO"]}],
    }
    assert days(schedule, count=3) == ["2025-01-31", "2025-02-04", "2025-02-05"]


def test_every_is_aligned_to_the_start_and_keeps_milliseconds():
    """Elapsed time, whatever the clock on the wall does."""
    assert times({"every": "90s"}, "2025-03-30T00:58:00.250Z", 3, "Europe/Berlin") == [
        "2025-03-30T01:58:00.250000+01:00",
        "2025-03-30T01:59:30.250000+01:00",
        "2025-03-30T03:01:00.250000+02:00",
    ]


def test_milliseconds_of_the_start_are_kept_unless_the_rule_names_seconds():
    """They belong to the second, which a rule can take from the start or name itself."""
    start = "2025-01-31T09:00:00.125Z"
    assert times({"frequency": "daily"}, start, 1)[0].endswith(".125000+00:00")
    assert times({"frequency": "daily", "by_second": [0]}, start, 1) == [
        "2025-02-01T09:00:00+00:00"
    ]


def test_members_that_are_null_count_as_left_out():
    """A client may send every member of the form."""
    schedule = {"frequency": "daily", "interval": None, "count": None, "by_day": None, "cron": None}
    assert days(schedule, count=2) == ["2025-01-31", "2025-02-01"]


def test_the_second_sixty_is_read_as_fifty_nine():
    """RFC 5545 3.3.12, for clocks without leap seconds."""
    assert times({"rrule": "FREQ=DAILY;BYSECOND=60"}, count=1) == ["2025-01-31T09:00:59+00:00"]


@pytest.mark.parametrize("after", [-(10**18), 0, 10**18])
def test_any_time_may_be_asked_for(after):
    """Far before the start is the first occurrence; far beyond the calendar there is none."""
    for schedule in ({"frequency": "yearly"}, {"cron": "* * * * *"}, {"every": "1h"}):
        recurrence = compile_schedule(schedule, ms(START), "Europe/Berlin")
        assert recurrence.next_after(after) == (None if after > 0 else ms(START))


def test_the_end_of_the_calendar_ends_every_series():
    """Nothing overflows where no date is left."""
    for frequency in ("minutely", "hourly", "daily", "weekly", "monthly", "yearly"):
        for interval in (1, 7, 10**9):
            schedule = {"frequency": frequency, "interval": interval, "until": "9999-12-31"}
            recurrence = compile_schedule(schedule, ms("9998-12-01T09:00:00Z"), "Asia/Tokyo")
            assert recurrence.next_after(ms("9999-12-31T23:00:00Z")) is None
