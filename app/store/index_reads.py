"""Reads of time-ordered indexes, in all partitions: what follows, how many, what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.store.connection import StoreClient
from app.store.leaves import count_entries, find_in_each
from app.store.left_out import partitions_there
from app.store.partitions import by_partition
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.selections import Beginning, Entry, IndexClause, Position, Selection

LEAST_OF_EACH = 64
"""How many entries of each index are read at least where several are read together."""

PARTS = 200
"""How many parts of an index a count looks at; each has about a hundred entries."""


class PartsCount(NamedTuple):
    """How many entries were counted, whether these are all, and about how many there are."""

    number: int
    is_all: bool
    estimate: int


class ReadPart(NamedTuple):
    """What was read of an index."""

    entries: list[Entry]
    """Those that fit."""

    last: Entry | None
    """The last that was looked at; ``None``: there was none."""

    looked: int
    """How many were looked at."""

    is_all: bool
    """Whether nothing follows."""


class _IndexPart(NamedTuple):
    """The same of one index of one partition."""

    entries: list[Entry]
    last: Entry | None
    looked: int


class IndexReads:
    """Each call is one round trip; on a cluster one for each node, and all at the same time."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions

    def sizes(self, clauses: Sequence[IndexClause], low: str, high: str) -> list[int]:
        """How many entries the indexes of each clause have between two scores, in one round trip.

        What is in several indexes counts in each. An index in parts takes a round trip of its own,
        and its number is about right if it is large.
        """
        indexes = [key_of for clause in clauses for key_of in clause.has]
        (found,) = count_entries(self._scripts, self._partitions, indexes, [(low, high)])
        counts = iter(found)
        return [
            len(clause.extra) + sum(next(counts) for _ in clause.has)
            if clause.beginning is None
            else self.count(clause.beginning, _moment(low), _moment(high)).estimate
            for clause in clauses
        ]

    def count(self, beginning: Beginning, low_ms: int | None, high_ms: int | None) -> PartsCount:
        """How many entries of an index in parts begin so, and were made in a time."""
        first, last = beginning.between(low_ms, high_ms)
        number, is_all, estimate = 0, True, 0
        calls: list[ScriptCall] = [
            ([beginning.key(partition)], [first, last, PARTS])
            for partition in partitions_there(self._partitions)
        ]
        for some, is_exact, about in self._scripts.read("count_parts", calls):
            number, estimate = number + int(some), estimate + int(about)
            is_all = is_all and bool(is_exact)
        return PartsCount(number, is_all, estimate)

    def read(
        self,
        clause: IndexClause,
        selection: Selection,
        at: Position,
        count: int,
        also: Sequence[IndexClause] = (),
    ) -> ReadPart:
        """What follows a position in a clause's indexes: about ``count``.

        Of these, ``also`` keeps what fits, in the store itself. Each partition is read at one
        moment: what moves from index to index is not missed.
        """
        indexes_in_all = self._partitions * len(clause.has)
        of_each = count
        if count > 1 < indexes_in_all:
            of_each = max(-(-count // indexes_in_all), LEAST_OF_EACH)
        extra = [one for one in clause.extra if selection.takes(one[0]) and at.precedes(one)]
        for one in also:
            extra = self.fitting(extra, one) if extra else []
        found, looked = set(extra), 0
        ends: list[Entry] = []
        for row in self._rows(clause, selection, at, of_each, also):
            looked += row.looked
            if row.last is not None and row.looked == of_each and selection.takes(row.last[0]):
                ends.append(row.last)
            found.update(entry for entry in row.entries if selection.takes(entry[0]))
        ordered = sorted(found, reverse=not at.oldest_first)
        if not ends and len(ordered) <= count:
            return ReadPart(ordered, ordered[-1] if ordered else None, looked, is_all=True)
        if not ends:
            return ReadPart(ordered[:count], ordered[count - 1], looked, is_all=False)
        # What an index has behind its last entry that was read is not known yet.
        edge = min(ends) if at.oldest_first else max(ends)
        known = [one for one in ordered if (one <= edge if at.oldest_first else one >= edge)]
        last = known[count - 1] if len(known) > count else edge
        return ReadPart(known[:count], last, looked, is_all=False)

    def _rows(
        self,
        clause: IndexClause,
        selection: Selection,
        at: Position,
        of_each: int,
        also: Sequence[IndexClause],
    ) -> Iterator[_IndexPart]:
        """What follows a position in each index of each partition, at most so many."""
        low, high = selection.bounds
        order = "oldest" if at.oldest_first else "newest"
        bound = low if at.oldest_first else high
        score, member = at.entry or (0, b"")
        there = partitions_there(self._partitions)
        calls: list[ScriptCall] = []
        if (beginning := clause.beginning) is not None:
            first, last = beginning.following(at, selection.low_ms, selection.high_ms)
            calls = [([beginning.key(one)], [order, first, last, of_each]) for one in there]
            for one, found in zip(there, self._scripts.read("read_parts", calls), strict=True):
                members = [entry[-16:] for entry in found]
                ids.found_in(one, members)
                yield _whole([(ids.created_ms(member), member) for member in members])
            return
        for partition in there if clause.has else ():
            indexes = [key_of(partition) for key_of in clause.has]
            args: list[Argument] = [order, bound, score, member, int(at.is_taken), of_each]
            if also:
                args += chain.from_iterable(("read", index) for index in indexes)
                args += chain.from_iterable(_uses(also, partition))
            else:
                args += indexes
            calls.append((indexes[:1], args))
        answers = self._scripts.read("read_fitting" if also else "read_entries", calls)
        for partition, rows in zip(there, answers, strict=False):
            for row in rows:
                looked, pairs = (row[0], _pairs(row[1:])) if also else (0, _pairs(row))
                ids.found_in(partition, [member for _, member in pairs])
                if also:
                    yield _IndexPart(pairs[1:], pairs[0] if looked else None, looked)
                else:
                    yield _whole(pairs)

    def fitting(self, entries: list[Entry], clause: IndexClause) -> list[Entry]:
        """Those of some entries that a clause fits."""
        groups = {0: entries}
        if self._partitions > 1:
            there = set(partitions_there(self._partitions))
            groups = by_partition(entries, lambda entry: ids.partition_of(entry[1]))
            groups = {one: some for one, some in groups.items() if one in there}
        fit: set[Entry] = set()
        if (beginning := clause.beginning) is not None:
            calls: list[ScriptCall] = [
                ([beginning.key(one)], [beginning.text, *(member for _, member in some)])
                for one, some in groups.items()
            ]
            answers = self._scripts.read("find_in_parts", calls)
            for some, found in zip(groups.values(), answers, strict=True):
                fit.update(entry for entry, has in zip(some, found, strict=True) if has)
            return [entry for entry in entries if entry in fit]
        finds = [
            (
                [key_of(one) for key_of in (*clause.has, *clause.lacks)],
                [member for _, member in some],
            )
            for one, some in groups.items()
        ]
        for some, having in zip(groups.values(), find_in_each(self._scripts, finds), strict=True):
            has, lacks = having[: len(clause.has)], having[len(clause.has) :]
            fit.update(
                entry
                for index, entry in enumerate(some)
                if any(one[index] for one in has) or any(not one[index] for one in lacks)
            )
        fit.update(clause.extra)
        return [entry for entry in entries if entry in fit]


def _moment(bound: str) -> int | None:
    """A bound on the score as a number; ``None``: there is none."""
    return None if "inf" in bound else int(bound)


def _whole(entries: list[Entry]) -> _IndexPart:
    """What was read and fits, all of it."""
    return _IndexPart(entries, entries[-1] if entries else None, len(entries))


def _pairs(row: Sequence[bytes]) -> list[Entry]:
    """Members and scores, as entries."""
    return list(zip(map(int, map(float, row[1::2])), row[::2], strict=True))


def _uses(clauses: Sequence[IndexClause], partition: int) -> Iterator[tuple[str, bytes]]:
    """The indexes of clauses, as ``read_fitting`` is given them."""
    for number, clause in enumerate(clauses, 1):
        for use, indexes in (("has", clause.has), ("lacks", clause.lacks)):
            yield from ((f"{use} {number}", key_of(partition)) for key_of in indexes)
