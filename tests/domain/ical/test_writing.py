"""The calendar feed's file."""

from __future__ import annotations

import icalendar

from app.domain.ical.writing import Happening, write_feed
from app.domain.occurrence import OccurrenceStatus

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""


def test_a_file_in_full():
    """Word for word: what programs see."""
    happening = Happening(
        uid="0196", name="invoice run", scheduled_ms=NOW_MS + 90_500, changed_ms=NOW_MS - 1_000,
        description="monthly", tags=("billing", "eu"),
    )  # fmt: skip
    assert write_feed([happening], NOW_MS).decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Qhronos//Occurrences//EN",
        "X-WR-CALNAME:Qhronos",
        "X-PUBLISHED-TTL:PT15M",
        "BEGIN:VEVENT",
        "SUMMARY:invoice run",
        "DTSTART:20260101T000130Z",
        "DTSTAMP:20251231T235959Z",
        "UID:0196@qhronos",
        "CATEGORIES:billing,eu",
        "DESCRIPTION:Status: scheduled\\n\\nmonthly",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def read_back(**values):
    happening = Happening(**{"uid": "1", "name": "a", "scheduled_ms": NOW_MS, **values})
    (event,) = icalendar.Calendar.from_ical(write_feed([happening], NOW_MS)).walk("VEVENT")
    return event


def test_what_has_happened_says_how_it_ended():
    event = read_back(status=OccurrenceStatus.FAILED, attempts=8, status_code=503, error="gave up")
    assert event["SUMMARY"] == "a [failed]"
    assert event["DESCRIPTION"] == "Status: failed\nAttempts: 8\nAnswer: 503\nError: gave up"
    assert event["STATUS"] == "CONFIRMED"


def test_what_did_not_happen_is_cancelled():
    """Programs strike such entries through."""
    for status in OccurrenceStatus:
        called_off = status in ("missed", "skipped", "cancelled")
        assert read_back(status=status)["STATUS"] == ("CANCELLED" if called_off else "CONFIRMED")


def test_no_text_breaks_out_of_its_property():
    """Line ends, control characters, commas and semicolons come back as text or not at all."""
    name = "x\r\nEND:VEVENT\r\nBEGIN:VALARM\x00\x1b;,\\n\u2028ü"
    event = read_back(name=name, description=name, tags=("a;b\\", "c\u00e9"))
    assert event["SUMMARY"] == "x\nEND:VEVENT\nBEGIN:VALARM;,\\n\u2028ü"
    assert [str(one) for one in event["CATEGORIES"].cats] == ["a;b\\", "c\u00e9"]
    assert not event.subcomponents
    text = write_feed([Happening("1", name, NOW_MS)], NOW_MS)
    lines = text.split(b"\r\n")
    assert sum(line.startswith(b"BEGIN:") for line in lines) == 2
    assert all(len(line) <= 75 for line in lines)


def test_a_line_may_end_in_any_way_and_the_last_control_character_is_one():
    assert read_back(name="a\rb\nc\r\nd\x7fe")["SUMMARY"] == "a\nb\nc\nde"
