"""Pages of two partitions become pages of one: their records are put into one order, and cut anew.

A page has all records between its name and the next one's. So pages of another partition can't
stand between them as they are. What is read and held at a time is a few pages of each partition.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import cast

from app.backup.folding import names_in
from app.store import page_keys
from app.store.connection import StoreClient
from app.store.page_codec import Packed, decode, encode
from app.store.page_records import PAGE_BYTES, first_end, size_of
from app.store.partitions import in_slices


def unite_pages(
    source: StoreClient,
    target: StoreClient,
    partitions: int,
    former: int,
    hold: Callable[[], object],
) -> None:
    """Write the records of all pages into pages of fewer partitions; ``hold`` is called often."""
    for partition in range(partitions):
        of_each = [_records(source, one) for one in range(partition, former, partitions)]
        records = heapq.merge(*of_each, key=lambda one: one.id)
        for part in in_slices(records, PAGE_BYTES, size_of):
            name = part[0].id
            pipe = target.pipeline(transaction=False)
            pipe.hset(page_keys.packed(partition).decode(), name, encode(part))
            pipe.zadd(page_keys.pages(partition), {name: 0})
            pipe.zadd(page_keys.page_ends(partition), {name: first_end(part)})
            pipe.execute()
            hold()


def _records(source: StoreClient, partition: int) -> Iterator[Packed]:
    """The records of all pages of a partition, in the order of their ids."""
    index, packed = page_keys.pages(partition), page_keys.packed(partition)
    for names in names_in(source, index):
        for page in source.hmget(packed.decode(), [*names]):
            yield from decode(cast("bytes", page)) if page else ()
