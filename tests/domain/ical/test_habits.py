"""What other people's files taught: habits of programs that the standard does not know."""

from __future__ import annotations

import pytest

from tests.support.ical import a_file, taken, times_of

LISTED = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:20141026T030000
RDATE:20151025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20140330T020000
RDATE:20150329T020000,20160327T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
AN_HOUR_LATE = LISTED.replace("T020000", "T030000").replace("20141026T03", "20141026T02")


def with_zone(definition: str, name: str, *events: str) -> bytes:
    zone = definition.format(name=name).encode()
    return a_file(*events).replace(b"BEGIN:VEVENT", zone + b"BEGIN:VEVENT", 1)


@pytest.mark.parametrize("definition", [LISTED, AN_HOUR_LATE])
@pytest.mark.parametrize("name", ["Europe/Berlin", "Europe_Berlin", "W. Europe Standard Time"])
@pytest.mark.parametrize("rule", ["", "\nRRULE:FREQ=DAILY"])
def test_a_list_of_changes_that_stops_means_the_zone_that_has_them(
    definition: str, name: str, rule: str
) -> None:
    """Years after the last change that it lists, whose hours programs are often wrong about."""
    event = f"UID:1\nDTSTART;TZID={name}:20260105T090000{rule}"
    (one,) = taken(with_zone(definition, name, event))
    assert times_of(one, 1) == ["2026-01-05T08:00:00Z"]
    assert one.body is not None
    assert one.body["timezone"] == "Europe/Berlin"


def test_a_name_that_does_not_have_the_listed_changes_proves_nothing() -> None:
    event = "UID:1\nDTSTART;TZID=Asia/Tokyo:20260105T090000"
    (one,) = taken(with_zone(LISTED, "Asia/Tokyo", event))
    assert times_of(one) == ["2026-01-05T07:00:00Z"]


def test_a_time_before_all_that_is_defined_is_refused_unless_the_name_says_it() -> None:
    early = "UID:1\nDTSTART;TZID={}:20100105T090000"
    (one,) = taken(with_zone(LISTED, "x", early.format("x")))
    assert one.refusal is not None
    assert one.refusal.reason == (
        "DTSTART has the time zone 'x', which is not defined for 2010-01-05."
    )
    (other,) = taken(with_zone(LISTED, "Europe/Rome", early.format("Europe/Rome")))
    assert times_of(other) == ["2010-01-05T08:00:00Z"]


def test_a_name_may_be_defined_twice_with_other_letters() -> None:
    """And then each is what is defined by its own letters."""
    file = with_zone(
        LISTED, "x/berlin", "UID:1\nDTSTART;TZID=x/Berlin:20150705T090000", "UID:2\nDTSTART;TZID=x/berlin:20150705T090000"
    )  # fmt: skip
    fixed = b"BEGIN:VTIMEZONE\nTZID:x/Berlin\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n"
    first, second = taken(file.replace(b"BEGIN:VTIMEZONE", fixed + b"BEGIN:VTIMEZONE", 1))
    assert times_of(first) == ["2015-07-05T03:30:00Z"]
    assert times_of(second) == ["2015-07-05T07:00:00Z"]


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", ["06", "12", "19"]),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=2", ["06", "12"]),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=1", ["06"]),
        ("FREQ=MONTHLY;BYMONTHDAY=7;UNTIL=20260108T000000Z", ["06", "07"]),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", ["06", "13"]),
        ("RSCALE=GREGORIAN;FREQ=WEEKLY;SKIP=OMIT;COUNT=2", ["06", "13"]),
        ("FREQ=WEEKLY;BYDAY=MO, TU;COUNT=2;", ["06", "12"]),
    ],
)
def test_a_start_that_its_rule_does_not_give_occurs_and_is_counted(
    rule: str, times: list[str]
) -> None:
    (one,) = taken(a_file(f"UID:1\nDTSTART:20260106T090000Z\nRRULE:{rule}"))
    assert times_of(one) == [f"2026-01-{day}T09:00:00Z" for day in times]


def test_a_series_whose_times_are_all_replaced_is_called_off() -> None:
    series = "UID:1\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;COUNT=2"
    moved = "UID:1\nRECURRENCE-ID:2026010{0}T090000Z\nDTSTART:2026010{0}T100000Z"
    one, *others = taken(a_file(series, moved.format(5), moved.format(6)))
    assert one.is_cancelled
    assert one.notices == ("All of its times are excluded, or replaced by other entries.",)
    assert [times_of(each) for each in others] == [
        ["2026-01-05T10:00:00Z"],
        ["2026-01-06T10:00:00Z"],
    ]


@pytest.mark.parametrize(
    ("change", "is_void"),
    [
        ("EXDATE:20260107T090000Z", True),
        ("X-ONLY:nothing", False),
    ],
)
def test_a_moved_time_that_the_newer_series_has_deleted_is_void(change: str, is_void: bool) -> None:
    series = f"UID:1\nSEQUENCE:3\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY\n{change}"
    moved = "UID:1\nSEQUENCE:2\nRECURRENCE-ID:20260107T090000Z\nDTSTART:20260107T100000Z"
    assert taken(a_file(series, moved))[1].is_cancelled is is_void


def test_a_moved_time_after_the_end_of_the_newer_series_is_void() -> None:
    series = "UID:1\nSEQUENCE:3\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;UNTIL=20260110T000000Z"
    moved = "UID:1\nSEQUENCE:{}\nRECURRENCE-ID:20260120T090000Z\nDTSTART:20260120T100000Z"
    assert taken(a_file(series, moved.format(2)))[1].is_cancelled
    assert not taken(a_file(series, moved.format(4)))[1].is_cancelled


def test_a_change_of_a_series_that_is_not_in_the_file_is_what_it_says() -> None:
    changed = (
        "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260105T090000Z\nDTSTART:20260105T100000Z\n"
    )
    (one,) = taken(a_file(f"{changed}RDATE:20260106T100000Z,20260108T100000Z"))
    assert times_of(one) == [f"2026-01-{day}T10:00:00Z" for day in ("05", "06", "08")]


def test_a_series_changes_so_often_and_no_more() -> None:
    series = "UID:1\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY"
    change = "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:202602{0:02}T090000Z\nDTSTART:202602{0:02}T100000Z"
    found = taken(a_file(series, *(change.format(day) for day in range(1, 22))))
    assert found[0].refusal is not None
    assert found[0].refusal.reason == "It goes on in another way more than 20 times."
    assert taken(a_file(series, *(change.format(day) for day in range(1, 21))))[0].body is not None
