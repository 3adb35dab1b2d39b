"""RQ's Redis is away: workers deliver without it, but upkeep stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.errors import StoreUnavailable
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures


def broker(probe: Callable[[], None]) -> Check:
    """Make the check; ``probe`` raises ``StoreUnavailable`` if the broker is away or read-only."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        try:
            probe()
        except StoreUnavailable:
            yield Problem(
                ProblemCode.BROKER,
                "The broker does not answer or takes no writes: start the server that "
                "QHRONOS_BROKER_URL names; workers deliver without it, and upkeep waits for it.",
            )

    return check
