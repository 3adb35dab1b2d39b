"""Looking through what is stored in slices: for reconciliation and for retention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from app.domain.event import EventStatus
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.reading import oldest_before, oldest_until, read_hashes


@dataclass(frozen=True, slots=True)
class Slice:
    """Suspects of one slice and where the next begins; an empty cursor: at the beginning."""

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
        key = keys.events(partition, EventStatus.ACTIVE)
        rows = self._client.zrangebyscore(
            key, f"({cursor}" if cursor else "-inf", "+inf", start=0, num=limit, withscores=True
        )
        found = cast("list[tuple[bytes, float]]", rows)
        if not found:
            return Slice([], "")
        last = int(found[-1][1])
        peers = cast("list[bytes]", self._client.zrangebyscore(key, last, last))
        event_ids = [event_id for event_id, score in found if int(score) < last] + peers
        rows = read_hashes(
            self._client, map(keys.event_of, event_ids), (EventField.STATUS, EventField.NEXT)
        )
        suspects = [
            event_id
            for event_id, (status, following) in zip(event_ids, rows, strict=True)
            if status == b"active" and following is None
        ]
        return Slice(suspects, str(last) if len(found) == limit else "")

    def inactive(self, partition: int, before_ms: int, limit: int) -> list[bytes]:
        """Events that have been inactive since before a moment, oldest first."""
        return oldest_before(self._client, keys.inactive(partition), before_ms, limit)

    def paused(self, partition: int, until_ms: int, limit: int) -> list[bytes]:
        """Events whose pause ends by a moment."""
        return oldest_until(self._client, keys.paused(partition), until_ms, limit)

    def open_slice(self, partition: int, status: str, cursor: str, limit: int) -> Slice:
        """The occurrences in one open status that are not where that status puts them.

        Looks at about ``limit``; the cursor is the store's own.
        """
        places = (keys.claimed, keys.unacknowledged) if status == "dispatched" else (keys.due,)
        following, found = self._client.zscan(
            keys.occurrences(partition, status), cursor=int(cursor or 0), count=limit
        )
        lost = [member for member, _ in cast("list[tuple[bytes, float]]", found)]
        for place in places:
            if lost:
                moments = self._client.zmscore(place(partition), cast("list[str]", lost))
                lost = [one for one, at in zip(lost, moments, strict=True) if at is None]
        return Slice(lost, str(following) if following else "")
