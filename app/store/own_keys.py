"""Keys that users give events; ``keys`` has all others, and how to read this table.

qh:{p}:key:<space>/<key>          string  the event that has it; both are written in one step
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from app.domain import ids
from app.store.connection import StoreClient
from app.store.keys import prefix


def partition_of_key(name: str, partitions: int) -> int:
    """Where the event is that has a key: so the event and its key are written in one step."""
    return ids.place_of(zlib.crc32(name.encode()), partitions)


def own_key(partition: int, name: str) -> bytes:
    """The event that has a key."""
    return prefix(partition) + b"key:" + name.encode()


def holders(client: StoreClient, partitions: int, names: Sequence[str]) -> list[bytes | None]:
    """The ids of the events that have keys, in order and in one round trip."""
    if not names:
        return []
    pipe = client.pipeline(transaction=False)
    for name in names:
        pipe.get(own_key(partition_of_key(name, partitions), name))
    found: list[bytes | None] = pipe.execute()
    return found
