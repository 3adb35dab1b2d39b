"""The service is late if what is due waits for more than five seconds."""

from __future__ import annotations

import pytest

from app.services.problems.lag import DEGRADED_LAG_MS, lag
from app.services.problems.problem import ProblemCode, StatusFigures


@pytest.mark.parametrize(
    ("lag_ms", "codes"),
    [(0, []), (DEGRADED_LAG_MS, []), (DEGRADED_LAG_MS + 1, [ProblemCode.LAG])],
)
def test_more_than_five_seconds_is_late(lag_ms: int, codes: list[ProblemCode]) -> None:
    found = list(lag(StatusFigures(now_ms=0, lag_ms=lag_ms, queue_depth=1, workers=1)))
    assert [problem.code for problem in found] == codes


def test_the_sentence_says_for_how_long_and_what_to_do() -> None:
    (problem,) = lag(StatusFigures(now_ms=0, lag_ms=61_500, queue_depth=1, workers=1))
    assert "61 s" in problem.message
    assert "start more workers" in problem.message
