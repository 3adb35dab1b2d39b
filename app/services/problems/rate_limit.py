"""A process of the API counts callers' requests by itself, because the store does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures


def rate_limit(is_alone: Callable[[], bool]) -> Check:
    """Make the check; ``is_alone`` tells whether this process counts by itself."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        if is_alone():
            yield Problem(
                ProblemCode.RATE_LIMIT,
                "The store does not count requests for QHRONOS_RATE_LIMIT, so each process of the "
                "API allows as many by itself: give its user the rights of deploy/redis.acl, or "
                "see in its log why it is slow.",
            )

    return check
