"""VEVENTs as plain values: what is read of each, and what is wrong with one, by its property."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.ical.reading import OldTimed, read_document
from app.errors import InvalidInput
from tests.support.ical import a_file

START = "DTSTART;VALUE=DATE:20260101"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("SUMMARY:no start", "VEVENT 2.DTSTART: is required"),
        (f"{START}\n{START}", "VEVENT 2.DTSTART: must stand only once"),
        (f"{START}\nUID:1\nUID:2", "VEVENT 2.UID: must stand only once"),
        (f"{START}\nSUMMARY:a\nSUMMARY:b", "VEVENT 2.SUMMARY: must stand only once"),
        ("DTSTART;VALUE=TEXT:hello", "VEVENT 2 can't be read; check its properties."),
        ("DTSTART;VALUE=PERIOD:20260101T000000Z/PT1H", "VEVENT 2.DTSTART: must be a date or a time"),
        ("DTSTART;TZID=A,B:20260101T000000", "VEVENT 2.DTSTART: must have one TZID"),
        ("DTSTART;TZID=No/Where:20260101T000000", "VEVENT 2.DTSTART: has the TZID 'No/Where'; use an IANA name"),
        ("DTSTART;TZID=" + "x" * 70 + ":20260101T000000", "VEVENT 2.DTSTART: has the TZID 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; use an IANA name"),
        (f"{START}\nDTEND;TZID=No/Where:20260101T000000", "VEVENT 2.DTEND: has the TZID 'No/Where'; use an IANA name"),
        (f"{START}\nEXDATE;TZID=No/Where:20260101T000000", "VEVENT 2.EXDATE: has the TZID 'No/Where'; use an IANA name"),
        (f"{START}\nRDATE;TZID=No/Where:20260101T000000", "VEVENT 2.RDATE: has the TZID 'No/Where'; use an IANA name"),
        (f"{START}\nRECURRENCE-ID;TZID=No/Where:20260101T000000", "VEVENT 2.RECURRENCE-ID: has the TZID 'No/Where'; use an IANA name"),
        (f"{START}\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260101", "VEVENT 2.RECURRENCE-ID: with RANGE is not supported; split the series"),
        (f"{START}\nRRULE:", "VEVENT 2.RRULE: must not be empty"),
        (f"{START}\nEXRULE:", "VEVENT 2.EXRULE: must not be empty"),
        (f"{START}\nX-QHRONOS-WEBHOOK:a\nX-QHRONOS-WEBHOOK:b", "VEVENT 2.X-QHRONOS-WEBHOOK: must stand only once"),
        (f"{START}\nX-QHRONOS-TAGS:a\nX-QHRONOS-TAGS:b", "VEVENT 2.X-QHRONOS-TAGS: must stand only once"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_the_property(lines: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_document(a_file(START, lines), 100)
    assert caught.value.message == sentence


@pytest.mark.parametrize("line", ["DURATION:soon", "RRULE:FREQ=NOPE", "RDATE;VALUE=TEXT:x"])
def test_what_the_library_can_not_read_is_said_in_its_own_words(line: str) -> None:
    """As many of them as fit on a line."""
    name = line.partition(":")[0].partition(";")[0]
    with pytest.raises(InvalidInput) as caught:
        read_document(a_file(START, f"{START}\n{line}"), 100)
    ((field, (sentence,)),) = caught.value.fields.items()
    assert field == f"VEVENT 2.{name}"
    assert sentence.startswith("can't be read (")
    assert line.rpartition("=" if "=" in line and name == "RRULE" else ":")[2] in sentence


def test_all_that_is_read_of_a_vevent() -> None:
    (entry,) = read_document(
        a_file(
            "UID:u\nSUMMARY:s\nDESCRIPTION:d\nSTATUS:cancelled\n"
            "DTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND:20260105T100000Z\n"
            "RECURRENCE-ID;VALUE=DATE:20260104\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY\n"
            "RDATE:20260301T090000Z\nEXDATE:20260302T090000\nCATEGORIES:a, ,b\n"
            "X-QHRONOS-WEBHOOK:https://x.example/\\,\\;\\\\\nX-QHRONOS-TAGS:x,,y"
        ),
        1,
    ).entries
    assert (entry.number, entry.uid, entry.summary, entry.description) == (1, "u", "s", "d")
    assert entry.is_cancelled
    assert entry.start == OldTimed(datetime(2026, 1, 5, 9), "Europe/Berlin")  # noqa: DTZ001
    assert entry.end == OldTimed(datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert entry.replaces == OldTimed(date(2026, 1, 4))
    assert (entry.rules, entry.excluding_rules) == (("FREQ=DAILY",), ("FREQ=WEEKLY",))
    assert entry.included == (OldTimed(datetime(2026, 3, 1, 9, tzinfo=UTC)),)
    assert entry.excluded == (OldTimed(datetime(2026, 3, 2, 9)),)  # noqa: DTZ001
    assert entry.categories == ("a", "b")
    assert (entry.webhook, entry.tags) == ("https://x.example/,;\\", ("x", "y"))


def test_what_a_vevent_does_not_say() -> None:
    (entry,) = read_document(a_file(f"{START}\nDURATION:P2D\nX-QHRONOS-TAGS:"), 1).entries
    assert (entry.uid, entry.summary, entry.description) == ("", "", "")
    assert (entry.end, entry.replaces, entry.webhook) == (None, None, None)
    assert (entry.duration, entry.tags, entry.is_cancelled) == (timedelta(days=2), (), False)
    (bare,) = read_document(a_file(START), 1).entries
    assert (bare.duration, bare.tags, bare.categories) == (None, None, ())


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/x.example/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/x.example/Europe/Berlin", "Europe/Berlin"),
        ("x/UTC", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin"),
    ],
)
def test_a_zone_is_found_in_what_programs_make_of_it(tzid: str, zone: str) -> None:
    (entry,) = read_document(a_file(f"DTSTART;TZID={tzid}:20260105T090000"), 1).entries
    assert entry.start.zone == zone
    assert read_document(a_file(START, head=f"X-WR-TIMEZONE:{zone}"), 1).zone == zone
