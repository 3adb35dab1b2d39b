"""Sizes of what is stored, and what has happened in all; each is a count that the store keeps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.audit_archive import log_bytes
from app.store.connection import StoreClient
from app.store.fields import MetaField

META = keys.META.decode()

MINUTE_MS = 60_000


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

    def note_set_aside(self) -> None:
        """Count one more of them."""
        self._client.hincrby(META, MetaField.SET_ASIDE, 1)

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

    def by_minute(
        self, statuses: Sequence[str], first_ms: int, minutes: int
    ) -> dict[str, list[int]]:
        """How many occurrences are in each status, by the minute they were scheduled for."""
        pipe = self._client.pipeline(transaction=False)
        for status in statuses:
            for minute in range(minutes):
                low_ms = first_ms + minute * MINUTE_MS
                for partition in range(self._partitions):
                    key = keys.occurrences(partition, status)
                    pipe.zcount(key, low_ms, low_ms + MINUTE_MS - 1)
        counts = iter(pipe.execute())
        return {
            status: [sum(itertools.islice(counts, self._partitions)) for _ in range(minutes)]
            for status in statuses
        }
