"""The calendar feed's file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ical.writing import Happening, Remark, write_feed
from app.domain.occurrence import OccurrenceStatus

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""

TEXTS = st.one_of(
    st.text(max_size=200),
    st.text('a;,\\:"\n\r\t\x00\x0b\x0c\x1c\x85\u2028\u2029 ü€😀', max_size=300),
    st.just("END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR"),
)
HAPPENINGS = st.builds(
    Happening,
    uid=st.uuids().map(str),
    name=TEXTS,
    scheduled_ms=st.integers(0, 4_102_444_800_000),
    changed_ms=st.integers(0, 4_102_444_800_000),
    made_ms=st.integers(0, 4_102_444_800_000),
    status=st.sampled_from(list(OccurrenceStatus)),
    description=TEXTS,
    attempts=st.integers(0, 100),
    status_code=st.none() | st.integers(100, 599),
    error=st.none() | TEXTS,
    tags=st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)).map(tuple),
)


def test_a_file_in_full():
    """Word for word: what programs see."""
    happening = Happening(
        uid="0196", name="invoice run", scheduled_ms=NOW_MS + 90_500, changed_ms=NOW_MS - 1_000,
        made_ms=NOW_MS - 4_000, description="monthly", tags=("billing", "eu"),
    )  # fmt: skip
    remark = Remark("later", "from here on, not all", "too many", NOW_MS + 120_000)
    written = write_feed([happening], name="Qhronos, eu", about="two; three", remarks=[remark])
    assert written.decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Qhronos//Occurrences//EN",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Qhronos\\, eu",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
        "X-WR-CALDESC:two\\; three",
        "BEGIN:VEVENT",
        "UID:0196@qhronos",
        "DTSTAMP:20251231T235959Z",
        "LAST-MODIFIED:20251231T235959Z",
        "SEQUENCE:3",
        "DTSTART:20260101T000130Z",
        "DURATION:PT1M",
        "SUMMARY:invoice run",
        "DESCRIPTION:Status: scheduled\\n\\nmonthly",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "CATEGORIES:billing,eu",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:later@qhronos",
        "DTSTAMP:20260101T000200Z",
        "DTSTART:20260101T000200Z",
        "DURATION:PT1M",
        "SUMMARY:from here on\\, not all",
        "DESCRIPTION:too many",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def read_back(**values):
    written = {"uid": "1", "name": "a", "scheduled_ms": NOW_MS, "changed_ms": NOW_MS, **values}
    (event,) = icalendar.Calendar.from_ical(write_feed([Happening(**written)])).walk("VEVENT")
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


def test_a_delivery_is_no_hour():
    """It takes a minute, and programs that go by another rule see its end too."""
    event = read_back()
    assert event.duration == timedelta(minutes=1)
    assert event.end == event.start + timedelta(minutes=1)


def test_a_change_has_a_higher_sequence():
    """Counted from the making of the event, and never below 0 or above what a program can hold."""
    made_ms = NOW_MS
    sequences = [
        read_back(made_ms=made_ms, changed_ms=changed_ms)["SEQUENCE"]
        for changed_ms in (made_ms - 5_000, made_ms, made_ms + 5_000, made_ms + 10**13)
    ]
    assert sequences == [0, 0, 5, 2**31 - 1]


def test_no_text_breaks_out_of_its_property():
    """Line ends, control characters, commas and semicolons come back as text or not at all."""
    name = "x\r\nEND:VEVENT\r\nBEGIN:VALARM\x00\x1b;,\\n\u2028ü"
    event = read_back(name=name, description=name, tags=("a;b\\", "c\u00e9"))
    assert event["SUMMARY"] == "x\nEND:VEVENT\nBEGIN:VALARM;,\\n\nü"
    assert [str(one) for one in event["CATEGORIES"].cats] == ["a;b\\", "c\u00e9"]
    assert not event.subcomponents


def test_a_line_may_end_in_any_way_and_the_last_control_character_is_one():
    """The ways of Unicode too: some programs take them for ends of lines of the file."""
    assert read_back(name="a\rb\nc\r\nd\x7fe")["SUMMARY"] == "a\nb\nc\nde"
    assert read_back(name="a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1eh\x9bi")["SUMMARY"] == (
        "a\nb\nc\ndefghi"
    )


def test_a_character_is_never_cut():
    """Programs unfold lines before they decode them, or after."""
    for width in range(70):
        name = "x" * width + "ü€😀" * 60
        written = write_feed([Happening("1", name, NOW_MS, NOW_MS)])
        lines = written.split(b"\r\n")
        assert all(len(line) <= 75 for line in lines)
        assert all(line.decode() for line in lines[:-1])
        assert read_back(name=name)["SUMMARY"] == name


@given(st.lists(HAPPENINGS, max_size=5), TEXTS, TEXTS)
def test_whatever_users_wrote_is_read_back(happenings, name, about):
    """By the library, and line by line by a program that knows every line end of Unicode."""
    written = write_feed(happenings, name=name, about=about, remarks=[Remark("1", name, about, 0)])
    calendar = icalendar.Calendar.from_ical(written)
    *events, remark = calendar.walk("VEVENT")
    assert not calendar.errors
    assert not any(event.errors for event in events)
    assert remark["SUMMARY"] == plain(name)
    assert len(events) == len(happenings)
    for event, happening in zip(events, happenings, strict=True):
        planned = happening.status is OccurrenceStatus.SCHEDULED
        ending = "" if planned else f" [{happening.status}]"
        assert event["UID"] == f"{happening.uid}@qhronos"
        assert event["SUMMARY"] == plain(happening.name) + ending
        assert event.start == datetime.fromtimestamp(happening.scheduled_ms // 1000, UTC)
        assert event.get("CATEGORIES") is None or tuple(event.categories) == happening.tags
        assert event.subcomponents == []
    lines = written.decode().splitlines()
    assert sum(line.startswith(("BEGIN:", "END:")) for line in lines) == 2 * (len(events) + 2)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))


def plain(text):
    """What is left of a text: its line ends become one kind, other control characters go."""
    text = text.replace("\r\n", "\n")
    ends = {"\r", "\x85", "\u2028", "\u2029"}
    kept = ("\n" if one in ends else one for one in text)
    return "".join(one for one in kept if one == "\n" or not ("\x00" <= one < " "
        or "\x7f" <= one <= "\x9f"))  # fmt: skip
