"""6: events could not be found by the hosts of their targets; now there is an index of these.

It runs beside everything else: until it is done, targets are looked at. As with names, the active
events are taken first, then the paused ones, then the others.
"""

from __future__ import annotations

from typing import cast

from app.domain.event import EventStatus
from app.store import keys
from app.store.connection import StoreClient
from app.store.migrations.migration import Migration, Step, Stored
from app.store.term_writes import list_terms

BATCH = 200
STATUSES = (EventStatus.ACTIVE, EventStatus.PAUSED, EventStatus.INACTIVE)


def step(stored: Stored, partition: int, cursor: str) -> Step:
    """List the next events; the cursor is a status and a place in its index."""
    found, following = next_events(stored.client, partition, cursor)
    list_terms(stored.client, stored.scripts, partition, found, None)
    return Step(len(found), following)


def next_events(client: StoreClient, partition: int, cursor: str) -> tuple[list[bytes], str]:
    """Some events of a partition, and the cursor of the next; it is empty at first and at last."""
    number, _, place = (cursor or "0:0").partition(":")
    status = int(number)
    scanned = client.zscan(keys.events(partition, STATUSES[status]), cursor=int(place), count=BATCH)
    following, entries = cast("tuple[int, list[tuple[bytes, float]]]", scanned)
    found = [event_id for event_id, _ in entries]
    if following:
        return found, f"{status}:{following}"
    return found, f"{status + 1}:0" if status + 1 < len(STATUSES) else ""


EVENTS_BY_HOST = Migration(6, "list events by their hosts", step, online=True)
