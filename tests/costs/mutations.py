"""A request changed a little: that is how a search climbs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.costs import grammar, schedules
from tests.costs.requests import Request
from tests.costs.schedules import Rng

_TIMES = (2, 5, 20, 100)
_AT_MOST = 5_000
_ROOM = 262_144
_BY_KEY: dict[str, Callable[[Rng], Any]] = {
    "cron": schedules.cron,
    "every": schedules.duration,
    "timezone": lambda rng: rng.choice(schedules.ZONES),
    "start_time": lambda rng: rng.choice(schedules.STARTS),
    "count": lambda rng: rng.choice(schedules.COUNTS),
    "interval": lambda rng: rng.choice(schedules.INTERVALS),
    "frequency": lambda rng: rng.choice(schedules.FREQUENCIES).lower(),
    "dst": lambda rng: grammar.beside(rng).get("dst", {"gap": "skip"}),
    "include": schedules.amendments,
    "exclude": schedules.amendments,
    "country": lambda rng: rng.choice(grammar.COUNTRIES),
    "days": lambda rng: rng.choice((1, 2, 31, 366)),
    "on_excluded": lambda rng: rng.choice(("skip", "next_day", "previous_day")),
    "metadata": grammar.shape,
}


def mutated(rng: Rng, request: Request, others: list[Request]) -> Request:
    """The request with one to three changes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        request = _changed(rng, request, others)
    return request


def _changed(rng: Rng, request: Request, others: list[Request]) -> Request:
    chance = rng.random()
    if request.before and chance < 0.3:
        place = rng.randrange(len(request.before))
        one = _changed(rng, request.before[place], [])
        before = (*request.before[:place], one, *request.before[place + 1 :])
        return replace(request, before=before)
    if request.query and chance < 0.4:
        return replace(request, query=_query(rng, request.query))
    if isinstance(request.body, str):
        return replace(request, body=_text(rng, request.body))
    if not isinstance(request.body, dict):
        return request
    body = json.loads(json.dumps(request.body))
    crossed = [one.body for one in others if isinstance(one.body, dict)]
    if crossed and rng.random() < 0.25:
        _cross(rng, body, rng.choice(crossed))
    else:
        _tree(rng, body)
    return replace(request, body=body)


def _query(rng: Rng, query: dict[str, str]) -> dict[str, str]:
    changed = dict(query)
    name = rng.choice(sorted(changed))
    if name == "count":
        changed[name] = rng.choice(("1", "3", "10", "100", "1000"))
    elif name in ("from", "to"):
        changed[name] = rng.choice(schedules.STARTS)
    elif name == "tags":
        changed[name] = ",".join([changed[name]] * rng.choice((2, 10)))[:5_000]
    elif name == "timezone":
        changed[name] = rng.choice(schedules.ZONES)
    return changed


def _cross(rng: Rng, body: dict[str, Any], other: dict[str, Any]) -> None:
    """Take a member of the other one, or of its schedule."""
    other = json.loads(json.dumps(other))
    mine, theirs = body.get("schedule"), other.get("schedule")
    if isinstance(mine, dict) and isinstance(theirs, dict) and rng.random() < 0.7:
        name = rng.choice(sorted(theirs))
        if name == "rules" or name in mine or name in ("include", "exclude"):
            mine[name] = theirs[name]
        else:
            _as_rules(mine).append(
                {key: value for key, value in theirs.items() if key not in ("include", "exclude")}
            )
        return
    names = [name for name in other if name not in ("calendars", "tags")]
    if names:
        name = rng.choice(sorted(names))
        body[name] = other[name]


def _as_rules(schedule: dict[str, Any]) -> list[Any]:
    """The schedule's rules; one that has none becomes the first of them."""
    if not isinstance(schedule.get("rules"), list):
        own = {
            key: schedule.pop(key) for key in list(schedule) if key not in ("include", "exclude")
        }
        schedule["rules"] = [own]
    rules: list[Any] = schedule["rules"]
    return rules


def _tree(rng: Rng, body: dict[str, Any]) -> None:
    """Change one value, wherever it stands; a body without any stays as it is."""
    places = list(_places(body))[:4_000]
    if not places:
        return
    container, key = rng.choice(places)
    value = container[key]
    if isinstance(key, str) and key in _BY_KEY and rng.random() < 0.5:
        container[key] = _BY_KEY[key](rng)
    elif key == "rrule" and isinstance(value, str):
        container[key] = rrule(rng, value)
    elif key == "schedule" and isinstance(value, dict):
        _schedule(rng, value)
    elif isinstance(value, list):
        container[key] = _list(rng, value)
    elif isinstance(value, bool) or value is None:
        container[key] = rng.choice(schedules.NUMBERS)
    elif isinstance(value, int | float):
        container[key] = rng.choice((rng.choice(schedules.NUMBERS), int(value) * 2, int(value) + 1))
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        container[key] = schedules.moment(rng)


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for index in range(len(value))[:20]:
            yield value, index
            yield from _places(value[index])


def _schedule(rng: Rng, schedule: dict[str, Any]) -> None:
    chance = rng.random()
    if chance < 0.3:
        rules = _as_rules(schedule)
        rules += [schedules.rule(rng)] * rng.choice((1, 3, 30))
        del rules[100:]
    elif chance < 0.5:
        rules = _as_rules(schedule)
        rules += rules * rng.choice((1, 3, 20))
        del rules[100:]
    elif chance < 0.75:
        schedule[rng.choice(("exclude", "exclude", "include"))] = schedules.amendments(rng)
    else:
        rules = _as_rules(schedule)
        if len(rules) > 1:
            del rules[rng.randrange(len(rules))]


def _list(rng: Rng, items: list[Any]) -> list[Any]:
    if not items:
        return [rng.choice(schedules.NUMBERS)]
    chance = rng.random()
    if chance < 0.5:
        # No more than a body has room for.
        room = _ROOM * len(items) // len(json.dumps(items))
        wanted = min(rng.choice((24, 100, 366, 1_000, _AT_MOST)), room)
        return (items * min(rng.choice(_TIMES), wanted))[:wanted] or items
    if chance < 0.7:
        return items[: max(1, len(items) // 2)]
    if isinstance(items[0], dict):
        return [*items, schedules.rule(rng)]
    return [*items, rng.choice(items)]


def rrule(rng: Rng, text: str) -> str:
    """A rule with one of its parts changed, taken out or added."""
    parts = text.split(";")
    chance = rng.random()
    if chance < 0.3:
        parts = [one for one in parts if not one.startswith("INTERVAL=")]
        parts.append(f"INTERVAL={rng.choice(schedules.INTERVALS)}")
    elif chance < 0.45:
        parts[0] = f"FREQ={rng.choice(schedules.FREQUENCIES)}"
    elif chance < 0.6 and len(parts) > 1:
        del parts[rng.randrange(1, len(parts))]
    elif chance < 0.7:
        parts = [one for one in parts if not one.startswith(("COUNT=", "UNTIL="))]
        parts.append(f"COUNT={rng.choice(schedules.COUNTS)}")
    else:
        name = rng.choice(schedules.part_names())
        parts = [one for one in parts if not one.startswith(f"{name}=")]
        parts.append(schedules.part(rng, name))
    return ";".join(parts)


def _text(rng: Rng, text: str) -> str:
    """A file with a line or a VEVENT changed or repeated; a text that is no file is cut or doubled."""
    if "BEGIN:VEVENT" not in text:
        return text + text[: rng.choice(_TIMES)]
    chance = rng.random()
    blocks = re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", text, re.DOTALL)
    if chance < 0.3 and blocks:
        block = rng.choice(blocks)
        return text.replace(block, block * rng.choice((2, 5, 30)), 1)[:1_100_000]
    if chance < 0.5 and blocks:
        made = "\r\n".join(
            ["BEGIN:VEVENT", "UID:2", "DTSTART:20260105T090000Z", *grammar.lines(rng)]
        )
        return text.replace("END:VCALENDAR", f"{made}\r\nEND:VEVENT\r\nEND:VCALENDAR", 1)
    lines = text.split("\r\n")
    places = [
        index for index, line in enumerate(lines) if not line.startswith(("BEGIN", "END", " "))
    ]
    place = rng.choice(places)
    line = lines[place]
    name, _, value = line.partition(":")
    if name in ("RRULE", "EXRULE") and rng.random() < 0.7:
        lines[place] = f"{name}:{rrule(rng, value)}"
    elif "," in value and rng.random() < 0.6:
        lines[place] = f"{name}:{','.join([value] * rng.choice((2, 5)))}"
    elif rng.random() < 0.6:
        lines[place : place + 1] = [line] * rng.choice(_TIMES)
    else:
        lines[place : place + 1] = grammar.lines(rng)
    return "\r\n".join(lines)[:1_100_000]
