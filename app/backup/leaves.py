"""Leaves of an index in two partitions become leaves of one: their ids in one order, cut anew."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import cast

from app.backup.folding import names_in
from app.store import keys
from app.store.connection import StoreClient
from app.store.leaves import ID_BYTES, LEAF_IDS, leaf, leaves, sizes
from app.store.partitions import in_slices


def unite_leaves(
    source: StoreClient,
    target: StoreClient,
    partitions: int,
    former: int,
    hold: Callable[[], object],
) -> None:
    """Write the ids of all leaves into leaves of fewer partitions; ``hold`` is called often."""
    for partition in range(partitions):
        united = range(partition, former, partitions)
        names = {name for one in united for name in source.hkeys(sizes(one).decode())}
        for name in cast("set[bytes]", names):
            index = keys.prefix(partition) + name
            found = heapq.merge(*(_ids(source, keys.prefix(one) + name) for one in united))
            count = 0
            for part in in_slices(found, LEAF_IDS, lambda _: 1):
                pipe = target.pipeline(transaction=False)
                pipe.set(leaf(index, part[0]), b"".join(part))
                pipe.zadd(leaves(index), {part[0]: 0})
                pipe.execute()
                count += len(part)
                hold()
            target.hset(sizes(partition).decode(), cast("str", name), str(count))


def _ids(source: StoreClient, index: bytes) -> Iterator[bytes]:
    """The ids in the leaves of an index, in order."""
    for names in names_in(source, leaves(index)):
        for found in source.mget([leaf(index, name) for name in names]):
            text = cast("bytes", found or b"")
            yield from (text[at : at + ID_BYTES] for at in range(0, len(text), ID_BYTES))
