"""What processes note so that somebody sees when they fail: upkeep's runs, drains that died."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from app.store import keys, watch_keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField

WINDOW_MS = 300_000
"""For how long a drain that has failed is remembered."""

TOGETHER_MS = 10_000
"""Drains that fail within so long count as one: a store that stalled ends all of them at once."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was noted; times are ms UTC."""

    runs: dict[str, int] = field(default_factory=dict)
    """When each kind of upkeep has last ended well."""

    drain_failures: int = 0
    """How often drains have failed or died within ``WINDOW_MS``."""

    schema: int | None = None
    """The last migration that the store has seen; ``None``: nobody has used it yet."""

    migrated_ms: int = 0
    """When the migration that is under way has last made a step."""


class WatchStore:
    """Notes and reads it."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def ran(self, what: str, now_ms: int) -> None:
        """Note that a kind of upkeep has ended well."""
        self._client.hset(watch_keys.RUNS, what, str(now_ms))

    def drain_failed(self, now_ms: int) -> None:
        """Note that a drain has failed, or has died; those that do so together are one note."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zadd(watch_keys.DRAIN_FAILURES, {str(now_ms // TOGETHER_MS): now_ms})
        pipe.zremrangebyscore(watch_keys.DRAIN_FAILURES, "-inf", now_ms - WINDOW_MS)
        pipe.execute()

    def read(self, now_ms: int) -> Watched:
        """Read what was noted, in one round trip."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hgetall(watch_keys.RUNS)
        pipe.zcount(watch_keys.DRAIN_FAILURES, now_ms - WINDOW_MS, "+inf")
        meta = keys.META.decode()
        pipe.hlen(meta)
        pipe.hmget(meta, [MetaField.SCHEMA, MetaField.MIGRATED])
        runs, failures, used, (schema, migrated) = cast(
            "tuple[dict[bytes, bytes], int, int, list[bytes | None]]", pipe.execute()
        )
        return Watched(
            {name.decode(): int(at_ms) for name, at_ms in runs.items()},
            failures,
            int(schema or 0) if used else None,
            int(migrated or 0),
        )
