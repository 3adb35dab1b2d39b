"""5: events could not be found by their names; now there is an index of these.

It runs beside everything else: until it is done, names are looked for without the index. The active
events are taken first, then the paused ones, then the others: what changes its status by itself
goes that way, and whoever saves an event puts it into the index.
"""

from __future__ import annotations

from typing import cast

from app.domain.event import EventStatus
from app.store import keys
from app.store.migrations.migration import Migration, Step, Stored
from app.store.partitions import in_slices
from app.store.scripts import Argument

BATCH = 300
TOGETHER = 50
"""How many one call lists: it takes the store a millisecond or two."""
STATUSES = (EventStatus.ACTIVE, EventStatus.PAUSED, EventStatus.INACTIVE)


def step(stored: Stored, partition: int, cursor: str) -> Step:
    """List the next events; the cursor is a status and a place in its index."""
    number, _, place = (cursor or "0:0").partition(":")
    status = int(number)
    scanned = stored.client.zscan(
        keys.events(partition, STATUSES[status]), cursor=int(place), count=BATCH
    )
    following, entries = cast("tuple[int, list[tuple[bytes, float]]]", scanned)
    prefix = keys.prefix(partition)
    listed = 0
    for some in in_slices(entries, TOGETHER, lambda _one: 1):
        args: list[Argument] = [prefix, *(event_id for event_id, _ in some)]
        listed += int(stored.scripts("list_names", [prefix + b"names"], args))
    if following:
        return Step(listed, f"{status}:{following}")
    return Step(listed, f"{status + 1}:0" if status + 1 < len(STATUSES) else "")


EVENTS_BY_NAME = Migration(5, "list events by their names", step, online=True)
