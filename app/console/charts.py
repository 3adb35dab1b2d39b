"""Drawings, as numbers for templates: what stands where, in the units of a ``viewBox``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.overview_parts import LatenessStep, Minutes
from app.store.figures import MINUTE_MS

WIDTH, HEIGHT = 720, 132
"""The size of a chart, before it is scaled to its place."""

LOW = 64
"""The height of a chart that has less to say."""

ORDER = ("completed", "dispatched", "retrying", "skipped", "cancelled", "missed", "failed")
"""From the bottom up: what went well is the ground on which the rest stands out."""

LEAST_DECADES, MOST_DECADES = 3, 8
"""What a scale of lateness shows at least, and at most: from a millisecond to one second, and to
a day."""


@dataclass(frozen=True, slots=True)
class Column:
    """One step of time, and what it says in words."""

    at_ms: int
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One status in all columns: the path that fills its blocks."""

    status: str
    path: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Outcomes by step. ``most`` is what the height stands for; ticks are places and moments."""

    columns: tuple[Column, ...]
    layers: tuple[Layer, ...]
    width: float
    most: int
    ticks: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class LatenessLines:
    """Lateness on a scale of powers of ten; ``labels`` are its lines, ms, the highest first."""

    p50: str
    p99: str
    labels: tuple[int, ...]


def stack_of(minutes: Minutes, late: Sequence[LatenessStep] = ()) -> Stack:
    """Draw a column for each step."""
    size = len(minutes.counts[ORDER[0]])
    totals = [sum(minutes.counts[status][at] for status in ORDER) for at in range(size)]
    most = max([*totals, 1])
    step = WIDTH / size
    tops, layers = [float(HEIGHT)] * size, []
    for status in ORDER:
        parts = []
        for at, count in enumerate(minutes.counts[status]):
            if count:
                height = max(count / most * HEIGHT, 1.0)
                tops[at] -= height
                parts.append(
                    f"M{at * step + 1:g} {tops[at]:.1f}h{step - 2:g}v{height:.1f}h{2 - step:g}z"
                )
        if parts:
            layers.append(Layer(status, "".join(parts)))
    columns = tuple(
        Column(
            minutes.first_ms + at * minutes.step_ms,
            at * step,
            _words(minutes, at, late[at] if late else LatenessStep()),
        )
        for at in range(size)
    )
    every = 15 if minutes.step_ms == MINUTE_MS else 24
    ticks = tuple((at * step, columns[at].at_ms) for at in range(0, size, every))
    return Stack(columns, tuple(layers), step, most, ticks)


def success_line(minutes: Minutes) -> str:
    """The part of what has ended in each step that is completed, as a path of ``LOW`` height."""
    done, failed = minutes.counts["completed"], minutes.counts["failed"]
    parts = [
        good / (good + bad) if good + bad else None for good, bad in zip(done, failed, strict=True)
    ]
    return _steps([None if one is None else (1 - one) * LOW for one in parts])


def lateness_lines(late: Sequence[LatenessStep]) -> LatenessLines | None:
    """Lateness in each step; ``None`` if nothing is noted of any."""
    known = [one.p99 for one in late if one.p99 is not None]
    if not known:
        return None
    decades = min(max(math.ceil(math.log10(max(*known, 1, 1))), LEAST_DECADES), MOST_DECADES)

    def height(ms: int | None) -> float | None:
        if ms is None:
            return None
        return HEIGHT * (1 - min(math.log10(max(ms, 1)) / decades, 1))

    return LatenessLines(
        _steps([height(one.p50) for one in late]),
        _steps([height(one.p99) for one in late]),
        tuple(10**power for power in range(decades, -1, -1)),
    )


def sparkline(values: Sequence[float], width: int = 120, height: int = 28) -> str:
    """The points of a line through some values, for ``<polyline points>``."""
    most = max([*values, 1])
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{at * step:.1f},{height - 2 - value / most * (height - 4):.1f}"
        for at, value in enumerate(values)
    )


def _steps(heights: Sequence[float | None]) -> str:
    """A path that goes level through each step, and is broken where nothing is known."""
    step, path, is_open = WIDTH / max(len(heights), 1), [], False
    for at, y in enumerate(heights):
        if y is None:
            is_open = False
            continue
        path.append(f"V{y:.1f}" if is_open else f"M{at * step:g} {y:.1f}")
        path.append(f"H{(at + 1) * step:g}")
        is_open = True
    return "".join(path)


def _words(minutes: Minutes, at: int, late: LatenessStep) -> str:
    words = [f"{minutes.counts[one][at]} {one}" for one in ORDER if minutes.counts[one][at]]
    if late.p99 is not None:
        words.append(f"p50 {late.p50} ms and p99 {late.p99} ms late")
    return ", ".join(words) or "nothing"
