"""Schedules in words."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.recurrence import compile_schedule
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms
from tests.domain.recurrence.test_properties import many, rule_texts, starts


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
            "every year on the 1st and last day of January and July at 09:00 Europe/Berlin",
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
            "every year on day 100 and day 200 of the year at 09:00 (only in April and July) Europe/Berlin",
        ),
        (
            {
                "frequency": "daily",
                "by_hour": [9, 10],
                "by_minute": [0, 15, 30, 45],
                "by_second": [5],
            },
            "every day at 8 times from 09:00:05 to 10:45:05 Europe/Berlin",
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
            "every year on day 100 and the last day of the year at 09:00 Europe/Berlin",
        ),
        (
            {"frequency": "minutely", "interval": 20, "by_hour": [9, 10]},
            "every 20 minutes from 09:00 through 10:59 Europe/Berlin",
        ),
        (
            {"frequency": "daily", "by_hour": [9, 10], "by_minute": [0, 15, 30, 45]},
            "every day at 8 times from 09:00 to 10:45 Europe/Berlin",
        ),
        ({"every": "90s"}, "every 1m30s, counted from 7 March 2025 09:00 Europe/Berlin"),
        (
            {"cron": "*/5 9-17 * * *", "until": "2025-12-31T12:00:00"},
            "every fifth minute from 09:00 through 17:59 Europe/Berlin, until 31 December 2025 12:00",
        ),
        ({"cron": "*/15 * * * *"}, "every 15th minute of every hour Europe/Berlin"),
        ({"cron": "*/45 * * * *"}, "at minutes 0 and 45 of every hour Europe/Berlin"),
        ({"cron": "*/60 * * * *"}, "at the start of every hour Europe/Berlin"),
        ({"cron": "*/45,10 9 * * *"}, "at 09:00, 09:10, and 09:45 every day Europe/Berlin"),
        (
            {"cron": "0 */7 * * MON"},
            "at 00:00, 07:00, 14:00, and 21:00 on Monday Europe/Berlin",
        ),
        (
            {"cron": "0 0 */10 * *"},
            "at 00:00 on the first, the 11th, the 21st, and the 31st day of month Europe/Berlin",
        ),
        (
            {"cron": "0 0 1 */5 *"},
            "at 00:00 on the first day of January, June, and November Europe/Berlin",
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


# Each rule, after FREQ=, and its sentence for a start on Friday, 7 March 2025, at 09:00. Somebody who
# knows no rule must not expect more or fewer occurrences than there are.
# fmt: off
SENTENCES = [
    ("YEARLY", "every year on the 7th of March at 09:00"),
    ("YEARLY;INTERVAL=2", "every second year on the 7th of March at 09:00"),
    ("YEARLY;INTERVAL=4", "every 4 years on the 7th of March at 09:00"),
    ("YEARLY;BYMONTH=3", "every year on the 7th of March at 09:00"),
    ("YEARLY;BYMONTH=3,6", "every year on the 7th of March and June at 09:00"),
    ("YEARLY;BYMONTHDAY=29", "on the 29th of every month at 09:00 (only where there is such a day)"),
    ("YEARLY;BYMONTHDAY=1,15", "on the 1st and 15th of every month at 09:00"),
    ("YEARLY;BYMONTHDAY=-1", "on the last day of every month at 09:00"),
    ("YEARLY;INTERVAL=2;BYMONTHDAY=29", "every second year on the 29th of every month at 09:00 (only where there is such a day)"),
    ("YEARLY;BYMONTH=2;BYMONTHDAY=29", "every year on the 29th of February at 09:00 (only where there is such a day)"),
    ("YEARLY;BYMONTH=1,7;BYMONTHDAY=1", "every year on the 1st of January and July at 09:00"),
    ("YEARLY;BYDAY=MO", "every Monday at 09:00"),
    ("YEARLY;BYDAY=MO,TU,WE,TH,FR", "every week on Monday to Friday at 09:00"),
    ("YEARLY;INTERVAL=2;BYDAY=MO", "every second year on every Monday at 09:00"),
    ("YEARLY;BYDAY=20MO", "every year on the 20th Monday of the year at 09:00"),
    ("YEARLY;BYDAY=1MO,-1FR", "every year on the first Monday and the last Friday of the year at 09:00"),
    ("YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the fourth Thursday of November at 09:00"),
    ("YEARLY;BYMONTH=3,10;BYDAY=-1SU", "every year on the last Sunday of March and October at 09:00"),
    ("YEARLY;BYMONTH=3;BYDAY=MO", "every Monday in March at 09:00"),
    ("YEARLY;BYWEEKNO=20", "every year on Friday in week 20 at 09:00"),
    ("YEARLY;BYWEEKNO=20,40", "every year on Friday in week 20 and week 40 at 09:00"),
    ("YEARLY;BYWEEKNO=-1", "every year on Friday in the last week of the year at 09:00"),
    ("YEARLY;BYWEEKNO=20;BYDAY=MO", "every year on Monday in week 20 at 09:00"),
    ("YEARLY;BYWEEKNO=20;BYDAY=MO,WE", "every year on Monday and Wednesday in week 20 at 09:00"),
    ("YEARLY;BYWEEKNO=20;BYMONTHDAY=14", "every year on the 14th of a month at 09:00 (only in week 20)"),
    ("YEARLY;BYWEEKNO=1;BYMONTH=1", "every year on Friday in week 1 at 09:00 (only in January)"),
    ("YEARLY;BYYEARDAY=100", "every year on day 100 of the year at 09:00"),
    ("YEARLY;BYYEARDAY=100,200,-1", "every year on day 100, day 200 and the last day of the year at 09:00"),
    ("YEARLY;BYYEARDAY=1;BYDAY=MO", "every year on day 1 of the year at 09:00 (only if it is a Monday)"),
    ("YEARLY;BYYEARDAY=100;BYMONTH=4", "every year on day 100 of the year at 09:00 (only in April)"),
    ("YEARLY;BYMONTHDAY=13;BYDAY=FR", "on the 13th of every month at 09:00 (only if it is a Friday)"),
    ("YEARLY;BYMONTH=10;BYMONTHDAY=13;BYDAY=FR", "every year on the 13th of October at 09:00 (only if it is a Friday)"),
    ("YEARLY;BYMONTH=1,2;BYMONTHDAY=10,20;BYSETPOS=-1", "every year on the 10th and 20th of January and February at 09:00 (only the last of each year)"),
    ("YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "every year on Monday to Friday at 09:00 (only the first of each year)"),
    ("YEARLY;BYDAY=MO;BYSETPOS=1,-1", "every year on Monday at 09:00 (only the first and last of each year)"),
    ("YEARLY;BYHOUR=6", "every year on the 7th of March at 06:00"),
    ("MONTHLY", "every month on the 7th at 09:00"),
    ("MONTHLY;INTERVAL=3", "every 3 months on the 7th at 09:00"),
    ("MONTHLY;BYMONTH=2,3", "every year on the 7th of February and March at 09:00"),
    ("MONTHLY;BYMONTHDAY=31", "every month on the 31st at 09:00 (only where there is such a day)"),
    ("MONTHLY;BYMONTHDAY=-2", "every month on the second to last day at 09:00"),
    ("MONTHLY;BYMONTHDAY=1,-1", "every month on the 1st and last day at 09:00"),
    ("MONTHLY;BYDAY=MO", "every Monday at 09:00"),
    ("MONTHLY;BYDAY=1MO", "every month on the first Monday at 09:00"),
    ("MONTHLY;BYDAY=2TU,-1FR", "every month on the second Tuesday and the last Friday at 09:00"),
    ("MONTHLY;BYDAY=5MO", "every month on the fifth Monday at 09:00 (only where there is such a day)"),
    ("MONTHLY;BYDAY=MO,1TU", "every month on every Monday and the first Tuesday at 09:00"),
    ("MONTHLY;BYMONTHDAY=13;BYDAY=FR", "every month on the 13th at 09:00 (only if it is a Friday)"),
    ("MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=SA", "every month on the 1st, 2nd, 3rd, 4th, 5th, 6th and 7th at 09:00 (only if it is a Saturday)"),
    ("MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on Monday to Friday at 09:00 (only the last of each month)"),
    ("MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,2", "every month on Monday to Friday at 09:00 (only the first and second of each month)"),
    ("MONTHLY;BYHOUR=9,17;BYSETPOS=1", "every month on the 7th at 09:00 and 17:00 (only the first of each month)"),
    ("MONTHLY;INTERVAL=2;BYDAY=1MO", "every second month on the first Monday at 09:00"),
    ("MONTHLY;BYMONTH=1;BYDAY=1MO", "every year on the first Monday of January at 09:00"),
    ("WEEKLY", "every Friday at 09:00"),
    ("WEEKLY;INTERVAL=2", "every second Friday at 09:00"),
    ("WEEKLY;INTERVAL=3", "every 3 weeks on Friday at 09:00"),
    ("WEEKLY;BYDAY=MO", "every Monday at 09:00"),
    ("WEEKLY;BYDAY=MO,WE,FR", "every week on Monday, Wednesday and Friday at 09:00"),
    ("WEEKLY;BYDAY=SA,SU", "every week on Saturday and Sunday at 09:00"),
    ("WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "every day at 09:00"),
    ("WEEKLY;INTERVAL=2;BYDAY=MO,FR", "every second week on Monday and Friday at 09:00"),
    ("WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", "every second Sunday at 09:00"),
    ("WEEKLY;BYMONTH=6,7,8", "every Friday in June, July and August at 09:00"),
    ("WEEKLY;BYDAY=MO;BYMONTH=6", "every Monday in June at 09:00"),
    ("WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "every week on Monday and Tuesday at 09:00 (only the first of each week)"),
    ("WEEKLY;BYDAY=MO,TU,WE;BYHOUR=9,17", "every week on Monday, Tuesday and Wednesday at 09:00 and 17:00"),
    ("DAILY", "every day at 09:00"),
    ("DAILY;INTERVAL=2", "every second day at 09:00"),
    ("DAILY;INTERVAL=10", "every 10 days at 09:00"),
    ("DAILY;BYDAY=MO,TU,WE,TH,FR", "every week on Monday to Friday at 09:00"),
    ("DAILY;INTERVAL=2;BYDAY=MO", "every second day at 09:00 (only if it is a Monday)"),
    ("DAILY;BYMONTH=1", "every day in January at 09:00"),
    ("DAILY;BYMONTHDAY=13", "every month on the 13th at 09:00"),
    ("DAILY;BYMONTHDAY=-1", "every month on the last day at 09:00"),
    ("DAILY;BYMONTHDAY=13;BYDAY=FR", "every month on the 13th at 09:00 (only if it is a Friday)"),
    ("DAILY;BYMONTH=12;BYMONTHDAY=24,31", "every year on the 24th and 31st of December at 09:00"),
    ("DAILY;BYHOUR=9,17", "every day at 09:00 and 17:00"),
    ("DAILY;BYHOUR=9,10;BYMINUTE=0,15,30,45", "every day at 8 times from 09:00 to 10:45"),
    ("DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=30", "every day at 09:00:30"),
    ("DAILY;BYMINUTE=0,30", "every day at 09:00 and 09:30"),
    ("DAILY;BYHOUR=9,10,11;BYSETPOS=-1", "every day at 09:00, 10:00 and 11:00 (only the last of each day)"),
    ("HOURLY", "every hour"),
    ("HOURLY;INTERVAL=2", "every second hour"),
    ("HOURLY;INTERVAL=25", "every 25 hours"),
    ("HOURLY;BYMINUTE=0,30", "every hour at minutes 0 and 30"),
    ("HOURLY;BYHOUR=9,10,11", "every day at 09:00, 10:00 and 11:00"),
    ("HOURLY;BYHOUR=9,10,11;BYDAY=MO", "every Monday at 09:00, 10:00 and 11:00"),
    ("HOURLY;BYDAY=SA,SU", "every hour on Saturdays and Sundays"),
    ("HOURLY;BYMONTH=1", "every hour in January"),
    ("HOURLY;INTERVAL=2;BYMINUTE=15,45", "every second hour at minutes 15 and 45"),
    ("HOURLY;BYMINUTE=0,20,40;BYSETPOS=1", "every hour at minutes 0, 20 and 40 (only the first of each hour)"),
    ("HOURLY;BYYEARDAY=1", "every hour on day 1 of the year"),
    ("HOURLY;BYSECOND=0,30", "every hour at seconds 0 and 30"),
    ("MINUTELY", "every minute"),
    ("MINUTELY;INTERVAL=15", "every 15 minutes"),
    ("MINUTELY;BYSECOND=0,30", "every minute at seconds 0 and 30"),
    ("MINUTELY;BYHOUR=9", "every minute from 09:00 through 09:59"),
    ("MINUTELY;INTERVAL=20;BYHOUR=9,10,11", "every 20 minutes from 09:00 through 11:59"),
    ("MINUTELY;BYMINUTE=0,5", "every hour at minutes 0 and 5"),
    ("MINUTELY;INTERVAL=7;BYMONTH=1", "every 7 minutes in January"),
    ("SECONDLY", "every second"),
    ("SECONDLY;INTERVAL=30", "every 30 seconds"),
    ("SECONDLY;BYSECOND=0", "every minute at second 0"),
    ("SECONDLY;BYMINUTE=0;BYSECOND=0,30", "every hour at minute 0 at seconds 0 and 30"),
    ("SECONDLY;BYHOUR=9;BYMINUTE=0", "every second in minute 0 of every hour from 09:00 through 09:59"),
    ("YEARLY;BYYEARDAY=366", "every year on day 366 of the year at 09:00 (only where there is such a day)"),
    ("YEARLY;BYWEEKNO=53", "every year on Friday in week 53 at 09:00 (only where there is such a week)"),
    ("YEARLY;BYWEEKNO=20,-2;BYDAY=MO", "every year on Monday in week 20 and the second to last week of the year at 09:00"),
    ("YEARLY;BYDAY=53MO", "every year on the 53rd Monday of the year at 09:00 (only where there is such a day)"),
    ("YEARLY;BYDAY=-2SU", "every year on the second to last Sunday of the year at 09:00"),
    ("YEARLY;BYWEEKNO=20;BYMONTHDAY=14;BYDAY=FR", "every year on the 14th of a month at 09:00 (only in week 20; only if it is a Friday)"),
    ("YEARLY;BYWEEKNO=20;BYYEARDAY=133", "every year on day 133 of the year at 09:00 (only in week 20)"),
    ("YEARLY;BYYEARDAY=-10,5;BYMONTHDAY=22,5", "every year on day 5 and the 10th to last day of the year at 09:00 (only if it is the 5th or 22nd of a month)"),
    ("YEARLY;INTERVAL=2;BYMONTH=3;BYDAY=MO", "every second year on every Monday in March at 09:00"),
    ("YEARLY;INTERVAL=2;BYMONTH=3;BYDAY=-1SU", "every second year on the last Sunday of March at 09:00"),
    ("YEARLY;INTERVAL=2;BYDAY=20MO", "every second year on the 20th Monday of the year at 09:00"),
    ("YEARLY;INTERVAL=2;BYWEEKNO=20", "every second year on Friday in week 20 at 09:00"),
    ("YEARLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "every 3 years on every day from Monday to Friday at 09:00"),
    ("YEARLY;BYMONTH=1,2,3;BYMONTHDAY=31", "every year on the 31st of January, February and March at 09:00 (only where there is such a day)"),
    ("YEARLY;BYMONTH=1;BYMONTHDAY=31", "every year on the 31st of January at 09:00"),
    ("YEARLY;BYMONTH=2;BYMONTHDAY=-1", "every year on the last day of February at 09:00"),
    ("MONTHLY;INTERVAL=2;BYMONTH=2,3", "every second month on the 7th at 09:00 (only in February and March)"),
    ("MONTHLY;INTERVAL=2;BYDAY=MO", "every second month on every Monday at 09:00"),
    ("MONTHLY;BYMONTHDAY=1;BYDAY=1MO", "every month on the 1st at 09:00 (only if it is the first Monday of the month)"),
    ("MONTHLY;BYMONTHDAY=1;BYDAY=MO,TU,WE,TH,FR", "every month on the 1st at 09:00 (only from Monday to Friday)"),
    ("MONTHLY;BYMONTHDAY=-31", "every month on the 31st to last day at 09:00 (only where there is such a day)"),
    ("MONTHLY;BYMONTH=1;BYDAY=MO,TU;BYSETPOS=-1", "every month on Monday and Tuesday in January at 09:00 (only the last of each month)"),
    ("WEEKLY;INTERVAL=2;BYMONTH=6", "every second Friday at 09:00 (only in June)"),
    ("WEEKLY;INTERVAL=3;BYDAY=MO,FR;BYMONTH=6", "every 3 weeks on Monday and Friday at 09:00 (only in June)"),
    ("DAILY;INTERVAL=10;BYMONTH=1", "every 10 days at 09:00 (only in January)"),
    ("DAILY;INTERVAL=2;BYMONTHDAY=13", "every second day at 09:00 (only if it is the 13th of a month)"),
    ("DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "every 3 days at 09:00 (only from Monday to Friday)"),
    ("DAILY;INTERVAL=3;BYDAY=MO,SU;BYMONTH=5", "every 3 days at 09:00 (only if it is a Monday or a Sunday; only in May)"),
    ("DAILY;BYDAY=MO;BYHOUR=9,10;BYSETPOS=1", "every Monday at 09:00 and 10:00 (only the first of each day)"),
    ("HOURLY;INTERVAL=2;BYHOUR=9,10,12", "every second hour from 09:00 through 10:59 and from 12:00 through 12:59"),
    ("HOURLY;INTERVAL=2;BYHOUR=1,3,5,7", "every second hour in hours 1, 3, 5 and 7"),
    ("HOURLY;BYMONTHDAY=13", "every hour on the 13th of every month"),
    ("HOURLY;BYMONTHDAY=13;BYDAY=FR;BYMONTH=1", "every hour on the 13th of January (only if it is a Friday)"),
    ("HOURLY;BYMONTHDAY=31", "every hour on the 31st of every month (only where there is such a day)"),
    ("MINUTELY;INTERVAL=7;BYMINUTE=0,5", "every 7 minutes (only if the minute is 0 or 5)"),
    ("MINUTELY;BYMINUTE=0,5;BYHOUR=9", "every day at 09:00 and 09:05"),
    ("MINUTELY;BYDAY=MO,TU,WE,TH,FR", "every minute on Monday to Friday"),
    ("SECONDLY;INTERVAL=7;BYSECOND=0,30", "every 7 seconds (only if the second is 0 or 30)"),
    ("SECONDLY;BYMINUTE=0,1", "every second in minutes 0 and 1 of every hour"),
    ("SECONDLY;BYDAY=MO;BYMONTH=5,6", "every second on Mondays in May and June"),
]
# fmt: on


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_a_sentence_can_be_read_in_one_way(rule, sentence):
    recurrence = compile_schedule(
        {"rrule": f"FREQ={rule}"}, ms("2025-03-07T08:00:00Z"), "Europe/Berlin"
    )
    assert recurrence.explain().replace(" Europe/Berlin", "") == sentence


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("FREQ=HOURLY", "every hour at minute 20 UTC"),
        ("FREQ=HOURLY;INTERVAL=5", "every 5 hours UTC"),
        ("FREQ=HOURLY;BYHOUR=9,10", "every day at 09:20 and 10:20 UTC"),
        ("FREQ=MINUTELY;BYHOUR=9", "every minute from 09:00 through 09:59 UTC"),
        ("FREQ=DAILY", "every day at 09:20 UTC"),
        ("FREQ=MONTHLY", "every month on the 31st at 09:20 (only where there is such a day) UTC"),
        ("FREQ=YEARLY;BYWEEKNO=20", "every year on Friday in week 20 at 09:20 UTC"),
    ],
)
def test_what_comes_from_the_start_is_said(rule, sentence):
    assert compile_schedule({"rrule": rule}, ms("2025-01-31T09:20:00Z"), None).explain() == sentence


MONTHS = {date(2025, month, 1).strftime("%B"): month for month in range(1, 13)}


def periods_of(words: str, first: date) -> list[set[date]]:
    """The days of each period that a sentence names at its beginning, for six years."""
    months = {MONTHS[name] for name in re.findall("|".join(MONTHS), words)} or set(range(1, 13))
    days = [first + timedelta(day) for day in range(6 * 366)]
    if words.startswith("every day"):
        return [{day} for day in days if day.month in months]
    weekday = re.match(r"every (\w+day) ", words)
    if weekday or words.startswith("every week"):
        named = {weekday[1]} if weekday else set()
        weeks: dict[date, set[date]] = {}
        for day in days:
            if not named or day.strftime("%A") in named:
                weeks.setdefault(day - timedelta(day.weekday()), set()).add(day)
        return [
            week
            for week in weeks.values()
            if all(day.month in months for day in week) and len(week) == (1 if named else 7)
        ]
    if " of every month" in words or words.startswith("every month"):
        return group(days, lambda day: (day.year, day.month) if day.month in months else None)
    assert words.startswith("every year"), words
    return group(days, lambda day: day.year)


def group(days, key):
    """Whole groups of days; those at both ends may be cut."""
    found: dict[object, set[date]] = {}
    for day in days:
        if key(day) is not None:
            found.setdefault(key(day), set()).add(day)
    return list(found.values())[1:-1]


@many
@given(text=rule_texts(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")), start=starts, data=st.data())
def test_a_sentence_names_the_period_in_which_it_occurs(text, start, data):
    """It occurs in each such period, and in no months but those that are named."""
    text = re.sub(r"INTERVAL=\d+", "INTERVAL=1", text)
    start = start.replace(tzinfo=UTC, year=min(start.year, 2080))
    try:
        recurrence = compile_schedule({"rrule": text}, round(start.timestamp() * 1000), "UTC")
    except InvalidInput:
        return
    words = recurrence.explain()
    assume("(only" not in words)
    begin = data.draw(st.dates(date(2090, 1, 1), date(2095, 1, 1)))
    after = round(datetime.combine(begin, datetime.min.time(), UTC).timestamp() * 1000) - 1
    until = after + 6 * 366 * 86_400_000
    fired = {
        datetime.fromtimestamp(at / 1000, UTC).date()
        for at in recurrence.upcoming(after, 100_000, until)
    }
    periods = periods_of(words, begin)
    assert all(period & fired for period in periods), (text, words)
    named = {MONTHS[name] for name in re.findall("|".join(MONTHS), words)}
    assert not named or {day.month for day in fired} <= named, (text, words)
    if words.startswith("every year") and not named:
        # Weeks, days and weekdays of a year: not as many as there are months.
        per_year = Counter(day.year for day in fired)
        assert max(per_year.values()) <= 7 * (1 + words.count(",") + words.count(" and "))
