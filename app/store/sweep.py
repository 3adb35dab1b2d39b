"""Looking through what is stored in slices: for reconciliation and for retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from app.domain import ids
from app.domain.event import EventStatus
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.reading import oldest_before, oldest_until, read_hashes
from app.store.short_forms import read_occurrences


@dataclass(frozen=True, slots=True)
class Slice:
    """Suspects or all of a slice, and where the next begins; an empty cursor: at the beginning."""

    suspects: list[bytes]
    cursor: str


class EventSweep:
    """Bounded reads over a partition's events."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def suspects(self, partition: int, cursor: str, limit: int) -> Slice:
        """Active events without a scheduled occurrence among the next ``limit`` events.

        ``cursor`` is a creation time; events of the same millisecond are never split, so a slice
        may be longer than ``limit`` by those.
        """
        found = self.events(partition, EventStatus.ACTIVE, cursor, limit)
        event_ids = found.suspects
        rows = read_hashes(
            self._client, map(keys.event_of, event_ids), (EventField.STATUS, EventField.NEXT)
        )
        suspects = [
            event_id
            for event_id, (status, following) in zip(event_ids, rows, strict=True)
            if status == b"active" and following is None
        ]
        return Slice(suspects, found.cursor)

    def events(self, partition: int, status: str, cursor: str, limit: int) -> Slice:
        """The next ``limit`` events of a status; see ``suspects`` for the cursor."""
        key = keys.events(partition, status)
        rows = self._client.zrangebyscore(
            key, f"({cursor}" if cursor else "-inf", "+inf", start=0, num=limit, withscores=True
        )
        found = cast("list[tuple[bytes, float]]", rows)
        if not found:
            return Slice([], "")
        last = int(found[-1][1])
        peers = cast("list[bytes]", self._client.zrangebyscore(key, last, last))
        event_ids = [event_id for event_id, score in found if int(score) < last] + peers
        ids.found_in(partition, event_ids)
        return Slice(event_ids, str(last) if len(found) == limit else "")

    def inactive(self, partition: int, before_ms: int, limit: int) -> list[bytes]:
        """Events that have been inactive since before a moment, oldest first."""
        found = oldest_before(self._client, keys.inactive(partition), before_ms, limit)
        ids.found_in(partition, found)
        return found

    def paused(self, partition: int, until_ms: int, limit: int) -> list[bytes]:
        """Events whose pause ends by a moment."""
        found = oldest_until(self._client, keys.paused(partition), until_ms, limit)
        ids.found_in(partition, found)
        return found

    def open_slice(self, partition: int, status: str, cursor: str, limit: int) -> Slice:
        """The occurrences in one open status that are not where that status puts them.

        Looks at about ``limit``; the cursor is the store's own.
        """
        following, found = self._client.zscan(
            keys.occurrences(partition, status), cursor=int(cursor or 0), count=limit
        )
        lost = [member for member, _ in cast("list[tuple[bytes, float]]", found)]
        ids.found_in(partition, lost)
        if status != "dispatched":
            return Slice(self._not_due(partition, lost), str(following) if following else "")
        for place in (keys.leases, keys.former_leases, keys.unacknowledged):
            if lost:
                moments = self._client.zmscore(place(partition), cast("list[str]", lost))
                lost = [one for one, at in zip(lost, moments, strict=True) if at is None]
        return Slice(lost, str(following) if following else "")

    def _not_due(self, partition: int, occurrence_ids: Sequence[bytes]) -> list[bytes]:
        """Those that are not in their lane, or whose lane is not listed."""
        rows = read_occurrences(self._client, occurrence_ids, (OccurrenceField.EVENT,))
        pipe = self._client.pipeline(transaction=False)
        found = [
            (one, event_id)
            for one, (event_id,) in zip(occurrence_ids, rows, strict=True)
            if event_id is not None
        ]
        for one, event_id in found:
            lane = ids.lane_of_event(event_id)
            pipe.zscore(keys.due(partition, lane), one)
            pipe.zscore(keys.lanes(partition), str(lane))
        scores = pipe.execute()
        moments = zip(scores[::2], scores[1::2], strict=True)
        return [one for (one, _), pair in zip(found, moments, strict=True) if None in pair]
