"""Files that no honest program makes: each is refused, soon and in a sentence."""

from __future__ import annotations

import pytest

from app.domain.ical.days import read_definition
from app.domain.ical.importing import read_entries
from app.errors import InvalidInput
from tests.support.clock import NOW_MS
from tests.support.ical import a_file, taken
from tests.support.processor import processor_s

MEGABYTE = 1_048_576
START = "DTSTART;VALUE=DATE:20260101"
OPEN, CLOSE = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
EVENT = b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nEND:VEVENT\r\n"
WITH_ZONE = b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19000101T000000\r\nRRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1_000,
        b"\xff\xfe",
        b'{"name": "json"}',
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        EVENT,
        OPEN,
        OPEN + CLOSE,
        OPEN + EVENT,
        CLOSE,
        OPEN + b"BEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        OPEN + EVENT + CLOSE + b"trailing",
        OPEN * (MEGABYTE // len(OPEN)),
        OPEN + EVENT * 5_001 + CLOSE,
        OPEN + b"BEGIN:VEVENT\r\n" * (MEGABYTE // 14),
        b"\r\n " * (MEGABYTE // 3),
        b"\r\n" * (MEGABYTE // 2),
        b"X" * MEGABYTE,
        b":" * MEGABYTE,
        b"X;" + b"A=B;" * (MEGABYTE // 4) + b":1",
        b'X;A="' + b"\\" * MEGABYTE,
        a_file("SUMMARY:no start"),
        a_file(f"{START}\nDTSTART;VALUE=DATE:20260102"),
        a_file("DTSTART:nonsense"),
        a_file("DTSTART:99999999T999999Z"),
        a_file("DTSTART:20260101T000000/PT1H"),
        a_file("DTSTART;VALUE=PERIOD:20260101T000000Z/PT1H"),
        a_file("DTSTART;VALUE=TEXT:hello"),
        a_file("DTSTART;VALUE=BINARY;ENCODING=BASE64:AAAA"),
        a_file(f"{START}\nDURATION:P99999999999999999999W"),
        a_file(f"{START}\nDURATION:soon"),
        a_file(f"{START}\nRRULE:FREQ=NOPE"),
        a_file(f"{START}\nRRULE:FREQ=DAILY;COUNT=x"),
        a_file(f"{START}\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260101"),
        a_file(f"{START}\nEXDATE;VALUE=DATE:" + ",".join(["20260101"] * 30_000)),
    ],
    ids=lambda raw: raw[:40].decode("latin-1").replace("\r\n", " ").replace("\x00", "0"),
)  # fmt: skip
def test_it_is_refused_within_two_seconds(raw):
    def refuse() -> None:
        with pytest.raises(InvalidInput) as refused:
            read_definition(raw[:MEGABYTE])
        assert len(refused.value.message) < 300

    assert processor_s(refuse) < 2


def test_time_zones_in_the_file_are_followed_within_bounds():
    """A rule of a change every second since 1900 refuses what stands in that zone."""
    event = b"BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20260101T090000\r\nEND:VEVENT\r\n"

    def read() -> None:
        (entry,) = taken(OPEN + WITH_ZONE + event + CLOSE)
        assert entry.refusal is not None
        assert "is defined with more than 1000 changes" in entry.refusal.reason

    assert processor_s(read) < 1


def test_what_nobody_reads_costs_nothing():
    """Megabytes of properties that are not understood are passed over."""
    for padding in (
        "X-PADDING:" + "x" * 900_000,
        "SUMMARY:" + "x" * 70_000,
        "CATEGORIES:a\n" * 2_000,
        "X-QHRONOS-TAGS:a\n" * 2,
    ):
        assert read_definition(a_file(f"{START}\n{padding}")) == {"dates": ["2026-01-01"]}


def test_the_most_that_is_allowed_is_read():
    """Fifteen hundred VEVENTs in as many days, in a second at most."""
    days = [
        f"DTSTART;VALUE=DATE:{year}{month:02}{day:02}"
        for year in range(2026, 2036)
        for month in range(1, 13)
        for day in range(1, 28)
    ]
    file = a_file(*days[:1_500])

    def read() -> None:
        assert len(read_definition(file)["dates"]) == 1_500

    assert processor_s(read) < 1


def test_a_line_of_folds_alone_is_too_long_whatever_it_would_come_to():
    """Putting it together would hold up the process for as long as that takes."""
    start = b"DTSTART;VALUE=DATE:2026" + b"\r\n " * 100_000 + b"0101\r\n"
    folded = OPEN + b"BEGIN:VEVENT\r\n" + start + b"END:VEVENT\r\n" + CLOSE
    (entry,) = read_entries(folded, None, now_ms=NOW_MS, webhook="https://example.com/").entries()
    assert entry.refusal is not None
    assert "longer than 65536 bytes" in entry.refusal.reason
