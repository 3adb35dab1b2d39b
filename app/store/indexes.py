"""Walking time-ordered indexes over all partitions, with filters and pages.

A list is what every clause of its selection fits. The clause whose indexes are shortest is walked,
in chunks by (score, member); what its chunks have is looked up in the other indexes: by the script
that reads them, if these have no parts. Where nothing of a chunk fits, the walk leaps to the next
entry that all could have. So nothing in the store is blocked, and the cost grows with what is read,
not with what is stored. A part of a list, and a total, look at a bounded number of entries; then
they say where to go on, or that there are more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from app.domain.partition_count import Count, PartitionsNow
from app.store.connection import StoreClient
from app.store.index_reads import IndexReads
from app.store.leaves import have_leaves
from app.store.left_out import partitions_there
from app.store.scripts import Argument, Scripts
from app.store.selections import Entry, IndexClause, Selection
from app.store.walks import KEEP_COSTS, Walker

CHUNK = 500
COUNT_LIMIT = 100_000
"""A count that is worth a while stops here: beyond it, it is a lower bound."""

LOOK_LIMIT = 3_000
"""How many entries are read and looked up for one part of a list; those that the store looks up
itself count as a half."""

TOTAL_LIMIT = 1_000
"""How many are read and looked up for the total of a list that no index counts."""

RANKED_LIMIT = 2_000_000
"""How many may lie before a page that is found by its number where an index has leaves: these are
counted, 1,024 at a time."""

_LEAST = 64
"""How many entries one look has at least: a round trip costs as much as they do."""

COUNTED_AT_ONCE = 5_000
"""The store counts what two indexes share if one of them has so few entries: in 2 ms at most."""


class Total(NamedTuple):
    """How many entries a list has; if that is not exact, there are at least so many."""

    number: int
    is_exact: bool = True


class IndexReader:
    """Reads selections."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._reads = IndexReads(client, scripts, partitions)

    def walk(self, selection: Selection, after: Entry | None = None) -> Iterator[Entry]:
        """Yield entries newest first, beginning after ``after``, each once; all there are."""
        walker = Walker(self._reads, selection, after)
        while not walker.is_over:
            yield from walker.next(CHUNK)

    def stretch(
        self, selection: Selection, after: Entry | None, length: int, *, oldest_first: bool
    ) -> tuple[list[Entry], Entry | None]:
        """Look at the next ``length`` entries of the shortest index.

        Returns those that are selected, and the one after which to go on; ``None``: none follows.
        """
        walker = Walker(self._reads, selection, after, oldest_first=oldest_first)
        found: list[Entry] = []
        while not walker.is_over and walker.looked < length:
            found += walker.next(min(CHUNK, length - walker.looked))
        return found, walker.position

    def part(
        self,
        selection: Selection,
        after: Entry | None,
        length: int,
        *,
        oldest_first: bool = False,
        limit: int | None = None,
    ) -> tuple[list[Entry], Entry | None]:
        """The next entries, at most ``length``, and the one after which to go on (``None``: none).

        After a look at ``limit`` entries there may be fewer, and more to come.
        """
        walker = Walker(self._reads, selection, after, oldest_first=oldest_first)
        most = LOOK_LIMIT if limit is None else limit
        found: list[Entry] = []
        size = min(max(_LEAST, length + 1), 2 * CHUNK + 1)
        chunk = walker.at_once(CHUNK) if selection.keep is None else CHUNK // KEEP_COSTS
        if selection.keep is not None:
            size = chunk
        while not walker.is_over and len(found) <= length and walker.spent < most:
            found += walker.next(size)
            # So many as will have those that are missing, if as many fit as did so far.
            needed = (length + 1 - len(found)) * walker.looked // len(found) if found else chunk
            size = min(max(needed * 5 // 4, _LEAST), chunk, walker.affords(most))
        if len(found) > length:
            return found[:length], found[length - 1]
        return found, walker.position

    def total(self, selection: Selection, limit: int | None = None) -> Total:
        """How many entries a selection has, found by a look at ``limit`` of them at most.

        What an index counts costs no look at all.
        """
        if selection.is_plain and selection.beginning is not None:
            counted = self._reads.count(selection.beginning, selection.low_ms, selection.high_ms)
            return Total(counted.number, counted.is_all)
        if selection.is_plain and (selection.disjoint or len(selection.any_of) == 1):
            return Total(self._size(selection))
        if (shared := self._shared(selection)) is not None:
            return Total(shared)
        walker = Walker(self._reads, selection, None)
        number, most = 0, TOTAL_LIMIT if limit is None else limit
        while not walker.is_over and walker.spent < most:
            size = walker.at_once(CHUNK) if selection.keep is None else CHUNK // KEEP_COSTS
            number += len(walker.next(size))
        return Total(number, walker.is_over)

    def sizes(self, clauses: Sequence[IndexClause], low: str, high: str) -> list[int]:
        """How many entries the indexes of each clause have between two scores.

        What is in several indexes counts in each.
        """
        return self._reads.sizes(clauses, low, high)

    def fitting(self, entries: list[Entry], clause: IndexClause) -> list[Entry]:
        """Those of some entries that a clause fits."""
        return self._reads.fitting(entries, clause)

    def is_ranked(self, selection: Selection, skip: int) -> bool:
        """Whether a page of it is found by its number, without what lies before it."""
        if not selection.is_plain or self._partitions > 1 or len(selection.any_of) != 1:
            return False
        return skip <= RANKED_LIMIT or not any(have_leaves(self._client, [selection.any_of[0](0)]))

    def page(
        self, selection: Selection, skip: int, limit: int, *, oldest_first: bool
    ) -> tuple[list[Entry], Entry | None]:
        """A page of what one index has, and the entry after which to go on (``None``: none)."""
        key = selection.any_of[0](0)
        order = "oldest" if oldest_first else "newest"
        args: list[Argument] = [order, *selection.bounds, skip, limit + 1]
        row = self._scripts("read_page", [key], args)
        pairs = zip(map(int, map(float, row[1::2])), row[::2], strict=True)
        found = [entry for entry in pairs if selection.takes(entry[0])]
        return found[:limit], found[limit - 1] if len(found) > limit else None

    def _shared(self, selection: Selection) -> int | None:
        """How many entries all its indexes share, if one of each clause is all that counts."""
        clauses = selection.clauses
        is_simple = all(
            len(one.has) == 1 and one.can_be_walked and not one.extra for one in clauses
        )
        if not is_simple or selection.keep or selection.is_bounded:
            return None
        if min(self._reads.sizes(clauses, *selection.bounds)) > COUNTED_AT_ONCE:
            return None
        there = partitions_there(self._partitions)
        every = [one.has[0](partition) for partition in there for one in clauses]
        if any(have_leaves(self._client, every)):
            return self._walked(selection)
        pipe = self._client.pipeline(transaction=False)
        for partition in there:
            indexes = [one.has[0](partition) for one in clauses]
            pipe.zintercard(len(indexes), cast("list[str]", indexes))
        return sum(map(int, pipe.execute()))

    def _walked(self, selection: Selection) -> int:
        """How many entries a selection has whose shortest index has few."""
        walker, number = Walker(self._reads, selection, None), 0
        while not walker.is_over:
            number += len(walker.next(walker.at_once(CHUNK)))
        return number

    def _size(self, selection: Selection) -> int:
        clause = selection.clauses[0]
        extra = [entry for entry in selection.extra if selection.takes(entry[0])]
        listed = self._reads.fitting(extra, IndexClause(clause.has)) if extra else []
        (size,) = self._reads.sizes([IndexClause(clause.has)], *selection.bounds)
        return size + len(extra) - len(listed)
