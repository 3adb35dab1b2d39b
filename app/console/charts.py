"""Drawings, as numbers for templates: what stands where, in the units of a ``viewBox``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.overview_parts import Minutes
from app.store.figures import MINUTE_MS

WIDTH, HEIGHT = 720, 132
"""The size of a chart, before it is scaled to its place."""

ORDER = ("completed", "dispatched", "retrying", "skipped", "cancelled", "missed", "failed")
"""From the bottom up: what went well is the ground on which the rest stands out."""


@dataclass(frozen=True, slots=True)
class Block:
    """One status in one minute."""

    status: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One minute: its blocks, and what it says in words."""

    at_ms: int
    x: float
    width: float
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Outcomes by minute. ``most`` is what the height stands for."""

    columns: tuple[Column, ...]
    most: int
    ticks: tuple[tuple[float, int], ...]


def stack_of(minutes: Minutes) -> Stack:
    """Draw a column for each minute."""
    size = len(minutes.counts[ORDER[0]])
    totals = [sum(minutes.counts[status][at] for status in ORDER) for at in range(size)]
    most = max([*totals, 1])
    step = WIDTH / size
    columns = []
    for at in range(size):
        y, blocks, words = float(HEIGHT), [], []
        for status in ORDER:
            count = minutes.counts[status][at]
            if count:
                height = max(count / most * HEIGHT, 1.0)
                y -= height
                blocks.append(Block(status, at * step + 1, y, step - 2, height))
                words.append(f"{count} {status}")
        at_ms = minutes.first_ms + at * MINUTE_MS
        columns.append(Column(at_ms, at * step, step, ", ".join(words), tuple(blocks)))
    ticks = tuple((at * step, minutes.first_ms + at * MINUTE_MS) for at in range(0, size, 15))
    return Stack(tuple(columns), most, ticks)


def sparkline(values: Sequence[float], width: int = 120, height: int = 28) -> str:
    """The points of a line through some values, for ``<polyline points>``."""
    most = max([*values, 1])
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{at * step:.1f},{height - 2 - value / most * (height - 4):.1f}"
        for at, value in enumerate(values)
    )
