"""Which events the tokens of a subject made, where that is limited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.whereabouts import read_events

BATCH = 1_000


class Owners:
    """Counts events by subject; an entry may outlive its event until somebody looks."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def add(self, subject: str, event_id: bytes, created_ms: int) -> int:
        """Note an event; returns how many there are now. Harmless when repeated."""
        return self.add_many(subject, [(event_id, created_ms)])

    def add_many(self, subject: str, events: Sequence[tuple[bytes, int]]) -> int:
        """Note events, each with when it was created; returns how many there are now."""
        key = keys.owned(subject)
        pipe = self._client.pipeline()
        pipe.zadd(key, dict(events))
        pipe.zcard(key)
        return int(pipe.execute()[1])

    def count(self, subject: str) -> int:
        """How many events are noted."""
        return int(self._client.zcard(keys.owned(subject)))

    def drop(self, subject: str, *event_ids: bytes) -> None:
        """Forget events."""
        self._client.zrem(keys.owned(subject), *event_ids)

    def drop_gone(self, subject: str, before_ms: int) -> None:
        """Forget events that exist no more; those noted since ``before_ms`` may be being made."""
        key, start = keys.owned(subject), 0
        while True:
            found = self._client.zrangebyscore(key, "-inf", before_ms, start=start, num=BATCH)
            members = cast("list[bytes]", found)
            rows = read_events(self._client, members, (EventField.VERSION,)) if members else []
            gone = [one for one, (exists,) in zip(members, rows, strict=True) if not exists]
            if gone:
                self._client.zrem(key, *gone)
            start += len(members) - len(gone)
            if len(members) < BATCH:
                return
