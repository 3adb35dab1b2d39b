"""What texts come to: a schedule, its words and its times, or a question. Nothing is guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.recurrence import compile_schedule
from app.domain.times import MAX_MS
from app.domain.words import Understood, understand
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import iso, ms

NOW = ms("2026-11-26T10:12:30Z")  # a Thursday, 11:12:30 in Berlin
ZONE = "Europe/Berlin"

UNDERSTOOD: list[tuple[str, dict[str, Any], list[str]]] = [
    # The text, the schedule, and the next times in Berlin.
    (
        "every second friday at 9",
        {"frequency": "weekly", "interval": 2, "by_day": ["FR"], "by_hour": [9]},
        ["2026-11-27T09:00", "2026-12-11T09:00", "2026-12-25T09:00"],
    ),
    (
        "Every other Friday at 9am.",
        {"frequency": "weekly", "interval": 2, "by_day": ["FR"], "by_hour": [9]},
        ["2026-11-27T09:00", "2026-12-11T09:00"],
    ),
    (
        "fortnightly on Monday at 9:00",
        {"frequency": "weekly", "interval": 2, "by_day": ["MO"], "by_hour": [9]},
        ["2026-11-30T09:00", "2026-12-14T09:00"],
    ),
    (
        "every friday at 9 starting 4 December 2026",
        {"frequency": "weekly", "interval": 1, "by_day": ["FR"], "by_hour": [9]},
        ["2026-12-04T09:00", "2026-12-11T09:00"],
    ),
    (
        "every day at noon and midnight",
        {"frequency": "daily", "interval": 1, "by_hour": [0, 12]},
        ["2026-11-26T12:00", "2026-11-27T00:00"],
    ),
    (
        "daily at 9 in the evening",
        {"frequency": "daily", "interval": 1, "by_hour": [21]},
        ["2026-11-26T21:00"],
    ),
    (
        "every weekday at 9:30 except december",
        {
            "frequency": "weekly",
            "interval": 1,
            "by_day": ["MO", "TU", "WE", "TH", "FR"],
            "by_month": list(range(1, 12)),
            "by_hour": [9],
            "by_minute": [30],
        },
        ["2026-11-27T09:30", "2026-11-30T09:30", "2027-01-01T09:30"],
    ),
    (
        "every day at 9 except weekends",
        {
            "frequency": "weekly",
            "interval": 1,
            "by_day": ["MO", "TU", "WE", "TH", "FR"],
            "by_hour": [9],
        },
        ["2026-11-27T09:00", "2026-11-30T09:00"],
    ),
    (
        "Mondays and Thursdays at 5pm",
        {"frequency": "weekly", "interval": 1, "by_day": ["MO", "TH"], "by_hour": [17]},
        ["2026-11-26T17:00", "2026-11-30T17:00"],
    ),
    (
        "Friday\u2013Monday at 8",
        {"frequency": "weekly", "interval": 1, "by_day": ["MO", "FR", "SA", "SU"], "by_hour": [8]},
        ["2026-11-27T08:00", "2026-11-28T08:00"],
    ),
    (
        "the last working day of the month at 17:00",
        {
            "frequency": "monthly",
            "interval": 1,
            "by_day": ["MO", "TU", "WE", "TH", "FR"],
            "by_set_pos": [-1],
            "by_hour": [17],
        },
        ["2026-11-30T17:00", "2026-12-31T17:00", "2027-01-29T17:00"],
    ),
    (
        "on the 15th and 30th of every month at 8",
        {"frequency": "monthly", "interval": 1, "by_month_day": [15, 30], "by_hour": [8]},
        ["2026-11-30T08:00", "2026-12-15T08:00"],
    ),
    (
        "every month on the 1st, 15th and last day at 8",
        {"frequency": "monthly", "interval": 1, "by_month_day": [1, 15, -1], "by_hour": [8]},
        ["2026-11-30T08:00", "2026-12-01T08:00"],
    ),
    (
        "the first and third Monday of every month at 9",
        {"frequency": "monthly", "interval": 1, "by_day": ["1MO", "3MO"], "by_hour": [9]},
        ["2026-12-07T09:00", "2026-12-21T09:00"],
    ),
    (
        "every 2 months on the second to last Friday at 9",
        {"frequency": "monthly", "interval": 2, "by_day": ["-2FR"], "by_hour": [9]},
        ["2026-12-18T09:00", "2027-02-19T09:00"],
    ),
    (
        "first monday of each quarter at 10",
        {
            "frequency": "monthly",
            "interval": 1,
            "by_day": ["1MO"],
            "by_month": [1, 4, 7, 10],
            "by_hour": [10],
        },
        ["2027-01-04T10:00", "2027-04-05T10:00"],
    ),
    (
        "last day of every quarter at 23:59",
        {
            "frequency": "monthly",
            "interval": 1,
            "by_month_day": [-1],
            "by_month": [3, 6, 9, 12],
            "by_hour": [23],
            "by_minute": [59],
        },
        ["2026-12-31T23:59", "2027-03-31T23:59"],
    ),
    (
        "every January on the first Monday at 9",
        {
            "frequency": "monthly",
            "interval": 1,
            "by_day": ["1MO"],
            "by_month": [1],
            "by_hour": [9],
        },
        ["2027-01-04T09:00", "2028-01-03T09:00"],
    ),
    (
        "every Friday at 9, 5 times",
        {"frequency": "weekly", "interval": 1, "by_day": ["FR"], "by_hour": [9], "count": 5},
        ["2026-11-27T09:00", "2026-12-04T09:00"],
    ),
    (
        "every Friday at 9 until 4 December 2026",
        {
            "frequency": "weekly",
            "interval": 1,
            "by_day": ["FR"],
            "by_hour": [9],
            "until": "2026-12-04",
        },
        ["2026-11-27T09:00", "2026-12-04T09:00"],
    ),
    (
        "once every 2 weeks on Friday at nine",
        {"frequency": "weekly", "interval": 2, "by_day": ["FR"], "by_hour": [9]},
        ["2026-11-27T09:00", "2026-12-11T09:00", "2026-12-25T09:00"],
    ),
    (
        "every 2nd Friday @ 9",
        {"frequency": "weekly", "interval": 2, "by_day": ["FR"], "by_hour": [9]},
        ["2026-11-27T09:00", "2026-12-11T09:00"],
    ),
    (
        "every day but Sunday at 9",
        {
            "frequency": "weekly",
            "interval": 1,
            "by_day": ["MO", "TU", "WE", "TH", "FR", "SA"],
            "by_hour": [9],
        },
        ["2026-11-27T09:00", "2026-11-28T09:00", "2026-11-30T09:00"],
    ),
    (
        "last day of month at 18:00 (Europe/Berlin)",
        {"frequency": "monthly", "interval": 1, "by_month_day": [-1], "by_hour": [18]},
        ["2026-11-30T18:00", "2026-12-31T18:00"],
    ),
    (
        "every 4th of July at 9",
        {
            "frequency": "yearly",
            "interval": 1,
            "by_month": [7],
            "by_month_day": [4],
            "by_hour": [9],
        },
        ["2027-07-04T09:00", "2028-07-04T09:00"],
    ),
    (
        "every third day at 7:30:15",
        {
            "frequency": "daily",
            "interval": 3,
            "by_hour": [7],
            "by_minute": [30],
            "by_second": [15],
        },
        ["2026-11-27T07:30:15", "2026-11-30T07:30:15"],
    ),
]

TIMED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("every 90 minutes", {"every": "90m"}, ["2026-11-26T12:42", "2026-11-26T14:12"]),
    ("every two hours", {"every": "2h"}, ["2026-11-26T13:12", "2026-11-26T15:12"]),
    ("hourly", {"every": "1h"}, ["2026-11-26T12:12"]),
    ("every half hour", {"every": "30m"}, ["2026-11-26T11:42"]),
    ("every quarter of an hour", {"every": "15m"}, ["2026-11-26T11:27"]),
    ("every hour and a half", {"every": "90m"}, ["2026-11-26T12:42"]),
    ("every 1 hour and 30 minutes", {"every": "1h30m"}, ["2026-11-26T12:42"]),
    ("15 minutes past every hour", {"cron": "15 * * * *"}, ["2026-11-26T11:15"]),
    ("Mon-Fri 09:00-17:00 hourly", {"cron": "0 9-17 * * MON-FRI"}, ["2026-11-26T12:00"]),
    (
        "yearly on 25 December and 4 July at 9",
        {
            "rules": [
                {
                    "frequency": "yearly",
                    "interval": 1,
                    "by_month": [month],
                    "by_month_day": [day],
                    "by_hour": [9],
                }
                for month, day in ((12, 25), (7, 4))
            ]
        },
        ["2026-12-25T09:00", "2027-07-04T09:00"],
    ),
    ("every 1h30m", {"every": "1h30m"}, ["2026-11-26T12:42"]),
    (
        "every 90 minutes starting 27 November 2026",
        {"every": "90m"},
        ["2026-11-27T00:00", "2026-11-27T01:30"],
    ),
    (
        "hourly between 9 and 17 on weekdays",
        {"cron": "0 9-17 * * MON-FRI"},
        ["2026-11-26T12:00", "2026-11-26T13:00"],
    ),
    (
        "every hour from 9am to 5pm",
        {"cron": "0 9-17 * * *"},
        ["2026-11-26T12:00"],
    ),
    (
        "every 15 minutes between 9:00 and 17:00 on weekdays",
        {"rules": [{"cron": "*/15 9-16 * * MON-FRI"}, {"cron": "0 17 * * MON-FRI"}]},
        ["2026-11-26T11:15", "2026-11-26T11:30"],
    ),
    (
        "every 90 minutes between 9 and 17",
        {"rules": [{"cron": "0 9-15/3 * * *"}, {"cron": "30 10-16/3 * * *"}]},
        ["2026-11-26T12:00", "2026-11-26T13:30", "2026-11-26T15:00", "2026-11-26T16:30"],
    ),
    (
        "at the start of every hour on weekends",
        {"cron": "0 * * * SAT,SUN"},
        ["2026-11-28T00:00", "2026-11-28T01:00"],
    ),
    (
        "at minutes 10 and 40 of every hour",
        {"cron": "10,40 * * * *"},
        ["2026-11-26T11:40", "2026-11-26T12:10"],
    ),
    (
        "every minute on the last day of every month",
        {"cron": "* * L * *"},
        ["2026-11-30T00:00", "2026-11-30T00:01"],
    ),
    (
        "every 30 minutes on the first working day of every month",
        {"cron": "*/30 * 1W * *"},
        ["2026-12-01T00:00", "2026-12-01T00:30"],
    ),
    (
        "every 6 hours on the second Friday and the last Monday of every month",
        {"cron": "0 */6 * * FRI#2,MONL"},
        ["2026-11-30T00:00", "2026-11-30T06:00"],
    ),
    (
        "every 12 hours on 24 December and 31 December every year",
        {"cron": "0 */12 24,31 12 *"},
        ["2026-12-24T00:00", "2026-12-24T12:00", "2026-12-31T00:00"],
    ),
    (
        "Mondays at 9 and 17:30",
        {
            "rules": [
                {"frequency": "weekly", "interval": 1, "by_day": ["MO"], "by_hour": [9]},
                {
                    "frequency": "weekly",
                    "interval": 1,
                    "by_day": ["MO"],
                    "by_hour": [17],
                    "by_minute": [30],
                },
            ]
        },
        ["2026-11-30T09:00", "2026-11-30T17:30"],
    ),
    (
        "every day at 9 and every Friday at 10",
        {
            "rules": [
                {"frequency": "daily", "interval": 1, "by_hour": [9]},
                {"frequency": "weekly", "interval": 1, "by_day": ["FR"], "by_hour": [10]},
            ]
        },
        ["2026-11-27T09:00", "2026-11-27T10:00", "2026-11-28T09:00"],
    ),
    (
        "every day at 9 except on 27 November 2026 and tomorrow",
        {
            "frequency": "daily",
            "interval": 1,
            "by_hour": [9],
            "exclude": ["2026-11-27", "2026-11-27"],
        },
        ["2026-11-28T09:00"],
    ),
    (
        "every Friday at 9 except on 27 November",
        {
            "frequency": "weekly",
            "interval": 1,
            "by_day": ["FR"],
            "by_hour": [9],
            "exclude": [
                {
                    "frequency": "yearly",
                    "by_month": [11],
                    "by_month_day": [27],
                    "by_hour": [9],
                    "by_minute": [0],
                }
            ],
        },
        ["2026-12-04T09:00"],
    ),
    (
        "every 29 February at 9",
        {
            "frequency": "yearly",
            "interval": 1,
            "by_month": [2],
            "by_month_day": [29],
            "by_hour": [9],
        },
        ["2028-02-29T09:00", "2032-02-29T09:00"],
    ),
    (
        "every year on the 7th of March at 12am",
        {
            "frequency": "yearly",
            "interval": 1,
            "by_month": [3],
            "by_month_day": [7],
            "by_hour": [0],
        },
        ["2027-03-07T00:00"],
    ),
]

ONCE = [
    ("tomorrow at 8", "2026-11-27T07:00:00Z", "once, on 27 November 2026 at 08:00 Europe/Berlin"),
    ("today at 17:00", "2026-11-26T16:00:00Z", "once, on 26 November 2026 at 17:00 Europe/Berlin"),
    ("in 2 hours", "2026-11-26T12:12:30Z", "once, on 26 November 2026 at 13:12:30 Europe/Berlin"),
    ("in an hour", "2026-11-26T11:12:30Z", "once, on 26 November 2026 at 12:12:30 Europe/Berlin"),
    ("90s from now", "2026-11-26T10:14:00Z", "once, on 26 November 2026 at 11:14 Europe/Berlin"),
    (
        "in half an hour",
        "2026-11-26T10:42:30Z",
        "once, on 26 November 2026 at 11:42:30 Europe/Berlin",
    ),
    (
        "the day after tomorrow at 9",
        "2026-11-28T08:00:00Z",
        "once, on 28 November 2026 at 09:00 Europe/Berlin",
    ),
    ("in 90s", "2026-11-26T10:14:00Z", "once, on 26 November 2026 at 11:14 Europe/Berlin"),
    ("in 2 days at 9", "2026-11-28T08:00:00Z", "once, on 28 November 2026 at 09:00 Europe/Berlin"),
    (
        "in a week at noon",
        "2026-12-03T11:00:00Z",
        "once, on 3 December 2026 at 12:00 Europe/Berlin",
    ),
    (
        "on Friday 25 December 2026 at 9",
        "2026-12-25T08:00:00Z",
        "once, on 25 December 2026 at 09:00 Europe/Berlin",
    ),
    ("2026-12-25 9:00", "2026-12-25T08:00:00Z", "once, on 25 December 2026 at 09:00 Europe/Berlin"),
    (
        "once, on December 25th, 2026 at 9pm",
        "2026-12-25T20:00:00Z",
        "once, on 25 December 2026 at 21:00 Europe/Berlin",
    ),
]


def with_minutes(schedule: dict[str, Any]) -> dict[str, Any]:
    """The tables leave minute 0 out."""
    if "rules" in schedule:
        return {**schedule, "rules": [with_minutes(rule) for rule in schedule["rules"]]}
    if "by_hour" not in schedule or "by_minute" in schedule:
        return schedule
    return {**schedule, "by_minute": [0]}


def next_times(text: str, count: int, **beside: Any) -> list[str]:
    found = understand(text, NOW, ZONE, **beside)
    assert found.schedule is not None
    recurrence = compile_schedule(found.schedule, found.start_ms, found.timezone)
    return [one[:19].removesuffix(":00") for one in iso(recurrence.upcoming(NOW, count), ZONE)]


@pytest.mark.parametrize(
    ("text", "schedule", "times"), UNDERSTOOD + TIMED, ids=[row[0] for row in UNDERSTOOD + TIMED]
)
def test_a_text_comes_to_a_schedule_with_these_times(
    text: str, schedule: dict[str, Any], times: list[str]
) -> None:
    assert understand(text, NOW, ZONE).schedule == with_minutes(schedule)
    assert next_times(text, len(times)) == times


@pytest.mark.parametrize(("text", "at", "words"), ONCE, ids=[row[0] for row in ONCE])
def test_a_text_comes_to_one_moment(text: str, at: str, words: str) -> None:
    found = understand(text, NOW, ZONE)
    assert (found.schedule, found.start_ms, found.beginning) == (None, ms(at), words)
    if "in " not in text and "from" not in text:
        assert understand(words, NOW) == found


@pytest.mark.parametrize("text", [row[0] for row in UNDERSTOOD])
def test_what_is_explained_can_be_said_again(text: str) -> None:
    """The sentence is a text that comes to the same schedule and the same start."""
    found = understand(text, NOW, ZONE)
    assert found.schedule is not None
    recurrence = compile_schedule(found.schedule, found.start_ms, ZONE)
    again = understand(recurrence.explain() + found.beginning, NOW)
    assert again.schedule is not None
    same = compile_schedule(again.schedule, again.start_ms, again.timezone)
    assert again.start_ms == found.start_ms
    assert same.upcoming(NOW, 50) == recurrence.upcoming(NOW, 50)
    assert again.timezone == ZONE


def test_every_second_one_is_counted_from_the_first_that_comes() -> None:
    """A start that is said as a date need not be such a day: 5 December is a Saturday."""
    text = "every second friday at 9 starting 5 December 2026"
    assert next_times(text, 2) == ["2026-12-11T09:00", "2026-12-25T09:00"]
    assert understand(text, NOW, ZONE).beginning == ", starting 11 December 2026"


ALIKE = [
    [
        "every second friday at 9:00",
        "every other Friday at 9",
        "every 2nd friday at 9am",
        "every alternate Friday at nine",
        "every 2 weeks on Friday at 9",
        "every other week on Friday at 9",
        "fortnightly on Friday at 9",
        "on Fridays every two weeks at 9:00",
        "at 9 every second Friday",
        "once every 2 weeks on Friday at 9 o'clock",
    ],
    [
        "every weekday at 17:00",
        "weekdays at 5pm",
        "Monday to Friday at 17:00",
        "every Mon-Fri at 17",
        "at 5 p.m. on working days",
        "every day except weekends at 17:00",
        "every day but Saturday and Sunday at 5 in the afternoon",
        "weekly from Monday to Friday at 17:00",
        "every monday, tuesday, wednesday, thursday and friday at 17:00",
    ],
    [
        "on the last working day of every month at noon",
        "the last business day of the month at 12:00",
        "monthly on the last weekday at 12pm",
        "every month on the last workday at midday",
        "once a month on the last working day at 12",
        "at noon on the last working day of each month",
    ],
    [
        "every quarter on the first day at midnight",
        "first day of each quarter at 0:00",
        "quarterly on the 1st at 12am",
        "on the 1st of every quarter at 00:00",
    ],
    ["every 90 minutes", "every 90 min", "every 1h30m", "every hour and a half", "every 90m"],
]


@pytest.mark.parametrize("texts", ALIKE, ids=[texts[0] for texts in ALIKE])
def test_many_ways_to_say_the_same_come_to_the_same(texts: list[str]) -> None:
    times = {tuple(next_times(text, 30)) for text in texts}
    assert len(times) == 1


def test_a_count_begins_with_the_first_that_comes() -> None:
    """What is past within the minute of the request is not counted."""
    now = ms("2026-11-27T08:00:30Z")
    found = understand("every Friday at 9, 3 times", now, ZONE)
    assert found.schedule is not None
    recurrence = compile_schedule(found.schedule, found.start_ms, ZONE)
    assert len(recurrence.upcoming(now, 10)) == 3
    assert found.beginning == ", starting 4 December 2026"


def test_dates_that_are_left_out_are_named() -> None:
    text = "every day at 9 except on 24 December and 2 January 2027"
    assert understand(text, NOW, ZONE).beginning == (
        ", left out: 24 December of every year, 2 January 2027"
    )


def test_a_moment_that_the_clock_skips_is_asked_back() -> None:
    with pytest.raises(InvalidInput, match="skips that time on this day, so write 03:30"):
        understand("on 28 March 2027 at 2:30", NOW, ZONE)
    assert next_times("every day at 2:30 starting 28 March 2027", 2)[1] == "2027-03-29T02:30"


def test_a_start_beside_the_text_says_what_the_text_leaves_out() -> None:
    start = ms("2026-12-04T08:30:00Z")
    assert next_times("every second Friday", 2, start=start) == [
        "2026-12-04T09:30",
        "2026-12-18T09:30",
    ]
    assert next_times("monthly", 2, start=start) == ["2026-12-04T09:30", "2027-01-04T09:30"]
    wall = datetime.fromisoformat("2026-12-04T09:30:00")
    assert next_times("every week at 8", 1, start=wall) == ["2026-12-11T08:00"]
    odd = ms("2026-12-04T08:30:15.250Z")
    assert next_times("every Friday at 10", 1, start=odd) == ["2026-12-04T10:00"]


def test_without_a_zone_a_schedule_is_in_utc_and_a_date_is_asked_for_its_zone() -> None:
    found = understand("every day at 9", NOW)
    assert found.timezone is None
    assert understand("in 2 hours", NOW).beginning.endswith(" UTC")
    for text in ("tomorrow at 8", "every day at 9 until tomorrow", "every day at 9 starting today"):
        with pytest.raises(InvalidInput, match="in which time zone"):
            understand(text, NOW)
    assert understand("every day at 9 America/New_York", NOW).timezone == "America/New_York"
    assert understand("every day at 9 utc", NOW).timezone == "UTC"


@pytest.mark.parametrize(
    ("text", "beside", "path", "sentence"),
    [
        ("every day at 9 UTC", {"timezone": ZONE}, "text", "but timezone is Europe/Berlin"),
        ("every day at 9 Mars/Olympus", {}, "text", "must be an IANA time zone"),
        ("every day at 9 UTC Europe/Berlin", {}, "text", "another time zone was named before, UTC"),
        ("tomorrow at 9 UTC", {"start": NOW}, "start_time", "beside a text with a date"),
        ("every day at 9 UTC starting today", {"start": NOW}, "start_time", "with a start"),
        ("every day", {"start": datetime(2026, 12, 1)}, "start_time", "needs an offset"),  # noqa: DTZ001
        ("every day at 9 Asia/Tokyo", {"start": MAX_MS}, "start_time", "that a clock"),
        (
            "every day at 9 America/New_York",
            {"start": datetime(9999, 12, 31, 23, 59)},  # noqa: DTZ001
            "start_time",
            "that a clock",
        ),
    ],
)
def test_what_contradicts_what_stands_beside_it_is_refused(
    text: str, beside: dict[str, Any], path: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        understand(text, NOW, **beside)
    assert sentence in caught.value.fields[path][0]


ALPHABET = st.sampled_from(
    ["every", "other", "second", "third", "day", "days", "week", "friday", "fridays", "monday", "and", ",", "at", "9", "9:30", "5pm", "noon", "to", "on", "the", "15th", "last", "working", "of", "month", "quarter", "between", "from", "until", "2026-12-25", "december", "25", "3", "times", "in", "hours", "minutes", "except", "weekends", "(", "only", "each", ")", "1h30m", "Europe/Berlin", "once", "starting", "tomorrow", "-", ".", ";"]
)  # fmt: skip


@given(words=st.lists(ALPHABET, max_size=12))
def test_whatever_is_said_is_understood_or_asked_back(words: list[str]) -> None:
    """No text raises anything else, and what is understood is a schedule that can be compiled."""
    found, asked = tried(" ".join(words))
    assert all("\n" not in sentence and len(sentence) < 400 for sentence in asked)
    if found is None or found.schedule is None:
        return
    json.dumps(found.schedule)
    never = ""
    try:
        compile_schedule(found.schedule, found.start_ms, found.timezone)
    except InvalidInput as error:
        never = error.message
    assert not never or "never matches" in never or "leaves no occurrence" in never


@given(text=st.text(max_size=600))
def test_any_text_at_all_is_refused_with_a_sentence(text: str) -> None:
    found, asked = tried(text)
    assert (found is None) == bool(asked)


def tried(text: str) -> tuple[Understood | None, list[str]]:
    try:
        return understand(text, NOW, ZONE), []
    except InvalidInput as error:
        return None, error.fields["text"]


def test_now_is_what_is_given() -> None:
    later = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * 1000
    assert understand("in 1 hour", later).start_ms == later + 3_600_000
