"""A walk through what a selection selects: the shortest index, and leaps where nothing fits."""

from __future__ import annotations

from app.store.index_reads import IndexReads
from app.store.selections import Entry, IndexClause, Position, Selection

KEEP_COSTS = 5
"""What it takes to look at an event or occurrence itself, in entries looked up."""


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

    def affords(self, most: int) -> int:
        """How many entries to look at next, at least one, so as to spend so much in all."""
        keep = KEEP_COSTS if self._selection.keep else 0
        each = 1 + keep + sum(clause.costs for clause in self._clauses[1:])
        return max((most - self.spent) // each, 1)

    def next(self, count: int) -> list[Entry]:
        """Look at about so many entries and return those that are selected."""
        if self._is_barren:
            self._leap()
            if self.is_over:
                return []
        entries, is_all = self._reader.read(self._clauses[0], self._selection, self._at, count)
        self.looked += len(entries)
        self.spent += len(entries)
        if entries:
            self._at = self._at._replace(entry=entries[-1], is_taken=False)
        self.is_over = is_all
        found = self._selected(entries)
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
        for clause in self._clauses[1:]:
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
        heads = [self._reader.read(one, self._selection, self._at, 1)[0] for one in self._leaps]
        self.spent += sum(clause.costs for clause in self._leaps)
        if not all(heads):
            self.is_over = True
            return
        nearest = [head[0] for head in heads]
        farthest = max(nearest) if self._at.oldest_first else min(nearest)
        self._at = self._at._replace(entry=farthest, is_taken=True)
