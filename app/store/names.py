"""Events by their names: an index in the order of bytes, in parts that stay small.

An entry is a name as JSON writes it, a null byte and the event's id. So the events of one name
stand together, the oldest first, and so do all whose names begin alike.

``qh:{p}:names`` has the first entry that belongs to each part but the first. A part is
``qh:{p}:names:<that entry>``; that of the first is empty. A part of 128 entries is cut in two.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from app.domain import ids
from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.fields import MetaField
from app.store.indexes import Total
from app.store.migrations.events_by_name import EVENTS_BY_NAME
from app.store.scripts import Scripts
from app.store.selections import Entry, Position

PARTS = 200
"""How many parts of the index a count looks at; each has about a hundred entries."""

_AFTER_ALL = b"\xff"
"""Greater than any byte of UTF-8."""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Events that have a name, or (``is_prefix``) one that begins so.

    Bounds on the time of creation are ms UTC and inclusive; a prefix has none.
    """

    name: str
    is_prefix: bool = False
    low_ms: int | None = None
    high_ms: int | None = None

    @property
    def beginning(self) -> bytes:
        """What the definition of every such event begins with, and of no other."""
        whole = codec.definition_beginning(self.name)
        return whole[:-2] if self.is_prefix else whole

    @property
    def first(self) -> bytes:
        """The first entry that there can be, as ZRANGEBYLEX has it."""
        if self.is_prefix:
            return b"[" + self._text
        return b"[" + self._text + b"\0" + _moment(self.low_ms or 0)

    @property
    def last(self) -> bytes:
        """What is behind the last entry that there can be, as ZRANGEBYLEX has it."""
        if self.is_prefix:
            return b"(" + self._text + _AFTER_ALL
        if self.high_ms is None:
            return b"(" + self._text + b"\1"
        return b"(" + self._text + b"\0" + _moment(self.high_ms + 1)

    def at(self, position: Position) -> tuple[bytes, bytes]:
        """The entries that follow a position, of those with one name."""
        if position.entry is None:
            return self.first, self.last
        mark = b"[" if position.is_taken else b"("
        edge = mark + self._text + b"\0" + position.entry[1]
        return (edge, self.last) if position.oldest_first else (self.first, edge)

    @property
    def _text(self) -> bytes:
        return codec.dump_json(self.name)[1:-1]


class NameIndex:
    """Reads the index of names, in all partitions."""

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: int) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._is_complete = False

    def is_complete(self) -> bool:
        """Whether every event is in it: not while an earlier version's events are put into it."""
        if not self._is_complete:
            schema = cast("bytes | None", self._client.hget(keys.META.decode(), MetaField.SCHEMA))
            self._is_complete = int(schema or 0) >= EVENTS_BY_NAME.version
        return self._is_complete

    def count(self, match: NameMatch) -> Total:
        """How many events there are, or at least are if they are very many."""
        number, is_exact = 0, True
        for partition in range(self._partitions):
            prefix = keys.prefix(partition)
            some, is_all = self._scripts(
                "count_names", [prefix + b"names"], [prefix, match.first, match.last, PARTS]
            )
            number += some
            is_exact = is_exact and bool(is_all)
        return Total(number, is_exact)

    def follow(self, match: NameMatch, position: Position, count: int) -> list[Entry]:
        """The next events of one name after a position, at most so many."""
        first, last = match.at(position)
        rows = [
            self._read(partition, first, last, count, oldest_first=position.oldest_first)
            for partition in range(self._partitions)
        ]
        merged = heapq.merge(*rows, reverse=not position.oldest_first)
        return [entry for entry, _ in zip(merged, range(count), strict=False)]

    def few(self, match: NameMatch, most: int) -> list[Entry] | None:
        """All events that are meant, in no order; ``None`` if there are more than ``most``."""
        found: list[Entry] = []
        for partition in range(self._partitions):
            found += self._read(partition, match.first, match.last, most + 1, oldest_first=True)
            if len(found) > most:
                return None
        return found

    def have(self, match: NameMatch, event_ids: Sequence[bytes]) -> list[bool]:
        """Whether each of these events is meant, in order; what they are called now is read."""
        named: set[bytes] = set()
        for partition in range(self._partitions):
            some = [one for one in event_ids if ids.partition_of_event(one) == partition]
            if some:
                prefix = keys.prefix(partition)
                answers = self._scripts("match_names", [prefix], [prefix, match.beginning, *some])
                named.update(one for one, answer in zip(some, answers, strict=True) if answer)
        return [one in named for one in event_ids]

    def _read(
        self, partition: int, first: bytes, last: bytes, count: int, *, oldest_first: bool
    ) -> list[Entry]:
        prefix = keys.prefix(partition)
        order = "oldest" if oldest_first else "newest"
        rows = self._scripts("read_names", [prefix + b"names"], [prefix, order, first, last, count])
        return [(ids.created_ms(row[-16:]), row[-16:]) for row in rows]


def _moment(at_ms: int) -> bytes:
    """The first bytes of an id that was made at a moment."""
    return max(at_ms, 0).to_bytes(6, "big")
