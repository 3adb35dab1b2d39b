"""Three periods without a canary are a problem, once the instance has run for so long."""

from __future__ import annotations

import pytest

from app.services.problems.canary import canary
from app.services.problems.problem import ProblemCode, StatusFigures
from app.store.canary import CanaryFigures
from tests.support.clock import NOW_MS

PERIOD_MS = 60_000


@pytest.mark.parametrize(
    ("arrived_s", "up_s", "is_told"),
    [
        (30, 3_600, False),
        (180, 3_600, False),
        (181, 3_600, True),
        (None, 3_600, True),
        (None, 180, False),
        (90_000, 60, False),  # the instance was off for a day
    ],
)
def test_three_periods_are_enough(arrived_s: int | None, up_s: float, is_told: bool) -> None:
    arrived_ms = 0 if arrived_s is None else NOW_MS - 1_000 * arrived_s
    figures = StatusFigures(
        now_ms=NOW_MS,
        lag_ms=0,
        queue_depth=0,
        workers=1,
        up_s=up_s,
        canary=CanaryFigures(sent=9, arrived_ms=arrived_ms),
    )
    found = canary(PERIOD_MS)(figures)
    assert [one.code for one in found] == [ProblemCode.CANARY] * is_told
