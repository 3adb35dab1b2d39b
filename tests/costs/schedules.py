"""Schedules at random: rules of every kind, with every part, at its limits and between them."""

from __future__ import annotations

import random
from typing import Any

from app.domain.recurrence.naming import rfc_name
from app.domain.recurrence.rule import PARTS

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("Africa/Casablanca", "Africa/El_Aaiun", "America/St_Johns", "Pacific/Apia", "Asia/Gaza"),
    *("Antarctica/Troll", "America/Nuuk", "Europe/Dublin", "Africa/Monrovia", "Asia/Tehran"),
)
FREQUENCIES = ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
STARTS = (
    *("2026-01-05T09:00:00Z", "1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    *("2025-12-31T23:55:00Z", "2026-03-29T01:00:00Z", "2096-02-29T12:00:00.5Z"),
    *("9997-12-31T23:59:59Z", "9998-12-30T00:00:00Z", "2400-02-29T00:00:00Z"),
)
COUNTS = (1, 2, 100, 101, 999, 5_000, 99_000, 100_000, 100_001, 1_000_000_000)
INTERVALS = (1, 2, 3, 7, 59, 60, 61, 97, 366, 401, 3_599, 86_399, 86_401, 999_983, 1_000_000_000)
_PARTS = {
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
NUMBERS = (0, 1, -1, 2, 59, 60, 366, 1_000, 65_536, 100_000, 10**9, 10**12, -(2**63), 1e308, 0.5)

Rng = random.Random


def number_list(rng: Rng, least: int, most: int, *, signed: bool) -> str:
    """A few of the numbers, one of them, or all."""
    every = [*range(least, most + 1), *(range(-most, -least + 1) if signed else ())]
    size = rng.choice((1, 1, 1, 2, 5, len(every) // 2, len(every)))
    return ",".join(str(one) for one in sorted(rng.sample(every, max(1, min(size, len(every))))))


def weekdays(rng: Rng, *, numbered: bool) -> str:
    """Days of the week, perhaps with numbers."""
    names = rng.sample(WEEKDAYS, rng.choice((1, 1, 2, 7)))
    if not numbered:
        return ",".join(names)
    return ",".join(f"{rng.choice((1, 2, 5, -1, 53, -53))}{name}" for name in names)


def part(rng: Rng, name: str) -> str:
    """One BY part of a rule."""
    if name == "BYDAY":
        return f"BYDAY={weekdays(rng, numbered=rng.random() < 0.3)}"
    least, most, signed = _PARTS[name]
    return f"{name}={number_list(rng, least, most, signed=signed)}"


def part_names() -> list[str]:
    """All BY parts."""
    return [*_PARTS, "BYDAY"]


def rrule(rng: Rng) -> str:
    """A rule of RFC 5545, which may be one that never matches."""
    names = rng.sample(part_names(), rng.choice((0, 1, 1, 2, 2, 3, 4)))
    parts = [f"FREQ={rng.choice(FREQUENCIES)}", *(part(rng, name) for name in names)]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.choice(INTERVALS)}")
    chance = rng.random()
    if chance < 0.3:
        parts.append(f"COUNT={rng.choice(COUNTS)}")
    elif chance < 0.4:
        parts.append(f"UNTIL={rng.choice(('20260201', '99980101T000000Z', '20270329T013000Z'))}")
    if rng.random() < 0.1:
        parts.append(f"WKST={rng.choice(WEEKDAYS)}")
    return ";".join(parts)


def cron(rng: Rng) -> str:
    """A cron expression of five fields or six."""
    limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
    if rng.random() < 0.3:
        limits.insert(0, (0, 59))
    fields = []
    for low, high in limits:
        few = number_list(rng, low, high, signed=False)
        step = f"*/{rng.choice((1, 2, 7, high))}"
        many = ",".join([rng.choice((step, f"{low}-{high}"))] * rng.choice((1, 50, 300)))
        fields.append(rng.choice(("*", "*", str(low), str(high), few, step, many)))
    if rng.random() < 0.2:
        fields[-3] = rng.choice(("L", "LW", "15W", "29", "30", "31"))
        fields[-1] = rng.choice(("*", "5L", "MON#5", "1#1"))
    return " ".join(fields)


def duration(rng: Rng) -> str:
    """A period, from the shortest that is allowed on."""
    return rng.choice(("1s", "2s", "61s", "7m", "1h", "25h", "1d", "7d", "36500d", "1s500ms"))


def named_rule(rng: Rng) -> dict[str, Any]:
    """A rule in the reference form."""
    rfc_names = {rfc_name(one): one for one in PARTS}
    rule: dict[str, Any] = {"frequency": rng.choice(FREQUENCIES[1:]).lower()}
    if rng.random() < 0.5:
        rule["interval"] = rng.choice(INTERVALS)
    for name in rng.sample(sorted(_PARTS), rng.choice((0, 1, 2, 3))):
        least, most, signed = _PARTS[name]
        numbers = number_list(rng, least, most, signed=signed).split(",")
        repeated = [int(one) for one in numbers] * rng.choice((1, 1, 10))
        rule[rfc_names[name]] = repeated[:1_000]
    if rng.random() < 0.3:
        rule["count"] = rng.choice(COUNTS)
    return rule


def rule(rng: Rng) -> dict[str, Any]:
    """A rule of any kind."""
    kind = rng.random()
    if kind < 0.6:
        return {"rrule": rrule(rng)}
    if kind < 0.75:
        return {"cron": cron(rng), **({"count": rng.choice(COUNTS)} if rng.random() < 0.3 else {})}
    if kind < 0.9:
        return {"every": duration(rng)}
    return named_rule(rng)


def moment(rng: Rng) -> str:
    """A date, or a time of the first weeks, with or without an offset."""
    day = f"{rng.choice((2026, 2026, 2027, 9998, 1950))}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    clock = f"T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    return rng.choice((day, f"{day}{clock}Z", f"{day}{clock}"))


def amendments(rng: Rng) -> list[Any]:
    """What to exclude or to include: few or as many as may be."""
    size = rng.choice((1, 3, 20, 99))
    found: list[Any] = [rule(rng) for _ in range(size)] if rng.random() < 0.6 else []
    if found and rng.random() < 0.5:
        found = [found[0]] * len(found)
    if rng.random() < 0.5:
        found += [moment(rng) for _ in range(rng.choice((1, 50, 900)))]
    return found or [moment(rng)]


def schedule(rng: Rng) -> dict[str, Any]:
    """A schedule of one rule or many, perhaps amended."""
    size = rng.choice((1, 1, 1, 2, 10, 25, 100))
    one = rule(rng)
    made: dict[str, Any] = dict(one)
    if size > 1:
        rules = [one] * size if rng.random() < 0.5 else [rule(rng) for _ in range(size)]
        made = {"rules": rules}
    if rng.random() < 0.4:
        made["exclude"] = amendments(rng)
    if rng.random() < 0.2:
        made["include"] = amendments(rng)
    return made
