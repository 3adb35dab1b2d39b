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
    ("lines", "field"),
    [
        ("DTSTART:20261224T090000Z", "DTSTART"),
        (f"{DAY}\nDTEND:20261224T090000Z", "DTEND"),
        (f"{DAY}\nDTEND;VALUE=DATE:20261223", "DTEND"),
        (f"{DAY}\nDTEND;VALUE=DATE:20991223", "DTEND"),
        (f"{DAY}\nDURATION:PT1H", "DURATION"),
        (f"{DAY}\nDURATION:-P1D", "DURATION"),
        (f"{DAY}\nDURATION:P400D\nRRULE:FREQ=YEARLY", "RRULE"),
        (f"{DAY}\nEXDATE:20261224T090000Z", "EXDATE"),
        (f"{DAY}\nRDATE;VALUE=PERIOD:20260301T090000Z/PT1H", "RDATE"),
        ("DTSTART;VALUE=DATE:99991231", "DTSTART"),
    ],
)  # fmt: skip
def test_what_is_no_whole_day_is_refused_by_its_property(lines, field):
    with pytest.raises(InvalidInput) as refused:
        read_definition(a_file(f"UID:0\n{DAY}", f"UID:1\n{lines}"))
    assert list(refused.value.fields) == [f"VEVENT 2.{field}"]
