"""Schedules in words."""

import pytest

from app.domain.recurrence import compile_schedule
from tests.domain.recurrence.oracles import ms


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (
            {"frequency": "weekly", "interval": 2, "until": "2027-03-31"},
            "every second Friday at 09:00 Europe/Berlin, until 31 March 2027",
        ),
        (
            {"frequency": "weekly", "by_day": ["MO", "TU", "WE", "TH", "FR"], "by_hour": [9, 17]},
            "every week on Monday to Friday at 09:00 and 17:00 Europe/Berlin",
        ),
        ({"frequency": "weekly", "interval": 3}, "every 3 weeks on Friday at 09:00 Europe/Berlin"),
        ({"frequency": "monthly"}, "every month on the 7th at 09:00 Europe/Berlin"),
        (
            {"frequency": "monthly", "by_day": ["-1FR", "1MO"], "count": 5},
            "every month on the first Monday and the last Friday at 09:00 Europe/Berlin, 5 times",
        ),
        (
            {"frequency": "monthly", "by_month_day": [1, -1], "by_month": [1, 7]},
            "every month on the 1st and last day in January and July at 09:00 Europe/Berlin",
        ),
        (
            {"frequency": "monthly", "by_day": ["MO", "TU"], "by_set_pos": [-1]},
            "every month on Monday and Tuesday at 09:00 (only the last of each month) Europe/Berlin",
        ),
        (
            {"frequency": "monthly", "by_month_day": [10, 22, 23, -6]},
            "every month on the 10th, 22nd, 23rd and 6th to last day at 09:00 Europe/Berlin",
        ),
        (
            {"frequency": "weekly", "by_day": ["MO", "FR"]},
            "every week on Monday and Friday at 09:00 Europe/Berlin",
        ),
        (
            {"frequency": "yearly", "by_year_day": [100, 200], "by_month": [4, 7]},
            "every year on day 100 and 200 of the year in April and July at 09:00 Europe/Berlin",
        ),
        (
            {
                "frequency": "daily",
                "by_hour": [9, 10],
                "by_minute": [0, 15, 30, 45],
                "by_second": [5],
            },
            "every day 8 times a day from 09:00:05 Europe/Berlin",
        ),
        (
            {"frequency": "daily", "include": ["2027-01-01", "2027-01-02"]},
            "every day at 09:00 Europe/Berlin, with 2 additions",
        ),
        ({"frequency": "yearly"}, "every year on the 7th of March at 09:00 Europe/Berlin"),
        (
            {"frequency": "yearly", "by_week_no": [20], "by_day": ["MO"], "count": 1},
            "every year on Monday in week 20 at 09:00 Europe/Berlin, once",
        ),
        (
            {"frequency": "yearly", "by_year_day": [100, -1]},
            "every year on day 100 and -1 of the year at 09:00 Europe/Berlin",
        ),
        (
            {"frequency": "minutely", "interval": 20, "by_hour": [9, 10]},
            "every 20 minutes at hours 9 and 10 Europe/Berlin",
        ),
        (
            {"frequency": "daily", "by_hour": [9, 10], "by_minute": [0, 15, 30, 45]},
            "every day 8 times a day from 09:00 Europe/Berlin",
        ),
        ({"every": "90s"}, "every 1m30s, counted from 7 March 2025 09:00 Europe/Berlin"),
        (
            {"cron": "*/5 9-17 * * *", "until": "2025-12-31T12:00:00"},
            "every fifth minute from 09:00 through 17:59 Europe/Berlin, until 31 December 2025 12:00",
        ),
        (
            {"cron": "0 9 15W * *"},
            "at 09:00 on the weekday nearest to the 15th of every month Europe/Berlin",
        ),
        ({"cron": "0 9 15W,20  * *"}, "0 9 15W,20 * * Europe/Berlin"),
        (
            {"rules": [{"frequency": "daily"}, {"frequency": "hourly", "interval": 5}]},
            "every day at 09:00 Europe/Berlin and every 5 hours Europe/Berlin",
        ),
        (
            {
                "frequency": "daily",
                "exclude": ["2025-12-25", "2025-12-26"],
                "include": ["2025-03-08"],
            },
            "every day at 09:00 Europe/Berlin, with 1 addition, with 2 exclusions",
        ),
    ],
)
def test_words(schedule, words):
    """One English sentence that a person would recognise."""
    recurrence = compile_schedule(schedule, ms("2025-03-07T08:00:00Z"), "Europe/Berlin")
    assert recurrence.explain() == words
