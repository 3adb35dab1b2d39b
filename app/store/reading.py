"""What every store reads in the same way: many hashes at once, the oldest members of an index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import redis

from app.errors import StoreUnavailable
from app.store.connection import StoreClient, translate

Values = list[bytes | None]
"""The values of the fields that were asked for, in their order; ``None`` for one that is absent."""


def read_hashes(
    client: StoreClient, hashes: Iterable[bytes], fields: Sequence[str]
) -> list[Values]:
    """The same fields of several hashes, in one round trip and in order."""
    return cast("list[Values]", client.read_each("HMGET", hashes, *fields))


def read_together(client: StoreClient, commands: Sequence[Sequence[Any]]) -> list[Any]:
    """Run commands that only read, in one round trip and in order; raises ``StoreUnavailable``."""
    if len(commands) <= 1:
        return [client.direct(*one) for one in commands]
    replies = client.together(commands)
    for reply in replies:
        if isinstance(reply, StoreUnavailable):
            raise reply
        if isinstance(reply, redis.exceptions.RedisError):
            raise translate(reply, client.connection_pool) from reply
    return replies


def oldest_before(client: StoreClient, index: bytes, before_ms: int, limit: int) -> list[bytes]:
    """The members of an index with the lowest scores, if these are below a moment."""
    return _oldest(client, index, f"({before_ms}", limit)


def oldest_until(client: StoreClient, index: bytes, until_ms: int, limit: int) -> list[bytes]:
    """The members of an index with the lowest scores, if these are at most a moment."""
    return _oldest(client, index, until_ms, limit)


def lowest_score(client: StoreClient, index: bytes) -> int | None:
    """The lowest score of an index, ``None`` if that is empty."""
    first = client.zrange(index, 0, 0, withscores=True)
    return int(first[0][1]) if first else None


def highest_score(client: StoreClient, index: bytes) -> int | None:
    """The highest score of an index, ``None`` if that is empty."""
    last = client.zrange(index, -1, -1, withscores=True)
    return int(last[0][1]) if last else None


def _oldest(client: StoreClient, index: bytes, highest: int | str, limit: int) -> list[bytes]:
    found = client.zrangebyscore(index, "-inf", highest, start=0, num=limit)
    return cast("list[bytes]", found)
