"""What events were called, for whoever reads what they did: a name belongs to its time and tags.

It is written down when an event that has recorded occurrences gets another name, description or
other tags, and when it is deleted. So a name costs nothing as long as it does not change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import ids
from app.domain.event import Event
from app.store import keys
from app.store.codec import dump_json
from app.store.connection import StoreClient

FORMER_NAMES_MS = 8 * 86_400_000
"""How long they are kept after the last change: as long as the calendar feed looks back."""

_SHORTENED = 1_000


@dataclass(frozen=True, slots=True)
class FormerName:
    """What an event was called up to a moment (ms UTC), and the tags that it had then."""

    until_ms: int
    name: str
    description: str
    tags: tuple[str, ...]


def former_name(before: Event | None, after: Event | None, now_ms: int) -> bytes:
    """What is to be kept when an event changes (``None``: is deleted); empty for nothing."""
    if before is None or (after is not None and _called(before) == _called(after)):
        return b""
    name, description, tags = _called(before)
    return dump_json([now_ms, name, description[:_SHORTENED], tags])


def _called(event: Event) -> tuple[str, str, tuple[str, ...]]:
    return event.name, event.definition.description, event.tags


def names_key(partition: int, event_id: bytes) -> bytes:
    """Where an event's are."""
    return keys.event(partition, event_id) + b":names"


class FormerNames:
    """Reads what events were called."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def of_many(self, event_ids: Sequence[bytes]) -> list[tuple[FormerName, ...]]:
        """For each event, in one round trip, what it was called, oldest first."""
        among = ids.moved_among()
        places = [
            (one, names_key(partition, one))
            for one in event_ids
            for partition in (range(among) if among else [ids.partition_of_event(one)])
        ]
        rows = self._client.read_each("ZRANGE", [key for _, key in places], 0, -1)
        found: dict[bytes, list[FormerName]] = {one: [] for one in event_ids}
        for (one, _), row in zip(places, rows, strict=True):
            found[one] += map(_read, row)
        return [tuple(sorted(found[one], key=lambda name: name.until_ms)) for one in event_ids]


def _read(raw: bytes) -> FormerName:
    until_ms, name, description, tags = json.loads(raw)
    return FormerName(until_ms, name, description, tuple(tags))
