"""Events by their names: an index in parts, see ``selections.Beginning``.

An entry is a name as JSON writes it, a null byte and the event's id. So the events of one name
stand together, the oldest first, and so do all whose names begin alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.left_out import partitions_there
from app.store.meta_field import MetaField
from app.store.migrations.events_by_name import EVENTS_BY_NAME
from app.store.partitions import by_partition
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.selections import Beginning, Entry, IndexClause

INDEX = b"names"

_AFTER_ALL = b"\xff"
"""Greater than any byte of UTF-8."""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Events that have a name, or (``is_prefix``) one that begins so."""

    name: str
    is_prefix: bool = False

    @property
    def beginning(self) -> bytes:
        """What the definition of every such event begins with, and of no other."""
        whole = codec.definition_beginning(self.name)
        return whole[:-2] if self.is_prefix else whole

    @property
    def clause(self) -> IndexClause:
        """The events of one name, as the index has them."""
        return IndexClause(beginning=Beginning(INDEX, self._text + b"\0"))

    @property
    def edges(self) -> tuple[bytes, bytes]:
        """Between which entries those are whose names begin so, as ZRANGEBYLEX has them."""
        return b"[" + self._text, b"(" + self._text + _AFTER_ALL

    @property
    def _text(self) -> bytes:
        return codec.dump_json(self.name)[1:-1]


class NameIndex:
    """Reads the index of names, in all partitions."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
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

    def few(self, match: NameMatch, most: int) -> list[Entry] | None:
        """All events whose names begin so, in no order; ``None``: there are more than ``most``."""
        answers = self._read(["oldest", *match.edges, most + 1])
        if sum(map(len, answers)) > most:
            return None
        return [(ids.created_ms(row[-16:]), row[-16:]) for rows in answers for row in rows]

    def in_order(
        self, beginning: str, after: bytes | None, count: int, *, backwards: bool = False
    ) -> list[bytes]:
        """The next entries of all names that begin so, in the order of bytes or backwards.

        ``after`` is the last entry before; ``None``: the first, or the last, is the first of them.
        """
        first, last = NameMatch(beginning, is_prefix=True).edges
        if after is not None:
            first, last = (first, b"(" + after) if backwards else (b"(" + after, last)
        order = "newest" if backwards else "oldest"
        found = chain.from_iterable(self._read([order, first, last, count]))
        return sorted(found, reverse=backwards)[:count]

    def have(self, match: NameMatch, event_ids: Sequence[bytes]) -> list[bool]:
        """Whether each of these events is meant, in order; what they are called now is read."""
        calls: list[ScriptCall] = []
        groups = by_partition(event_ids, ids.partition_of_event)
        for partition, some in groups.items():
            prefix = keys.prefix(partition)
            calls.append(([prefix], [prefix, match.beginning, *some]))
        named: set[bytes] = set()
        for some, answers in zip(
            groups.values(), self._scripts.read("match_names", calls), strict=True
        ):
            named.update(one for one, answer in zip(some, answers, strict=True) if answer)
        return [one in named for one in event_ids]

    def _read(self, args: Sequence[Argument]) -> list[list[bytes]]:
        there = partitions_there(self._partitions)
        calls = [([keys.prefix(partition) + INDEX], args) for partition in there]
        return self._scripts.read("read_parts", calls)
