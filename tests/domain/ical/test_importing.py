"""What a file's entries come to: which count, in which zone, and when they occur in UTC."""

from __future__ import annotations

import pytest

from app.domain.budget import BudgetExceeded, limited
from app.domain.ical.importing import read_entries
from app.errors import InvalidInput
from tests.support.ical import NOW_MS, a_file, taken, times_of

HOOK = "https://example.com/hook"
WEEKLY = "UID:1\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY"
ONCE = "UID:2\nDTSTART:20260105T090000Z"
SUMMER_TIME = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:DAYLIGHT
DTSTART:16010325T{spring}
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:{winter}
TZOFFSETTO:{summer}
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:16011028T{autumn}
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:{summer}
TZOFFSETTO:{winter}
END:STANDARD
END:VTIMEZONE
"""
BERLIN = {"spring": "020000", "autumn": "030000", "winter": "+0100", "summer": "+0200"}
LONDON = {"spring": "010000", "autumn": "020000", "winter": "+0000", "summer": "+0100"}


def with_zone(name: str, of: dict[str, str], *events: str) -> bytes:
    zone = SUMMER_TIME.format(name=name, **of).encode()
    return a_file(*events).replace(b"BEGIN:VEVENT", zone + b"BEGIN:VEVENT", 1)


def refusal(data: bytes, zone: str | None = None) -> tuple[int, str]:
    """The line and the reason of the only refusal."""
    (found,) = [one.refusal for one in taken(data, zone) if one.refusal is not None]
    return found.line, found.reason


def test_entries_can_be_gone_on_with() -> None:
    """From any of them, also in the middle of a series and what replaces times of it."""
    file = a_file(
        *(f"UID:{n}\nSUMMARY:no. {n}\nDTSTART:20260105T090000Z" for n in range(3)),
        WEEKLY.replace("UID:1", "UID:x"),
        "UID:x\nRECURRENCE-ID:20260112T080000Z\nDTSTART:20260112T100000Z",
    )
    found = read_entries(file, None, now_ms=NOW_MS, webhook=HOOK)
    assert (found.count, found.events) == (5, 5)
    whole = list(found.entries())
    assert [one.name for one in whole] == ["no. 0", "no. 1", "no. 2", "x", "x"]
    for skipped in range(6):
        assert list(found.entries(skipped)) == whole[skipped:]


def test_what_one_entry_comes_to() -> None:
    (one,) = taken(a_file(f"{ONCE}\nSUMMARY:a\nDESCRIPTION:b\\nc\nCATEGORIES:x,y"), tags=("q",))
    assert one.body == {
        "name": "a",
        "description": "b\nc",
        "start_time": "2026-01-05T09:00:00Z",
        "tags": ["q", "x", "y"],
        "webhook": HOOK,
    }
    assert (one.uid, one.recurrence_id, one.line, one.number) == ("2", "", 4, 1)
    assert (one.line_of("name"), one.line_of("tags.1"), one.line_of("webhook")) == (7, 9, 4)


@pytest.mark.parametrize("query", [None, "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("head", ["", "X-WR-TIMEZONE:America/New_York"])
def test_a_start_in_utc_recurs_in_utc(head: str, query: str | None) -> None:
    event = "UID:1\nDTSTART:20261130T030000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO"
    (one,) = taken(a_file(event, head=head), query)
    assert times_of(one, 2) == ["2026-11-30T03:00:00Z", "2026-12-07T03:00:00Z"]


@pytest.mark.parametrize(
    ("head", "query", "first"),
    [
        ("", None, "2026-01-05T09:00:00Z"),
        ("X-WR-TIMEZONE:Asia/Tokyo", None, "2026-01-05T00:00:00Z"),
        ("X-WR-TIMEZONE:Asia/Tokyo", "Europe/Berlin", "2026-01-05T08:00:00Z"),
        ("X-WR-TIMEZONE:nowhere", None, "2026-01-05T09:00:00Z"),
    ],
)
def test_a_floating_time_is_in_the_zone_that_was_given(
    head: str, query: str | None, first: str
) -> None:
    (one,) = taken(a_file("UID:1\nDTSTART:20260105T090000\nRRULE:FREQ=DAILY", head=head), query)
    assert times_of(one, 1) == [first]
    assert bool(one.notices) is (query is None and "Tokyo" not in head)


def test_each_calendar_of_a_file_has_its_own_zone() -> None:
    day = "UID:{}\nDTSTART:20260105T090000"
    file = a_file(day.format(1), head="X-WR-TIMEZONE:Asia/Tokyo") + a_file(
        day.format(2), head="X-WR-TIMEZONE:Europe/Berlin"
    )
    first, second = taken(file + a_file(day.format(3)))[:2]
    assert times_of(first) == ["2026-01-05T00:00:00Z"]
    assert times_of(second) == ["2026-01-05T08:00:00Z"]


NEW, OLD = "SUMMARY:new", "SUMMARY:old"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SEQUENCE:1", "SEQUENCE:2"),
        ("SEQUENCE:9", "SEQUENCE:10"),
        ("DTSTAMP:20270101T000000Z", "SEQUENCE:1"),
        ("LAST-MODIFIED:20260101T000000Z", "LAST-MODIFIED:20260102T000000Z"),
        ("DTSTAMP:20260101T000000Z", "DTSTAMP:20260102T000000Z"),
        ("SEQUENCE:nonsense", "SEQUENCE:1"),
    ],
)
def test_of_two_versions_the_newer_counts_wherever_it_stands(old: str, new: str) -> None:
    pair = [f"{ONCE}\n{OLD}\n{old}", f"{ONCE}\n{NEW}\n{new}"]
    for events in (pair, pair[::-1]):
        (one,) = taken(a_file(*events))
        assert one.name == "new"
    assert read_entries(a_file(*pair), None, now_ms=NOW_MS).events == 2


def test_of_two_versions_that_say_the_same_of_themselves_the_later_counts() -> None:
    (one,) = taken(a_file(f"{ONCE}\n{OLD}", f"{ONCE}\n{NEW}"))
    assert one.name == "new"


def test_versions_of_a_replaced_time_count_by_its_moment() -> None:
    """However it is written: in UTC, or on the clock of a zone."""
    series, first, second = taken(
        a_file(
            WEEKLY,
            f"UID:1\nRECURRENCE-ID:20260112T080000Z\nDTSTART:20260112T100000Z\n{NEW}\nSEQUENCE:2",
            "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20260112T090000\nDTSTART:20260112T110000Z",
        )
    )
    assert times_of(series, 2) == ["2026-01-05T08:00:00Z", "2026-01-19T08:00:00Z"]
    assert (first.name, first.recurrence_id) == ("new", "2026-01-12T08:00:00Z")
    assert second.refusal is not None
    assert second.refusal.reason == "The file has a newer version of this time."


@pytest.mark.parametrize(
    ("name", "of", "zone", "summer"),
    [
        ("GMT", LONDON, "Europe/London", "2026-06-01T08:00:00Z"),
        ("Customized Time Zone", BERLIN, "Europe/Paris", "2026-06-01T07:00:00Z"),
        ("W. Europe Standard Time", BERLIN, "Europe/Berlin", "2026-06-01T07:00:00Z"),
        ("Europe/Rome", BERLIN, "Europe/Rome", "2026-06-01T07:00:00Z"),
        ("America/New_York", BERLIN, "Europe/Paris", "2026-06-01T07:00:00Z"),
        ("/freeassociation.sourceforge.net/Europe/Vienna", BERLIN, "Europe/Vienna", "2026-06-01T07:00:00Z"),
    ],
)  # fmt: skip
def test_a_zone_is_what_the_file_defines(
    name: str, of: dict[str, str], zone: str, summer: str
) -> None:
    """Names are tried first, but only the definition proves anything."""
    event = f"UID:1\nDTSTART;TZID={name}:20260601T090000\nRRULE:FREQ=DAILY"
    (one,) = taken(with_zone(name, of, event))
    assert one.body is not None
    assert one.body["timezone"] == zone
    assert times_of(one, 1) == [summer]


def test_a_definition_that_no_zone_has_is_refused_for_a_series_alone() -> None:
    """A single time needs no zone: it is a moment."""
    odd = {**BERLIN, "summer": "+0217"}
    series = "UID:1\nDTSTART;TZID=odd:20260601T090000\nRRULE:FREQ=DAILY"
    line, reason = refusal(with_zone("odd", odd, series))
    assert line == 21
    assert reason == (
        "DTSTART has the time zone 'odd', and no IANA zone agrees with its definition in line 4; "
        "correct that, or use an IANA name such as Europe/Berlin without a definition."
    )
    (one,) = taken(with_zone("odd", odd, "UID:1\nDTSTART;TZID=odd:20260601T090000"))
    assert times_of(one) == ["2026-06-01T06:43:00Z"]


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/x.example/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ('"/freeassociation.sourceforge.net/Europe/Berlin"', "Europe/Berlin"),
        ("/citadel.org/20210210_1/Europe/Berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("US/Eastern", "US/Eastern"),
    ],
)
def test_a_zone_that_the_file_does_not_define_is_what_its_name_says(tzid: str, zone: str) -> None:
    (one,) = taken(a_file(f"UID:1\nDTSTART;TZID={tzid}:20260105T090000\nRRULE:FREQ=DAILY"))
    assert one.body is not None
    assert one.body["timezone"] == zone


@pytest.mark.parametrize(
    "tzid",
    ["No/Where", "../../etc/passwd", "A,B", "America", "Factory", "x" * 300, "(UTC+01:00) X"],
)
def test_a_zone_that_nobody_knows_refuses_the_entry_alone(tzid: str) -> None:
    bad = f"UID:1\nDTSTART;TZID={tzid}:20260105T090000"
    line, reason = refusal(a_file(ONCE, bad))
    assert line == 10
    assert reason.startswith("DTSTART has the time zone '")
    assert len(reason) < 200


def test_a_line_may_be_folded_inside_a_character() -> None:
    raw = a_file(f"{ONCE}\nSUMMARY:Prüfung").replace("ü".encode(), b"\xc3\r\n \xbc")
    assert taken(raw)[0].name == "Prüfung"


def test_bytes_that_are_no_text_matter_only_where_they_are_read() -> None:
    bad = a_file(ONCE, f"UID:3\nDTSTART:20260105T090000Z\n{NEW}\nLOCATION:x").replace(b"x", b"\xff")
    assert [one.name for one in taken(bad)] == ["2", "new"]
    line, reason = refusal(bad.replace(b"LOCATION", b"DESCRIPTION"))
    assert (line, reason) == (12, "DESCRIPTION is not UTF-8; save the file as UTF-8.")


@pytest.mark.parametrize(
    ("start", "rule", "first"),
    [
        ("VALUE=DATE:19500315", "FREQ=YEARLY", "2026-03-15T00:00:00Z"),
        ("VALUE=DATE:16040229", "FREQ=YEARLY", "2028-02-29T00:00:00Z"),
        ("VALUE=DATE:16040430", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30", "2026-04-30T00:00:00Z"),
        ("VALUE=DATE:19500315", "FREQ=YEARLY;COUNT=78", "2026-03-15T00:00:00Z"),
        ("VALUE=DATE:19600104", "FREQ=WEEKLY;INTERVAL=2", "2026-01-05T00:00:00Z"),
        ("X=1:19690101T090000Z", "FREQ=MONTHLY;INTERVAL=5", "2026-02-01T09:00:00Z"),
    ],
)
def test_a_series_may_begin_before_1970(start: str, rule: str, first: str) -> None:
    (one,) = taken(a_file(f"UID:1\nDTSTART;{start}\nRRULE:{rule}"))
    assert times_of(one, 1) == [first]
    assert any("the series is taken from" in notice for notice in one.notices)


@pytest.mark.parametrize(
    "rule", ["", "\nRRULE:FREQ=YEARLY;COUNT=3", "\nRRULE:FREQ=DAILY;UNTIL=19691231"]
)
def test_what_was_over_in_1970_is_refused(rule: str) -> None:
    _, reason = refusal(a_file(f"UID:1\nDTSTART;VALUE=DATE:19500315{rule}"))
    assert reason == "DTSTART lies before 1970, and nothing of it is left."


def test_what_is_called_off_is_said_to_be() -> None:
    """By its status, or by the method of its calendar; with what replaces times of it."""
    moved = "UID:1\nRECURRENCE-ID:20260112T080000Z\nDTSTART:20260112T100000Z"
    for file in (
        a_file(f"{WEEKLY}\nSTATUS:Cancelled", moved),
        a_file(WEEKLY, moved, head="METHOD:CANCEL"),
        a_file(WEEKLY, moved) + a_file(f"{WEEKLY}\nSEQUENCE:1", moved, head="METHOD:CANCEL"),
    ):
        found = taken(file)
        assert [one.is_cancelled for one in found] == [True, True]
        assert [one.recurrence_id for one in found] == ["", "2026-01-12T08:00:00Z"]
        assert not any(one.body or one.refusal for one in found)


def test_what_is_called_off_needs_no_start() -> None:
    series, off = taken(a_file(WEEKLY, "UID:1\nRECURRENCE-ID:20260112T080000Z\nSTATUS:CANCELLED"))
    assert times_of(series, 2) == ["2026-01-05T08:00:00Z", "2026-01-19T08:00:00Z"]
    assert off.is_cancelled


def test_a_time_that_is_replaced_is_an_entry_of_its_own_and_never_recurs() -> None:
    moved = "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20260112T090000\nDTSTART:20260113T100000Z"
    series, one = taken(a_file(f"{WEEKLY}\n{NEW}\nX-QHRONOS-TAGS:t", f"{moved}\nRRULE:FREQ=DAILY"))
    assert times_of(series, 2) == ["2026-01-05T08:00:00Z", "2026-01-19T08:00:00Z"]
    assert one.body == {
        "name": "new",
        "start_time": "2026-01-13T10:00:00Z",
        "tags": ["t"],
        "webhook": HOOK,
    }


def test_a_replaced_time_that_can_not_be_read_does_not_occur_at_its_old_time() -> None:
    bad = "UID:1\nRECURRENCE-ID:20260112T080000Z\nDTSTART:soon"
    series, one = taken(a_file(WEEKLY, bad))
    assert times_of(series, 2) == ["2026-01-05T08:00:00Z", "2026-01-19T08:00:00Z"]
    assert one.refusal is not None
    assert one.refusal.reason == "DTSTART has 'soon', which is neither a date nor a time."


def test_the_only_time_of_what_occurs_once_is_replaced() -> None:
    series, one = taken(
        a_file(ONCE, "UID:2\nRECURRENCE-ID:20260105T090000Z\nDTSTART:20260106T090000Z")
    )
    assert series.is_cancelled
    assert times_of(one) == ["2026-01-06T09:00:00Z"]


FROM_THERE_ON = "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260119T090000"


@pytest.mark.parametrize(
    ("rule", "start", "first", "then"),
    [
        ("FREQ=WEEKLY", "20260119T100000", ["05T08", "12T08"], ["19T09", "26T09"]),
        ("FREQ=WEEKLY", "20260120T100000", ["05T08", "12T08"], ["20T09", "27T09"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "20260120T090000", ["05T08", "07T08", "12T08", "14T08"], ["20T08", "22T08", "27T08", "29T08"]),
        ("FREQ=WEEKLY;COUNT=4", "20260119T100000", ["05T08", "12T08"], ["19T09", "26T09"]),
        ("FREQ=DAILY;INTERVAL=7;UNTIL=20260126T080000Z", "20260119T100000", ["05T08", "12T08"], ["19T09", "26T09"]),
    ],
)  # fmt: skip
def test_a_series_goes_on_in_another_way(
    rule: str, start: str, first: list[str], then: list[str]
) -> None:
    series = f"UID:1\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:{rule}"
    changed = f"{FROM_THERE_ON}\nDTSTART;TZID=Europe/Berlin:{start}\n{NEW}"
    one, other = taken(a_file(series, changed))
    assert times_of(one, 9) == [f"2026-01-{at}:00:00Z" for at in first]
    assert times_of(other, 9)[: len(then)] == [f"2026-01-{at}:00:00Z" for at in then]
    if "COUNT" in rule or "UNTIL" in rule:
        assert len(times_of(other, 9)) == 2
    assert other.is_range


def test_a_series_ends_where_what_follows_is_called_off() -> None:
    series, off = taken(a_file(WEEKLY, f"{FROM_THERE_ON}\nSTATUS:CANCELLED"))
    assert times_of(series, 9) == ["2026-01-05T08:00:00Z", "2026-01-12T08:00:00Z"]
    assert (off.is_cancelled, off.is_range) == (True, True)


def test_single_times_of_what_follows_are_replaced_there() -> None:
    changed = f"{FROM_THERE_ON}\nDTSTART;TZID=Europe/Berlin:20260119T100000"
    single = "UID:1\nRECURRENCE-ID:20260126T080000Z\nDTSTART:20260127T080000Z"
    series, later, _ = taken(a_file(f"{WEEKLY}\nEXDATE;VALUE=DATE:20260202", changed, single))
    assert len(times_of(series, 9)) == 2
    assert times_of(later, 2) == ["2026-01-19T09:00:00Z", "2026-02-09T09:00:00Z"]


@pytest.mark.parametrize(
    ("rule", "start"),
    [("FREQ=MONTHLY;BYDAY=3MO", "20260120T090000"), ("FREQ=DAILY;BYHOUR=9", "20260119T100000")],
)
def test_what_can_not_be_followed_is_refused_with_its_series(rule: str, start: str) -> None:
    series = f"UID:1\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:{rule}"
    changed = f"{FROM_THERE_ON}\nDTSTART;TZID=Europe/Berlin:{start}"
    for one in taken(a_file(series, changed)):
        assert one.refusal is not None
        assert "split the series" in one.refusal.reason


@pytest.mark.parametrize(
    ("lines", "second"),
    [
        ("EXDATE:", "2026-01-12T08:00:00Z"),
        ("EXDATE;VALUE=DATE:20260112", "2026-01-19T08:00:00Z"),
        ("EXDATE;TZID=America/New_York:20260112T030000", "2026-01-19T08:00:00Z"),
        ("EXDATE:20260112T080000Z\nEXDATE;VALUE=DATE:20260119", "2026-01-26T08:00:00Z"),
        ("EXDATE;VALUE=DATE:20260112,20260119T090000", "2026-01-26T08:00:00Z"),
        ("RDATE;VALUE=PERIOD:20260106T080000Z/PT1H", "2026-01-06T08:00:00Z"),
        ("RDATE;VALUE=DATE:20260106", "2026-01-06T08:00:00Z"),
        ("EXRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=9", "2026-01-26T08:00:00Z"),
    ],
)
def test_what_stands_beside_the_rule(lines: str, second: str) -> None:
    (one,) = taken(a_file(f"{WEEKLY}\n{lines}"))
    times = times_of(one, 2)
    assert (times[0] if "EXRULE" in lines else times[1]) in (second, "2026-01-12T08:00:00Z")
    assert second in times


def test_a_series_of_days_has_days_taken_out_however_they_are_written() -> None:
    """And ends on a day."""
    (one,) = taken(
        a_file(
            "UID:1\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260109T000000Z\n"
            "EXDATE:20260106T000000Z\nEXDATE;TZID=Europe/Berlin:20260107T000000\n"
            "EXDATE:20260107T230000Z",
        ),
        "Europe/Berlin",
    )
    assert times_of(one) == ["2026-01-04T23:00:00Z", "2026-01-08T23:00:00Z"]


def test_tags_are_categories_that_can_be_tags() -> None:
    """A long one is no tag: what was cut would be another tag."""
    long = "x" * 65
    (one,) = taken(a_file(f"{ONCE}\nCATEGORIES:a\\,b,c\nCATEGORIES:{long}, ,d,c"))
    assert one.body is not None
    assert one.body["tags"] == ["c", "d"]
    assert len(one.notices) == 2


def test_what_is_too_long_for_an_event_is_cut() -> None:
    (one,) = taken(a_file(f"{ONCE}\nSUMMARY:{'x' * 300}\nDESCRIPTION:{'y' * 5_000}"))
    assert one.body is not None
    assert (len(one.body["name"]), len(one.body["description"])) == (255, 4_096)
    assert len(one.notices) == 2


def test_hostile_names_become_one_line() -> None:
    (one,) = taken(a_file(f"{ONCE}\nSUMMARY:a\\nb\u202ec\x1b[31m \\;"))
    assert one.name == "a bc [31m ;"


def test_an_entry_without_a_uid_has_the_same_one_every_time() -> None:
    file = a_file("DTSTART:20260105T090000Z\nSUMMARY:a", "DTSTART:20260105T090000Z\nSUMMARY:b")
    first, second = taken(file)
    assert first.uid != second.uid
    assert [one.uid for one in taken(file)] == [first.uid, second.uid]


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ("SUMMARY:x", 8, "DTSTART is missing."),
        ("DTSTART:20260230T000000", 10, "DTSTART has '20260230T000000', which no calendar or clock shows."),
        ("DTSTART:99991231T235959Z", 10, "DTSTART has '99991231T235959Z', which is not of the years 2 to 9998."),
        ("DTSTART:20260105\nDTSTART:20260106", 11, "DTSTART must stand only once."),
        ("DTSTART:20260105T090000Z\nRECURRENCE-ID;RANGE=THISANDPRIOR:20260105T090000Z", 11, "RECURRENCE-ID has a RANGE that is not THISANDFUTURE."),
        ("DTSTART:20260105T090000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260105T090000Z", 8, "It changes a series that is not taken."),
        ("DTSTART:20260105T090000Z\nEXDATE:tomorrow", 11, "EXDATE has 'tomorrow', which is neither a date nor a time."),
        ("DTSTART:20260105T090000Z\nBEGIN:VEVENT\nEND:VEVENT", 8, "It has another VEVENT inside; end one before the next begins."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one_is_no_harm_to_others(lines: str, line: int, reason: str) -> None:
    file = a_file(ONCE, f"UID:1\n{lines}")
    assert times_of(taken(file)[0]) == ["2026-01-05T09:00:00Z"]
    assert refusal(file) == (line, reason)


def test_a_target_is_needed() -> None:
    own = f"{ONCE}\nX-QHRONOS-WEBHOOK:https://example.com/a?x=1\\,2"
    first, second = taken(a_file(own, WEEKLY), webhook=None)
    assert first.body is not None
    assert first.body["webhook"] == "https://example.com/a?x=1,2"
    assert second.refusal is not None
    assert second.refusal.name == "X-QHRONOS-WEBHOOK"


def test_a_file_without_an_entry_is_a_calendar_all_the_same() -> None:
    assert read_entries(a_file(), None, now_ms=NOW_MS).count == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The body must be an iCalendar file"),
        (b"\xff\xfeB\x00", "The calendar is UTF-16; save it as UTF-8."),
        (b"<html></html>", "The body must be an iCalendar file"),
        (a_file(ONCE)[:-16], "The calendar is cut off: END:VCALENDAR is missing."),
        (a_file(ONCE) + b"more", "The body must be an iCalendar file"),
        (a_file(ONCE, WEEKLY, WEEKLY), "The calendar has too many VEVENTs; send at most 2."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "Line 3 of the calendar ends what did not begin, or too early: END:VEVENT has to come first."),
        (b"BEGIN:VCALENDAR\nBEGIN:VCALENDAR\n", "The body must be an iCalendar file"),
    ],
)  # fmt: skip
def test_what_is_no_calendar_is_refused_whole(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_entries(data, None, now_ms=NOW_MS, most=2)
    assert caught.value.message.startswith(sentence)


def test_reading_spends_what_it_costs() -> None:
    file = a_file(*(f"UID:{n}\nDTSTART:20260105T090000Z" for n in range(100)))
    with limited(100), pytest.raises(BudgetExceeded):
        read_entries(file, None, now_ms=NOW_MS)
    found = read_entries(file, None, now_ms=NOW_MS, webhook=HOOK)
    with limited(1_000), pytest.raises(BudgetExceeded):
        list(found.entries())
