"""A process that counts requests by itself says so."""

from __future__ import annotations

from app.services.problems.problem import ProblemCode, StatusFigures
from app.services.problems.rate_limit import rate_limit

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)


def test_counting_alone_is_a_problem_for_as_long_as_it_lasts() -> None:
    states = iter([True, False])
    check = rate_limit(lambda: next(states))
    (problem,) = check(FIGURES)
    assert problem.code is ProblemCode.RATE_LIMIT
    assert "QHRONOS_RATE_LIMIT" in problem.message
    assert list(check(FIGURES)) == []
