"""Calendar files of a tenant who means harm: to cost much, to break out of a line, to reach others.

Each is answered in a sentence, soon, and leaves only events of that tenant. The feed that shows
what it left is a calendar file still.
"""

from __future__ import annotations

from functools import partial

import icalendar
import pytest

from tests.support.processor import processor_s

TENANT, VICTIM = "mallory", "alice"
FILE = "text/calendar"
HOOK = "X-QHRONOS-WEBHOOK:https://example.com/h"
START = "DTSTART:20310101T090000Z"
SECONDS = 5.0
"""Of a processor, for one file of a megabyte: a multiple of what each takes on a slow host."""

MANY = 3_000


def a_calendar(*entries: str | bytes, head: str | bytes = "", tail: str | bytes = "") -> bytes:
    """A file of VEVENTs, each given by its lines; text is UTF-8."""
    parts: list[str | bytes] = ["BEGIN:VCALENDAR", "VERSION:2.0", head or "X-NOTHING:1"]
    for entry in entries:
        parts += ["BEGIN:VEVENT", entry, "END:VEVENT"]
    parts += [tail or "X-NOTHING:1", "END:VCALENDAR", ""]
    return b"\r\n".join(one.encode() if isinstance(one, str) else one for one in parts)


def entry(uid: str, *lines: str, start: str = START, hook: str = HOOK) -> str:
    return "\r\n".join([f"UID:{uid}", f"SUMMARY:{uid}", start, hook, *lines])


def zone(name: str, *rules: str) -> str:
    """A VTIMEZONE that is like Berlin's, and is none."""
    parts = [
        "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0217\r\n"
        f"TZOFFSETTO:+0113\r\n{rule}\r\nEND:STANDARD"
        for rule in rules
    ]
    return "\r\n".join([f"BEGIN:VTIMEZONE\r\nTZID:{name}", *parts, "END:VTIMEZONE"])


def hour(number: int) -> str:
    return f"2031{1 + number // 672 % 12:02}{1 + number // 24 % 28:02}T{number % 24:02}0000Z"


YEARLY = "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"
COSTS = {
    "a line of a megabyte": a_calendar(entry("a", "DESCRIPTION:" + "x" * 1_000_000)),
    "folds without end": a_calendar(entry("a", start="DTSTART:2031" + "\r\n " * 350_000 + "0101")),
    "folds in a parameter": a_calendar(
        entry("a", start='DTSTART;X="' + "\r\n a" * 250_000 + '":20310101T090000Z')
    ),
    "carriage returns": b"BEGIN:VCALENDAR\r" + b"\r" * 1_000_000 + b"END:VCALENDAR\r",
    "only folds": b" \r\n" * 300_000,
    "depth": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 70_000,
    "components in an entry": a_calendar(
        entry("a", "BEGIN:VALARM\r\nUID:x\r\nEND:VALARM\r\n" * 30_000 + "X-A:1")
    ),
    "one series, replaced everywhere": a_calendar(
        entry("a", "RRULE:FREQ=HOURLY"),
        *[entry("a", f"RECURRENCE-ID:{hour(n)}") for n in range(MANY)],
    ),
    "one series, cut everywhere": a_calendar(
        entry("a", "RRULE:FREQ=HOURLY"),
        *[
            entry("a", f"RECURRENCE-ID;RANGE=THISANDFUTURE:{hour(n)}", "RRULE:FREQ=HOURLY")
            for n in range(MANY)
        ],
    ),
    "exclusions, a line each": a_calendar(
        entry("a", "RRULE:FREQ=DAILY", *["EXDATE:20310102T090000Z"] * 40_000)
    ),
    "exclusions, in long lines": a_calendar(
        entry("a", "RRULE:FREQ=DAILY", *["EXDATE:" + ",".join([hour(1)] * 3_800)] * 15)
    ),
    "zones that are none": a_calendar(
        *[entry(f"e{n}", start=f"DTSTART;TZID=Z{n}:20310101T090000") for n in range(MANY)],
        tail="\r\n".join(zone(f"Z{n}", YEARLY) for n in range(MANY)),
    ),
    "a zone that changes every second": a_calendar(
        entry("a", start="DTSTART;TZID=Z:20310101T090000"), tail=zone("Z", "RRULE:FREQ=SECONDLY")
    ),
    "a zone in many parts": a_calendar(
        entry("a", start="DTSTART;TZID=Z:20310101T090000"), tail=zone("Z", *[YEARLY] * 8_000)
    ),
    "rules that never are": a_calendar(
        *[entry(f"e{n}", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30") for n in range(MANY)]
    ),
    "rules that hardly ever are": a_calendar(
        *[
            entry(
                f"e{n}",
                *["RRULE:FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"] * 20,
            )
            for n in range(500)
        ]
    ),
    "quotes that do not end": a_calendar(entry("a", start='DTSTART;A="' + ';B="' * 16_000)),
    "commas": a_calendar(entry("a", *["CATEGORIES:" + "," * 65_000] * 15)),
    "backslashes": a_calendar(entry("a", *["CATEGORIES:" + "\\" * 65_000] * 15)),
    "the same entry without a UID": a_calendar(*[f"SUMMARY:x\r\n{START}\r\n{HOOK}"] * 9_000),
    "more entries than are taken": a_calendar(*[entry(f"e{n}") for n in range(10_001)]),
    "many calendars": a_calendar(entry("a"), head="X-WR-TIMEZONE:Europe/Berlin") * 5_000,
}
TEXTS = {
    "line ends in a UID": a_calendar(
        *[entry(uid) for uid in ("a\\nb", "a\\r\\nSet-Cookie: x", "\u2028", "\x1b[31m", " ", "\u202e")]
    ),
    "bytes that are no text": a_calendar(
        b"UID:a\x00b\xed\xa0\x80\r\nSUMMARY:\xff\xfe\x00\r\n" + f"{START}\r\n{HOOK}".encode()
    ),
    "names that end the file": a_calendar(
        entry("a\\nEND:VCALENDAR", "DESCRIPTION:x\\nEND:VEVENT\\n\u2028BEGIN:VEVENT\u0085"),
        entry("b", "SUMMARY:y\u2028END:VEVENT\u2029BEGIN:VEVENT\x0bUID:c"),
    ),
    "zones that are paths": a_calendar(
        *[
            entry(f"z{n}", start=f"DTSTART;TZID={name}:20310101T090000")
            for n, name in enumerate(
                ["../../../etc/passwd", "/etc/localtime", "posixrules", "tzdata.zi", ".", "", "\x00",
                 "x" * 60_000, "right/Europe/Berlin", "Europe/../Europe/Berlin", "localtime"]
            )
        ],
        head="X-WR-TIMEZONE:../../etc/passwd",
    ),
    "years": a_calendar(
        *[
            entry(f"y{n}", start=f"DTSTART{one}")
            for n, one in enumerate(
                [":00010101T000000Z", ":99991231T235959Z", ":00000101T000000Z",
                 ":20310230T000000Z", ":20310101T246060Z", ";VALUE=DATE:99991231",
                 ";TZID=Pacific/Kiritimati:99991231T235959", ":\uff12\uff10310101T090000Z",
                 f":20310101T090000Z\r\nDURATION:P{'9' * 4_000}W"]
            )
        ]
    ),
    "sequences": a_calendar(
        *[entry("s", f"SEQUENCE:{one}") for one in ("-1", "9" * 5_000, "\uff11", "1e9", "", "NaN")]
    ),
    "a cycle": a_calendar(
        entry("c", "RECURRENCE-ID:20310102T090000Z", "RRULE:FREQ=DAILY"),
        entry("c", "RECURRENCE-ID:20310101T090000Z", start="DTSTART:20310102T090000Z"),
    ),
}  # fmt: skip
HOOKS = (
    *("file:///etc/passwd", "http://169.254.169.254/", "http://[::1]/", "http://0x7f000001/"),
    *("http://localhost/", "gopher://example.com/", "javascript:1", "https://example.com:99999/"),
    *("https://example.com/\\r\\nHost: b", "https://user:password@example.com/", "http://127.1/"),
)


@pytest.fixture
def mallory(process):
    return process.client(process.mint(sub=TENANT, scope=["red"]))


@pytest.fixture
def alice(process):
    return process.client(process.mint(sub=VICTIM, scope=["blue"]))


def send(client, file: bytes, query: str = "?tags=red"):
    """Post a file; whatever it is, the answer is soon there, and says something."""
    answers = []
    post = partial(client.post, f"/events{query}", data=file, content_type=FILE)
    assert processor_s(lambda: answers.append(post())) < SECONDS
    (answer,) = answers
    assert answer.status_code in (200, 201, 202, 400, 403), answer.text[:500]
    assert answer.status_code in (200, 201, 202) or len(answer.json["error"]) > 10
    return answer


@pytest.mark.parametrize("file", [*COSTS.values(), *TEXTS.values()], ids=[*COSTS, *TEXTS])
def test_a_file_is_answered_and_leaves_what_is_the_tenants_own(process, mallory, file):
    send(mallory, file)
    for event in process.client().get("/events?limit=1000").json:
        assert event["tags"] == ["red"]
        assert event["name"].isprintable()
    feed = mallory.get("/calendar.ics")
    assert feed.status_code == 200
    lines = feed.get_data(as_text=True).splitlines()
    shown = icalendar.Calendar.from_ical(feed.data).walk("VEVENT")
    assert sum(line.startswith(("BEGIN:", "END:")) for line in lines) == 2 + 2 * len(shown)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_file_can_not_name_a_target_that_json_can_not(mallory, hook):
    written = send(mallory, a_calendar(entry("a", hook=f"X-QHRONOS-WEBHOOK:{hook}")))
    plain = {"name": "a", "tags": ["red"], "start_time": "2031-01-01T09:00:00Z"}
    url = hook.replace("\\r", "\r").replace("\\n", "\n")
    asked = mallory.post("/events", json={**plain, "webhook": url})
    assert written.status_code == asked.status_code


@pytest.mark.parametrize("source", ["", "&source=work", "&source=alice", "&source=..%2Falice%00"])
def test_no_uid_and_no_source_reaches_what_another_imported(process, alice, mallory, source):
    """The same UIDs and the same source are others in another's hands; nothing of hers is said."""
    hers = a_calendar(entry("shared", "RRULE:FREQ=DAILY"), entry("hers"))
    assert (
        alice.post("/events?tags=blue&source=work", data=hers, content_type=FILE).status_code == 201
    )
    before = alice.get("/events").json
    attacks = [
        a_calendar(entry("shared", "SEQUENCE:99", "DESCRIPTION:taken")),
        a_calendar(entry("shared", "STATUS:CANCELLED", "SEQUENCE:99")),
        a_calendar(entry("shared"), head="METHOD:CANCEL"),
        a_calendar(entry("shared", "RECURRENCE-ID:20310102T090000Z", "SEQUENCE:99")),
        a_calendar(entry("hers", "X-QHRONOS-TAGS:blue")),
        a_calendar(),
    ]
    for file in attacks:
        for query in ("?tags=red", "?tags=red,blue", "?tags=blue"):
            answer = mallory.post(f"/events{query}{source}", data=file, content_type=FILE)
            assert answer.status_code < 500
            assert all(one["id"] not in answer.text for one in before)
    assert alice.get("/events").json == before
    assert all(one["tags"] == ["red"] for one in mallory.get("/events").json)
