"""However hostile a file is: refused as a whole or by entry, in steps that are counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.budget import limited
from app.domain.ical.imported import ImportedEntry
from app.domain.ical.importing import read_entries
from app.domain.ical.members import MAX_STEPS
from app.errors import InvalidInput
from tests.support.ical import NOW_MS, a_file, taken, times_of

START = "UID:1\nDTSTART:20260105T090000Z"
OTHER = "UID:2\nSUMMARY:other\nDTSTART:20260105T090000Z"
SECONDLY = """BEGIN:VTIMEZONE
TZID:Z
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=SECONDLY
END:STANDARD
END:VTIMEZONE
"""
CONTRADICTION = """BEGIN:VTIMEZONE
TZID:Z
BEGIN:STANDARD
DTSTART:20200101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20200101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0300
END:DAYLIGHT
END:VTIMEZONE
"""


def in_zone(definition: str) -> bytes:
    event = "UID:1\nDTSTART;TZID=Z:20260105T090000\nRRULE:FREQ=DAILY"
    return a_file(event, OTHER).replace(b"BEGIN:VEVENT", definition.encode() + b"BEGIN:VEVENT", 1)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (a_file(f"{START}\nEXDATE:{'20260105T090000Z,' * 3_000}", OTHER), "EXDATE has more than 1000 times; give fewer."),
        (a_file(START + "\nEXDATE:20260105T090000Z" * 100_000, OTHER), "It has more than 1000 lines."),
        (a_file(f"{START}\nEXDATE:{'1' * 1_000_000}", OTHER), "EXDATE is longer than 65536 bytes."),
        (a_file(START + "\nRRULE:FREQ=DAILY;BYMONTHDAY=29;BYMONTH=2" * 101, OTHER), "RRULE stands more than 100 times."),
        (a_file("UID:1\nDTSTART:19000105T090000Z\nRRULE:FREQ=SECONDLY;COUNT=1000000", OTHER), "It takes too long to read; make it simpler."),
        (a_file(f"UID:{'x' * 1_001}\nDTSTART:20260105", OTHER), "UID is longer than 1000 characters."),
        (a_file("UID:a\\nb\nDTSTART:20260105", OTHER), "UID has line breaks or control characters."),
        (a_file(f"{START}\nEXDATE;{'A=B;' * 60}X=Y:20260105", OTHER), "EXDATE has more than 50 parameters."),
        (a_file('UID:1\nDTSTART;X="a:20260105', OTHER), "DTSTART has parameters that can't be read."),
        (in_zone(SECONDLY), "DTSTART has the time zone 'Z', which is defined with more than 1000 changes."),
        (in_zone(CONTRADICTION), "DTSTART has the time zone 'Z', which is defined with two offsets for the same time."),
        (in_zone("BEGIN:VTIMEZONE\nTZID:Z\nEND:VTIMEZONE\n"), "DTSTART has the time zone 'Z', which is defined without STANDARD and DAYLIGHT (line 4)."),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_hostile_entry_is_refused_alone(file: bytes, reason: str) -> None:
    with limited(3 * MAX_STEPS):
        hostile, other = taken(file)
    assert hostile.refusal is not None
    assert hostile.refusal.reason == reason
    assert times_of(other) == ["2026-01-05T09:00:00Z"]


@pytest.mark.parametrize(
    "file",
    [
        a_file(f"{START}\nX-A:{'x' * 1_000_000}", OTHER),
        a_file(f"{START}\nSUMMARY:{'x' * 1_000_000}", OTHER),
        a_file(f"{START}\nDESCRIPTION:{'é' * 500_000}", OTHER),
        a_file(f"{START}\nCATEGORIES:{'é,' * 20_000}", OTHER),
        a_file(START + "\nBEGIN:VALARM\nDTSTART:x\nUID:3\nEND:VALARM" * 500, OTHER),
        a_file(f"{START}\nthis is no property", OTHER),
    ],
    ids=range(6),
)
def test_what_can_be_understood_of_a_hostile_entry_is(file: bytes) -> None:
    with limited(3 * MAX_STEPS):
        assert [times_of(one) for one in taken(file)] == [["2026-01-05T09:00:00Z"]] * 2


@pytest.mark.parametrize(
    "start",
    [":00010101T000000Z", ":99991231T235959Z", ";VALUE=DATE:99991231", ";TZID=Asia/Tokyo:00010101T000000",
     ":99991231T235959-1200"],
)  # fmt: skip
@pytest.mark.parametrize(
    "rule", ["", "RRULE:FREQ=DAILY", "RRULE:FREQ=YEARLY;INTERVAL=9999;COUNT=5"]
)
@pytest.mark.parametrize("name", ["DTSTART", "RDATE", "EXDATE", "RECURRENCE-ID"])
def test_the_ends_of_the_calendar_are_refused(start: str, rule: str, name: str) -> None:
    own = f"UID:1\nDTSTART{start}" if name == "DTSTART" else f"{START}\n{name}{start}"
    moved = f"UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z\nDTSTART{start}"
    found = taken(a_file(f"{own}\n{rule}".strip(), OTHER, moved), "Pacific/Kiritimati")
    assert any(one.refusal is not None for one in found)
    assert all(map(is_one_of_three, found))


def test_entries_that_replace_each_other_in_a_circle() -> None:
    """Each is moved to where the other was; both are entries of their own."""
    found = taken(
        a_file(
            "UID:1\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;COUNT=3",
            "UID:1\nRECURRENCE-ID:20260106T090000Z\nDTSTART:20260107T090000Z",
            "UID:1\nRECURRENCE-ID:20260107T090000Z\nDTSTART:20260106T090000Z",
        )
    )
    assert [times_of(one) for one in found] == [
        ["2026-01-05T09:00:00Z"],
        ["2026-01-07T09:00:00Z"],
        ["2026-01-06T09:00:00Z"],
    ]


@pytest.mark.parametrize(
    "file",
    [
        b"BEGIN:VCALENDAR\n" * 50_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 50_000,
        b"\r\n " * 300_000,
        b":" * 1_000_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VTODO\nEND:VCALENDAR",
    ],
    ids=range(5),
)
def test_what_is_no_file_at_all_is_refused_whole(file: bytes) -> None:
    with limited(10_000), pytest.raises(InvalidInput):
        read_entries(file, None, now_ms=NOW_MS)


def test_ten_thousand_entries_cost_what_they_are() -> None:
    """So many as a file may have, in steps that grow with it and no faster."""

    def steps(count: int) -> int:
        event = "UID:{}\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO"
        file = a_file(*(event.format(number) for number in range(count)))
        with limited(10_000_000) as budget:
            found = read_entries(file, None, now_ms=NOW_MS, webhook="https://x.example", most=count)
            assert sum(one.body is not None for one in found.entries()) == count
            return 10_000_000 - budget.left

    assert steps(10_000) < 12 * steps(1_000) < 3_000_000


NAMES = ["BEGIN", "END", "UID", "DTSTART", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "STATUS",
         "SEQUENCE", "SUMMARY", "CATEGORIES", "TZID", "TZOFFSETTO", "TZOFFSETFROM", "METHOD",
         "X-WR-TIMEZONE", "X-QHRONOS-TAGS"]  # fmt: skip
PARTS = st.sampled_from(
    [";TZID=Z", ";TZID=Europe/Berlin", ";VALUE=DATE", ";RANGE=THISANDFUTURE", ""]
)
VALUES = st.one_of(
    st.sampled_from(
        ["VEVENT", "VTIMEZONE", "STANDARD", "VCALENDAR", "1", "Z", "20260105T090000", "20260105",
         "20260112T090000Z", "16010101T000000", "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,WE",
         "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "+0100", "-0230", "CANCELLED", "CANCEL", ""]
    ),
    st.text(max_size=12),
)  # fmt: skip
LINES = st.lists(st.tuples(st.sampled_from(NAMES), PARTS, VALUES), max_size=14)


def random_file(components: list[tuple[str, list[Any]]]) -> bytes:
    lines = ["BEGIN:VCALENDAR"]
    for name, content in components:
        lines += [
            f"BEGIN:{name}",
            *(f"{one}{part}:{value}" for one, part, value in content),
        ]
        lines.append(f"END:{name}")
    return "\r\n".join([*lines, "END:VCALENDAR"]).encode("utf-8", "surrogatepass")


@given(st.lists(st.tuples(st.sampled_from(["VEVENT", "VEVENT", "VTIMEZONE"]), LINES), max_size=5))
def test_a_random_file_is_read_or_refused(components: list[tuple[str, list[Any]]]) -> None:
    file = random_file(components)
    try:
        found = read_entries(file, None, now_ms=NOW_MS, webhook="https://example.com/")
    except InvalidInput:
        return
    with limited(20 * MAX_STEPS):
        entries = list(found.entries())
    assert len(entries) == found.count
    for one in entries:
        assert is_one_of_three(one)
        assert one.line <= file.count(b"\n") + 1
        assert found.count < 2 or list(found.entries(1)) == entries[1:]


def is_one_of_three(one: ImportedEntry) -> bool:
    return [one.body is not None, one.refusal is not None, one.is_cancelled].count(True) == 1


@given(st.binary(max_size=300))
def test_random_bytes_are_no_calendar(data: bytes) -> None:
    for file in (data, b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + data + b"\nEND:VEVENT\nEND:VCALENDAR"):
        try:
            entries = taken(file)
        except InvalidInput:
            continue
        assert all(map(is_one_of_three, entries))
