"""How the console writes things: moments, durations, statuses, ids."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from app.api.http.context import services
from app.domain import ids
from app.domain.durations import format_duration
from app.domain.flow import FlowLimits
from app.domain.lines import is_seen
from app.domain.times import to_rfc3339
from app.services.overview_parts import OfTarget, host_of

NOTHING = "\N{EN DASH}"
"""What stands where there is no value."""

_UNSEEN = "\N{REPLACEMENT CHARACTER}"
_LINES = frozenset("\n\r\t")
_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def register_filters(app: Flask) -> None:
    """Give the templates of an application these filters."""
    app.jinja_env.filters.update(
        from_now=from_now,
        took=length,
        percent=percent,
        share=share,
        duration=format_duration,
        count_text=number,
        id_text=ids.to_text,
        host=host_of,
        plain=plain,
        rfc=to_rfc3339,
        stamp=stamp,
        clock=clock,
        wall=wall,
        limits_text=limits_text,
        amount=amount,
        of_host=of_host,
        without_hosts=without_hosts,
    )


def plain(text: str) -> str:
    """A text of others, of many lines, with a mark for each character that would not be seen.

    Those are control characters, and such as turn the direction of writing.
    """
    return "".join(one if one in _LINES or is_seen(one) else _UNSEEN for one in text)


def from_now(ms: int) -> str:
    """A moment as it stands to now."""
    return relative(ms - services().clock.now_ms())


def stamp(ms: int) -> str:
    """A moment in full, UTC: ``Thu 2026-11-26 09:00:00``, with milliseconds if there are any."""
    at = datetime.fromtimestamp(ms // 1_000, UTC)
    rest = f".{ms % 1_000:03d}" if ms % 1_000 else ""
    return f"{at:%a %Y-%m-%d %H:%M:%S}{rest} UTC"


def wall(ms: int, zone: str | None) -> str:
    """A moment on the clock of a zone (an IANA name; ``None``: UTC): ``Thu 26 Nov 2026, 09:00``."""
    try:
        at = datetime.fromtimestamp(ms / 1_000, ZoneInfo(zone or "UTC"))
    except (OverflowError, ValueError):  # there, the year 10000 has begun
        return stamp(ms)
    seconds = f":{at:%S}" if at.second else ""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}{seconds}"


def clock(ms: int) -> str:
    """The time of day, UTC, to the minute."""
    return f"{datetime.fromtimestamp(ms // 1_000, UTC):%H:%M}"


def relative(ms: int) -> str:
    """How far a moment is from now, as ``in 4 min`` or ``2 h ago``."""
    if abs(ms) < 1_000:
        return "now"
    seconds = abs(ms) // 1_000
    size, unit = next(one for one in _UNITS if seconds >= one[0])
    count = seconds // size
    name = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"in {name}" if ms > 0 else f"{name} ago"


def length(ms: float | None) -> str:
    """A duration, short: ``3 ms``, ``1.2 s``, ``4 min``."""
    if ms is None:
        return NOTHING
    if 0 < ms < 0.1:
        return f"{ms * 1_000:.0f} µs"
    if ms < 10 and ms != int(ms):
        return f"{ms:.1f} ms"
    if ms < 1_000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1_000:.1f} s"
    return relative(int(ms)).removeprefix("in ")


def percent(part: float | None) -> str:
    """A part of a whole, cut and never rounded up: 99.99 % is not 100 %."""
    if part is None:
        return NOTHING
    return "100 %" if part == 1 else f"{int(part * 1_000) / 10:g} %"


def share(part: float | None) -> str:
    """The same to a thousandth: an objective has many nines."""
    if part is None:
        return NOTHING
    return f"{math.floor(round(part * 100_000, 4)) / 1_000:g} %"


def number(value: int) -> str:
    """A count with thin spaces between its thousands."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def amount(value: float) -> str:
    """A count that may be an average: whole from ten on, with one digit below."""
    return number(round(value)) if value >= 10 or value == int(value) else f"{value:.1f}"


def limits_text(limits: FlowLimits) -> str:
    """The limits of a flow in words."""
    words = [f"{limits.rate.text}"] if limits.rate else []
    if limits.burst > 1:
        words.append(f"bursts of {limits.burst}")
    if limits.concurrency:
        words.append(f"{limits.concurrency} at once")
    if limits.strict:
        words.append("strictly in order")
    return ", ".join(words) or "no limits"


def of_host(breakers: Mapping[str, int], host: str) -> int | None:
    """Until when the breaker of a host is open; ``None`` if it is closed."""
    return max((until for one, until in breakers.items() if host_of(one) == host), default=None)


def without_hosts(breakers: Mapping[str, int], told: Sequence[OfTarget]) -> list[tuple[str, int]]:
    """The open breakers of targets of which nothing else is told."""
    hosts = {one.target for one in told}
    return [(one, until) for one, until in breakers.items() if host_of(one) not in hosts]
