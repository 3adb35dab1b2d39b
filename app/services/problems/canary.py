"""No canary arrives: what this instance delivers to itself does not come."""

from __future__ import annotations

from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

PERIODS = 3
"""For how many periods none may arrive."""


def canary(period_ms: int) -> Check:
    """Make the check for a canary that is sent once in so many milliseconds."""

    def check(figures: StatusFigures) -> list[Problem]:
        found = figures.canary
        # (An instance that begins has sent none yet.)
        silent_s = min((figures.now_ms - found.arrived_ms) / 1000, figures.up_s)
        if silent_s <= PERIODS * period_ms / 1000:
            return []
        return [
            Problem(
                ProblemCode.CANARY,
                f"No canary has arrived for {silent_s:.0f} s: if no other problem explains it, see "
                "why in the lines 'attempt' of the workers' logs, and whether QHRONOS_CANARY_URL "
                "leads from the workers to this API.",
            )
        ]

    return check
