"""Drains that fail again and again are told of; one that fails is an accident."""

from __future__ import annotations

import pytest

from app.domain.process import UNBEGUN, ProcessFacts
from app.services.problems.drains import drains_fail
from app.services.problems.problem import ProblemCode, StatusFigures
from app.store.watch import Watched


@pytest.mark.parametrize(
    ("noted", "unbegun", "is_told"),
    [(0, 0, False), (2, 2, False), (3, 0, True), (0, 3, True), (9, 1, True)],
)
def test_three_failures_are_no_accident(noted: int, unbegun: int, is_told: bool) -> None:
    """Those that were noted, or in a row those that a scheduler has called for in vain."""
    scheduler = ProcessFacts("scheduler", "host", 1, gauges={UNBEGUN: float(unbegun)})
    figures = StatusFigures(
        now_ms=0,
        lag_ms=0,
        queue_depth=0,
        workers=1,
        alive=(scheduler, ProcessFacts("scheduler", "old", 2)),
        watched=Watched(drain_failures=noted),
    )
    found = list(drains_fail(figures))
    assert [one.code for one in found] == [ProblemCode.DRAINS_FAIL] * is_told
    assert all(f"{max(noted, unbegun)} times" in one.message for one in found)
