"""A broker that is away is a problem of its own; the figures come from the store all the same."""

from __future__ import annotations

from app.errors import BrokerUnavailable
from app.services.problems.broker import broker
from app.services.problems.problem import ProblemCode, StatusFigures

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)


def test_one_that_answers_is_no_problem() -> None:
    assert not list(broker(lambda: None)(FIGURES))


def test_one_that_is_away_is_named_by_its_variable() -> None:
    def away() -> None:
        raise BrokerUnavailable

    (problem,) = broker(away)(FIGURES)
    assert problem.code is ProblemCode.BROKER
    assert "QHRONOS_BROKER_URL" in problem.message
