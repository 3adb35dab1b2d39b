"""The keys of what is counted for ``GET /stats``.

In the form of ``keys``; ``app.domain.stats`` says what a stat is::

    qh:{p}:stats                hash    '<minute> TAB <stat>' → count; what is not yet rolled up
    qh:{p}:stats:taken          hash    the same, under way to the roll-ups; '' → its name
    qh:{stats}                  hash    partition → the name of what was rolled up of it last;
                                        version → how often anything was
    qh:{stats}:<step>:<number>  string  what was recorded in a minute, an hour or a day: counts
                                        of each cell (JSON, zlib); ends with ``STEPS``
    qh:{slos}                   hash    tag → its lateness objective, see ``slos``

A minute's number is how many minutes it began after 1970 (UTC), and so on.
"""

from __future__ import annotations

from typing import NamedTuple

from app.store import keys

STATE = b"qh:{stats}"
SLOS = b"qh:{slos}"


class Granularity(NamedTuple):
    """A granularity of roll-ups: how long one is, and how long it is kept, ms."""

    size_ms: int
    kept_ms: int

    @property
    def buckets(self) -> int:
        """How many are kept."""
        return self.kept_ms // self.size_ms


HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

STEPS = {
    "minute": Granularity(60_000, 26 * HOUR_MS),
    "hour": Granularity(HOUR_MS, 32 * DAY_MS),
    "day": Granularity(DAY_MS, 400 * DAY_MS),
}


def counted(partition: int) -> bytes:
    """What is not yet rolled up."""
    return keys.prefix(partition) + b"stats"


def taken(partition: int) -> bytes:
    """What is under way to the roll-ups."""
    return keys.prefix(partition) + b"stats:taken"


def bucket(step: str, number: int) -> bytes:
    """What was recorded in one bucket of time."""
    return STATE + b":%s:%d" % (step.encode(), number)
