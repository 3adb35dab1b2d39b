"""Rules: the first and the last of every part that may be, and what must not stand together."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.recurrence import compile_schedule
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

START = ms("2025-01-31T09:00:00Z")
DAY = 86_400_000


@pytest.mark.parametrize(
    "schedule",
    [
        {"frequency": "yearly", "by_month": [1, 12]},
        {"frequency": "monthly", "by_month_day": [1, 31, -1, -31]},
        {"frequency": "yearly", "by_year_day": [1, 366, -1, -366]},
        {"frequency": "yearly", "by_week_no": [1, 53, -1, -53]},
        {"frequency": "daily", "by_hour": [0, 23]},
        {"frequency": "daily", "by_minute": [0, 59]},
        {"frequency": "daily", "by_second": [0, 60]},
        {"frequency": "monthly", "by_day": ["MO"], "by_set_pos": [1, -1]},
        {"frequency": "yearly", "by_day": ["1MO", "53MO", "-53SU", "+2tu"]},
        {"frequency": "minutely", "interval": 1_000},
        {"frequency": "daily", "count": 1},
        {"frequency": "daily", "by_hour": [9], "count": 100_000},
        {"frequency": "daily", "by_minute": [1] * 1_000},
        {"frequency": "daily", "exclude": ["2025-02-01"] * 1_000},
        {"rules": [{"every": "1h"}] * 100},
        {"frequency": "WEEKLY", "week_start": "su"},
        {"frequency": "hourly", "by_year_day": [1]},
        {"every": "1s"},
        {"every": "90"},
    ],
    ids=str,
)
def test_the_first_and_the_last_that_may_be(schedule: dict[str, Any]) -> None:
    assert compile_schedule(schedule, START, "UTC").next_after(START - 1) is not None


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ({"frequency": "weekly", "by_month_day": [1]}, "by_month_day: can't be used with frequency weekly"),
        ({"rrule": "FREQ=WEEKLY;BYMONTHDAY=1"}, "rrule: BYMONTHDAY can't be used with FREQ WEEKLY"),
        ({"frequency": "daily", "by_year_day": [1]}, "by_year_day: can't be used with frequency daily"),
        ({"frequency": "weekly", "by_year_day": [1]}, "by_year_day: can't be used with frequency weekly"),
        ({"frequency": "monthly", "by_year_day": [1]}, "by_year_day: can't be used with frequency monthly"),
        ({"frequency": "monthly", "by_week_no": [1]}, "by_week_no: can't be used with frequency monthly, only with yearly"),
        ({"rrule": "FREQ=DAILY;BYWEEKNO=1"}, "rrule: BYWEEKNO can't be used with FREQ DAILY, only with YEARLY"),
        ({"frequency": "weekly", "by_day": ["1MO"]}, "by_day: can have numbers, as in 1MO, only with monthly or yearly"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=1MO"}, "rrule: BYDAY can have numbers, as in 1MO, only with MONTHLY or YEARLY"),
        ({"frequency": "yearly", "by_week_no": [1], "by_day": ["1MO"]}, "by_day: can't have numbers beside by_week_no"),
        ({"rrule": "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO"}, "rrule: BYDAY can't have numbers beside BYWEEKNO"),
        ({"rrule": "FREQ=DAILY;BYSETPOS=1"}, "rrule: BYSETPOS needs another by-part whose matches it numbers"),
        ({"rrule": "FREQ=DAILY;COUNT=1;UNTIL=20260101"}, "rrule: COUNT can't stand beside UNTIL; give one of them"),
        ({"rrule": "FREQ=DAILY;FREQ=DAILY"}, "rrule: FREQ must stand only once"),
        ({"rrule": "FREQ=DAILY;BYHOUR"}, "rrule: has the part 'BYHOUR', which is no NAME=value of RFC 5545"),
        ({"rrule": "FREQ=DAILY;WKST=X"}, "rrule: WKST must be one of MO, TU, WE, TH, FR, SA, SU"),
        ({"rrule": "FREQ=DAILY;X" + "Y" * 50}, f"rrule: has the part 'X{'Y' * 39}', which is no NAME=value of RFC 5545"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "rrule: INTERVAL must be a whole number from 1 to 1000000000"),
        ({"rrule": "FREQ=DAILY;UNTIL=2026"}, "rrule: UNTIL must be a date or a time such as 20271231T235959Z"),
        ({"frequency": "daily", "include": [{"every": "1h"}] * 101}, "include: must have at most 100 rules"),
        ({"frequency": "daily", "nonsense_" + "x" * 60: 1}, f"nonsense_{'x' * 31}: is not known here"),
        ({"cron": "0 0 30 2 *"}, 'cron: never matches any date: no month of "2" has a day of "30"; write L for the last day of the month'),
        ({"cron": "0 0 31W 2 *"}, "cron: never matches any date; change its day or month"),
        ({"frequency": "monthly", "by_month": [2], "by_month_day": [30]}, "frequency: never matches, or too rarely to wait for; change the rule so that it does"),
        ({"rrule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule: never matches, or too rarely to wait for; change the rule so that it does"),
    ],
)  # fmt: skip
def test_what_must_not_stand_together_is_named_as_it_was_written(
    schedule: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        compile_schedule(schedule, START, "Europe/Berlin")
    assert caught.value.message == f"schedule.{sentence}"


@pytest.mark.parametrize(
    ("rrule", "last"),
    [
        ("FREQ=DAILY;UNTIL=20250202", "2025-02-02T09:00:00Z"),
        ("FREQ=DAILY;UNTIL=20250202T090000Z", "2025-02-02T09:00:00Z"),
        ("FREQ=DAILY;UNTIL=20250202T085959Z", "2025-02-01T09:00:00Z"),
        ("rrule:freq=daily;until=20250202t090000z;", "2025-02-02T09:00:00Z"),
        (" FREQ=DAILY;COUNT=2 ", "2025-02-01T09:00:00Z"),
        ("FREQ=DAILY;INTERVAL=+2;COUNT=2", "2025-02-02T09:00:00Z"),
    ],
)
def test_a_rules_text_is_read_with_its_end(rrule: str, last: str) -> None:
    assert compile_schedule({"rrule": rrule}, START, "UTC").upcoming(0, 99)[-1] == ms(last)


def test_second_60_is_read_as_59() -> None:
    """RFC 5545 3.3.12: a clock without leap seconds."""
    rule = compile_schedule({"frequency": "daily", "by_second": [59, 60]}, START, "UTC")
    assert rule.upcoming(START, 2) == [START + 59_000, START + DAY + 59_000]


def test_a_policy_and_a_start_that_can_not_be_say_what_can() -> None:
    for dst, sentence in (
        ({"gap": "later"}, "dst.gap: must be next, skip or shift"),
        ({"repeat": "last"}, "dst.repeat: must be first, second or both"),
        ({"fold": "first"}, "dst.fold: is not known; dst has gap and repeat"),
    ):
        with pytest.raises(InvalidInput) as caught:
            compile_schedule({"frequency": "daily"}, START, None, dst=dst)
        assert caught.value.message == sentence
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"frequency": "daily"}, ms("1899-12-31T23:59:59Z"), None)
    assert caught.value.message == "start_time: must lie between the years 1900 and 9998"
    assert compile_schedule({"frequency": "daily"}, ms("1900-01-01T00:00:00Z"), None)


@pytest.mark.parametrize("name", ["exclude", "include"])
def test_a_wall_time_without_a_zone_is_refused_by_its_place(name: str) -> None:
    schedule = {"frequency": "daily", name: ["2025-02-02", "2025-02-03T09:00:00"]}
    with pytest.raises(InvalidInput) as caught:
        compile_schedule(schedule, START, None)
    assert list(caught.value.fields) == [f"schedule.{name}.1"]


def test_an_added_date_is_taken_at_the_time_of_day_of_the_start() -> None:
    """To the millisecond, in the zone of the event."""
    start = ms("2025-01-31T08:07:06Z") + 5
    rule = compile_schedule(
        {"frequency": "weekly", "include": ["2025-07-01"]}, start, "Europe/Berlin"
    )
    assert ms("2025-07-01T07:07:06Z") + 5 in rule.upcoming(ms("2025-06-30T00:00:00Z"), 3)


def test_until_a_date_is_until_the_last_millisecond_of_that_day() -> None:
    """In the zone of the event."""
    start = ms("2025-01-31T22:59:59Z") + 999
    rule = compile_schedule({"frequency": "daily", "until": "2025-02-02"}, start, "Europe/Berlin")
    assert len(rule.upcoming(start - 1, 9)) == 3


@pytest.mark.parametrize(
    ("schedule", "bound"),
    [
        ({"every": "7s"}, 9),
        ({"every": "1m"}, 1),
        ({"every": "61s"}, 1),
        ({"frequency": "daily"}, 1),
        ({"cron": "* * * * *"}, 1),
        ({"cron": "*/20 * * * * *"}, 3),
        ({"rrule": "FREQ=SECONDLY"}, 60),
        ({"rrule": "FREQ=SECONDLY;INTERVAL=7"}, 9),
        ({"rrule": "FREQ=SECONDLY;INTERVAL=60"}, 1),
        ({"rrule": "FREQ=SECONDLY;INTERVAL=90"}, 1),
        ({"rrule": "FREQ=SECONDLY;INTERVAL=7;BYSECOND=0,1"}, 2),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,1,2"}, 3),
        ({"rules": [{"every": "20s"}, {"every": "30s"}]}, 5),
        ({"every": "1d", "include": ["2027-01-01T00:00:00Z", "2027-01-01T00:00:59Z"]}, 3),
        ({"every": "1d", "include": ["2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z"]}, 2),
    ],
)
def test_what_may_come_within_a_minute_is_bounded(schedule: dict[str, Any], bound: int) -> None:
    """From above, by what rules and inclusions are alone: no occurrence is looked at."""
    rule = compile_schedule(schedule, ms("2026-01-01T00:00:00Z"), None)
    assert rule.most_within_a_minute() == bound


@pytest.mark.parametrize(
    "written",
    [
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0, 15",
        "RRULE:FREQ=DAILY; BYHOUR=9; BYMINUTE=0 ,15;",
        " freq = daily ;\tbyhour = 9;byminute=0,15 ",
    ],
)
def test_spaces_around_the_signs_of_a_rule_mean_nothing(written: str) -> None:
    plain = compile_schedule({"rrule": "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,15"}, START, None)
    found = compile_schedule({"rrule": written}, START, None)
    assert found.upcoming(START, 10) == plain.upcoming(START, 10)
