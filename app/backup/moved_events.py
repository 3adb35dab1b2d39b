"""Events that have moved from one partition to another, in a backup that was loaded.

What movers had begun is ended first, and what leads to deleted events goes: so each event is in one
partition. When partitions are united, several of those through which an event has come may be one,
or be where it is. Then each of the others leads straight to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from app.domain import ids
from app.domain.event import EventStatus
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.homecoming import Homecoming
from app.store.moves import MoveStore
from app.store.reading import read_hashes
from app.store.scripts import Scripts
from app.store.whereabouts import forget_left

BATCH = 1_000


def settle_moves(client: StoreClient, partitions: int) -> None:
    """Have every event of a store that nobody uses be in one of its partitions, and whole."""
    if not ids.moved_among():
        return
    moves = MoveStore(client, Scripts(client))
    for partition in range(partitions):
        moves.settle(partition)
    for partition in range(partitions):
        cursor = 0
        while True:
            cursor, some = client.hscan(keys.left(partition).decode(), cursor, count=BATCH)
            forget_left(client, partition, [*some])
            if not cursor:
                break


def fold_moves(source: StoreClient, former: int, partitions: int, now_ms: int) -> None:
    """Have all that leads to events lead to where they are once there are fewer partitions.

    That is written into the store from which they are then copied.
    """
    if not ids.moved_among():
        return
    for partition in range(former):
        home = partition % partitions
        for moved in _moved_into(source, partition):
            _bring_what_is_twice(source, partition, moved, now_ms)
            pipe = source.pipeline(transaction=False)
            for event_id, places in moved.items():
                leading = dict.fromkeys(place % partitions for place in places)
                leading.pop(home, None)
                for place in places:
                    if place % partitions == home:
                        pipe.delete(keys.event(place, event_id))
                    else:
                        pipe.hset(keys.event(place, event_id), EventField.MOVED, str(home))
                here = keys.event(partition, event_id)
                if leading:
                    pipe.hset(here, EventField.CAME_FROM, " ".join(map(str, leading)))
                else:
                    pipe.hdel(here, EventField.CAME_FROM)
            pipe.execute()


def _bring_what_is_twice(
    source: StoreClient, partition: int, moved: Mapping[bytes, Sequence[int]], now_ms: int
) -> None:
    """Have that be once what was just being brought to where its event is, see ``homecoming``.

    United, its record would be there in two forms.
    """
    pairs = [(one, place) for one, places in moved.items() for place in places]
    pipe = source.pipeline(transaction=False)
    for one, place in pairs:
        pipe.zinter([keys.event_occurrences(at, one) for at in (partition, place)])
    for (_, place), twice in zip(pairs, pipe.execute(), strict=True):
        if twice:
            ids.found_in(place, twice)
            Homecoming(source, Scripts(source)).bring(twice, now_ms)


def _moved_into(client: StoreClient, partition: int) -> Iterator[dict[bytes, list[int]]]:
    """Events of a partition that have come from others, with these, some at a time."""
    for status in EventStatus:
        cursor = 0
        while True:
            cursor, entries = cast(
                "tuple[int, list[tuple[bytes, float]]]",
                client.zscan(keys.events(partition, status), cursor, count=BATCH),
            )
            some = [event_id for event_id, _ in entries]
            places = [keys.event(partition, one) for one in some]
            rows = read_hashes(client, places, (EventField.CAME_FROM,))
            moved = {
                one: [*map(int, came_from.split())]
                for one, (came_from,) in zip(some, rows, strict=True)
                if came_from is not None
            }
            if moved:
                yield moved
            if not cursor:
                break
