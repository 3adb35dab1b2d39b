"""A forecast, drawn: small, and to scale."""

from __future__ import annotations

import re

from app.console.load_chart import HEIGHT, WIDTH, heat_rows, outline
from app.services.forecasts import MINUTES, OfOneTarget


def day(**minutes: float) -> list[float]:
    counts = [0.0] * MINUTES
    for name, count in minutes.items():
        counts[int(name.removeprefix("at_"))] = count
    return counts


def test_the_outline_is_as_high_as_the_fullest_minute_and_as_wide_as_the_day():
    path, most = outline(day(at_0=8, at_1439=2))
    assert most == 8
    assert path.startswith(f"M0 {HEIGHT}V4H1V{HEIGHT}H2")
    assert path.endswith(f"V91H{WIDTH}V{HEIGHT}Z")
    assert len(path) < 8_000


def test_an_empty_day_is_a_line():
    path, most = outline(day())
    assert most == 1
    assert set(re.findall(r"V(\d+)", path)) == {str(HEIGHT)}


def test_rows_have_one_scale_and_only_cells_in_which_something_is():
    big, small = heat_rows(
        [OfOneTarget("big", day(at_15=100, at_30=1)), OfOneTarget(None, day(at_1439=25))]
    )
    assert dict(big.shades) == {1: "M20 0h9v20h-9z", 4: "M10 0h9v20h-9z"}
    assert dict(small.shades) == {3: "M950 0h9v20h-9z"}
    assert (big.peak_minute, big.peak, small.target) == (15, 100, None)
