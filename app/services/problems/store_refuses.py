"""The store answers but takes no writes; or it does not answer at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.errors import ShardUnavailable, StoreUnavailable
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures
from app.store.refusals import told_to_all


def store_refuses(check_writable: Callable[[], None]) -> Check:
    """Make the check; ``check_writable`` raises ``StoreUnavailable`` with its cause."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        try:
            check_writable()
        except ShardUnavailable:
            return  # ``shards`` tells of that
        except StoreUnavailable as error:
            yield Problem(
                ProblemCode.STORE_REFUSES,
                f"{told_to_all(error)} Nothing new is accepted or recorded until it takes writes: "
                "see its log.",
            )

    return check


def store_away(error: StoreUnavailable) -> Problem:
    """The problem of a store that does not answer; ``error`` says why."""
    return Problem(
        ProblemCode.STORE_AWAY,
        f"{told_to_all(error)} Until it serves, nothing is accepted or delivered: see its log, and "
        "where QHRONOS_REDIS_URL leads.",
    )
