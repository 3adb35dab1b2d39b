"""All-day VEVENTs as the definition of a calendar."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.calendar import Calendar
from app.domain.ical.days import read_definition
from app.errors import InvalidInput
from tests.support.ical import a_file

DAY = "DTSTART;VALUE=DATE:20261224"


@pytest.mark.parametrize(
    ("lines", "definition"),
    [
        (DAY, {"dates": ["2026-12-24"]}),
        (f"{DAY}\nDTEND;VALUE=DATE:20261225", {"dates": ["2026-12-24"]}),
        (f"{DAY}\nDTEND;VALUE=DATE:20261224", {"dates": ["2026-12-24"]}),
        (f"{DAY}\nDTEND;VALUE=DATE:20261227", {"ranges": [{"from": "2026-12-24", "to": "2026-12-26"}]}),
        (f"{DAY}\nDURATION:P3D", {"ranges": [{"from": "2026-12-24", "to": "2026-12-26"}]}),
        (f"{DAY}\nRDATE;VALUE=DATE:20270101,20270106", {"dates": ["2026-12-24", "2027-01-01", "2027-01-06"]}),
        (f"{DAY}\nRRULE:FREQ=YEARLY", {"rules": [{"rrule": "FREQ=YEARLY", "from": "2026-12-24"}]}),
        (f"{DAY}\nDURATION:P1W\nRRULE:FREQ=YEARLY;COUNT=5", {"rules": [{"rrule": "FREQ=YEARLY;COUNT=5", "from": "2026-12-24", "days": 7}]}),
        (f"{DAY}\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20271224", {"rules": [{"rrule": "FREQ=YEARLY", "from": "2026-12-24", "exclude": ["2027-12-24"]}]}),
        (f"{DAY}\nSTATUS:CANCELLED", {}),
        (f"{DAY}\nTRANSP:TRANSPARENT\nSUMMARY:Christmas Eve", {"dates": ["2026-12-24"]}),
    ],
)  # fmt: skip
def test_what_a_vevent_becomes(lines, definition):
    assert read_definition(a_file(f"UID:1\n{lines}")) == definition
    Calendar("closed", definition)


def test_a_day_of_a_series_that_was_moved():
    """It is free again, and the day that it was moved to is taken."""
    file = a_file(
        f"UID:1\n{DAY}\nRRULE:FREQ=YEARLY",
        "UID:1\nRECURRENCE-ID;VALUE=DATE:20271224\nDTSTART;VALUE=DATE:20271223",
        "UID:1\nRECURRENCE-ID;VALUE=DATE:20281224\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20281224",
    )
    calendar = Calendar("closed", read_definition(file))
    days = ["2026-12-24", "2027-12-24", "2027-12-23", "2028-12-24", "2029-12-24"]
    taken = [calendar.reason(date.fromisoformat(day)) is not None for day in days]
    assert taken == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("DTSTART:20261224T090000Z", "VEVENT 2.DTSTART: has a time of day; a calendar is made of all-day events"),
        (f"{DAY}\nDTEND:20261224T090000Z", "VEVENT 2.DTEND: has a time of day; a calendar is made of all-day events"),
        (f"{DAY}\nDTEND;VALUE=DATE:20261223", "VEVENT 2.DTEND: must be whole days after DTSTART"),
        (f"{DAY}\nDURATION:PT1H", "VEVENT 2.DURATION: must be whole days after DTSTART"),
        (f"{DAY}\nDTEND;VALUE=DATE:20370101", "VEVENT 2.DTEND: must be at most 3660 days later"),
        (f"{DAY}\nDURATION:P367D\nRRULE:FREQ=YEARLY", "VEVENT 2.RRULE: may repeat at most 366 days"),
        ("DTSTART;VALUE=DATE:99991231", "VEVENT 2.DTSTART: must not lie at the end of the calendar"),
        (f"{DAY}\nEXDATE:20261224T090000Z", "VEVENT 2.EXDATE: has a time of day; a calendar is made of all-day events"),
        (f"{DAY}\nRDATE:20261224T090000Z", "VEVENT 2.RDATE: has a time of day; a calendar is made of all-day events"),
        (f"{DAY}\nRECURRENCE-ID:20261224T090000Z", "VEVENT 2.RECURRENCE-ID: has a time of day; a calendar is made of all-day events"),
        (f"{DAY}\nDURATION:-P1D", "VEVENT 2.DURATION: must be whole days after DTSTART"),
        (f"{DAY}\nRDATE;VALUE=PERIOD:20260301T090000Z/PT1H", "VEVENT 2.RDATE: has a time of day; a calendar is made of all-day events"),
    ],
)  # fmt: skip
def test_what_is_no_whole_day_is_refused_by_its_property(lines, sentence):
    with pytest.raises(InvalidInput) as refused:
        read_definition(a_file(f"UID:0\n{DAY}", f"UID:1\n{lines}"))
    assert refused.value.message == sentence


@pytest.mark.parametrize(
    ("lines", "definition"),
    [
        (f"{DAY}\nDTEND;VALUE=DATE:20361231", {"ranges": [{"from": "2026-12-24", "to": "2036-12-30"}]}),
        (f"{DAY}\nDURATION:P366D\nRRULE:FREQ=YEARLY", {"rules": [{"rrule": "FREQ=YEARLY", "from": "2026-12-24", "days": 366}]}),
        (f"{DAY}\nDURATION:P2D\nRRULE:FREQ=YEARLY", {"rules": [{"rrule": "FREQ=YEARLY", "from": "2026-12-24", "days": 2}]}),
        ("DTSTART;VALUE=DATE:99991230", {"dates": ["9999-12-30"]}),
        (f"{DAY}\nRRULE:FREQ=YEARLY\nEXRULE:FREQ=YEARLY;INTERVAL=2", {"rules": [{"rrule": "FREQ=YEARLY", "from": "2026-12-24", "exclude": [{"rrule": "FREQ=YEARLY;INTERVAL=2"}]}]}),
    ],
)  # fmt: skip
def test_the_longest_and_the_last_that_may_be(lines, definition):
    assert read_definition(a_file(f"UID:1\n{lines}")) == definition
    Calendar("closed", definition)


@pytest.mark.parametrize(
    ("lines", "head", "definition"),
    [
        ("DTSTART:20261225T000000\nDTEND:20261226T000000", "", {"dates": ["2026-12-25"]}),
        ("DTSTART;TZID=W. Europe Standard Time:20261225T000000\nDTEND;TZID=W. Europe Standard Time:20261227T000000", "", {"ranges": [{"from": "2026-12-25", "to": "2026-12-26"}]}),
        ("DTSTART:20261225T000000Z\nDURATION:PT24H", "", {"dates": ["2026-12-25"]}),
        ("DTSTART:20261224T230000Z\nDTEND:20261225T230000Z", "X-WR-TIMEZONE:Europe/Berlin", {"dates": ["2026-12-25"]}),
        ("DTSTART:20261225T000000\nRRULE:FREQ=YEARLY;UNTIL=20281225T000000Z\nEXDATE:20271225T000000", "", {"rules": [{"rrule": "FREQ=YEARLY;UNTIL=20281225", "from": "2026-12-25", "exclude": ["2027-12-25"]}]}),
        ("DTSTART;VALUE=DATE:16041225\nRRULE:FREQ=YEARLY", "", {"rules": [{"rrule": "FREQ=YEARLY", "from": "1970-12-25"}]}),
        ("DTSTART;VALUE=DATE:16041225\nRRULE:FREQ=YEARLY;COUNT=9", "", {}),
    ],
)  # fmt: skip
def test_days_as_programs_write_them(lines, head, definition):
    """From midnight to midnight, as Outlook does; since 1604, as Apple's do."""
    assert read_definition(a_file(f"UID:1\n{lines}", head=head)) == definition
    Calendar("closed", definition)


def test_of_two_versions_of_a_day_the_newer_counts():
    old, new = "20261224", "20261231"
    file = a_file(
        *(f"UID:1\nSEQUENCE:{n}\nDTSTART;VALUE=DATE:{day}" for n, day in ((2, new), (1, old)))
    )
    assert read_definition(file) == {"dates": ["2026-12-31"]}


def test_all_days_of_a_series_that_is_called_off_are_free():
    moved = "UID:1\nRECURRENCE-ID;VALUE=DATE:20271224\nDTSTART;VALUE=DATE:20271223"
    series = f"UID:1\n{DAY}\nRRULE:FREQ=YEARLY\nSTATUS:CANCELLED"
    assert read_definition(a_file(series, moved)) == {}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("SUMMARY:x", "VEVENT 2.DTSTART: is missing (line 8)"),
        (f"{DAY}\nRRULE:FREQ=NOPE", "VEVENT 2.RRULE: FREQ must be one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
        (f"{DAY}\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261224", "VEVENT 2.RECURRENCE-ID: with RANGE is not for days; split the series"),
        (f"{DAY}\nBEGIN:VEVENT\nEND:VEVENT", "VEVENT 2 can't be read: It has another VEVENT inside; end one before the next begins. (line 8)"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_named_with_its_line(lines, sentence):
    with pytest.raises(InvalidInput) as refused:
        read_definition(a_file(f"UID:0\n{DAY}", f"UID:1\n{lines}"))
    assert refused.value.message == sentence
