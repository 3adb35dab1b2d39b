"""Calendars in the store: definitions, the version that tells of changes, what is still to do.

A change, the version and the note that its events must be planned anew are written together.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.codec import dump_json
from app.store.connection import StoreClient


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """A definition as it was given, and when it was last replaced (ms UTC)."""

    name: str
    definition: dict[str, Any]
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A change whose events are still being planned anew, and from where that goes on.

    ``after_ms`` is the creation time of the last event looked at; ``touched_ms`` is when.
    """

    key: bytes
    name: str
    partition: int = 0
    after_ms: int = -1
    touched_ms: int = 0


class CalendarStore:
    """Reads and writes definitions, and reads which events name them."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def version(self) -> int:
        """A number that rises with every change of a calendar."""
        return int(self._client.get(keys.CALENDARS_VERSION) or 0)

    def get_many(self, names: Sequence[str]) -> list[StoredCalendar | None]:
        """Read definitions in order; ``None`` where there is none."""
        rows = self._client.hmget(keys.CALENDARS.decode(), list(names))
        return [
            None if raw is None else _read(name, raw) for name, raw in zip(names, rows, strict=True)
        ]

    def all(self) -> list[StoredCalendar]:
        """Read every definition, by name."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(keys.CALENDARS.decode()))
        return [_read(name.decode(), raw) for name, raw in sorted(rows.items())]

    def count(self) -> int:
        """How many calendars there are."""
        return int(self._client.hlen(keys.CALENDARS.decode()))

    def put(self, calendar: StoredCalendar) -> bool:
        """Write a definition and note that its events wait; returns whether it is a new one."""
        stored = {"definition": calendar.definition, "updated": calendar.updated_ms}
        change = f"{calendar.name}:{secrets.token_hex(8)}"
        pipe = self._client.pipeline()
        pipe.hset(keys.CALENDARS.decode(), calendar.name, dump_json(stored))
        pipe.incr(keys.CALENDARS_VERSION)
        pipe.hset(keys.CALENDARS_PENDING.decode(), change, _progress(0, -1, calendar.updated_ms))
        return bool(pipe.execute()[0])

    def delete(self, name: str) -> bool:
        """Forget a definition; returns whether there was one."""
        pipe = self._client.pipeline()
        pipe.hdel(keys.CALENDARS.decode(), name)
        pipe.incr(keys.CALENDARS_VERSION)
        return bool(pipe.execute()[0])

    def users(self, names: Sequence[str]) -> list[int]:
        """How many events name each calendar."""
        pipe, size = self._client.pipeline(transaction=False), self._partitions
        for name in names:
            for partition in range(size):
                pipe.zcard(keys.calendar_events(partition, name))
        counts = pipe.execute() if names else []
        return [sum(counts[at * size : (at + 1) * size]) for at in range(len(names))]

    def pending(self) -> list[Pending]:
        """The changes whose events are still being planned anew."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(keys.CALENDARS_PENDING.decode()))
        return [
            Pending(change, change.decode().rpartition(":")[0], *map(int, raw.split()))
            for change, raw in rows.items()
        ]

    def users_from(
        self, at: Pending, limit: int, now_ms: int
    ) -> tuple[list[bytes], Pending | None]:
        """The next events that name the calendar, and where to go on behind them.

        Events of the same millisecond are never split, so there may be some more than ``limit``.
        """
        key = keys.calendar_events(at.partition, at.name)
        rows = self._client.zrangebyscore(
            key, f"({at.after_ms}", "+inf", start=0, num=limit, withscores=True
        )
        found = cast("list[tuple[bytes, float]]", rows)
        ids.found_in(at.partition, [event_id for event_id, _ in found])
        if len(found) < limit:
            event_ids = [event_id for event_id, _ in found]
            following = at.partition + 1
            if following >= self._partitions:
                return event_ids, None
            return event_ids, Pending(at.key, at.name, following, -1, now_ms)
        last = int(found[-1][1])
        peers = cast("list[bytes]", self._client.zrangebyscore(key, last, last))
        event_ids = [event_id for event_id, score in found if int(score) < last] + peers
        return event_ids, Pending(at.key, at.name, at.partition, last, now_ms)

    def save_progress(self, at: Pending) -> None:
        """Remember how far a change has come."""
        progress = _progress(at.partition, at.after_ms, at.touched_ms)
        self._client.hset(keys.CALENDARS_PENDING.decode(), at.key.decode(), progress)

    def settle(self, at: Pending) -> None:
        """Forget a change: all its events are planned anew."""
        self._client.hdel(keys.CALENDARS_PENDING.decode(), at.key.decode())


def _read(name: str, raw: bytes | str) -> StoredCalendar:
    stored = json.loads(raw)
    return StoredCalendar(name, stored["definition"], stored["updated"])


def _progress(partition: int, after_ms: int, touched_ms: int) -> str:
    return f"{partition} {after_ms} {touched_ms}"
