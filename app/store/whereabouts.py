"""Where events and occurrences are, in a store that was given more partitions.

An id names the partition where its event was made, and that leads on: an event that has moved has
left there where it went (``EventField.MOVED``). What had ended before stays where it was. So an
occurrence of such an event is in the one or the other, and its id does not say in which: it is
looked for in all. Who lists a partition knows where its entries are, and says so to ``ids``; then
nothing is asked twice. Where nothing has ever moved, all this costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.page_reads import read_pages_of_each
from app.store.reading import Values, read_hashes
from app.store.scripts import ScriptCall, Scripts


def read_events(
    client: StoreClient, event_ids: Sequence[bytes], fields: Sequence[str]
) -> list[Values]:
    """The same fields of several events, in order, wherever they are; one round trip for most."""
    if not ids.moved_among():
        return read_hashes(client, map(keys.event_of, event_ids), fields)
    asked = [*fields, EventField.MOVED, EventField.VERSION]
    rows: dict[bytes, Values] = {}
    left = list(dict.fromkeys(event_ids))
    led: set[bytes] = set()
    for _ in range(ids.moved_among() + 1):  # (An event goes to greater partitions alone.)
        found = read_hashes(client, map(keys.event_of, left), asked)
        rows |= zip(left, (row[:-2] for row in found), strict=True)
        left = _elsewhere(client, left, [row[-2:] for row in found], led)
        if not left:
            break
    return [rows[one] for one in event_ids]


def locate(client: StoreClient, event_ids: Sequence[bytes]) -> None:
    """Find out where events are now, for who works with them next; they may have moved.

    Nothing is asked where nothing has moved.
    """
    if ids.moved_among():
        read_events(client, event_ids, ())


def is_elsewhere(client: StoreClient, event_id: bytes) -> bool:
    """Whether an event that was not where it was thought to be exists; then it is known where.

    Nothing is asked where nothing has moved. (Another thread may have found out meanwhile.)
    """
    return bool(ids.moved_among()) and any(
        read_events(client, [event_id], (EventField.VERSION,))[0]
    )


def _elsewhere(
    client: StoreClient, event_ids: Sequence[bytes], rows: Sequence[Values], led: set[bytes]
) -> list[bytes]:
    """Those of some events that are to be read elsewhere; ``led`` were led to where they are not.

    One to which a partition leads, and that is not there yet, is opened where it is expected: its
    mover may have been killed between the two.
    """
    again: list[bytes] = []
    missing: list[bytes] = []
    for one, (moved, version) in zip(event_ids, rows, strict=True):
        if moved is not None:
            ids.found_in(int(moved), [one])
            led.add(one)
            again.append(one)
        elif version is None and one in led:
            missing.append(one)
        elif version is None and ids.has_moved(one):
            # It is deleted, or on its way to where it was listed: its id leads to it.
            ids.found_in(ids.first_partition_of(one), [one])
            again.append(one)
    if missing:
        calls = [open_call(ids.partition_of_event(one), one) for one in missing]
        opened = Scripts(client).each("open_event", calls)
        again += [one for one, done in zip(missing, opened, strict=True) if done]
    return again


def open_call(partition: int, event_id: bytes) -> ScriptCall:
    """What ``open_event`` is given."""
    places = [keys.event(partition, event_id), keys.expected(partition)]
    return places, [keys.prefix(partition), event_id]


def find_occurrences(client: StoreClient, occurrence_ids: Sequence[bytes]) -> list[bytes]:
    """Look for occurrences that are not where they were thought to be; returns those found.

    Nothing is looked for where nothing has moved. It takes two round trips.
    """
    among, left = ids.moved_among(), list(dict.fromkeys(occurrence_ids))
    if not among or not left:
        return []
    found: list[bytes] = []
    places = [(p, one) for p in range(among) for one in left]
    there = client.read_each("EXISTS", [keys.occurrence(p, one) for p, one in places])
    paged = read_pages_of_each(Scripts(client), range(among), left)
    for (partition, one), exists in zip(places, there, strict=True):
        pages = paged[partition]
        if exists or one in pages.shorts or one in pages.records:
            ids.found_in(partition, [one])
            found.append(one)
    return found


def lists_of(event_id: bytes) -> Sequence[int]:
    """The partitions in which occurrences of an event may be listed, once that was read."""
    if ids.has_moved(event_id):
        return range(ids.moved_among())
    return [ids.partition_of_event(event_id)]


def forget_left(client: StoreClient, partition: int, event_ids: Sequence[bytes]) -> None:
    """Have no partition lead any more to events that were deleted in this one."""
    if not ids.moved_among() or not event_ids:
        return
    rows = client.hmget(keys.left(partition).decode(), [*event_ids])
    pipe = client.pipeline(transaction=False)
    for one, came_from in zip(event_ids, rows, strict=True):
        for former in (came_from or b"").split():
            pipe.hdel(keys.event(int(former), one), EventField.MOVED)
    if len(pipe):
        pipe.execute()
        client.hdel(keys.left(partition).decode(), *event_ids)
