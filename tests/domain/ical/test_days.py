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
