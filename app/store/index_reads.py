"""Reads of time-ordered indexes, in all partitions: what follows, how many, what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.domain import ids
from app.store.connection import StoreClient
from app.store.partitions import by_partition
from app.store.scripts import Argument, Scripts
from app.store.selections import Entry, IndexClause, Position, Selection

LEAST_OF_EACH = 64
"""How many entries of each index are read at least where several are read together."""

_VERSION_OF_EVENTS = 7  # of their UUIDs


class IndexReads:
    """Each call is one round trip, or one for each partition."""

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: int) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions

    def sizes(self, clauses: Sequence[IndexClause], low: str, high: str) -> list[int]:
        """How many entries the indexes of each clause have between two scores, in one round trip.

        What is in several indexes counts in each.
        """
        pipe = self._client.pipeline(transaction=False)
        for clause in clauses:
            for partition in range(self._partitions):
                for key_of in clause.has:
                    pipe.zcount(key_of(partition), low, high)
        counts = iter(pipe.execute() if len(pipe) else ())
        return [
            len(clause.extra) + sum(next(counts) for _ in range(self._partitions * len(clause.has)))
            for clause in clauses
        ]

    def read(
        self, clause: IndexClause, selection: Selection, at: Position, count: int
    ) -> tuple[list[Entry], bool]:
        """What follows a position in a clause's indexes: about ``count``, and whether that is all.

        Each partition is read at one moment: what moves from index to index is not missed.
        """
        low, high = selection.bounds
        order = "oldest" if at.oldest_first else "newest"
        bound = low if at.oldest_first else high
        score, member = at.entry or (0, b"")
        indexes_in_all = self._partitions * len(clause.has)
        of_each = count
        if count > 1 < indexes_in_all:
            of_each = max(-(-count // indexes_in_all), LEAST_OF_EACH)
        found = {
            entry for entry in clause.extra if selection.takes(entry[0]) and at.precedes(entry)
        }
        ends: list[Entry] = []
        for partition in range(self._partitions if clause.has else 0):
            indexes = [key_of(partition) for key_of in clause.has]
            args: list[Argument] = [order, bound, score, member, int(at.is_taken), of_each]
            for row in self._scripts("read_entries", indexes[:1], [*args, *indexes]):
                scores = map(int, map(float, row[1::2]))
                entries = list(zip(scores, row[::2], strict=True))
                if len(entries) == of_each and selection.takes(entries[-1][0]):
                    ends.append(entries[-1])
                found.update(entry for entry in entries if selection.takes(entry[0]))
        ordered = sorted(found, reverse=not at.oldest_first)
        if not ends:
            return ordered[:count], len(ordered) <= count
        # What an index has behind its last entry that was read is not known yet.
        edge = min(ends) if at.oldest_first else max(ends)
        known = [one for one in ordered if (one <= edge if at.oldest_first else one >= edge)]
        return known[:count], False

    def fitting(self, entries: list[Entry], clause: IndexClause) -> list[Entry]:
        """Those of some entries that a clause fits."""
        if self._partitions == 1:
            return self._fitting(entries, clause, 0)
        by_id = {entry[1]: entry for entry in entries}
        fit: set[Entry] = set()
        for partition, members in by_partition(list(by_id), _partition_of).items():
            fit.update(self._fitting([by_id[one] for one in members], clause, partition))
        return [entry for entry in entries if entry in fit]

    def _fitting(self, entries: list[Entry], clause: IndexClause, partition: int) -> list[Entry]:
        pipe = self._client.pipeline(transaction=False)
        members = cast("list[str]", [member for _, member in entries])  # typed for text alone
        for key_of in (*clause.has, *clause.lacks):
            pipe.zmscore(key_of(partition), members)
        replies = pipe.execute()
        has, lacks = replies[: len(clause.has)], replies[len(clause.has) :]
        extra = frozenset(clause.extra)
        return [
            entry
            for index, entry in enumerate(entries)
            if any(scores[index] is not None for scores in has)
            or any(scores[index] is None for scores in lacks)
            or entry in extra
        ]


def _partition_of(member: bytes) -> int:
    """The partition of an event or occurrence; see ``app.domain.ids``."""
    if member[6] >> 4 == _VERSION_OF_EVENTS:
        return ids.partition_of_event(member)
    return ids.partition_of_occurrence(member)
