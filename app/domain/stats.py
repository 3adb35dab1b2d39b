"""What is counted of deliveries for ``GET /stats``, and how counts are added up.

What a call has recorded is counted by a *stat*: the tags of an occurrence, its target and, in a few
letters, what happened. So one addition counts an attempt, its result, its lateness and the time of
its receiver. A stat is text with tabs between its parts, which no tag and no target has::

    <tags, one a line> TAB <target> TAB <result><lateness><receiver><outcome>

The result is the class of the answer's status code: a digit if the attempt succeeded, a letter from
``A`` (no answer) if it failed. Lateness (of first attempts) and the receiver's time (of those that
were answered) are letters of ``BUCKETS``. A hyphen stands for what there is not. The outcome is
what the occurrence became: ``completed``, ``retrying`` and so on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

BOUNDS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(1_000, 2_000, 5_000, 10_000, 30_000, 60_000),
    *(300_000, 900_000, 3_600_000, 21_600_000, 86_400_000),
)
"""Upper bounds of the buckets of both histograms, ms; each belongs to its bucket."""

BUCKETS = "abcdefghijklmnopqrstu"
"""A letter for each bucket; the last is for what is above all bounds."""

NONE = "-"
NOT_ATTEMPTED = NONE * 3
"""How the letters of a stat begin if no attempt was made."""

SUCCEEDED = "0123456789"
FAILED = "ABCDEFGHIJ"
"""Results by the class of the status code; the first is for no status code."""

OUTCOMES = (
    *("completed", "retrying", "dispatched", "failed"),
    *("missed", "skipped", "cancelled"),
)

OTHER = "\x1a"
"""The tags, or the target, of what has no room of its own (U+001A, "substitute")."""

MAX_CELLS = 500
"""So many combinations of tags, target and outcome are told apart in a bucket of time. Beyond that
new ones have no target of their own, and beyond ``MAX_IN_ALL`` no tags either."""

MAX_IN_ALL = 750


class Cell(NamedTuple):
    """What counts are told apart by."""

    tags: str
    """One a line, in order; or ``OTHER``."""

    target: str
    """Or ``OTHER``; empty if no attempt was made."""

    outcome: str

    def tag_list(self) -> Sequence[str]:
        """The tags, none if they are not known."""
        return self.tags.split("\n") if self.tags and self.tags != OTHER else ()


Counts = Counter[str]
"""By part: ``n`` records, ``r`` and a result, ``l`` and a bucket of lateness, ``t`` and one of the
receiver's time."""

Cells = dict[Cell, Counts]


def read_stat(stat: str) -> tuple[Cell, Sequence[str]]:
    """Return where a stat is counted, and the parts that it counts there."""
    tags, target, letters = stat.split("\t")
    result, late, took, outcome = letters[0], letters[1], letters[2], letters[3:]
    parts = ["n"]
    if result != NONE:
        parts.append(f"r{result}")
    if late != NONE:
        parts.append(f"l{late}")
    if took != NONE:
        parts.append(f"t{took}")
    return Cell("\n".join(sorted(tags.split("\n"))), target, outcome), parts


def add_stat(cells: Cells, stat: str, count: int) -> None:
    """Add a stat that was counted so often."""
    cell, parts = read_stat(stat)
    counts = _place(cells, cell)
    for part in parts:
        counts[part] += count


def add_cells(cells: Cells, more: Cells) -> None:
    """Add what is in other cells."""
    for cell, counts in more.items():
        _place(cells, cell).update(counts)


def _place(cells: Cells, cell: Cell) -> Counts:
    found = cells.get(cell)
    if found is None and len(cells) >= MAX_CELLS:
        cell = cell._replace(target=OTHER)
        if cell not in cells and len(cells) >= MAX_IN_ALL:
            cell = cell._replace(tags=OTHER)
        found = cells.get(cell)
    if found is None:
        found = cells[cell] = Counter()
    return found


class Quantiles(NamedTuple):
    """How a measure is distributed: bounds in ms that so many did not exceed.

    ``None`` if there is nothing, or it is more than the highest bound.
    """

    size: int
    p50_ms: int | None
    p99_ms: int | None


@dataclass(slots=True)
class DeliveryFigures:
    """Counts of some cells, added up."""

    counts: Counts = field(default_factory=Counter)
    outcomes: Counts = field(default_factory=Counter)

    def add(self, cell: Cell, counts: Counts) -> None:
        """Add the counts of a cell."""
        self.counts.update(counts)
        self.outcomes[cell.outcome] += counts["n"]

    def add_all(self, other: DeliveryFigures) -> None:
        """Add other figures."""
        self.counts.update(other.counts)
        self.outcomes.update(other.outcomes)

    @property
    def size(self) -> int:
        """How much was recorded."""
        return self.counts["n"]

    def attempts(self, results: str = SUCCEEDED + FAILED) -> int:
        """How many attempts had one of these results."""
        return sum(self.counts[f"r{result}"] for result in results)

    def by_class(self) -> Iterator[tuple[str, int]]:
        """How many attempts were answered with each class of status codes, ``none`` among them."""
        for number, results in enumerate(zip(SUCCEEDED, FAILED, strict=True)):
            if count := self.attempts("".join(results)):
                yield (f"{number}xx" if number else "none"), count

    def lateness(self) -> Quantiles:
        """How late first attempts began."""
        return self._quantiles("l")

    def receiver(self) -> Quantiles:
        """How long attempts took that were answered, from their beginning to the answer's end."""
        return self._quantiles("t")

    def in_time(self, bound_ms: int) -> int:
        """How many first attempts began within one of ``BOUNDS_MS`` after they were due."""
        return sum(self.counts[f"l{BUCKETS[at]}"] for at in range(BOUNDS_MS.index(bound_ms) + 1))

    def _quantiles(self, kind: str) -> Quantiles:
        counts = [self.counts[kind + bucket] for bucket in BUCKETS]
        size = sum(counts)
        return Quantiles(
            size, _quantile(counts, ceil(size / 2)), _quantile(counts, ceil(size * 0.99))
        )


def _quantile(counts: Iterable[int], rank: int) -> int | None:
    """The bound of the bucket in which one stands, by its rank from 1; ``None``: it has none."""
    for bound_ms, count in zip(BOUNDS_MS, counts, strict=False):
        rank -= count
        if rank <= 0 < count:
            return bound_ms
    return None
