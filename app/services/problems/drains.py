"""Drains that fail, or die with their worker, again and again."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.process import SCHEDULER, UNBEGUN
from app.services.problems.problem import Problem, ProblemCode, StatusFigures

MANY = 3
"""How many failures are no accident."""


def drains_fail(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if three drains or more have failed of late."""
    unbegun = max((one.gauges.get(UNBEGUN, 0.0) for one in figures.of(SCHEDULER)), default=0.0)
    count = max(figures.watched.drain_failures, int(unbegun))
    if count >= MANY:
        yield Problem(
            ProblemCode.DRAINS_FAIL,
            f"Drains have failed or died {count} times within minutes: see the last lines of the "
            "workers' logs, and whether the system has killed them for want of memory.",
        )
