"""What a change of the clock does to a schedule, said before it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.budget import current
from app.domain.recurrence.series import WallSeries
from app.domain.recurrence.wall_times import Policy, change_at, read_policy
from app.domain.recurrence.zones import DAY, Stretch, get_zone, wall_datetime

_PER_CHANGE = 50
"""How many occurrences are named for one change of the clock."""

_NOTICE_STEPS = 10
"""What it costs to say one, in steps."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An occurrence whose wall time is skipped by the clock or shown twice, or a calendar's end.

    ``local`` is the nominal time, ISO 8601 without an offset; ``scheduled_ms`` is when it fires
    (of two copies the first that does), ``None`` if it doesn't. Of a calendar that ends, ``local``
    is the last day that it lists, and ``scheduled_ms`` the first occurrence after it, if known.
    """

    local: str
    kind: Literal["gap", "repeat", "end"]
    text: str
    scheduled_ms: int | None


def list_once(wall_ms: int, timezone: str, dst: Mapping[str, Any]) -> list[Notice]:
    """Tell what becomes of the one wall time of an event, if a change of the clock touches it."""
    change = change_at(wall_ms // 1000, get_zone(timezone))
    if change is None:
        return []
    return [notice_of(read_policy(dst), change, *divmod(wall_ms, 1000))]


def list_notices(series: WallSeries, after_ms: int, until_ms: int) -> Iterator[Notice]:
    """Tell, in order, which occurrences in ``after_ms < t <= until_ms`` the clock touches."""
    spend = current().spend
    for stretch in series.stretches(after_ms, until_ms):
        for notice in _of_change(series, stretch):
            at = stretch.start * 1000 if notice.scheduled_ms is None else notice.scheduled_ms
            spend(_NOTICE_STEPS)
            if after_ms < at <= until_ms and series.start_ms <= at and series.reaches(at):
                yield notice


def _of_change(series: WallSeries, stretch: Stretch) -> Iterator[Notice]:
    if stretch.offset == stretch.before:
        return
    old, new = stretch.start + stretch.before, stretch.start + stretch.offset
    first, last = min(old, new), min(max(old, new), series.end_wall + 1)
    if old < new:
        first = max(first, series.first_wall)
    for wall in series.pattern.matches(first, last, _PER_CHANGE):
        yield notice_of(series.policy, stretch, wall, series.fraction_ms)


def notice_of(
    policy: Policy, stretch: Stretch, wall: int, fraction_ms: int, *, start_ms: int | None = None
) -> Notice:
    """Tell what becomes of a wall time that the beginning of a stretch touches.

    ``start_ms`` is given if it is the start of a series, and when that begins.
    """
    old, new = stretch.start + stretch.before, stretch.start + stretch.offset
    is_gap = old < new
    local = wall_datetime(wall)
    when = f"{local:%H:%M} on {local.day} {local:%B %Y}"
    if is_gap:
        instant, fate = _fate_in_gap(policy, stretch, wall)
        what = f"{when} does not exist, because the clock jumps ahead from {_clock(old)}"
    else:
        instant, fate = _fate_of_repeat(policy, stretch, wall)
        what = f"{when} comes twice, because the clock goes back from {_clock(old)}"
    what += f" to {_clock(new, old)}: "
    scheduled = None if instant is None else instant * 1000 + fraction_ms
    if start_ms is None:
        what += f"the occurrence {fate}."
    else:
        begins = _clock(start_ms // 1000 + stretch.offset, wall)
        what += f"the series starts at {begins}, and what its rule takes from the start is "
        what += f"taken from {_clock(wall)}."
        scheduled = None
    return Notice(local.isoformat(), "gap" if is_gap else "repeat", what, scheduled)


def _fate_in_gap(policy: Policy, stretch: Stretch, wall: int) -> tuple[int | None, str]:
    if policy.gap == "skip":
        return None, "is skipped"
    instant = stretch.start if policy.gap == "next" else wall - stretch.before
    return instant, f"runs at {_clock(instant + stretch.offset, wall)}"


def _fate_of_repeat(policy: Policy, stretch: Stretch, wall: int) -> tuple[int, str]:
    first, second = wall - stretch.before, wall - stretch.offset
    if policy.repeat == "both":
        return first, "runs both times"
    if policy.repeat == "second":
        return second, "runs the second time only"
    return first, "runs the first time only"


def _clock(wall: int, beside: int | None = None) -> str:
    """Show a wall time, with its date if that is another one than that of the time beside it."""
    at = wall_datetime(wall)
    shown = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
    is_other_day = beside is not None and wall // DAY != beside // DAY
    return f"{shown} on {at.day} {at:%B %Y}" if is_other_day else shown
