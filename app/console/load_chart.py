"""A forecast, drawn: the load of a day as one outline, and of each target as a row of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.forecasts import OfOneTarget

WIDTH, HEIGHT = 720, 120
"""Of the outline, before it is scaled to its place: two minutes are one unit."""

CELL_MINUTES = 15
"""How much of the day one cell is."""

LEVELS = 4
"""Shades of cells; what is empty has none."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One target: the cells of each shade, 1 to ``LEVELS``, as the path of a drawing."""

    target: str | None
    total: float
    peak: float
    peak_minute: int
    shades: Sequence[tuple[int, str]]


def outline(per_minute: Sequence[float]) -> tuple[str, float]:
    """The path of the load, and what its height stands for: the most in a minute."""
    most = max([*per_minute, 1.0])
    step = max(len(per_minute) // WIDTH, 1)
    parts = [f"M0 {HEIGHT}"]
    for at in range(0, len(per_minute), step):
        y = HEIGHT - round(max(per_minute[at : at + step]) / most * (HEIGHT - 4))
        parts.append(f"V{y}H{at // step + 1}")
    return "".join(parts) + f"V{HEIGHT}Z", most


def heat_rows(targets: Sequence[OfOneTarget]) -> list[HeatRow]:
    """A row for each target; all have one scale: the fullest minute of any cell of any."""
    most = max([1.0, *(max(one.per_minute) for one in targets)])
    return [_row(one, most) for one in targets]


def _row(one: OfOneTarget, most: float) -> HeatRow:
    cells: dict[int, list[str]] = {}
    size = CELL_MINUTES
    for at in range(0, len(one.per_minute), size):
        peak = max(one.per_minute[at : at + size])
        if peak > 0:
            # By the root, so that what is small beside a heap can still be seen.
            level = max(1, min(LEVELS, 1 + int((peak / most) ** 0.5 * LEVELS)))
            cells.setdefault(level, []).append(f"M{at // size * 10} 0h9v20h-9z")
    return HeatRow(
        one.target,
        one.total,
        one.per_minute[one.peak],
        one.peak,
        [(level, "".join(paths)) for level, paths in sorted(cells.items())],
    )
