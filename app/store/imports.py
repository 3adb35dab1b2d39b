"""What each source has: the events that were made of its entries, and who imports it now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from app.domain import ids
from app.domain.imports import OUTCOMES, Known, KnownPart, digest
from app.domain.partition_count import Count, PartitionsNow
from app.store import import_keys
from app.store.connection import StoreClient
from app.store.event_batches import Fence
from app.store.fields import EventField
from app.store.reading import oldest_before
from app.store.whereabouts import read_events

HELD_MS = 600_000
"""How long a source stays held after the last sign of life of whoever imports it."""

HELD_AT_ONCE_MS = 60_000
"""The same for an import within one request: no request takes longer."""

_RETENTION = b"retention"
_TOGETHER = 500
_NAME, _ID = 8, 16
_PART = _NAME + 3 * _ID + 1


class SourceStore:
    """Reads and writes what sources have; one import at a time may write to a source.

    All that a source has is in one partition, its events too: so they are written in one step.
    """

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def partition(self, source: bytes) -> int:
        """Where a source and its events are."""
        return ids.place_of(int.from_bytes(source[:4], "big"), self._partitions)

    def known(self, source: bytes, uids: Sequence[bytes]) -> list[Known]:
        """What a source has of some UIDs, in order."""
        if not uids:
            return []
        rows = cast("list[bytes | None]", self._client.hmget(self._key(source), list(uids)))
        return [Known(uid, _parts(row)) for uid, row in zip(uids, rows, strict=True)]

    def everything(self, source: bytes) -> Iterator[Known]:
        """All that a source has, in no order; it may have as much as one file."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(self._key(source)))
        for uid in sorted(found):
            yield Known(uid, _parts(found[uid]))

    def every_event(self) -> set[bytes]:
        """The ids of all events that any source has."""
        sources = cast("list[bytes]", self._client.zrange(import_keys.SOURCES, 0, -1))
        return {
            part.event_id
            for source in sources
            for known in self.everything(source)
            for part in known.parts
        }

    def notes(self, source: bytes, known: Iterable[Known]) -> list[tuple[bytes | str, ...]]:
        """The commands that write what a source has of some UIDs; without parts it has nothing."""
        key = self._key(source)
        return [
            ("HSET", key, uid, b"".join(map(_packed, parts))) if parts else ("HDEL", key, uid)
            for uid, parts in known
        ]

    def note_import(self, source: bytes, now_ms: int, *, is_named: bool) -> None:
        """Note when a source was imported; one without a name is looked at again and again."""
        self._client.zadd(import_keys.SOURCES, {source: now_ms}, nx=not is_named)

    def forget_gone(self, before_ms: int, now_ms: int, limit: int) -> int:
        """Forget events that are gone, of sources that were looked at before a moment.

        Returns how many sources were looked at; fewer than ``limit``: none is left.
        """
        sources = oldest_before(self._client, import_keys.SOURCES, before_ms, limit)
        for source in sources:
            if self.hold(source, _RETENTION):
                try:
                    self._forget_gone(source, now_ms)
                finally:
                    self.release(source, _RETENTION)
        return len(sources)

    def _forget_gone(self, source: bytes, now_ms: int) -> None:
        rest: list[Known] = []
        for known in self.everything(source):
            rest.append(known)
            if len(rest) == _TOGETHER:
                self._forget_gone_of(source, rest)
                rest = []
        self._forget_gone_of(source, rest)
        if self._client.exists(self._key(source)):
            self._client.zadd(import_keys.SOURCES, {source: now_ms})
        else:
            self._client.zrem(import_keys.SOURCES, source)

    def _forget_gone_of(self, source: bytes, some: Sequence[Known]) -> None:
        event_ids = [part.event_id for known in some for part in known.parts]
        rows = read_events(self._client, event_ids, (EventField.VERSION,))
        there = iter([version is not None for (version,) in rows])
        pipe = self._client.pipeline()
        for known in some:
            left = tuple([part for part in known.parts if next(there)])
            if left != known.parts:
                for command in self.notes(source, [known._replace(parts=left)]):
                    pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        if len(pipe):
            pipe.execute()

    def hold(self, source: bytes, by: bytes, run: bytes = b"", held_ms: int = HELD_MS) -> bool:
        """Hold a source for an import, or go on holding it; returns whether no other import does.

        ``run`` tells workers on one import apart: who comes later takes it over, and what the one
        before still tries to write is refused.
        """
        key = self._held(source)
        if self._client.set(key, by + run, nx=True, px=held_ms):
            return True
        holder = cast("bytes | None", self._client.get(key))
        if holder is not None and holder[: len(by)] != by:
            return False
        self._client.set(key, by + run, px=held_ms)
        return True

    def fence(self, source: bytes, by: bytes, run: bytes = b"") -> Fence:
        """What must hold for who writes: that the source is still held so."""
        return self._held(source), by + run

    def release(self, source: bytes, by: bytes) -> None:
        """Let others import a source that was held."""
        key = self._held(source)
        holder = cast("bytes | None", self._client.get(key))
        if holder is not None and holder[: len(by)] == by:
            self._client.delete(key)

    def _held(self, source: bytes) -> bytes:
        if self._client.is_cluster:  # beside what is written while it is held
            return import_keys.held_in(self.partition(source), source)
        return import_keys.held(source)

    def _key(self, source: bytes) -> bytes:
        return import_keys.source(self.partition(source), source)


def source_name(owner: str, source: str | None) -> bytes:
    """What the store calls a source of an owner."""
    return digest(owner, "" if source is None else f"source:{source}")


def _packed(part: KnownPart) -> bytes:
    done = bytes([OUTCOMES.index(part.done)])
    return part.name + part.event_id + part.print.rjust(_ID, b"\0") + part.by + done


def _parts(raw: bytes | None) -> tuple[KnownPart, ...]:
    return (
        tuple(_part(raw[at : at + _PART]) for at in range(0, len(raw or b""), _PART)) if raw else ()
    )


def _part(raw: bytes) -> KnownPart:
    at = _NAME
    event_id, said, by = (raw[at + n * _ID : at + (n + 1) * _ID] for n in range(3))
    return KnownPart(raw[:at], event_id, b"" if said == bytes(_ID) else said, OUTCOMES[raw[-1]], by)
