"""What a list selects, in terms of indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from app.domain.event import EventStatus
from app.store import keys

Entry = tuple[int, bytes]
"""Score (ms) and member (id): the order of every list."""

KeyOf = Callable[[int], bytes]
"""An index, as a function of the partition."""


class Position(NamedTuple):
    """Where a walk is: behind ``entry``, or at it (``is_taken``); ``None``: at the beginning."""

    entry: Entry | None
    oldest_first: bool
    is_taken: bool = False

    def precedes(self, entry: Entry) -> bool:
        """Whether an entry is still to come."""
        if self.entry is None:
            return True
        if entry == self.entry:
            return self.is_taken
        return entry > self.entry if self.oldest_first else entry < self.entry


@dataclass(frozen=True, slots=True)
class Beginning:
    """The entries of an index in parts that begin with ``text``; the id of an event follows it.

    Entries stand in the order of bytes: the events with one text together, the oldest first. The
    index has the first entry that belongs to each part but the first. A part's key is that of the
    index, a colon and that entry; the first part's has none. A part of 128 entries is cut in two:
    so small, a sorted set takes a quarter of the memory.
    """

    index: bytes
    text: bytes

    def key(self, partition: int) -> bytes:
        """The index."""
        return keys.prefix(partition) + self.index

    def between(self, low_ms: int | None, high_ms: int | None) -> tuple[bytes, bytes]:
        """The edges of what was made in a time, as ZRANGEBYLEX has them."""
        last = _AFTER_ALL if high_ms is None else _moment(high_ms + 1)
        return b"[" + self.text + _moment(low_ms or 0), b"(" + self.text + last

    def following(
        self, position: Position, low_ms: int | None, high_ms: int | None
    ) -> tuple[bytes, bytes]:
        """The edges of what follows a position, as ZRANGEBYLEX has them."""
        first, last = self.between(low_ms, high_ms)
        if position.entry is None:
            return first, last
        edge = self.text + position.entry[1]
        if position.oldest_first:
            lower = (b"[" if position.is_taken else b"(") + edge
            return (lower, last) if edge >= first[1:] else (first, last)
        upper = (b"[" if position.is_taken else b"(") + edge
        return (first, upper) if edge < last[1:] else (first, last)


PARTS_COST = 5
"""What it takes to look an entry up in an index in parts, in those looked up in another."""

_AFTER_ALL = b"\xff"
"""Greater than what an id begins with."""


def _moment(at_ms: int) -> bytes:
    """The first bytes of an id that was made at a moment."""
    return min(max(at_ms, 0), 0xFEFFFFFFFFFF).to_bytes(6, "big")


@dataclass(frozen=True, slots=True)
class IndexClause:
    """What is in one of the indexes ``has``, among ``extra``, or missing in one of ``lacks``.

    With a ``beginning``, it is what an index in parts has; then there is nothing else.
    """

    has: tuple[KeyOf, ...] = ()
    lacks: tuple[KeyOf, ...] = ()
    extra: tuple[Entry, ...] = ()
    beginning: Beginning | None = None

    @property
    def can_be_walked(self) -> bool:
        """Whether its indexes have all that fits."""
        return not self.lacks

    @property
    def is_looked_up_there(self) -> bool:
        """Whether a script can look entries up in its indexes while it reads them."""
        return self.beginning is None and not self.extra

    @property
    def costs(self) -> int:
        """What it takes to look an entry up in its indexes: one for each that has no parts."""
        parts = 0 if self.beginning is None else PARTS_COST
        return len(self.has) + len(self.lacks) + parts


@dataclass(frozen=True, slots=True)
class Selection:
    """Members of any of ``any_of`` that every clause of ``also`` fits.

    Bounds on the score are inclusive. ``keep`` looks at a chunk of ids and says which stay; it is
    for what no index knows. ``extra`` entries belong to no index of ``any_of`` but take part.
    With a ``beginning``, they are members of that index in parts instead.
    """

    any_of: tuple[KeyOf, ...] = ()
    also: tuple[IndexClause, ...] = ()
    low_ms: int | None = None
    high_ms: int | None = None
    keep: Callable[[Sequence[bytes]], Sequence[bool]] | None = None
    extra: tuple[Entry, ...] = ()
    beginning: Beginning | None = None

    disjoint: bool = False
    """The indexes of ``any_of`` share no members."""

    @property
    def is_plain(self) -> bool:
        """Whether everything in its indexes is selected."""
        return not (self.also or self.keep)

    @property
    def is_bounded(self) -> bool:
        """Whether not all scores are selected."""
        return self.low_ms is not None or self.high_ms is not None

    @property
    def clauses(self) -> tuple[IndexClause, ...]:
        """All its clauses: each has to fit."""
        first = IndexClause(self.any_of, extra=self.extra, beginning=self.beginning)
        return (first, *self.also)

    def takes(self, score: int) -> bool:
        """Whether a score is within the bounds."""
        return (self.low_ms is None or score >= self.low_ms) and (
            self.high_ms is None or score <= self.high_ms
        )

    @property
    def bounds(self) -> tuple[str, str]:
        """The bounds as the store reads them."""
        low = "-inf" if self.low_ms is None else str(self.low_ms)
        high = "+inf" if self.high_ms is None else str(self.high_ms)
        return low, high


def event_indexes(*statuses: str) -> tuple[KeyOf, ...]:
    """The indexes of the events in these statuses."""
    return tuple(partial(keys.events, status=status) for status in statuses)


EVERY_EVENT = Selection(any_of=event_indexes(*EventStatus), disjoint=True)
"""All events, newest first."""
