"""Calendars: which days belong to one, and what is wrong with a definition."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.calendar import Calendar
from app.errors import InvalidInput

BERLIN = {"country": "DE", "subdivision": "BE"}
YEARLY = {"rrule": "FREQ=YEARLY", "from": "2026-12-30", "days": 4}
SECOND_FRIDAYS = {"rrule": "FREQ=MONTHLY;BYDAY=2FR"}
EVERY_OTHER_WEEK = {"frequency": "weekly", "interval": 2, "from": "2026-01-05"}
OWN = "calendar closed"


@pytest.mark.parametrize(
    ("definition", "day", "reason"),
    [
        ({}, "2026-01-01", None),
        ({"description": "nothing"}, "2026-01-01", None),
        ({"dates": ["2026-12-24"]}, "2026-12-24", OWN),
        ({"dates": ["2026-12-24"]}, "2026-12-25", None),
        ({"ranges": [{"from": "2026-07-01", "to": "2026-07-10"}]}, "2026-06-30", None),
        ({"ranges": [{"from": "2026-07-01", "to": "2026-07-10"}]}, "2026-07-01", OWN),
        ({"ranges": [{"from": "2026-07-01", "to": "2026-07-10"}]}, "2026-07-10", OWN),
        ({"ranges": [{"from": "2026-07-01", "to": "2026-07-10"}]}, "2026-07-11", None),
        ({"weekdays": ["SA", "SU"]}, "2026-01-03", OWN),
        ({"weekdays": ["SA", "SU"]}, "2026-01-05", None),
        ({"rules": [SECOND_FRIDAYS]}, "2026-02-13", OWN),
        ({"rules": [SECOND_FRIDAYS]}, "2026-02-20", None),
        ({"rules": [{"cron": "0 0 24 12 *"}]}, "2031-12-24", OWN),
        ({"rules": [{"every": "1h"}]}, "2031-12-24", OWN),
        # A rule begins where it says, and takes as many days as it says.
        ({"rules": [YEARLY]}, "2026-12-29", None),
        ({"rules": [YEARLY]}, "2026-12-30", OWN),
        ({"rules": [YEARLY]}, "2027-01-02", OWN),
        ({"rules": [YEARLY]}, "2027-01-03", None),
        ({"rules": [YEARLY]}, "2025-12-30", None),
        ({"rules": [EVERY_OTHER_WEEK]}, "2026-01-19", OWN),
        ({"rules": [EVERY_OTHER_WEEK]}, "2026-01-12", None),
        ({"holidays": BERLIN}, "2026-03-08", "Women's Day (closed)"),
        ({"holidays": BERLIN}, "2026-10-03", "German Unity Day (closed)"),
        ({"holidays": BERLIN}, "2026-04-03", "Good Friday (closed)"),
        ({"holidays": BERLIN}, "2025-05-08", "80th anniversary of the liberation from Nazism and the end of the Second World War in Europe (closed)"),
        ({"holidays": BERLIN}, "2026-10-31", None),
        ({"holidays": {"country": "DE", "subdivision": "BB"}}, "2026-10-31", "Reformation Day (closed)"),
        ({"holidays": {"country": "US"}}, "2026-07-04", "Independence Day (closed)"),
        # A holiday has its name, whatever else the day is.
        ({"holidays": BERLIN, "dates": ["2026-01-01"]}, "2026-01-01", "New Year's Day (closed)"),
    ],
)  # fmt: skip
def test_the_reason_of_a_day(definition, day, reason):
    assert Calendar("closed", definition).reason(date.fromisoformat(day)) == reason


def test_ranges_may_overlap_and_stand_in_any_order():
    """What several of them cover is covered."""
    spans = [
        ("2026-05-10", "2026-05-20"),
        ("2026-05-01", "2026-05-31"),
        ("2026-06-05", "2026-06-05"),
    ]
    ranges = [{"from": first, "to": last} for first, last in spans]
    calendar = Calendar("closed", {"ranges": ranges})
    days = [
        date(2026, 4, 30),
        date(2026, 5, 1),
        date(2026, 5, 31),
        date(2026, 6, 1),
        date(2026, 6, 5),
        date(2026, 6, 6),
    ]
    assert [bool(calendar.reason(day)) for day in days] == [False, True, True, False, True, False]


def test_a_calendar_answers_for_more_years_than_it_remembers():
    calendar = Calendar("closed", {"rules": [{"rrule": "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1"}]})
    for _ in range(2):
        for year in range(1975, 2100):
            assert calendar.reason(date(year, 5, 1)) == OWN
            assert calendar.reason(date(year, 5, 2)) is None
    assert calendar.reason(date(9999, 5, 1)) == OWN


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"date": []}, "date"),
        ({"description": 3}, "description"),
        ({"description": "x" * 4_097}, "description"),
        ({"dates": "2026-01-01"}, "dates"),
        ({"dates": ["20260101"]}, "dates"),
        ({"dates": ["2026-W01-1"]}, "dates"),
        ({"dates": ["2026-02-30"]}, "dates"),
        ({"dates": [20260101]}, "dates"),
        ({"dates": [None]}, "dates"),
        ({"dates": ["2026-01-01"] * 5_001}, "dates"),
        ({"ranges": [{"from": "2026-01-02", "to": "2026-01-01"}]}, "ranges"),
        ({"ranges": [{"from": "2026-01-02"}]}, "ranges"),
        ({"ranges": ["2026-01-02"]}, "ranges"),
        ({"rules": ["FREQ=DAILY"]}, "rules"),
        ({"rules": [{"rrule": "FREQ=NEVER"}]}, "rules"),
        ({"rules": [{"rrule": "FREQ=DAILY", "days": 0}]}, "rules"),
        ({"rules": [{"rrule": "FREQ=DAILY", "days": True}]}, "rules"),
        ({"rules": [{"rrule": "FREQ=DAILY", "days": 367}]}, "rules"),
        ({"rules": [{"rrule": "FREQ=DAILY", "from": "soon"}]}, "rules"),
        ({"rules": [{"rrule": "FREQ=DAILY", "from": None}]}, "rules"),
        ({"rules": [SECOND_FRIDAYS] * 201}, "rules"),
        ({"weekdays": ["Monday"]}, "weekdays"),
        ({"weekdays": [0]}, "weekdays"),
        ({"weekdays": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]}, "weekdays"),
        ({"holidays": "DE"}, "holidays"),
        ({"holidays": {"country": "DE", "state": "BE"}}, "holidays"),
        ({"holidays": {}}, "holidays.country"),
        ({"holidays": {"country": ["DE"]}}, "holidays.country"),
        ({"holidays": {"country": "XX"}}, "holidays.country"),
        ({"holidays": {"country": "DE", "subdivision": "XX"}}, "holidays.subdivision"),
        ({"holidays": {"country": "DE", "subdivision": 1}}, "holidays.subdivision"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused_by_its_field(definition, field):
    with pytest.raises(InvalidInput) as refused:
        Calendar("closed", definition)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"dates": ["2026-12-24"]}, "days of closed"),
        ({"weekdays": ["SU", "SA"]}, "Saturdays and Sundays"),
        ({"holidays": {"country": "DE", "subdivision": "BE"}}, "public holidays in Berlin"),
        (
            {"holidays": {"country": "FR"}, "weekdays": ["SU"], "dates": ["2026-12-24"]},
            "public holidays in FR, Sundays and days of closed",
        ),
    ],
)
def test_says_what_its_days_are(definition, words):
    assert Calendar("closed", definition).words == words


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"days": []},
            "days: is not known; use description, dates, ranges, rules, holidays, weekdays",
        ),
        (
            {"weekdays": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]},
            "weekdays: leave at least one day of the week",
        ),
        ({"weekdays": ["MO"] * 8}, "weekdays: must be a list of at most 7 entries"),
        ({"weekdays": ["monday"]}, "weekdays: must hold MO, TU, WE, TH, FR, SA, SU"),
        ({"description": 1}, "description: must be text of at most 4096 characters"),
        ({"dates": ["2026-01-01"] * 5_001}, "dates: must be a list of at most 5000 entries"),
        ({"dates": ["20261225"]}, "dates: must hold dates as in 2026-12-25"),
        (
            {"ranges": [{"from": "2026-01-01"}]},
            'ranges: must hold objects {"from": date, "to": date}',
        ),
        (
            {"ranges": [{"from": "x", "to": "2026-01-01"}]},
            "ranges: must hold dates as in 2026-12-25",
        ),
        (
            {"ranges": [{"from": "2026-01-01", "to": "x"}]},
            "ranges: must hold dates as in 2026-12-25",
        ),
        (
            {"ranges": [{"from": "2026-01-02", "to": "2026-01-01"}]},
            "ranges: must not end before they begin",
        ),
        ({"rules": ["daily"]}, 'rules: must hold schedules, as in {"rrule": "FREQ=…"}'),
        (
            {"rules": [{"frequency": "daily", "days": 367}]},
            "rules: days must be a whole number from 1 to 366",
        ),
        (
            {"rules": [{"frequency": "daily", "from": "x"}]},
            "rules: must hold dates as in 2026-12-25",
        ),
        (
            {"rules": [{"frequency": "often"}]},
            "rules: schedule.frequency: must be one of minutely, hourly, daily, weekly, monthly, yearly",
        ),
        ({"holidays": "DE"}, 'holidays: must be {"country": "DE", "subdivision": "BE"}'),
        (
            {"holidays": {"country": 49}},
            "holidays.country: must be a code of two letters, as in DE",
        ),
        (
            {"holidays": {"country": "DE", "subdivision": 1}},
            "holidays.subdivision: must be a code, as in BE",
        ),
        (
            {"holidays": {"country": "XX"}},
            "holidays.country: is not a country whose holidays are known",
        ),
        (
            {"holidays": {"country": "AT", "subdivision": "ZZ"}},
            "holidays.subdivision: is not known; AT has 1, 2, 3, 4, 5, 6, 7, 8, 9",
        ),
        (
            {"holidays": {"country": "US", "subdivision": "ZZ"}},
            "holidays.subdivision: is not known; US has AK, AL, AR, AS, AZ, CA, CO, CT, DC, DE, FL, GA, GU, HI, IA, ID, IL, IN, KS, KY",
        ),
        (
            {"holidays": {"country": "VA", "subdivision": "ZZ"}},
            "holidays.subdivision: is not known; VA has none",
        ),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        Calendar("name", value)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("definition", "days"),
    [
        ({"rules": [{"rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1"}]}, ["2026-01-01"]),
        ({"rules": [{"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31"}]}, ["2026-12-31"]),
        (
            {"rules": [{"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31", "days": 2}]},
            ["2026-01-01", "2026-12-31"],
        ),
        ({"rules": [{"frequency": "daily", "from": "2026-12-30"}]}, ["2026-12-30", "2026-12-31"]),
        ({"ranges": [{"from": "2025-12-01", "to": "2026-01-01"}]}, ["2026-01-01"]),
    ],
)
def test_the_first_and_the_last_day_of_a_year_are_days_like_others(definition, days):
    calendar = Calendar("closed", definition)
    year = [date(2026, 1, 1) + timedelta(day) for day in range(365)]
    assert [day.isoformat() for day in year if calendar.reason(day)] == days


def test_a_rule_may_go_on_beyond_the_last_day_that_there_is():
    rule = {"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=29", "days": 5}
    calendar = Calendar("closed", {"rules": [rule]})
    reasons = [calendar.reason(date(9999, 12, day)) for day in (28, 29, 30, 31)]
    assert reasons == [None, OWN, OWN, OWN]


def test_as_much_as_may_be():
    dates = [(date(2026, 1, 1) + timedelta(day)).isoformat() for day in range(5_000)]
    rule = {"rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;COUNT=1", "from": "2026-01-01"}
    calendar = Calendar(
        "closed",
        {"dates": dates, "description": "x" * 4_096, "rules": [{**rule, "days": 366}]},
    )
    assert calendar.reason(date.fromisoformat(dates[-1])) == OWN
    assert calendar.reason(date(2026, 1, 1)) == OWN


def test_a_part_of_a_country_may_be_given_by_its_name():
    calendar = Calendar("x", {"holidays": {"country": "DE", "subdivision": "Augsburg"}})
    assert calendar.words == "public holidays in Augsburg"


@pytest.mark.parametrize("length", [1, 2, 31, 366])
@pytest.mark.parametrize(
    "rrule", ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=40", "FREQ=WEEKLY;BYDAY=MO", "FREQ=YEARLY"]
)
def test_each_day_of_a_rule_is_one_that_an_occurrence_reaches(rrule, length):
    """However much they overlap, a year has each of its days once."""
    calendar = Calendar(
        "closed", {"rules": [{"rrule": rrule, "days": length, "from": "2024-06-03"}]}
    )
    (rule,) = calendar._rules
    reached = set()
    at = rule.schedule.next_after(0)
    while at is not None and at < 1_830_297_600_000:
        first = date(1970, 1, 1) + timedelta(milliseconds=at)
        reached |= {first + timedelta(day) for day in range(length)}
        at = rule.schedule.next_after(at)
    for year in (2023, 2024, 2025, 2026, 2027):
        days = list(rule.days_of(year))
        assert days == sorted(day for day in reached if day.year == year)


@pytest.mark.parametrize(
    ("definition", "last"),
    [
        ({}, None),
        ({"weekdays": ["SA"]}, None),
        ({"rules": [YEARLY]}, None),
        ({"dates": ["2026-12-24", "2025-01-01"]}, "2026-12-24"),
        ({"dates": ["2026-12-24"], "weekdays": ["SA"]}, "2026-12-24"),
        ({"dates": ["2026-12-24"], "rules": [YEARLY]}, "2026-12-24"),
        ({"dates": ["2026-12-24"], "holidays": BERLIN}, None),
        ({"ranges": [{"from": "2027-02-01", "to": "2027-02-06"}]}, "2027-02-06"),
        (
            {"dates": ["2027-02-05"], "ranges": [{"from": "2026-02-01", "to": "2026-02-06"}]},
            "2027-02-05",
        ),
    ],
)
def test_days_that_are_listed_end(definition, last):
    """Days beside the holidays of a country are extra: its data goes on."""
    calendar = Calendar("closed", definition)
    assert calendar.last_listed == (last and date.fromisoformat(last))
    notice = calendar.end(5)
    assert (notice is None) == (last is None)
    if notice is not None:
        assert (notice.kind, notice.local, notice.scheduled_ms) == ("end", last, 5)


def test_the_end_is_said_in_a_sentence():
    notice = Calendar("school", {"dates": ["2027-02-06"]}).end()
    assert notice is not None
    assert notice.text == (
        "The days that calendar school lists end on 6 February 2027: later ones are left out once "
        "it lists them."
    )
