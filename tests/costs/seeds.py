"""What was found once: six requests that stopped everybody, and variants of each.

A row is a name, the kind of search that begins with it, the request and the status it has to have:
200 or 201 and fast, 202 if a job does it, or 400 with one clear sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.costs.requests import (
    Request,
    batch,
    calendar,
    create,
    file_of,
    imported,
    on_calendars,
    patch,
    preview,
    vevent,
)

BERLIN = "Europe/Berlin"
ALL_60 = ",".join(map(str, range(60)))


@dataclass(frozen=True)
class Row:
    name: str
    kind: str
    request: Request
    status: int


def rules(*texts: str) -> list[dict[str, Any]]:
    return [{"rrule": text} for text in texts]


def every_month(more: str, *left_out: int) -> list[dict[str, Any]]:
    return rules(*(f"{more};BYMONTH={n}" for n in range(1, 13) if n not in left_out))


def second_by_second(exclude: list[Any], **changes: Any) -> Request:
    """Every second, with exclusions; asked for what comes in December."""
    asked = {"count": 1, "from_": "2026-12-01T00:00:00Z", **changes}
    return preview({"every": "1s", "exclude": exclude}, **asked)


EMPTIED = [
    Row("A1", "preview", second_by_second(rules(*["FREQ=SECONDLY;BYMONTH=1"] * 19, "FREQ=SECONDLY;BYMONTH=12")), 200),
    Row("A1 in a zone", "preview", second_by_second(rules(*["FREQ=SECONDLY;BYMONTH=1"] * 19, "FREQ=SECONDLY;BYMONTH=12"), timezone=BERLIN), 200),
    Row("A1 by weekdays", "preview", second_by_second(rules(*(f"FREQ=SECONDLY;BYDAY={d}" for d in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")))), 400),
    Row("A1 a hundred months", "preview", second_by_second(rules(*["FREQ=SECONDLY;BYMONTH=12"] * 100)), 200),
    Row("A1 by cron", "preview", second_by_second([{"cron": "* * * 12 *"}, {"cron": "1-59 * * * 12 *"}]), 400),
    Row("A1 by all minutes", "preview", second_by_second(rules(f"FREQ=HOURLY;BYMINUTE={ALL_60};BYSECOND={ALL_60}")), 400),
    Row("A1 by days of the year", "preview", second_by_second(rules("FREQ=SECONDLY;BYYEARDAY=" + ",".join(map(str, range(300, 367))))), 200),
    Row("A1 by two halves", "preview", second_by_second(rules("FREQ=SECONDLY;INTERVAL=2", "FREQ=SECONDLY;INTERVAL=2;BYMINUTE=0")), 200),
    Row("A1 by the same period", "preview", second_by_second([{"every": "1s"}]), 400),
    Row("A1 by a thousand dates", "preview", second_by_second([f"2026-{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 29)]), 200),
    Row("A1 of a hundred rules", "preview", preview({"rules": [{"every": "1s"}] * 100, "exclude": every_month("FREQ=SECONDLY", 12)}, count=1), 200),
]  # fmt: skip


def rare(text: str, count: int = 3, **changes: Any) -> Request:
    """A hundred times a rule that seldom matches."""
    return preview({"rules": rules(*[text] * 100)}, count=count, **{"timezone": BERLIN, **changes})


RARE = [
    Row("A2", "preview", rare("FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 the other way", "preview", rare("FREQ=SECONDLY;INTERVAL=86399;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 of minutes", "preview", rare("FREQ=MINUTELY;INTERVAL=1441;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 of hours", "preview", rare("FREQ=HOURLY;INTERVAL=25;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 of days", "preview", rare("FREQ=DAILY;INTERVAL=97;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 of weeks", "preview", rare("FREQ=WEEKLY;INTERVAL=401;BYMONTH=2;BYDAY=MO"), 400),
    Row("A2 of months", "preview", rare("FREQ=MONTHLY;INTERVAL=11;BYDAY=5MO;BYMONTHDAY=29"), 400),
    Row("A2 of years", "preview", rare("FREQ=YEARLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), 400),
    Row("A2 of last weeks", "preview", rare("FREQ=YEARLY;INTERVAL=3;BYWEEKNO=53;BYMONTHDAY=28;BYDAY=MO"), 400),
    Row("A2 since 1900", "preview", rare("FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", start_time="1900-01-01T00:00:00Z"), 400),
    Row("A2 taken away", "preview", preview({"every": "1d", "exclude": rules(*["FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"] * 100)}, count=3, timezone=BERLIN), 400),
]  # fmt: skip

_LAST_DAYS = [f"{year}-12-31" for year in range(2026, 2126)]
_BUT_THE_LAST_DAY = [
    *every_month("FREQ=SECONDLY", 12),
    *rules("FREQ=SECONDLY;BYMONTHDAY=" + ",".join(map(str, range(1, 31)))),
]
_EVE = {"start_time": "2025-12-31T23:59:00Z"}

STANDSTILL = [
    Row("A3", "create", create({"every": "1s", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE), 400),
    Row("A3 in a zone", "create", create({"every": "1s", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE, timezone=BERLIN), 400),
    Row("A3 of minutes", "create", create({"every": "1m", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE), 400),
    Row("A3 by cron", "create", create({"cron": "* * * * *", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE), 400),
    Row("A3 by intervals", "create", create({"every": "1s", "exclude": [*rules("FREQ=SECONDLY;INTERVAL=1;BYMINUTE=0"), {"every": "1s", "until": "2125-01-01"}]}, **_EVE), 400),
    Row("A3 by periods", "create", create({"every": "2s", "exclude": [{"every": "4s"}, {"rrule": "FREQ=SECONDLY;INTERVAL=4;BYHOUR=1,2,3"}]}, **_EVE), 201),
    Row("A3 taken by moments", "create", create({"every": "1s", "exclude": [f"2026-01-05T09:{m:02}:{s:02}Z" for m in range(16) for s in range(60)]}), 201),
    Row("A3 changed to", "patch", patch({"schedule": {"every": "1s", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE}), 400),
    Row("A3 only asked", "dry run", patch({"schedule": {"every": "1s", "exclude": [*_BUT_THE_LAST_DAY, *_LAST_DAYS]}, **_EVE}, dry=True), 400),
    Row("A3 by years", "create", create({"every": "1s", "exclude": [*_BUT_THE_LAST_DAY, *rules("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;BYHOUR=23;BYMINUTE=59;BYSECOND=" + ALL_60)]}, **_EVE), 201),
    Row("A3 of a file", "import", imported(vevent("RRULE:FREQ=SECONDLY", *(f"EXRULE:FREQ=SECONDLY;BYMONTH={n}" for n in range(1, 13)))), 200),
]  # fmt: skip


def counted(text: str, times: int = 25, **changes: Any) -> Request:
    """Many times a rule whose count has to be walked."""
    return preview({"rules": rules(*[text] * times)}, count=3, **changes)


COUNTED = [
    Row("A4", "preview", counted("FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000"), 400),
    Row("A4 stored", "create", create({"rules": rules(*["FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000"] * 12)}), 400),
    Row("A4 in a zone", "preview", counted("FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000", timezone="Africa/Casablanca"), 400),
    Row("A4 of one rule", "preview", counted("FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000", 1), 400),
    Row("A4 of weekdays", "preview", counted("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=100000"), 400),
    Row("A4 of positions", "preview", counted("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=99000"), 400),
    Row("A4 of cron", "preview", preview({"rules": [{"cron": "0 9 1 * *", "count": 99_000}] * 25}, count=3), 400),
    Row("A4 of names", "preview", preview({"rules": [{"frequency": "yearly", "by_week_no": [20], "count": 99_000}] * 25}, count=3), 400),
    Row("A4 taken away", "preview", preview({"every": "1d", "exclude": rules(*["FREQ=DAILY;BYDAY=MO;COUNT=99000"] * 25)}, count=3), 400),
    Row("A4 added", "preview", preview({"every": "1d", "include": rules(*["FREQ=DAILY;BYDAY=MO;COUNT=99000"] * 25)}, count=3), 400),
    Row("A4 of a file", "import", imported(*[vevent("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000")] * 100), 202),
]  # fmt: skip


def dense(text: str, times: int = 1, **changes: Any) -> Request:
    """A rule of which it takes long to see how dense it is."""
    schedule = {"rrule": text} if times == 1 else {"rules": rules(*[text] * times)}
    return preview(schedule, count=3, **changes)


DENSE = [
    Row("A5", "preview", dense("FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH"), 200),
    Row("A5 a hundred times", "preview", dense("FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH", 100), 400),
    Row("A5 in a zone", "preview", dense("FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH", timezone=BERLIN), 400),
    Row("A5 of seconds", "preview", dense("FREQ=SECONDLY;INTERVAL=3599;BYYEARDAY=1;BYDAY=TH"), 200),
    Row("A5 of minutes", "preview", dense("FREQ=MINUTELY;INTERVAL=61;BYYEARDAY=366;BYDAY=TH"), 200),
    Row("A5 of leap days", "preview", dense("FREQ=HOURLY;INTERVAL=59;BYMONTH=2;BYMONTHDAY=29;BYDAY=TH"), 200),
    Row("A5 of last weeks", "preview", dense("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTHDAY=31"), 400),
    Row("A5 sixty in a minute", "preview", dense(f"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TH;BYMINUTE=0;BYSECOND={ALL_60}", 2), 200),
    Row("A5 stored", "create", create({"rrule": "FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH"}), 201),
    Row("A5 of seconds of a day", "preview", dense(f"FREQ=MINUTELY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH;BYSECOND={ALL_60}", 3), 200),
    Row("A5 for a thousand", "preview", preview({"rrule": "FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH"}, count=1_000), 400),
]  # fmt: skip

_LATE = {"start_time": "2025-12-31T23:55:00Z"}
_THOUSAND = [f"2026-01-01T00:05:00.{n:03}Z" for n in range(1_000)]

BURSTS = [
    Row("A6", "create", create({"every": "1s", "include": _THOUSAND}, **_LATE), 400),
    Row("A6 alone", "create", create({"every": "1d", "include": _THOUSAND}, **_LATE), 400),
    Row("A6 far ahead", "create", create({"every": "1d", "include": [f"2099-01-01T00:05:{n % 60:02}.{n // 60:03}Z" for n in range(1_000)]}, **_LATE), 400),
    Row("A6 apart", "create", create({"every": "1d", "include": [f"2026-02-{d:02}T{h:02}:30:00Z" for d in range(1, 29) for h in range(24)]}, **_LATE), 201),
    Row("A6 by rules", "create", create({"every": "1d", "include": [{"every": "1s"}, {"every": "1s"}]}, **_LATE), 201),
    Row("A6 in a zone", "create", create({"every": "1s", "include": _THOUSAND}, **_LATE, timezone=BERLIN), 400),
    Row("A6 sixty-one", "create", create({"every": "1d", "include": [f"2026-01-01T00:05:00.{n:03}Z" for n in range(61)]}, **_LATE), 400),
    Row("A6 changed to", "patch", patch({"schedule": {"every": "1s", "include": _THOUSAND}, **_LATE}), 400),
    Row("A6 only asked", "dry run", patch({"schedule": {"every": "1s", "include": _THOUSAND}, **_LATE}, dry=True), 400),
    Row("A6 of a file", "import", imported(vevent("RRULE:FREQ=SECONDLY", "RDATE:" + ",".join(["20260105T090000Z"] * 990))), 201),
    Row("A6 around an end", "create", create({"rules": [{"every": "1s", "until": "2026-01-01T00:04:59Z"}, {"cron": "0 0 1 1 *"}], "include": _THOUSAND}, **_LATE), 400),
]  # fmt: skip

_LONG_RULES = {
    "rules": [
        {"rrule": f"FREQ=DAILY;INTERVAL={n % 2 + 1};BYMONTH=1", "days": 366 - n // 2}
        for n in range(200)
    ]
}
_NINE = {"cron": "0 9 * * *"}

OTHERS = [
    Row("long cron lists", "create", create({"rules": [{"cron": ",".join(["*/1"] * 1_000) + " * * * *"}] * 60}), 400),
    Row("long lists of numbers", "create", create({"rules": [{"frequency": "yearly", "by_second": [1] * 1_000, "by_minute": [0] * 1_000, "by_hour": [0] * 1_000}] * 28}), 201),
    Row("a hundred exclusions of a hundred rules", "preview", preview({"rules": rules(*["FREQ=SECONDLY;BYMONTH=3"] * 100), "exclude": rules(*["FREQ=SECONDLY;BYMONTH=1"] * 100)}, count=1), 400),
    Row("a thousand additions", "preview", preview({**_NINE, "include": [f"2026-02-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02}:00Z" for n in range(1_000)], "exclude": rules(*["FREQ=SECONDLY;BYMONTH=1"] * 100)}, count=1), 200),
    Row("changes of the clock", "preview", preview({"rules": rules(*["FREQ=MINUTELY;BYHOUR=2"] * 60)}, count=1, timezone=BERLIN), 400),
    Row("all seconds of the hour", "preview", preview({"rules": rules(*[f"FREQ=HOURLY;INTERVAL=9999;BYMINUTE={ALL_60};BYSECOND={ALL_60}"] * 100)}, count=1), 200),
    Row("rules of a calendar", "calendar", calendar(_LONG_RULES), 400),
    Row("rules of a calendar by cron", "calendar", calendar({"rules": [{"cron": "* * * * *", "days": 366 - n} for n in range(200)]}), 400),
    Row("exclusions in a calendar", "calendar", calendar({"rules": [{"every": "1s", "exclude": every_month("FREQ=SECONDLY")}] * 200}), 400),
    Row("ranges of a calendar", "calendar", calendar({"ranges": [{"from": "2026-01-01", "to": "2027-01-01"}] * 4_500}), 201),
    Row("holidays of a thousand years", "on calendars", on_calendars([{"holidays": {"country": "MY"}}], preview({"rrule": "FREQ=YEARLY"}, count=1_000)), 400),
    Row("holidays of ten countries", "on calendars", on_calendars([{"holidays": {"country": c}} for c in ("US", "DE", "IN", "LK", "MY", "CN", "SA", "TR", "HK", "IL")], preview({"rrule": "FREQ=YEARLY"}, count=100)), 400),
    Row("ten large calendars", "on calendars", on_calendars([{"ranges": [{"from": "2026-01-01", "to": "2026-01-02"}] * 4_500}] * 10, preview(_NINE, count=1)), 200),
    Row("never a free day", "on calendars", on_calendars([{"ranges": [{"from": "2026-01-01", "to": "2099-01-01"}]}], preview(_NINE, count=1, on_excluded="next_day")), 400),
    Row("a file of rules", "import", imported(*[vevent(*["RRULE:FREQ=DAILY"] * 99)] * 100), 202),
    Row("a file of categories", "import", imported(vevent(*["CATEGORIES:" + "a," * 500] * 900)), 400),
    Row("a file of parameters", "import", imported(vevent(*["RDATE" + ";X=1" * 200 + ":20260105"] * 900)), 400),
    Row("a file of dates in a zone", "import", imported(*[vevent("RDATE;TZID=/a/b/c/Europe/Berlin:" + ",".join(["20260105T090000"] * 3_000))] * 6), 400),
    Row("a file of days", "calendar of a file", calendar(file_of(*[vevent(f"DTSTART;VALUE=DATE:2026{n % 12 + 1:02}{n % 28 + 1:02}") for n in range(1_500)])), 201),
    Row("a file of unread lines", "calendar of a file", calendar(file_of(vevent("DTSTART;VALUE=DATE:20260105"), *["X-A:1"] * 120_000)), 201),
    Row("a file of rare rules", "import", imported(*[vevent("RRULE:FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH")] * 100), 202),
    Row("a file of counts", "import", imported(*[vevent("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=100")] * 100), 202),
    Row("a file of a hundred meetings", "import", imported(*[vevent("DTSTART;TZID=Europe/Berlin:20260105T090000", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "EXDATE;TZID=Europe/Berlin:20260107T090000")] * 100), 201),
    Row("numbers without end", "JSON", Request("POST", "/events", '{"metadata":[' + "1e1," * 65_000 + "1]}"), 400),
    Row("lists without end", "JSON", Request("POST", "/events", '{"metadata":[' + "[]," * 87_000 + "1]}"), 400),
    Row("names without end", "JSON", create(**{f"k{n}": 0 for n in range(20_000)}), 400),
    Row("the same tag without end", "lists", Request("GET", "/events", None, {"tags": ",".join(["t"] * 30_000)}), 200),
]  # fmt: skip

_RARE = create({"rrule": "FREQ=HOURLY;INTERVAL=59;BYYEARDAY=1;BYDAY=TH"})
_SECONDS = create({"every": "1s", "include": _THOUSAND}, **_LATE)

_UNKNOWN = [create(**{f"k{n}x{m}": 0 for m in range(20)}) for n in range(500)]

BATCHES = [
    Row("a batch of rare rules or none", "batch", batch(*[_RARE] * 1_000, atomic=True), 400),
    Row("a batch of unknown members", "batch", batch(*_UNKNOWN), 400),
]  # fmt: skip

MORE_BATCHES = [
    batch(*[create()] * 1_000),
    batch(
        *[create(tags=[f"t{n}" for n in range(50)], metadata={"n": [1] * 50})] * 400, atomic=True
    ),
    batch(*[create(webhook="https://example.com/{{metadata.a}}", metadata={"a": "b"})] * 500),
    batch(*[create({"cron": "0 9 * * 1"})] * 1_000),
    batch(*[_SECONDS] * 20),
    batch(*[create(name=None, when="soon", webhook="x")] * 1_000),
]
"""For the search to begin with; what is answered is asked in other tests."""

SEEDS = [*BATCHES, *EMPTIED, *RARE, *STANDSTILL, *COUNTED, *DENSE, *BURSTS, *OTHERS]


def by_kind() -> dict[str, list[Request]]:
    """The rows for a search to begin with."""
    found: dict[str, list[Request]] = {}
    for row in SEEDS:
        found.setdefault(row.kind, []).append(row.request)
    found["batch"] += MORE_BATCHES
    return found
