"""Occurrences in the store: reading what is planned and what has happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.domain import ids
from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence
from app.errors import NotFound
from app.store import codec, keys
from app.store.attempts import read_log
from app.store.connection import StoreClient


class OccurrenceStore:
    """Reads occurrences of every partition."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def get(self, occurrence_id: bytes) -> Occurrence:
        """Read one occurrence; raises ``NotFound``."""
        (occurrence,) = self.get_many([occurrence_id])
        if occurrence is None:
            raise NotFound
        return occurrence

    def get_many(self, occurrence_ids: Sequence[bytes]) -> list[Occurrence | None]:
        """Read several in two round trips at most, in order; ``None`` where there is none."""
        pipe = self._client.pipeline(transaction=False)
        for one in occurrence_ids:
            key = keys.occurrence(ids.partition_of_occurrence(one), one)
            pipe.hmget(key, list(codec.OCCURRENCE_FIELDS))
        rows = pipe.execute()
        untagged = {row[0] for row in rows if row[0] is not None and row[-1] is None}
        tags = self._tags_of(sorted(untagged))
        return [
            codec.occurrence_from_fields(one, row, tags.get(row[0], ()), ids.created_ms(row[0]))
            if row[0] is not None
            else None
            for one, row in zip(occurrence_ids, rows, strict=True)
        ]

    def attempts(self, occurrence_id: bytes) -> list[Attempt]:
        """Read what is recorded of an occurrence's attempts, oldest first."""
        key = keys.occurrence(ids.partition_of_occurrence(occurrence_id), occurrence_id)
        (log,) = self._client.hmget(key, ["log"])
        return read_log(cast("bytes | None", log))

    def _tags_of(self, event_ids: Sequence[bytes]) -> dict[bytes, tuple[str, ...]]:
        pipe = self._client.pipeline(transaction=False)
        for event_id in event_ids:
            pipe.hget(keys.event(ids.partition_of_event(event_id), event_id), "tags")
        raw = pipe.execute() if event_ids else []
        return {
            event_id: codec.split_tags(tags) for event_id, tags in zip(event_ids, raw, strict=True)
        }
