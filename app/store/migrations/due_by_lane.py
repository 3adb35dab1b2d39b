"""2: all that was due was in one sorted set, ``qh:{p}:due``; now each tenant's is in a lane.

It runs beside everything else: what is moved is claimed at once. Each step takes what it moves out
of the old set, so the next goes on where it ended. Processes of an earlier version may still add to
the old set: upkeep goes on to move that.
"""

from __future__ import annotations

from app.store import keys
from app.store.migrations.migration import Migration, Step, Stored

BATCH = 500
TOGETHER = 100
"""How many one call moves: of as many lanes, it takes the store a millisecond or two."""


def step(stored: Stored, partition: int, _cursor: str) -> Step:
    """Move what is due first in the old set."""
    prefix = keys.prefix(partition)
    done = 0
    while done < BATCH:
        size = min(TOGETHER, BATCH - done)
        moved = int(stored.scripts("move_due", [prefix + b"due"], [prefix, size]))
        done += moved
        if moved < size:
            return Step(done, "")
    return Step(done, "more")


DUE_BY_LANE = Migration(2, "give each tenant a lane", step, online=True, follows=True)
