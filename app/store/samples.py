"""Samples of indexes: members that are spread evenly, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from app.domain.partition_count import Count, PartitionsNow
from app.store.connection import StoreClient
from app.store.left_out import partitions_there
from app.store.selections import KeyOf


class SampleReader:
    """Reads them, over all partitions, in two round trips."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def of(self, indexes: Sequence[KeyOf], most: int) -> tuple[list[bytes], int]:
        """At most ``most`` members, and how many there are in all.

        All of them if there are no more; else every so-manieth by rank. One that is in several of
        the indexes counts once for each, and may be there as often.
        """
        names = [
            key_of(partition)
            for partition in partitions_there(self._partitions)
            for key_of in indexes
        ]
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.zcard(name)
        sizes = cast("list[int]", pipe.execute()) if names else []
        total = sum(sizes)
        pipe = self._client.pipeline(transaction=False)
        if total <= most:
            for name, size in zip(names, sizes, strict=True):
                if size:
                    pipe.zrange(name, 0, -1)
        else:
            for name, rank in _spread(names, sizes, total, most):
                pipe.zrange(name, rank, rank)
        found = cast("list[list[bytes]]", pipe.execute()) if total else []
        return [member for some in found for member in some], total


def _spread(
    names: Sequence[bytes], sizes: Sequence[int], total: int, most: int
) -> Iterator[tuple[bytes, int]]:
    """Indexes and ranks, as if all of them were one list."""
    begin, at = 0, 0
    for name, size in zip(names, sizes, strict=True):
        while at < most and at * total // most < begin + size:
            yield name, at * total // most - begin
            at += 1
        begin += size
