"""Work that is due waits longer than any hand-over between workers takes."""

from __future__ import annotations

from collections.abc import Iterator

from app.services.problems.problem import Problem, ProblemCode, StatusFigures

DEGRADED_LAG_MS = 5_000


def lag(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if the oldest due occurrence is later than ``DEGRADED_LAG_MS``."""
    if figures.lag_ms > DEGRADED_LAG_MS:
        yield Problem(
            ProblemCode.LAG,
            f"What is due has waited for {figures.lag_ms // 1000} s: start more workers, or see in "
            "the logs of those that run what holds them up.",
        )
