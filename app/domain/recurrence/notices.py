"""What a change of the clock does to a schedule, said before it happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.domain.budget import current
from app.domain.recurrence.series import Policy, WallSeries
from app.domain.recurrence.zones import DAY, Stretch, wall_datetime

_PER_CHANGE = 50
"""How many occurrences are named for one change of the clock."""

_NOTICE_STEPS = 10
"""What it costs to say one, in steps."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An occurrence whose wall time is skipped by the clock, or shown twice.

    ``local`` is the nominal time, ISO 8601 without an offset; ``scheduled_ms`` is when it fires
    (of two copies the first that does), ``None`` if it doesn't.
    """

    local: str
    kind: Literal["gap", "repeat"]
    text: str
    scheduled_ms: int | None


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
    is_gap = old < new
    for wall in series.pattern.matches(min(old, new), max(old, new), _PER_CHANGE):
        local = wall_datetime(wall)
        when = f"{local:%H:%M} on {local.day} {local:%B %Y}"
        if is_gap:
            instant, fate = _fate_in_gap(series.policy, stretch, wall)
            what = f"{when} does not exist, because the clock jumps ahead from {_clock(old)}"
            what += f" to {_clock(new, old)}: the occurrence {fate}."
        else:
            instant, fate = _fate_of_repeat(series.policy, stretch, wall)
            what = f"{when} comes twice, because the clock goes back from {_clock(old)}"
            what += f" to {_clock(new, old)}: the occurrence {fate}."
        scheduled = None if instant is None else instant * 1000 + series.fraction_ms
        yield Notice(local.isoformat(), "gap" if is_gap else "repeat", what, scheduled)


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
