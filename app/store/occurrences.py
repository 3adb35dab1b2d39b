"""Occurrences in the store: reading what is planned and what has happened."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.domain.attempt import Attempt
from app.domain.event import Event
from app.domain.occurrence import ENDED, Occurrence
from app.domain.past import Past
from app.errors import NotFound
from app.store import codec, keys
from app.store.attempts import read_log
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.leaves import have_leaves, read_newest
from app.store.scripts import Scripts
from app.store.short_forms import read_occurrences
from app.store.sole_occurrences import unlisted
from app.store.whereabouts import lists_of, read_events


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
        """Read several in a few round trips, in order; ``None`` where there is none."""
        values = read_occurrences(self._client, occurrence_ids, codec.OCCURRENCE_FIELDS)
        rows = [codec.OccurrenceRow(*row) for row in values]
        return self._with_tags(occurrence_ids, rows)

    def attempts(self, occurrence_id: bytes) -> list[Attempt]:
        """Read what is recorded of an occurrence's attempts, oldest first."""
        fields = (OccurrenceField.EVENT, OccurrenceField.LOG)
        ((_, log),) = read_occurrences(self._client, [occurrence_id], fields)
        return read_log(log)

    def past(self, occurrence_ids: Sequence[bytes]) -> list[Past | None]:
        """Read several that have ended, each with its attempts; ``None`` for any other."""
        fields = (*codec.OCCURRENCE_FIELDS, OccurrenceField.LOG)
        values = read_occurrences(self._client, occurrence_ids, fields)
        rows = [codec.OccurrenceRow(*row[:-1]) for row in values]
        found = self._with_tags(occurrence_ids, rows)
        return [
            Past(one, read_log(log), (row.callback or b"")[16:])
            if one is not None and one.status in ENDED
            else None
            for one, row, (*_, log) in zip(found, rows, values, strict=True)
        ]

    def last_of(self, events: Sequence[Event], count: int) -> list[list[bytes]]:
        """The last occurrences of each event that were claimed or have ended, newest first."""
        places = [(one.id, partition) for one in events for partition in lists_of(one.id)]
        series = [keys.event_occurrences(partition, event_id) for event_id, partition in places]
        rows = self._client.read_each("ZREVRANGE", series, 0, count - 1)
        for at, has in enumerate(have_leaves(self._client, series)):
            if has:
                rows[at] = read_newest(Scripts(self._client), series[at], count)
        found: dict[bytes, set[bytes]] = {one.id: set() for one in events}
        for (event_id, partition), row in zip(places, rows, strict=True):
            ids.found_in(partition, row)
            found[event_id].update(row)
        for event_id, sole in unlisted(self._client, events).items():
            found[event_id].add(sole)
        return [sorted(found[one.id], key=ids.scheduled_ms, reverse=True)[:count] for one in events]

    def unlisted_of(self, event: Event | None) -> bytes | None:
        """The occurrence of an event that its index does not list; see ``sole_occurrences``."""
        return None if event is None else unlisted(self._client, [event]).get(event.id)

    def _with_tags(
        self, occurrence_ids: Sequence[bytes], rows: Sequence[codec.OccurrenceRow]
    ) -> list[Occurrence | None]:
        untagged = {row.event for row in rows if row.event is not None and row.tags is None}
        tags = self._tags_of(sorted(untagged))
        return [
            codec.occurrence_from_row(one, row, tags.get(row.event or b"", ()))
            for one, row in zip(occurrence_ids, rows, strict=True)
        ]

    def _tags_of(self, event_ids: Sequence[bytes]) -> dict[bytes, tuple[str, ...]]:
        rows = read_events(self._client, event_ids, (EventField.TAGS,))
        return {
            event_id: codec.split_tags(tags)
            for event_id, (tags,) in zip(event_ids, rows, strict=True)
        }
