"""Walking time-ordered indexes, newest first, over all partitions, with filters and pages.

A walk reads an index in chunks by (score, member), so nothing in the store is blocked and the
cost grows with what is read, not with what is stored. A question that one index per partition
answers is counted by the store; any other is counted by walking, up to ``COUNT_LIMIT``.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from app.domain.event import EventStatus
from app.store import keys
from app.store.connection import StoreClient

CHUNK = 500
COUNT_LIMIT = 100_000
"""A total that needs walking stops here: beyond it, it is a lower bound."""

LOOK_LIMIT = 100_000
"""How many entries are looked at for one part of a list by what no index knows."""

Entry = tuple[int, bytes]
"""Score (ms) and member (id): the order of every list, newest first."""

KeyOf = Callable[[int], bytes]
"""An index, as a function of the partition."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Members of any of ``any_of`` that are also in one index of every group of ``also``.

    Bounds on the score are inclusive. ``keep`` looks at a chunk of ids and says which stay; it is
    for what no index knows. ``extra`` entries belong to no index of ``any_of`` but take part.
    """

    any_of: tuple[KeyOf, ...]
    also: tuple[tuple[KeyOf, ...], ...] = ()
    low_ms: int | None = None
    high_ms: int | None = None
    keep: Callable[[Sequence[bytes]], Sequence[bool]] | None = None
    extra: tuple[Entry, ...] = ()

    disjoint: bool = False
    """The indexes of ``any_of`` share no members."""

    shifting: bool = False
    """They share none, but members move between them, and none may be missed for that."""

    @property
    def is_counted(self) -> bool:
        """Whether the sizes of its indexes add up to its own."""
        plain = not (self.also or self.keep or self.extra)
        return plain and (self.disjoint or len(self.any_of) == 1)

    @property
    def is_one_index(self) -> bool:
        """Whether the store's own ranges and counts answer it."""
        return len(self.any_of) == 1 and not (self.also or self.keep or self.extra)


def event_indexes(*statuses: str) -> tuple[KeyOf, ...]:
    """The indexes of the events in these statuses."""
    return tuple(partial(keys.events, status=status) for status in statuses)


EVERY_EVENT = Selection(any_of=event_indexes(*EventStatus), disjoint=True, shifting=True)
"""All events, newest first."""


class IndexReader:
    """Reads selections."""

    def __init__(self, client: StoreClient, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    def walk(self, selection: Selection, after: Entry | None = None) -> Iterator[Entry]:
        """Yield entries newest first, beginning after ``after``, each once."""
        unique = self._unique(selection, after, oldest_first=False)
        while chunk := list(itertools.islice(unique, CHUNK)):
            yield from self._filtered(chunk, selection)

    def stretch(
        self, selection: Selection, after: Entry | None, length: int, *, oldest_first: bool
    ) -> tuple[list[Entry], Entry | None]:
        """Look at the next ``length`` entries of the indexes; ``extra`` ones must not be there.

        Returns those that are selected, and the last one looked at; ``None``: none follows.
        """
        chunk = list(
            itertools.islice(self._unique(selection, after, oldest_first=oldest_first), length)
        )
        last = chunk[-1] if len(chunk) == length else None
        return self._filtered(chunk, selection), last

    def part(
        self, selection: Selection, after: Entry | None, length: int
    ) -> tuple[list[Entry], Entry | None]:
        """The next entries, at most ``length``, and the one after which to go on (``None``: none).

        Where something must be looked at that no index knows there may be fewer, and more to come.
        """
        if selection.keep is None:
            found = list(itertools.islice(self.walk(selection, after), length + 1))
            return found[:length], found[length - 1] if len(found) > length else None
        found, position = [], after
        for _ in range(0, LOOK_LIMIT, CHUNK):
            some, position = self.stretch(selection, position, CHUNK, oldest_first=False)
            found += some
            if len(found) > length:
                return found[:length], found[length - 1]
            if position is None:
                break
        return found, position

    def _unique(
        self, selection: Selection, after: Entry | None, *, oldest_first: bool
    ) -> Iterator[Entry]:
        streams = [
            self._index(indexes, selection, after, oldest_first=oldest_first)
            for partition in range(self._partitions)
            for indexes in _read_together(selection, partition)
        ]
        low, high = selection.low_ms, selection.high_ms
        extra = [
            entry
            for entry in selection.extra
            if (low is None or entry[0] >= low)
            and (high is None or entry[0] <= high)
            and (after is None or entry < after)
        ]
        newest_first = not oldest_first
        merged = heapq.merge(*streams, sorted(extra, reverse=newest_first), reverse=newest_first)
        return (entry for entry, _ in itertools.groupby(merged))

    def count(self, selection: Selection) -> int:
        """How many entries a selection has, at most ``COUNT_LIMIT`` if they must be walked."""
        if selection.is_counted:
            return self._sizes(selection)
        return sum(1 for _ in itertools.islice(self.walk(selection), COUNT_LIMIT))

    def page(self, selection: Selection, skip: int, limit: int) -> list[bytes]:
        """Ids of one page."""
        if selection.is_one_index and self._partitions == 1:
            low, high = _bounds(selection)
            key = selection.any_of[0](0)
            found = self._client.zrevrangebyscore(key, high, low, start=skip, num=limit)
            return cast("list[bytes]", found)
        return [member for _, member in itertools.islice(self.walk(selection), skip, skip + limit)]

    def _sizes(self, selection: Selection) -> int:
        low, high = _bounds(selection)
        pipe = self._client.pipeline(transaction=False)
        for partition in range(self._partitions):
            for key_of in selection.any_of:
                pipe.zcount(key_of(partition), low, high)
        return sum(pipe.execute())

    def _index(
        self,
        indexes: Sequence[bytes],
        selection: Selection,
        after: Entry | None,
        *,
        oldest_first: bool,
    ) -> Iterator[Entry]:
        """Yield the entries of one index, or of several that are read at one moment."""
        low, high = _bounds(selection)
        first, last = (low, high) if oldest_first else (high, low)
        position = after
        if after is not None and _is_within(after[0], selection, oldest_first=oldest_first):
            first = str(after[0])
        skip, length = 0, CHUNK
        while True:
            entries = self._chunk(indexes, first, last, skip, length, up=oldest_first)
            for entry in entries:
                if position is None or (entry > position if oldest_first else entry < position):
                    yield entry
                    position = entry
            if len(entries) < length:
                return
            # Next chunk: from the last score on, past the members of that score already seen.
            last_score = entries[-1][0]
            same = sum(1 for score, _ in entries if score == last_score)
            if len(indexes) > 1:
                length = CHUNK + same  # which index they are in may change: they are read again
            else:
                skip = skip + CHUNK if str(last_score) == first else same
            first = str(last_score)

    def _chunk(
        self, indexes: Sequence[bytes], first: str, last: str, skip: int, length: int, *, up: bool
    ) -> list[Entry]:
        """The next entries of all these indexes, as they are at one moment."""
        pipe = self._client.pipeline(transaction=len(indexes) > 1)
        read = pipe.zrangebyscore if up else pipe.zrevrangebyscore
        for key in indexes:
            read(key, first, last, skip, length, withscores=True)
        rows = cast("list[list[tuple[bytes, float]]]", pipe.execute())
        entries = [(int(score), member) for row in rows for member, score in row]
        if len(indexes) > 1:
            entries.sort(reverse=not up)
        return entries[:length]

    def _filtered(self, chunk: list[Entry], selection: Selection) -> list[Entry]:
        for group in selection.also:
            chunk = self._members(chunk, group) if chunk else chunk
        if selection.keep is not None and chunk:
            stays = selection.keep([member for _, member in chunk])
            chunk = [entry for entry, stay in zip(chunk, stays, strict=True) if stay]
        return chunk

    def _members(self, chunk: list[Entry], group: tuple[KeyOf, ...]) -> list[Entry]:
        pipe = self._client.pipeline(transaction=False)
        members = cast("list[str]", [member for _, member in chunk])  # typed for text alone
        for partition in range(self._partitions):
            for key_of in group:
                pipe.zmscore(key_of(partition), members)
        replies = pipe.execute()
        return [
            entry
            for index, entry in enumerate(chunk)
            if any(scores[index] is not None for scores in replies)
        ]


def _read_together(selection: Selection, partition: int) -> list[list[bytes]]:
    indexes = [key_of(partition) for key_of in selection.any_of]
    return [indexes] if selection.shifting else [[key] for key in indexes]


def _is_within(score: int, selection: Selection, *, oldest_first: bool) -> bool:
    """Whether a score lies behind the bound at which a walk begins."""
    if oldest_first:
        return selection.low_ms is None or score > selection.low_ms
    return selection.high_ms is None or score < selection.high_ms


def _bounds(selection: Selection) -> tuple[str, str]:
    low = "-inf" if selection.low_ms is None else str(selection.low_ms)
    high = "+inf" if selection.high_ms is None else str(selection.high_ms)
    return low, high
