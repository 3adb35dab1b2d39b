"""The occurrence of a one-time event, which its event need not list.

Its id follows from the definition of its event. While it is under way in short form, and when it
has ended with its first attempt, it is not listed in ``qh:{p}:event:<id>:occurrences``: most events
need no such key. It is listed there as soon as more happens to it (a retry, a release, a
redelivery), and before its event is changed or deleted (``list_sole``). So whoever lists the
occurrences of an event asks here for the one that may be missing, and all others are listed.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.domain import ids
from app.domain.event import Event
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.leaves import find_entries, have_leaves
from app.store.scripts import Scripts
from app.store.short_forms import read_occurrences


def sole_occurrence(event: Event | None) -> bytes | None:
    """The id of the one occurrence that a one-time event has by its definition."""
    if event is None or event.schedule is not None:
        return None
    return ids.occurrence_id(event.id, event.start_ms)


def unlisted(client: StoreClient, events: Iterable[Event | None]) -> dict[bytes, bytes]:
    """Of each event that does not list its occurrence, which was claimed or has ended, that one.

    It takes up to two round trips, and one for each partition; none for series alone.
    """
    soles = {one.id: sole for one in events if one and (sole := sole_occurrence(one))}
    if not soles:
        return {}
    rows = read_occurrences(
        client, list(soles.values()), (OccurrenceField.EVENT, OccurrenceField.STATUS)
    )
    pipe = client.pipeline(transaction=False)
    for event_id, sole in soles.items():
        pipe.zscore(keys.event_occurrences(ids.partition_of_event(event_id), event_id), sole)
    found = {
        event_id: sole
        for (event_id, sole), (_, status), score in zip(
            soles.items(), rows, pipe.execute(), strict=True
        )
        if status is not None and score is None
    }
    # (One that was a series before may have it in a leaf.)
    listed = [keys.event_occurrences(ids.partition_of_event(one), one) for one in found]
    scripts = Scripts(client)
    for event_id, index, has in zip([*found], listed, have_leaves(client, listed), strict=True):
        if has and find_entries(scripts, [index], [found[event_id]])[0][0]:
            del found[event_id]
    return found
