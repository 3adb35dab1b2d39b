"""What has ended and has its own record, read slice by slice: for whoever packs it."""

from __future__ import annotations

from typing import NamedTuple, cast

from app.domain import ids
from app.store import keys
from app.store.connection import StoreClient


class EndedSlice(NamedTuple):
    """What has ended, as indexes have it."""

    occurrences: list[bytes]
    groups: list[bytes]
    """The entries of ``endings`` that were read."""

    cursor: int
    """The moment after which to go on, ms UTC; 0: nothing follows."""


def ended_slice(
    client: StoreClient, partition: int, between: tuple[int, int], limit: int
) -> EndedSlice:
    """What ended after one moment and before another and has its own record, the oldest first.

    At most ``limit`` entries of an index are read. Of the last millisecond that was read all
    are left for the next time. If there is nothing else, the rest of it is passed over.
    """
    after_ms, before_ms = between
    moments: list[int] = []
    found: list[list[tuple[bytes, int]]] = []
    for place in (keys.ended, keys.endings):
        rows = client.zrangebyscore(
            place(partition), f"({after_ms}", f"({before_ms}", 0, limit, withscores=True
        )
        some = [(one, int(at)) for one, at in cast("list[tuple[bytes, float]]", rows)]
        found.append(some)
        if len(some) == limit:
            last, first = some[-1][1], some[0][1]
            moments.append(last - 1 if first < last else last)
    cursor = min(moments, default=0)
    singles, groups = ([one for one, at in some if not cursor or at <= cursor] for some in found)
    together = [group[at : at + 16] for group in groups for at in range(0, len(group), 16)]
    ended = [*singles, *together]
    ids.found_in(partition, ended)
    return EndedSlice(ended, groups, cursor)
