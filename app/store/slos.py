"""Lateness objectives of tags: one hash, from each tag to its objective (JSON)."""

from __future__ import annotations

import json
from typing import cast

from app.domain.slo import Slo
from app.store.connection import StoreClient
from app.store.stats_keys import SLOS

_KEY = SLOS.decode()


class SloStore:
    """Reads and writes them; there are never many. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def all(self) -> dict[str, Slo]:
        """Read every one, by tag."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(_KEY))
        return {tag.decode(): _read(tag.decode(), raw) for tag, raw in sorted(found.items())}

    def get(self, tag: str) -> Slo | None:
        """Read one."""
        raw = cast("bytes | None", self._client.hget(_KEY, tag))
        return None if raw is None else _read(tag, raw)

    def count(self) -> int:
        """How many there are."""
        return int(self._client.hlen(_KEY))

    def put(self, slo: Slo) -> None:
        """Write one, in the place of what its tag had."""
        fields = (slo.lateness_ms, slo.objective, slo.window_ms, slo.created_ms, slo.updated_ms)
        self._client.hset(_KEY, slo.tag, json.dumps(fields))

    def delete(self, tag: str) -> bool:
        """Delete one; returns whether it was there."""
        return bool(self._client.hdel(_KEY, tag))


def _read(tag: str, raw: bytes) -> Slo:
    return Slo(tag, *json.loads(raw))
