"""Cutting a file into VEVENTs: what is kept, and where it stops."""

from __future__ import annotations

import pytest

from app.domain.ical.lines import KEPT, MAX_LINES, MAX_WORK, cut
from app.errors import InvalidInput

OPEN, CLOSE = b"BEGIN:VCALENDAR\n", b"END:VCALENDAR\n"


def in_event(lines: bytes) -> bytes:
    return OPEN + b"BEGIN:VEVENT\n" + lines + b"END:VEVENT\n" + CLOSE


BROKEN = [
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
    (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + (b"EXDATE:" + b"1," * 4_999 + b"1\n") * 4, "Line 6 of the calendar is more than can be read; send less."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "sentence"), BROKEN, ids=range(len(BROKEN)))
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


@pytest.mark.parametrize(
    ("a_line", "steps"),
    [
        (b"CATEGORIES:" + b"a," * 199 + b"a", 15 + 200 * 2 + 410 // 4),
        (b"UID" + b";X=1" * 200 + b":1", 15 + 2 + 200 * 3 + 805 // 4),
        (b"SUMMARY:" + b"x" * 4_000, 15 + 2 + 4_008 // 4),
        (b"EXDATE:" + b"1," * 99 + b"1", 15 + 100 * 12 + 206 // 4),
        (b"RDATE:" + b"1," * 99 + b"1", 15 + 100 * 12 + 205 // 4),
        (b"RRULE:" + b"1," * 199 + b"1", 15 + 200 * 4 + 405 // 4),
        (b"EXRULE:" + b"1," * 199 + b"1", 15 + 200 * 4 + 406 // 4),
    ],
    ids=lambda value: value[:10].decode() if isinstance(value, bytes) else "",
)
def test_what_is_kept_of_a_file_has_a_price_and_a_limit(a_line: bytes, steps: int) -> None:
    """A line, an entry of a list, a parameter and a character cost what reading them takes."""
    most = (MAX_WORK - 45) // steps
    a_line += b"\n"
    assert len(cut(in_event(a_line * most), 1).events[0]) == most
    with pytest.raises(InvalidInput, match="more than can be read"):
        cut(in_event(a_line * (most + 1)), 1)


def test_a_vevent_has_a_price_too() -> None:
    event = b"BEGIN:VEVENT\nEND:VEVENT\n"
    most = MAX_WORK // 45
    assert len(cut(OPEN + event * most + CLOSE, 9_999).events) == most
    with pytest.raises(InvalidInput, match="more than can be read"):
        cut(OPEN + event * (most + 1) + CLOSE, 9_999)


def test_what_nobody_asked_for_costs_nothing() -> None:
    """A calendar of days has no use for names and descriptions."""
    named = b"SUMMARY:" + b"x" * 4_000 + b"\n"
    found = cut(in_event(named * 900 + b"UID:1\n"), 1, KEPT - {"SUMMARY"})
    assert found.events == [["UID:1"]]


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
