"""Processes that lack a key that secrets in the store were encrypted with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.domain.process import ProcessFacts
from app.errors import StoreUnavailable
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

MOST_NAMED = 3
"""How many processes the sentence names."""


def keys(noted: Callable[[], set[bytes]], alive: Callable[[], Sequence[ProcessFacts]]) -> Check:
    """Make the check; ``noted`` answers the names of the keys that are in use."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        try:
            processes, in_use = alive(), {name.hex() for name in noted()}
        except StoreUnavailable:
            return
        lacking = sorted(one.place for one in processes if one.key and in_use - one.known_keys)
        if lacking:
            more = len(lacking) - MOST_NAMED
            named = ", ".join(lacking[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            advice = (
                "no key there opens all secrets in the store; set QHRONOS_ENCRYPTION_KEY "
                "(without one, QHRONOS_JWT_SECRET) as on the other hosts, and the one before in "
                "…_PREVIOUS, and restart."
            )
            count = f"{len(lacking)} process{'es' if more + MOST_NAMED > 1 else ''}"
            yield Problem(ProblemCode.KEYS, f"{count}: {advice}", f"{named}: {advice}")
        elif not in_use and len({one.key for one in processes if one.key}) > 1:
            yield Problem(
                ProblemCode.KEYS,
                "Hosts have different encryption keys: set the same QHRONOS_ENCRYPTION_KEY "
                "(without one, QHRONOS_JWT_SECRET) on all of them, and restart.",
            )

    return check
