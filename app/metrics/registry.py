"""The registry of one process: what it has counted since it began.

Counting is adding to plain numbers, because a delivery is counted half a dozen times. The reader
is another thread: it sees each number as it is now, and what it missed the next time.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable

from app.metrics.exemplars import Exemplars
from app.metrics.family import SUM, Family


class Tally(dict[tuple[str, ...], int]):
    """A counter by the values of its labels: ``tally["a", "b"] += 1``, from one thread."""

    def __missing__(self, labels: tuple[str, ...]) -> int:
        """What was not counted yet."""
        return 0


class Buckets:
    """A histogram; ``add`` is called from one thread."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0

    def add(self, value: int) -> None:
        """Count a value, in the unit in which the family is kept; what is below 0 counts as 0."""
        self.counts[bisect_left(self._bounds, value)] += 1
        if value > 0:
            self.total += value


class Registry:
    """What a process has counted, by family and labels."""

    def __init__(self) -> None:
        self._tallies: dict[Family, Tally] = {}
        self._histograms: dict[Family, dict[tuple[str, ...], Buckets]] = {}
        self._lock = threading.Lock()
        self.before_reading: list[Callable[[], object]] = []
        """What is to be called before the counts are read: some are counted many at a time."""

        self.exemplars = Exemplars()
        """Values that are part of a trace, for its histograms; empty while nothing is traced."""

        self.gauges: dict[str, Callable[[], float]] = {}
        """What the process can say of itself, by the family's name; see ``catalogue.SAID``."""

    def tally(self, family: Family) -> Tally:
        """The counter of a family, for one thread that adds to it."""
        with self._lock:
            return self._tallies.setdefault(family, Tally())

    def take(self, family: Family, tally: Tally) -> None:
        """Have a counter that somebody else keeps, since before this registry was made."""
        with self._lock:
            self._tallies[family] = tally

    def buckets(self, family: Family, *labels: str) -> Buckets:
        """A histogram of a family, for one thread that adds to it."""
        with self._lock:
            return self._buckets(family, labels)

    def observe(self, family: Family, value: int, *labels: str) -> None:
        """Add a value to a histogram that any thread adds to."""
        with self._lock:
            self._buckets(family, labels).add(value)

    def _buckets(self, family: Family, labels: tuple[str, ...]) -> Buckets:
        children = self._histograms.get(family)
        if children is None:
            children = self._histograms[family] = {}
        found = children.get(labels)
        if found is None:
            found = children[labels] = Buckets(family.bounds)
        return found

    def totals(self) -> dict[str, int]:
        """Everything that was counted, by its field; see ``Family.field``. Nothing that is 0."""
        found: dict[str, int] = {}
        for count_noted in self.before_reading:
            count_noted()
        with self._lock:
            tallies, histograms = list(self._tallies.items()), list(self._histograms.items())
        for family, tally in tallies:
            # (The copy is one step of the interpreter: no other thread adds a key meanwhile.)
            for labels, count in dict(tally).items():
                found[family.field(labels)] = count
        for family, children in histograms:
            for labels, buckets in children.copy().items():
                counts, total = buckets.counts[:], buckets.total
                for part, count in zip(family.parts(), counts, strict=True):
                    found[family.field(labels, part)] = count
                found[family.field(labels, SUM)] = total
        return {field: count for field, count in found.items() if count}
