"""Bad schedules: each is refused with its field and a sentence that says what to change."""

import pytest

from app.domain.recurrence import compile_schedule, validate_timezone
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms
from tests.support.processor import processor_s

START = ms("2025-01-31T09:00:00Z")
FIVE_FIELDS = (
    "has {}; it must have five fields (minute, hour, day of the month, month, day of the week), "
    "or six with the seconds first"
)
LONG = "1," * 2_100 + "1"

BAD = [
    # Schedule, field and sentence.
    ("daily", "schedule", "must be an object"),
    ([], "schedule", "must be an object"),
    ({}, "schedule.frequency", "is required, or one of rrule, cron, every, rules"),
    ({"interval": 2}, "schedule.frequency", "is required, or one of rrule, cron, every, rules"),
    ({"frequency": "secondly"}, "schedule.frequency", "can't be secondly; use {\"every\": \"1s\"} or {\"rrule\": \"FREQ=SECONDLY\"}"),
    ({"frequency": "fortnightly"}, "schedule.frequency", "must be one of minutely, hourly, daily, weekly, monthly, yearly"),
    ({"frequency": 5}, "schedule.frequency", "must be one of minutely, hourly, daily, weekly, monthly, yearly"),
    ({"frequency": "daily", "interval": 0}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "interval": -1}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "interval": 1.5}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "interval": True}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "interval": "2"}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "interval": 10**30}, "schedule.interval", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "count": 0}, "schedule.count", "must be a whole number from 1 to 1000000000"),
    ({"frequency": "daily", "count": 2, "until": "2025-02-02"}, "schedule.count", "can't stand beside until; give one of them"),
    ({"frequency": "daily", "by_day": ["MO"], "count": 100_001}, "schedule.count", "must be at most 100000 for this rule; give until instead"),
    ({"cron": "0 9 * * *", "count": 100_001}, "schedule.count", "must be at most 100000 for this rule; give until instead"),
    ({"frequency": "daily", "until": "tomorrow"}, "schedule.until", "must be a date or a time such as 2027-12-31T23:59:59Z"),
    ({"frequency": "daily", "until": "2025-02-30"}, "schedule.until", "must be a date or a time such as 2027-12-31T23:59:59Z"),
    ({"frequency": "daily", "until": "10000-01-01"}, "schedule.until", "must be a date or a time such as 2027-12-31T23:59:59Z"),
    ({"frequency": "daily", "until": "9999-12-31T23:59:59-12:00"}, None, None),
    ({"frequency": "daily", "until": 1735689600}, "schedule.until", "must be a date or a time such as 2027-12-31T23:59:59Z"),
    ({"frequency": "daily", "by_day": "MO"}, "schedule.by_day", "must be a list of at least one entry"),
    ({"frequency": "daily", "by_day": []}, "schedule.by_day", "must be a list of at least one entry"),
    ({"frequency": "daily", "by_day": ["MON"]}, "schedule.by_day", "must hold weekdays such as MO, or with a number 1 to 53 as in 2TU or -1FR"),
    ({"frequency": "monthly", "by_day": ["0MO"]}, "schedule.by_day", "must hold weekdays such as MO, or with a number 1 to 53 as in 2TU or -1FR"),
    ({"frequency": "monthly", "by_day": ["54MO"]}, "schedule.by_day", "must hold weekdays such as MO, or with a number 1 to 53 as in 2TU or -1FR"),
    ({"frequency": "daily", "by_day": ["1MO"]}, "schedule.by_day", "can have numbers, as in 1MO, only with monthly or yearly"),
    ({"frequency": "daily", "by_hour": [24]}, "schedule.by_hour", "must hold whole numbers from 0 to 23"),
    ({"frequency": "daily", "by_hour": [-1]}, "schedule.by_hour", "must hold whole numbers from 0 to 23"),
    ({"frequency": "daily", "by_minute": [True]}, "schedule.by_minute", "must hold whole numbers from 0 to 59"),
    ({"frequency": "daily", "by_second": ["5"]}, "schedule.by_second", "must hold whole numbers from 0 to 60"),
    ({"frequency": "daily", "by_month": [13]}, "schedule.by_month", "must hold whole numbers from 1 to 12"),
    ({"frequency": "monthly", "by_month_day": [32]}, "schedule.by_month_day", "must hold whole numbers from 1 to 31 or -31 to -1"),
    ({"frequency": "yearly", "by_week_no": [54]}, "schedule.by_week_no", "must hold whole numbers from 1 to 53 or -53 to -1"),
    ({"frequency": "yearly", "by_year_day": [367]}, "schedule.by_year_day", "must hold whole numbers from 1 to 366 or -366 to -1"),
    ({"frequency": "monthly", "by_set_pos": [1]}, "schedule.by_set_pos", "needs another by-part whose matches it numbers"),
    ({"frequency": "weekly", "by_month_day": [1]}, "schedule.by_month_day", "can't be used with frequency weekly"),
    ({"frequency": "weekly", "week_start": "monday"}, "schedule.week_start", "must be one of MO, TU, WE, TH, FR, SA, SU"),
    ({"frequency": "daily", "by_minute": [1] * 1_001}, "schedule.by_minute", "must have at most 1000 entries"),
    ({"frequency": "daily", "by_weekday": ["MO"]}, "schedule.by_weekday", "is not known here; did you mean by_day?"),
    ({"frequency": "daily", "cron": "0 9 * * *"}, "schedule.cron", "can't stand beside frequency; give one of them"),
    ({"cron": "0 9 * * *", "interval": 2}, "schedule.interval", "can't stand beside cron; leave it out"),
    ({"rrule": "FREQ=DAILY", "count": 2}, "schedule.count", "can't stand beside rrule; write it into the rule"),
    ({"rrule": ""}, "schedule.rrule", "must not be empty"),
    ({"rrule": 5}, "schedule.rrule", "must be text"),
    ({"rrule": "FREQ=DAILY;COUNT=x"}, "schedule.rrule", "COUNT must be a whole number from 1 to 1000000000"),
    ({"rrule": "FREQ=DAILY;BYHOUR="}, "schedule.rrule", "BYHOUR must hold whole numbers from 0 to 23, not ''"),
    ({"rrule": "FREQ=DAILY;BYHOUR=9,"}, "schedule.rrule", "BYHOUR must hold whole numbers from 0 to 23, not ''"),
    ({"rrule": "FREQ=DAILY;BYHOUR=9 17"}, "schedule.rrule", "BYHOUR must hold whole numbers from 0 to 23, not '9 17'"),
    ({"rrule": "FREQ=DAILY;BYMINUTE=0, 60"}, "schedule.rrule", "BYMINUTE must hold whole numbers from 0 to 59, not '60'"),
    ({"rrule": "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY"}, "schedule.rrule", "must hold the RRULE alone; give DTSTART as start_time, EXDATE and EXRULE in exclude, RDATE in include"),
    ({"rrule": "FREQ=DAILY;BYEASTER=1"}, "schedule.rrule", "has the part 'BYEASTER=1', which is no NAME=value of RFC 5545"),
    ({"rrule": "FREQ=DAILY;;"}, "schedule.rrule", "has the part '', which is no NAME=value of RFC 5545"),
    ({"rrule": "INTERVAL=2"}, "schedule.rrule", "FREQ is required: one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
    ({"rrule": "FREQ=DAILY\nRRULE:FREQ=DAILY"}, "schedule.rrule", "FREQ must be one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
    ({"rrule": "FREQ=DAILY;UNTIL=19971301"}, "schedule.rrule", "UNTIL must be a date or a time such as 20271231T235959Z"),
    ({"rrule": "FREQ=DAILY;BYMINUTE=" + LONG}, "schedule.rrule", "must be at most 4096 characters long"),
    ({"rrule": "FREQ=DAILY;BYMINUTE=" + "1," * 1_100 + "1"}, "schedule.rrule", "BYMINUTE must have at most 1000 entries"),
    ({"cron": "* * * *"}, "schedule.cron", FIVE_FIELDS.format("4 fields")),
    ({"cron": LONG + " * * * *"}, "schedule.cron", "must be at most 4096 characters long"),
    ({"every": "soon"}, "schedule.every", "must be a duration such as 30s, 5m or 1h30m"),
    ({"every": "500ms"}, "schedule.every", "must be at least 1s"),
    ({"every": 90}, "schedule.every", "must be a duration such as 30s, 5m or 1h30m"),
    ({"rules": []}, "schedule.rules", "must be a list of 1 to 100 schedules"),
    ({"rules": [{"frequency": "daily"}] * 101}, "schedule.rules", "must be a list of 1 to 100 schedules"),
    ({"rules": ["daily"]}, "schedule.rules.0", "must be an object"),
    ({"rules": [{"frequency": "daily"}, {}]}, "schedule.rules.1", "must have one of frequency, rrule, cron, every"),
    ({"rules": [{"frequency": "daily", "interval": 0}]}, "schedule.rules.0.interval", "must be a whole number from 1 to 1000000000"),
    ({"rules": [{"frequency": "daily", "exclude": ["2025-01-01"]}]}, "schedule.rules.0.exclude", "is not known here"),
    ({"rules": [{"rules": []}]}, "schedule.rules.0", "must have one of frequency, rrule, cron, every"),
    ({"rules": [{"every": "1h"}], "count": 2}, "schedule.count", "can't stand beside rules; put it into them"),
    ({"frequency": "daily", "exclude": "2025-01-01"}, "schedule.exclude", "must be a list of at least one time, date or rule"),
    ({"frequency": "daily", "exclude": []}, "schedule.exclude", "must be a list of at least one time, date or rule"),
    ({"frequency": "daily", "exclude": ["x"]}, "schedule.exclude.0", "must be a date such as 2026-12-25, a time such as 2026-12-25T09:00:00Z or a rule"),
    ({"frequency": "daily", "exclude": ["2025-01-01", "2025-02-30"]}, "schedule.exclude.1", "must be a date such as 2026-12-25, a time such as 2026-12-25T09:00:00Z or a rule"),
    ({"frequency": "daily", "exclude": ["2025-01-01"] * 1_001}, "schedule.exclude", "must have at most 1000 entries"),
    ({"frequency": "daily", "exclude": [{"frequency": "daily"}]}, "schedule.exclude", "leaves no occurrence near the start; exclude less"),
    ({"frequency": "daily", "include": [{"cron": "x"}]}, "schedule.include.0.cron", FIVE_FIELDS.format("1 field")),
    ({"frequency": "daily", "include": [5]}, "schedule.include.0", "must be a date such as 2026-12-25, a time such as 2026-12-25T09:00:00Z or a rule"),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "field", "sentence"), BAD, ids=range(len(BAD)))
def test_bad_schedules(schedule, field, sentence):
    """The error names the field, and its sentence the remedy."""
    if field is None:
        compile_schedule(schedule, START, None)
        return
    with pytest.raises(InvalidInput) as caught:
        compile_schedule(schedule, START, None)
    assert caught.value.fields == {field: [sentence]}
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

    def refuse() -> None:
        with pytest.raises(InvalidInput, match="never match"):
            compile_schedule(schedule, START, zone)

    # A walk would take long every time, whatever else the process has to do once.
    assert min(processor_s(refuse) for _ in range(3)) < 0.05


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
