"""Sizes of what is stored, and what has happened in all; each is a count that the store keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.alert_signals import note_set_aside
from app.store.audit_archive import log_bytes
from app.store.connection import StoreClient
from app.store.leaves import count_entries
from app.store.left_out import partitions_there
from app.store.meta_field import MetaField
from app.store.scripts import Scripts

META = keys.META.decode()

MINUTE_MS = 60_000


class Figures:
    """Counts over all partitions."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def events(self) -> int:
        """How many events there are."""
        pipe = self._client.pipeline(transaction=False)
        for partition in partitions_there(self._partitions):
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
        (found,) = self._counts([*OccurrenceStatus], [("-inf", "+inf")])
        return {status.value: count for status, count in zip(OccurrenceStatus, found, strict=True)}

    def by_step(
        self, statuses: Sequence[str], first_ms: int, steps: int, step_ms: int = MINUTE_MS
    ) -> dict[str, list[int]]:
        """How many occurrences are in each status, by the step they were scheduled for.

        An index that has nothing in this time is asked once.
        """
        counts = {status: [0] * steps for status in statuses}
        end_ms = first_ms + steps * step_ms
        (sizes,) = self._counts(statuses, [(first_ms, end_ms - 1)])
        some = [status for status, size in zip(statuses, sizes, strict=True) if size]
        bounds = [(low, low + step_ms - 1) for low in range(first_ms, end_ms, step_ms)]
        for step, found in enumerate(self._counts(some, bounds) if some else ()):
            for status, count in zip(some, found, strict=True):
                counts[status][step] = count
        return counts

    def _counts(
        self, statuses: Sequence[str], bounds: Sequence[tuple[int | str, int | str]]
    ) -> list[list[int]]:
        """For each pair of bounds on the scheduled time, how many are in each status."""
        key_ofs = [partial(keys.occurrences, status=str(status)) for status in statuses]
        return count_entries(Scripts(self._client), self._partitions, key_ofs, bounds)
