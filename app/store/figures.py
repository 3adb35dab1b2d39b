"""Sizes of what is stored, and what has happened in all; each is a count that the store keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.alert_signals import note_set_aside
from app.store.audit_archive import log_bytes
from app.store.connection import StoreClient
from app.store.fields import MetaField

META = keys.META.decode()

MINUTE_MS = 60_000

FEW = 100
"""So many members of an index are read rather than counted step by step."""


class Figures:
    """Counts over all partitions."""

    def __init__(self, client: StoreClient, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    def events(self) -> int:
        """How many events there are."""
        pipe = self._client.pipeline(transaction=False)
        for partition in range(self._partitions):
            for status in EventStatus:
                pipe.zcard(keys.events(partition, status))
        return sum(pipe.execute())

    def audit_bytes(self) -> int:
        """How many bytes of memory the audit log takes, about."""
        return log_bytes(self._client)

    def set_aside(self) -> int:
        """How many events were set aside in all, because they could not be planned."""
        return int(cast("bytes | None", self._client.hget(META, MetaField.SET_ASIDE)) or 0)

    def note_set_aside(self, event_id: bytes, now_ms: int) -> None:
        """Count one more of them, and list it for alerts."""
        self._client.hincrby(META, MetaField.SET_ASIDE, 1)
        note_set_aside(self._client, event_id, now_ms)

    def occurrences_by_status(self) -> dict[str, int]:
        """How many occurrences are in each status."""
        pipe = self._client.pipeline(transaction=False)
        for status in OccurrenceStatus:
            for partition in range(self._partitions):
                pipe.zcard(keys.occurrences(partition, status.value))
        counts = pipe.execute()
        width = self._partitions
        return {
            status.value: sum(counts[index * width : (index + 1) * width])
            for index, status in enumerate(OccurrenceStatus)
        }

    def by_step(
        self, statuses: Sequence[str], first_ms: int, steps: int, step_ms: int = MINUTE_MS
    ) -> dict[str, list[int]]:
        """How many occurrences are in each status, by the step they were scheduled for.

        An index that has nothing in this time is asked once; one that has little is read.
        """
        counts = {status: [0] * steps for status in statuses}
        places = [(status, p) for status in statuses for p in range(self._partitions)]
        pipe = self._client.pipeline(transaction=False)
        for status, partition in places:
            key = keys.occurrences(partition, status)
            pipe.zcount(key, first_ms, first_ms + steps * step_ms - 1)
        sizes = dict(zip(places, pipe.execute(), strict=True))
        few = [one for one in places if 0 < sizes[one] <= FEW]
        many = [one for one in places if sizes[one] > FEW]
        for status, partition in few:
            key, last_ms = keys.occurrences(partition, status), first_ms + steps * step_ms - 1
            pipe.zrangebyscore(key, first_ms, last_ms, withscores=True)
        for status, partition in many:
            for low_ms in range(first_ms, first_ms + steps * step_ms, step_ms):
                key = keys.occurrences(partition, status)
                pipe.zcount(key, low_ms, low_ms + step_ms - 1)
        replies = iter(pipe.execute() if few or many else ())
        for status, _ in few:
            for _member, at_ms in next(replies):
                counts[status][(int(at_ms) - first_ms) // step_ms] += 1
        for status, _ in many:
            for step in range(steps):
                counts[status][step] += next(replies)
        return counts
