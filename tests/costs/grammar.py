"""Requests at random: everything that an event, a calendar or a file may say, and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.costs import requests as ask
from tests.costs.requests import EVENT, Request
from tests.costs.schedules import (
    NUMBERS,
    STARTS,
    ZONES,
    Rng,
    amendments,
    moment,
    rrule,
    rule,
    schedule,
)

COUNTRIES = ("DE", "US", "MY", "CN", "IN", "HK", "RU", "LK", "SA")


def beside(rng: Rng) -> dict[str, Any]:
    """What stands beside a schedule."""
    found: dict[str, Any] = {"start_time": rng.choice(STARTS)}
    if rng.random() < 0.7:
        found["timezone"] = rng.choice(ZONES)
    if rng.random() < 0.3:
        found["dst"] = {
            "gap": rng.choice(("next", "skip", "shift")),
            "repeat": rng.choice(("first", "second", "both")),
        }
    if rng.random() < 0.2:
        found["jitter"] = rng.choice(("1s", "1h", "7d"))
    return found


def definition(rng: Rng) -> dict[str, Any]:
    """A calendar."""
    found: dict[str, Any] = {}
    if rng.random() < 0.3:
        found["dates"] = [moment(rng)[:10] for _ in range(rng.choice((1, 500, 5_000)))]
    if rng.random() < 0.3:
        one = {"from": "2026-01-01", "to": rng.choice(("2026-01-01", "2027-06-01", "9998-01-01"))}
        found["ranges"] = [one] * rng.choice((1, 500, 4_000))
    if rng.random() < 0.6:
        lasting = {
            "days": rng.choice((1, 2, 7, 366)),
            "from": rng.choice(("1970-01-01", "2026-01-01")),
        }
        made = {**rule(rng), **(lasting if rng.random() < 0.7 else {})}
        made |= {"exclude": amendments(rng)[:20]} if rng.random() < 0.3 else {}
        found["rules"] = [made] * rng.choice((1, 10, 200))
    if rng.random() < 0.3:
        found["holidays"] = {"country": rng.choice(COUNTRIES)}
    if rng.random() < 0.2:
        found["weekdays"] = ["SA", "SU"]
    return found


def lines(rng: Rng) -> list[str]:
    """Lines of one VEVENT."""
    zone = f";TZID={rng.choice(ZONES)}" if rng.random() < 0.5 else ""
    when = ",".join(["20260105T090000"] * rng.choice((1, 10, 900)))
    choices: list[Callable[[], str]] = [
        lambda: f"RRULE:{rrule(rng)}",
        lambda: f"EXRULE:{rrule(rng)}",
        lambda: f"EXDATE{zone}:{when}",
        lambda: f"RDATE{zone}:{when}",
        lambda: f"RDATE;VALUE=PERIOD:{','.join(['20260105T090000Z/PT1H'] * rng.choice((1, 300)))}",
        lambda: "DESCRIPTION:" + "a\\," * rng.choice((1, 1_000, 20_000)),
        lambda: "SUMMARY:" + "x\r\n " * rng.choice((1, 1_000, 9_000)) + "y",
        lambda: "CATEGORIES:" + "a," * rng.choice((1, 40, 5_000)) + "b",
        lambda: "X-QHRONOS-TAGS:" + "a," * rng.choice((1, 40, 5_000)) + "b",
        lambda: "COMMENT" + ";X=1" * rng.choice((1, 500)) + ":" + "c" * rng.choice((1, 50_000)),
        lambda: "UID" + ";X=1" * rng.choice((1, 500)) + ":1",
        lambda: "RECURRENCE-ID:20260112T090000Z",
    ]
    return [rng.choice(choices)() for _ in range(rng.choice((1, 2, 4)))]


def shape(rng: Rng, depth: int = 0) -> Any:
    """JSON that means nothing: deep, wide, long."""
    size = rng.choice((1, 5, 500, 5_000)) if depth < 2 else rng.choice((1, 3))
    makers: list[Callable[[], Any]] = [
        lambda: rng.choice(NUMBERS),
        lambda: rng.choice(("x", "\u00e9", "\U0001f600", "\\", '"')) * size,
        lambda: int("9" * rng.choice((1, 100, 4_000))),
        lambda: rng.choice((None, True, [], {})),
        lambda: {f"k{number}": shape(rng, depth + 3) for number in range(size)},
        lambda: [shape(rng, depth + 3)] * size,
        lambda: nested(rng, shape(rng, depth + 2), rng.choice((1, 25, 60))),
    ]
    return rng.choice(makers if depth < 6 else makers[:4])()


def nested(rng: Rng, value: Any, depth: int) -> Any:
    """The value in so many lists and objects."""
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {"k": value}
    return value


def _preview(rng: Rng) -> Request:
    query: dict[str, Any] = {"count": rng.choice((1, 3, 10, 100, 1_000))}
    if rng.random() < 0.3:
        query["from_"] = rng.choice(STARTS)
    if rng.random() < 0.1:
        query["to"] = "9998-12-31T00:00:00Z"
    return ask.preview(schedule(rng), **query, **beside(rng))


def _create(rng: Rng) -> Request:
    return ask.create(schedule(rng), **beside(rng))


def _patch(rng: Rng) -> Request:
    before = ask.create(schedule(rng), **beside(rng)) if rng.random() < 0.5 else None
    return ask.patch({"schedule": schedule(rng), **beside(rng)}, before)


def _dry_run(rng: Rng) -> Request:
    before = ask.create(schedule(rng), **beside(rng)) if rng.random() < 0.5 else None
    return ask.patch({"schedule": schedule(rng), **beside(rng)}, before, dry=True)


def _moved(rng: Rng) -> Request:
    definitions = [definition(rng)] * rng.choice((1, 1, 3, 10))
    policy = rng.choice(("skip", "next_day", "previous_day"))
    asked = rng.choice((_preview, _create))(rng)
    asked.body["on_excluded"] = policy
    return ask.on_calendars(definitions, asked)


def _import(rng: Rng) -> Request:
    one = ask.vevent(*lines(rng))
    query = {"timezone": rng.choice(ZONES)} if rng.random() < 0.3 else {}
    return ask.imported(*([one] * rng.choice((1, 1, 10, 100))), query=query)


def _days(rng: Rng) -> Request:
    kept = [line.replace("T090000Z", "").replace("T090000", "") for line in lines(rng)]
    one = ask.vevent("DTSTART;VALUE=DATE:20260105", *kept)
    return ask.calendar(ask.file_of(*([one] * rng.choice((1, 10, 200, 1_500)))))


def _json(rng: Rng) -> Request:
    name = rng.choice(("metadata", "tags", "headers", "retry", "flow", "misfire", "schedule", "x"))
    return Request("POST", "/events", {**EVENT, name: shape(rng)})


def _lists(rng: Rng) -> Request:
    path = rng.choice(("/events", "/occurrences", "/events/{id}/preview"))
    tags = ",".join(f"t{number}" for number in range(rng.choice((1, 50, 51))))
    if rng.random() < 0.2:
        tags = ",".join(["t"] * rng.choice((100, 5_000)))
    tagged = ask.create(schedule(rng), tags=["t0", "t1"], **beside(rng))
    if "{id}" in path:
        return Request("GET", path, None, {"count": "1000"}, before=(tagged,))
    query = {"tags": tags, "match": rng.choice(("any", "all"))}
    return Request("GET", path, None, query, before=(tagged,))


def _batch(rng: Rng) -> Request:
    one = _create(rng)
    return ask.batch(*[one] * rng.choice((1, 3, 10)), atomic=rng.random() < 0.3)


KINDS: dict[str, Callable[[Rng], Request]] = {
    "preview": _preview,
    "create": _create,
    "batch": _batch,
    "patch": _patch,
    "dry run": _dry_run,
    "calendar": lambda rng: ask.calendar(definition(rng)),
    "on calendars": _moved,
    "import": _import,
    "calendar of a file": _days,
    "JSON": _json,
    "lists": _lists,
}
"""What is searched for, kind by kind."""
