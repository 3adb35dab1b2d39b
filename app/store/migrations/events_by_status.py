"""1: events were in one index, ``qh:{p}:events``; now each is in the index of its status.

It runs beside everything else: events of the old index fire all the while, they are only not
listed yet. Each step takes what it lists out of the old index, so the next goes on where it ended.
"""

from __future__ import annotations

from app.store import keys
from app.store.migrations.migration import Migration, Step, Stored

BATCH = 250


def step(stored: Stored, partition: int, _cursor: str) -> Step:
    """List the oldest events that the old index still has."""
    prefix = keys.prefix(partition)
    done = int(stored.scripts("list_by_status", [prefix + b"events"], [prefix, BATCH]))
    return Step(done, "more" if done == BATCH else "")


EVENTS_BY_STATUS = Migration(1, "list events by their status", step, online=True)
