"""A walk through what a selection selects: the shortest index, and leaps where nothing fits."""

from __future__ import annotations

from collections.abc import Sequence

from app.store.index_reads import IndexReads
from app.store.selections import Entry, IndexClause, Position, Selection

KEEP_COSTS = 5
"""What it takes to look at an event or occurrence itself, in entries looked up."""


IN_STORE = 2
"""So many entries that the store looks up itself cost as one that is answered."""

STEP = 1_500
"""How many entries the store reads and looks up in one step. With a million of them, on a busy
machine, each takes it 2 µs."""


class Walker:
    """A walk through what a selection selects, from a position on."""

    def __init__(
        self,
        reader: IndexReads,
        selection: Selection,
        after: Entry | None,
        *,
        oldest_first: bool = False,
    ) -> None:
        self._reader = reader
        self._selection = selection
        self._at = Position(after, oldest_first)
        self._clauses = self._in_order()
        first, *others = self._clauses
        self._there = [one for one in others if one.is_looked_up_there]
        """What the store looks entries up in while it reads them."""

        if first.beginning is not None or not first.has:
            self._there = []
        self._here = [one for one in others if one not in self._there]
        self._leaps = [clause for clause in self._clauses[1:] if clause.can_be_walked]
        self.looked = 0
        """How many entries of the walked index."""

        self.spent = 0
        """How many entries in all were read or looked up."""

        self.is_over = False
        self._is_barren = after is not None and bool(self._leaps)

    @property
    def position(self) -> Entry | None:
        """The last entry that was looked at; ``None``: nothing follows."""
        return None if self.is_over else self._at.entry

    def at_once(self, count: int) -> int:
        """How many entries to look at in one step, if it were ``count`` that are answered."""
        if not self._there:
            return count
        return max(min(2 * count, STEP // (1 + _costs(self._there))), 1)

    def affords(self, most: int) -> int:
        """How many entries to look at next, at least one, so as to spend so much in all."""
        keep = KEEP_COSTS if self._selection.keep else 0
        each = 1 + keep + _costs(self._here) + _costs(self._there) / IN_STORE
        return max(int((most - self.spent) / each), 1)

    def next(self, count: int) -> list[Entry]:
        """Look at about so many entries and return those that are selected."""
        if self._is_barren:
            self._leap()
            if self.is_over:
                return []
        read = self._reader.read(
            self._clauses[0], self._selection, self._at, count, tuple(self._there)
        )
        self.looked += read.looked
        self.spent += len(read.entries)
        if self._there:
            self.spent += -(-read.looked * (1 + _costs(self._there)) // IN_STORE)
        if read.last is not None:
            self._at = self._at._replace(entry=read.last, is_taken=False)
        self.is_over = read.is_all
        found = self._selected(read.entries)
        self._is_barren = not found and bool(self._leaps)
        return found

    def _in_order(self) -> list[IndexClause]:
        """The clause that is walked, then the others."""
        clauses = list(self._selection.clauses)
        walked = [clause for clause in clauses if clause.can_be_walked]
        if len(walked) == 1:
            return clauses
        low, high = self._selection.bounds
        if self._at.entry is not None and not self._at.oldest_first:
            high = str(self._at.entry[0])
        elif self._at.entry is not None:
            low = str(self._at.entry[0])
        sizes = self._reader.sizes(walked, low, high)
        shortest = walked[sizes.index(min(sizes))]
        return [shortest, *(clause for clause in clauses if clause is not shortest)]

    def _selected(self, entries: list[Entry]) -> list[Entry]:
        for clause in self._here:
            if entries:
                self.spent += len(entries) * clause.costs
                entries = self._reader.fitting(entries, clause)
        keep = self._selection.keep
        if keep is not None and entries:
            self.spent += KEEP_COSTS * len(entries)
            stays = keep([member for _, member in entries])
            entries = [entry for entry, stay in zip(entries, stays, strict=True) if stay]
        return entries

    def _leap(self) -> None:
        """Go on with the first entry that comes next in each of the other indexes."""
        heads = [
            self._reader.read(one, self._selection, self._at, 1).entries for one in self._leaps
        ]
        self.spent += sum(clause.costs for clause in self._leaps)
        if not all(heads):
            self.is_over = True
            return
        nearest = [head[0] for head in heads]
        farthest = max(nearest) if self._at.oldest_first else min(nearest)
        self._at = self._at._replace(entry=farthest, is_taken=True)


def _costs(clauses: Sequence[IndexClause]) -> int:
    return sum(clause.costs for clause in clauses)
