"""Cutting a file into VEVENTs: what is kept, and where it stops."""

from __future__ import annotations

import pytest

from app.domain.ical.lines import MAX_DATES, MAX_LINES, cut
from app.errors import InvalidInput

OPEN, CLOSE = b"BEGIN:VCALENDAR\n", b"END:VCALENDAR\n"


def in_event(lines: bytes) -> bytes:
    return OPEN + b"BEGIN:VEVENT\n" + lines + b"END:VEVENT\n" + CLOSE


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\xff\xfe", "The calendar is not UTF-8; encode it as UTF-8."),
        (b"{}", "Line 1 of the calendar is no NAME:value; correct it."),
        (b"BEGIN:VCARD\nEND:VCARD", "The body must be an iCalendar file: VEVENTs between BEGIN:VCALENDAR and END:VCALENDAR."),
        (b"VERSION:2.0", "The body must be an iCalendar file: VEVENTs between BEGIN:VCALENDAR and END:VCALENDAR."),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR", "The calendar has no VEVENT; send at least one."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "Line 3 of the calendar ends what did not begin."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT", "The calendar is cut off: END:VEVENT is missing."),
        (b"BEGIN:VCALENDAR\nBEGIN:" + b"X" * 60, "The calendar is cut off: END:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX is missing."),
        (b"BEGIN:VCALENDAR\n" * 9, "The body must be an iCalendar file: VEVENTs between BEGIN:VCALENDAR and END:VCALENDAR."),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 3, "The calendar has too many VEVENTs; send at most 2."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"x" * 65_529, "Line 3 of the calendar is more than can be read; send less."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"CATEGORIES:a\n" * 1_001, "Line 1003 of the calendar is more than can be read; send less."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + (b"EXDATE:" + b"1," * 4_999 + b"1\n") * 5, "Line 7 of the calendar is more than can be read; send less."),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_file_that_can_not_be_read_says_where(raw: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        cut(raw, 2)
    assert caught.value.message == sentence


def test_as_much_as_can_be_read() -> None:
    depth = b"".join(b"BEGIN:X%d\n" % n for n in range(7))
    ends = b"".join(b"END:X%d\n" % n for n in reversed(range(7)))
    event = b"BEGIN:VEVENT\nEND:VEVENT\n"
    assert len(cut(OPEN + depth + ends + event * 2 + CLOSE, 2).events) == 2
    (lines,) = cut(in_event(b"CATEGORIES:a\n" * MAX_LINES), 1).events
    assert len(lines) == MAX_LINES
    (line,) = cut(in_event(b"SUMMARY:" + b"x" * 65_528 + b"\n"), 1).events[0]
    assert len(line) == 65_536
    dates = b"EXDATE:" + b"1," * (MAX_DATES // 4 - 1) + b"1\n"
    assert len(cut(in_event(dates * 4), 1).events[0]) == 4
    with pytest.raises(InvalidInput):
        cut(in_event(dates * 4 + b"RDATE:1\n"), 1)


def test_only_what_is_understood_is_kept_and_a_zone_goes_on_under_another_name() -> None:
    """The zone of a parameter, not what looks like one in a value."""
    found = cut(
        in_event(
            b"dtstart;tzid=Europe/Berlin:20260101T000000\nX-OTHER:x\n"
            b"SUMMARY;X=1;TZID=a:b;TZID=c\nBEGIN:VALARM\nSUMMARY:alarm\nEND:VALARM\n"
        ),
        1,
    )
    assert found.events == [
        ["dtstart;X-ZONE=Europe/Berlin:20260101T000000", "SUMMARY;X=1;X-ZONE=a:b;TZID=c"]
    ]


@pytest.mark.parametrize(
    ("line", "zone"),
    [(b"X-WR-TIMEZONE: Asia/Tokyo:x \n", "Asia/Tokyo:x"), (b"X-WR-TIMEZONE:\n", None), (b"", None)],
)
def test_the_zone_of_a_file_is_what_it_says_of_itself(line: bytes, zone: str | None) -> None:
    assert (
        cut(OPEN + line + b"BEGIN:VEVENT\nX-WR-TIMEZONE:no\nEND:VEVENT\n" + CLOSE, 1).zone == zone
    )


def test_lines_are_unfolded_however_they_end() -> None:
    raw = b"\xef\xbb\xbf" + in_event(b"SUMMARY:a\r\n b\n\tc\rDESCRIPTION:d\n\n")
    assert cut(raw, 1).events == [["SUMMARY:abc", "DESCRIPTION:d"]]
