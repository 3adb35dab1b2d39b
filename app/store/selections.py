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
class IndexClause:
    """What is in one of the indexes ``has``, among ``extra``, or missing in one of ``lacks``."""

    has: tuple[KeyOf, ...] = ()
    lacks: tuple[KeyOf, ...] = ()
    extra: tuple[Entry, ...] = ()

    @property
    def can_be_walked(self) -> bool:
        """Whether its indexes have all that fits."""
        return not self.lacks


@dataclass(frozen=True, slots=True)
class Selection:
    """Members of any of ``any_of`` that every clause of ``also`` fits.

    Bounds on the score are inclusive. ``keep`` looks at a chunk of ids and says which stay; it is
    for what no index knows. ``extra`` entries belong to no index of ``any_of`` but take part.
    ``source``, if given, has the candidates instead of any index: it reads so many that follow a
    position, in their order.
    """

    any_of: tuple[KeyOf, ...] = ()
    also: tuple[IndexClause, ...] = ()
    low_ms: int | None = None
    high_ms: int | None = None
    keep: Callable[[Sequence[bytes]], Sequence[bool]] | None = None
    extra: tuple[Entry, ...] = ()
    source: Callable[[Position, int], list[Entry]] | None = None

    disjoint: bool = False
    """The indexes of ``any_of`` share no members."""

    @property
    def is_plain(self) -> bool:
        """Whether everything in its indexes is selected."""
        return not (self.also or self.keep or self.source)

    @property
    def is_bounded(self) -> bool:
        """Whether not all scores are selected."""
        return self.low_ms is not None or self.high_ms is not None

    @property
    def clauses(self) -> tuple[IndexClause, ...]:
        """All its clauses: each has to fit."""
        return (IndexClause(self.any_of, extra=self.extra), *self.also)

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
