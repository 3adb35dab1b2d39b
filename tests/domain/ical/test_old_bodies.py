"""VEVENTs as bodies of events."""

from __future__ import annotations

import pytest

from app.domain.ical.old_bodies import read_bodies
from app.domain.ical.reading import read_document
from app.errors import InvalidInput
from tests.support.ical import a_file

HOOK = "https://example.com/hook"
BERLIN = {"timezone": "Europe/Berlin"}
RULE = "RRULE:FREQ=WEEKLY;BYDAY=MO,WE"


def bodies(*events, head="", **query):
    document = read_document(a_file(*events, head=head), 100)
    return [body for _, body in read_bodies(document, **{"webhook": HOOK, **query})]


def body_of(lines, **query):
    """What one VEVENT becomes, without what is the same for all."""
    (body,) = bodies(f"UID:1\nSUMMARY:stand-up\n{lines}", **query)
    assert body.pop("webhook") == HOOK
    assert body.pop("name") == "stand-up"
    assert body.pop("tags") == []
    return body


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("DTSTART:20260105T090000Z", {"start_time": "2026-01-05T09:00:00Z"}),
        ("DTSTART:20260105T090000", {"start_time": "2026-01-05T09:00:00"}),
        ("DTSTART;VALUE=DATE:20260105", {"start_time": "2026-01-05T00:00:00"}),
        ("DTSTART;TZID=Europe/Berlin:20260105T090000", {"start_time": "2026-01-05T09:00:00", **BERLIN}),
        ("DTSTART;TZID=W. Europe Standard Time:20260105T090000", {"start_time": "2026-01-05T09:00:00", **BERLIN}),
        ('DTSTART;TZID="/freeassociation.sourceforge.net/Europe/Berlin":20260105T090000', {"start_time": "2026-01-05T09:00:00", **BERLIN}),
        ("DTSTART:20260105T090000Z\nDESCRIPTION:line\\none\\, two", {"start_time": "2026-01-05T09:00:00Z", "description": "line\none, two"}),
        ("DTSTART:20260105T090000Z\nDESCRIPTION:fol\n ded", {"start_time": "2026-01-05T09:00:00Z", "description": "folded"}),
        ("DTSTART:20260105T090000Z\nBEGIN:VALARM\nDESCRIPTION:alarm\nEND:VALARM", {"start_time": "2026-01-05T09:00:00Z"}),
    ],
)  # fmt: skip
def test_when_it_starts(lines, expected):
    assert body_of(lines) == expected


@pytest.mark.parametrize(
    ("lines", "schedule"),
    [
        (RULE, {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE"}),
        ("RRULE:FREQ=DAILY;UNTIL=20270101T000000Z", {"rrule": "FREQ=DAILY;UNTIL=20270101T000000Z"}),
        ("RRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1", {"rules": [{"rrule": "FREQ=DAILY;COUNT=3"}, {"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1"}]}),
        (f"{RULE}\nEXRULE:FREQ=MONTHLY;BYMONTHDAY=1", {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE", "exclude": [{"rrule": "FREQ=MONTHLY;BYMONTHDAY=1"}]}),
        (f"{RULE}\nEXDATE;TZID=Europe/Berlin:20260112T090000,20260119T090000", {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE", "exclude": ["2026-01-12T09:00:00", "2026-01-19T09:00:00"]}),
        (f"{RULE}\nEXDATE:20260112T080000Z\nEXDATE;VALUE=DATE:20260119", {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE", "exclude": ["2026-01-12T08:00:00Z", "2026-01-19"]}),
        (f"{RULE}\nEXDATE;TZID=America/New_York:20260112T030000", {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE", "exclude": ["2026-01-12T08:00:00Z"]}),
        (f"{RULE}\nRDATE;VALUE=PERIOD:20260301T090000Z/PT1H", {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE", "include": ["2026-03-01T09:00:00Z"]}),
        # Without a rule, the start is the first of the set.
        ("RDATE:20260301T090000Z", {"rrule": "FREQ=DAILY;COUNT=1", "include": ["2026-03-01T09:00:00Z"]}),
        ("EXDATE:20260301T090000Z", None),
    ],
)  # fmt: skip
def test_how_it_recurs(lines, schedule):
    body = body_of(f"DTSTART;TZID=Europe/Berlin:20260105T090000\n{lines}")
    assert body.pop("schedule", None) == schedule
    assert body == {"start_time": "2026-01-05T09:00:00", **BERLIN}


def test_one_time_of_a_series_that_is_replaced_becomes_an_event_of_its_own():
    """And is taken out of the series; a cancelled one is only taken out."""
    series = f"UID:1\nSUMMARY:a\nDTSTART;TZID=Europe/Berlin:20260105T090000\n{RULE}"
    moved = "UID:1\nSUMMARY:b\nRECURRENCE-ID;TZID=Europe/Berlin:20260107T090000\nDTSTART;TZID=Europe/Berlin:20260107T110000"
    called_off = "UID:1\nSUMMARY:c\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=Europe/Berlin:20260112T090000\nDTSTART;TZID=Europe/Berlin:20260112T090000"
    first, second = bodies(series, moved, called_off)
    assert first["schedule"]["exclude"] == ["2026-01-07T09:00:00", "2026-01-12T09:00:00"]
    assert second["name"] == "b"
    assert second["start_time"] == "2026-01-07T11:00:00"
    assert "schedule" not in second


def test_the_zone_of_a_time_without_one():
    """The query's, else the file's own; a date is midnight there."""
    event = "UID:1\nSUMMARY:a\nDTSTART;VALUE=DATE:20260105"
    head = "X-WR-TIMEZONE:Asia/Tokyo"
    assert bodies(event, head=head)[0]["timezone"] == "Asia/Tokyo"
    assert bodies(event, head=head, timezone="Europe/Paris")[0]["timezone"] == "Europe/Paris"
    assert "timezone" not in bodies(event, head="X-WR-TIMEZONE:nowhere")[0]
    utc = bodies("UID:1\nSUMMARY:a\nDTSTART:20260105T090000Z", head=head)[0]
    assert utc["start_time"] == "2026-01-05T09:00:00Z"


def test_webhook_and_tags():
    """A VEVENT's own webhook beats the query's; tags of the query are added to its own."""
    start = "UID:1\nSUMMARY:a\nDTSTART:20260105T090000Z"
    own, categories, both = bodies(
        f"{start}\nX-QHRONOS-WEBHOOK:https://example.com/a?x=1\\,2\nX-QHRONOS-TAGS:x, y",
        f"{start}\nCATEGORIES:a,b\nCATEGORIES:c\\,d",
        f"{start}\nCATEGORIES:a\nX-QHRONOS-TAGS:x",
        tags=("q",),
    )
    assert own["webhook"] == "https://example.com/a?x=1,2"
    assert own["tags"] == ["q", "x", " y"]
    assert categories["tags"] == ["q", "a", "b", "c,d"]
    assert both["tags"] == ["q", "x"]


def test_without_a_summary_the_uid_is_the_name():
    assert bodies("UID:abc\nDTSTART:20260105T090000Z")[0]["name"] == "abc"


def test_cancelled_ones_are_left_out():
    assert bodies("UID:1\nSTATUS:CANCELLED\nDTSTART:20260105T090000Z") == []


def test_a_webhook_is_needed():
    with pytest.raises(InvalidInput) as refused:
        bodies("UID:1\nDTSTART:20260105T090000Z", webhook=None)
    assert refused.value.message == (
        "VEVENT 1.X-QHRONOS-WEBHOOK: is required, or webhook in the query"
    )
