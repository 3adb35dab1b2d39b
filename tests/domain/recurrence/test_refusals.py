"""Bad schedules: each is refused with its field and a sentence that says what to change."""

import time

import pytest

from app.domain.recurrence import compile_schedule, validate_timezone
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

START = ms("2025-01-31T09:00:00Z")
LONG = "1," * 2_100 + "1"

BAD = [
    # (schedule, field, words of the sentence)
    ("daily", "schedule", "object"),
    ([], "schedule", "object"),
    ({}, "schedule.frequency", "required"),
    ({"interval": 2}, "schedule.frequency", "required"),
    ({"frequency": "secondly"}, "schedule.frequency", "every"),
    ({"frequency": "fortnightly"}, "schedule.frequency", "minutely"),
    ({"frequency": 5}, "schedule.frequency", "minutely"),
    ({"frequency": "daily", "interval": 0}, "schedule.interval", "from 1"),
    ({"frequency": "daily", "interval": -1}, "schedule.interval", "from 1"),
    ({"frequency": "daily", "interval": 1.5}, "schedule.interval", "whole number"),
    ({"frequency": "daily", "interval": True}, "schedule.interval", "whole number"),
    ({"frequency": "daily", "interval": "2"}, "schedule.interval", "whole number"),
    ({"frequency": "daily", "interval": 10**30}, "schedule.interval", "whole number"),
    ({"frequency": "daily", "count": 0}, "schedule.count", "from 1"),
    ({"frequency": "daily", "count": 2, "until": "2025-02-02"}, "schedule.count", "until"),
    ({"frequency": "daily", "by_day": ["MO"], "count": 100_001}, "schedule.count", "until"),
    ({"cron": "0 9 * * *", "count": 100_001}, "schedule.count", "until"),
    ({"frequency": "daily", "until": "tomorrow"}, "schedule.until", "date"),
    ({"frequency": "daily", "until": "2025-02-30"}, "schedule.until", "date"),
    ({"frequency": "daily", "until": "10000-01-01"}, "schedule.until", "date"),
    ({"frequency": "daily", "until": "9999-12-31T23:59:59-12:00"}, None, None),
    ({"frequency": "daily", "until": 1735689600}, "schedule.until", "date"),
    ({"frequency": "daily", "by_day": "MO"}, "schedule.by_day", "list"),
    ({"frequency": "daily", "by_day": []}, "schedule.by_day", "at least one"),
    ({"frequency": "daily", "by_day": ["MON"]}, "schedule.by_day", "weekdays"),
    ({"frequency": "monthly", "by_day": ["0MO"]}, "schedule.by_day", "weekdays"),
    ({"frequency": "monthly", "by_day": ["54MO"]}, "schedule.by_day", "weekdays"),
    ({"frequency": "daily", "by_day": ["1MO"]}, "schedule.by_day", "monthly"),
    ({"frequency": "daily", "by_hour": [24]}, "schedule.by_hour", "0 to 23"),
    ({"frequency": "daily", "by_hour": [-1]}, "schedule.by_hour", "0 to 23"),
    ({"frequency": "daily", "by_minute": [True]}, "schedule.by_minute", "0 to 59"),
    ({"frequency": "daily", "by_second": ["5"]}, "schedule.by_second", "0 to 60"),
    ({"frequency": "daily", "by_month": [13]}, "schedule.by_month", "1 to 12"),
    ({"frequency": "monthly", "by_month_day": [32]}, "schedule.by_month_day", "-31 to -1"),
    ({"frequency": "yearly", "by_week_no": [54]}, "schedule.by_week_no", "1 to 53"),
    ({"frequency": "yearly", "by_year_day": [367]}, "schedule.by_year_day", "1 to 366"),
    ({"frequency": "monthly", "by_set_pos": [1]}, "schedule.by_set_pos", "by-part"),
    ({"frequency": "weekly", "by_month_day": [1]}, "schedule.by_month_day", "weekly"),
    ({"frequency": "weekly", "week_start": "monday"}, "schedule.week_start", "MO"),
    ({"frequency": "daily", "by_minute": [1] * 1_001}, "schedule.by_minute", "1000"),
    ({"frequency": "daily", "by_weekday": ["MO"]}, "schedule.by_weekday", "by_day"),
    ({"frequency": "daily", "cron": "0 9 * * *"}, "schedule.cron", "one of them"),
    ({"cron": "0 9 * * *", "interval": 2}, "schedule.interval", "not known"),
    ({"rrule": "FREQ=DAILY", "count": 2}, "schedule.count", "not known"),
    ({"rrule": ""}, "schedule.rrule", "text"),
    ({"rrule": 5}, "schedule.rrule", "text"),
    ({"rrule": "FREQ=DAILY;COUNT=x"}, "schedule.rrule", "COUNT"),
    ({"rrule": "FREQ=DAILY;BYHOUR="}, "schedule.rrule", "BYHOUR"),
    ({"rrule": "FREQ=DAILY;BYHOUR=9,"}, "schedule.rrule", "BYHOUR"),
    ({"rrule": "FREQ=DAILY;BYEASTER=1"}, "schedule.rrule", "BYEASTER"),
    ({"rrule": "FREQ=DAILY;;"}, "schedule.rrule", "NAME=value"),
    ({"rrule": "FREQ=DAILY\nRRULE:FREQ=DAILY"}, "schedule.rrule", "FREQ"),
    ({"rrule": "FREQ=DAILY;UNTIL=19971301"}, "schedule.rrule", "UNTIL"),
    ({"rrule": "FREQ=DAILY;BYMINUTE=" + LONG}, "schedule.rrule", "4096"),
    ({"rrule": "FREQ=DAILY;BYMINUTE=" + "1," * 1_100 + "1"}, "schedule.rrule", "1000"),
    ({"cron": "* * * *"}, "schedule.cron", "five fields"),
    ({"cron": "60 * * * *"}, "schedule.cron", "minute"),
    ({"cron": "0 9 32 * *"}, "schedule.cron", "day-of-month"),
    ({"cron": "0 9 32W * *"}, "schedule.cron", "32W"),
    ({"cron": "0 9 * FOO *"}, "schedule.cron", "month"),
    ({"cron": "0 9 * * MON#6"}, "schedule.cron", "day-of-week"),
    ({"cron": "*/0 * * * *"}, "schedule.cron", "minute"),
    ({"cron": "٣ * * * *"}, "schedule.cron", "character"),
    ({"cron": "@reboot"}, "schedule.cron", "@daily"),
    ({"cron": "@every 5m"}, "schedule.cron", "@daily"),
    ({"cron": LONG + " * * * *"}, "schedule.cron", "4096"),
    ({"every": "soon"}, "schedule.every", "duration"),
    ({"every": "500ms"}, "schedule.every", "1s"),
    ({"every": 90}, "schedule.every", "duration"),
    ({"rules": []}, "schedule.rules", "list"),
    ({"rules": [{"frequency": "daily"}] * 101}, "schedule.rules", "100"),
    ({"rules": ["daily"]}, "schedule.rules.0", "object"),
    ({"rules": [{"frequency": "daily"}, {}]}, "schedule.rules.1", "one of"),
    ({"rules": [{"frequency": "daily", "interval": 0}]}, "schedule.rules.0.interval", "from 1"),
    (
        {"rules": [{"frequency": "daily", "exclude": ["2025-01-01"]}]},
        "schedule.rules.0.exclude",
        "",
    ),
    ({"rules": [{"rules": []}]}, "schedule.rules.0", "one of"),
    ({"rules": [{"every": "1h"}], "count": 2}, "schedule.count", "rules"),
    ({"frequency": "daily", "exclude": "2025-01-01"}, "schedule.exclude", "list"),
    ({"frequency": "daily", "exclude": []}, "schedule.exclude", "at least one"),
    ({"frequency": "daily", "exclude": ["x"]}, "schedule.exclude.0", "date"),
    ({"frequency": "daily", "exclude": ["2025-01-01", "2025-02-30"]}, "schedule.exclude.1", "date"),
    ({"frequency": "daily", "exclude": ["2025-01-01"] * 1_001}, "schedule.exclude", "1000"),
    ({"frequency": "daily", "exclude": [{"frequency": "daily"}]}, "schedule.exclude", "less"),
    ({"frequency": "daily", "include": [{"cron": "x"}]}, "schedule.include.0.cron", "five"),
    ({"frequency": "daily", "include": [5]}, "schedule.include.0", "date"),
]


@pytest.mark.parametrize(("schedule", "field", "words"), BAD, ids=lambda value: str(value)[:60])
def test_bad_schedules(schedule, field, words):
    """The error names the field, and its sentence the remedy."""
    if field is None:
        compile_schedule(schedule, START, None)
        return
    with pytest.raises(InvalidInput) as caught:
        compile_schedule(schedule, START, None)
    ((found, (sentence,)),) = caught.value.fields.items()
    assert found == field
    assert words in sentence
    assert caught.value.message == f"{field}: {sentence}"
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "schedule",
    [
        {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2"},
        {"rrule": "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31"},
        {"rrule": "FREQ=DAILY;INTERVAL=7;BYDAY=MO"},
        {"rrule": "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2"},
        {"rrule": "FREQ=MONTHLY;BYDAY=6MO"},
        {"rrule": "FREQ=YEARLY;BYDAY=MO;BYSETPOS=366"},
        {"rrule": "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"},
        {"rrule": "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=6"},
        {"rrule": "FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=30"},
        {"rrule": "FREQ=HOURLY;INTERVAL=6;BYHOUR=11"},
        {"rrule": "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=5"},
        {"rrule": "FREQ=SECONDLY;INTERVAL=60;BYSECOND=5"},
        {"rrule": "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=SECONDLY;BYSECOND=5;BYSETPOS=2"},
        {"frequency": "monthly", "by_month": [2, 4], "by_month_day": [31]},
        {"cron": "0 0 30 2 *"},
        {"cron": "0 0 31W 2,4 *"},
        {"cron": "0 0 31 4,6,9,11 *"},
    ],
    ids=str,
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_rules_that_never_match_are_refused_at_once(schedule, zone):
    """No walk to the end of the calendar: 50 ms of the processor are enough."""

    def refused_s() -> float:
        begin = time.process_time()
        with pytest.raises(InvalidInput, match="never match"):
            compile_schedule(schedule, START, zone)
        return time.process_time() - begin

    # A walk would take long every time, whatever else the process has to do once.
    assert min(refused_s() for _ in range(3)) < 0.05


@pytest.mark.parametrize(
    "name",
    [
        *("", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "localtime"),
        *(
            "Europe/Berlin\0",
            "Europe/Berlin ",
            "ÜTC",
            "A" * 100,
            "posix/Europe/Berlin",
            "right/UTC",
        ),
    ],
)
def test_names_of_no_zone(name):
    """Only IANA names, and nothing that could be a path."""
    with pytest.raises(InvalidInput) as caught:
        validate_timezone(name)
    assert list(caught.value.fields) == ["timezone"]
    with pytest.raises(InvalidInput):
        compile_schedule({"frequency": "daily"}, START, name)


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "EST5EDT"]
)
def test_names_of_zones(name):
    """What the tz database knows is accepted."""
    validate_timezone(name)


@pytest.mark.parametrize(
    ("dst", "field"),
    [({"gap": "later"}, "dst.gap"), ({"repeat": 2}, "dst.repeat"), ({"fold": "first"}, "dst.fold")],
)
def test_bad_policies(dst, field):
    """Unknown policies and unknown words are refused."""
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"frequency": "daily"}, START, None, dst=dst)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize("start", [-(10**15), 10**15, ms("9999-12-31T00:00:00Z")])
def test_starts_beyond_the_calendar(start):
    """A start outside of 1900 to 9998 is refused."""
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"frequency": "yearly"}, start, "Europe/Berlin")
    assert list(caught.value.fields) == ["start_time"]


@pytest.mark.parametrize(
    "schedule",
    [
        {"frequency": "daily", "until": "2031-01-05T09:00:00"},
        {"frequency": "daily", "exclude": ["2031-01-05T09:00:00"]},
        {"frequency": "daily", "include": ["2031-01-05T09:00:00"]},
        {"every": "1h", "until": "2031-01-05T09:00:00"},
    ],
)
def test_a_wall_time_is_not_guessed_to_be_utc(schedule):
    """It needs an offset or a zone; with one it is read there."""
    with pytest.raises(InvalidInput) as caught:
        compile_schedule(schedule, 1_900_000_000_000, None)
    assert "needs an offset" in caught.value.message
    compile_schedule(schedule, 1_900_000_000_000, "Europe/Berlin")
