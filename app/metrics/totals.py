"""What all processes have counted, read back from the fields in which it is kept."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from app.metrics.family import HISTOGRAM, REST, SEPARATOR, SUM, Family, unescape

Labels = tuple[str, ...]

Listed = Mapping[Family, Collection[Labels]]
"""The values that the labels of some families may have; all are shown from the start."""


class Distribution(NamedTuple):
    """A histogram: how many values are in each bucket, the last above all bounds; their sum."""

    counts: Sequence[int]
    total: int


class Totals(NamedTuple):
    """Counters and histograms by family and labels."""

    counters: dict[Family, dict[Labels, int]]
    histograms: dict[Family, dict[Labels, Distribution]]


class _FieldReader:
    """Puts the fields of one hash in their places."""

    def __init__(self) -> None:
        self.counters: dict[Family, dict[Labels, int]] = {}
        self.counts: dict[Family, dict[Labels, list[int]]] = {}
        self.sums: dict[tuple[Family, Labels], int] = {}

    def begin(self, family: Family, labels: Labels) -> None:
        """Have a child shown, with 0."""
        if family.kind == HISTOGRAM:
            children = self.counts.setdefault(family, {})
            children.setdefault(labels, [0] * (len(family.bounds) + 1))
        else:
            self.counters.setdefault(family, {}).setdefault(labels, 0)

    def take(self, family: Family, rest: Sequence[str], count: int) -> None:
        """Put a field in its place; ``rest`` is its labels and, of a histogram, which part it is.

        A bucket whose bound this version does not have is added to the next higher one.
        """
        size = len(family.labels)
        labels, part = tuple(map(unescape, rest[:size])), rest[size:]
        if family.kind != HISTOGRAM:
            if len(rest) == size:
                self.counters.setdefault(family, {})[labels] = count
        elif part == [SUM]:
            self.sums[family, labels] = count
        elif len(part) == 1 and (part[0] == REST or part[0].isdecimal()):
            self.begin(family, labels)
            place = -1 if part[0] == REST else bisect_left(family.bounds, int(part[0]))
            self.counts[family][labels][place] += count


def read_totals(
    fields: Mapping[str, int], families: Iterable[Family], listed: Listed | None = None
) -> Totals:
    """Read fields; those that no family of this version has are another version's, and left out.

    Of a family in ``listed`` what has other labels is left out, too: they were listed once.
    """
    listed = listed or {}
    reader, by_name = _FieldReader(), {family.name: family for family in families}
    for family in by_name.values():
        for labels in (*family.known, *listed.get(family, ())):
            reader.begin(family, labels)
    for field, count in fields.items():
        name, *rest = field.split(SEPARATOR)
        if name in by_name and _is_shown(by_name[name], rest, listed):
            reader.take(by_name[name], rest, count)
    histograms = {
        family: {
            labels: Distribution(counts, reader.sums.get((family, labels), 0))
            for labels, counts in children.items()
        }
        for family, children in reader.counts.items()
    }
    return Totals(reader.counters, histograms)


def _is_shown(family: Family, labels: Sequence[str], listed: Listed) -> bool:
    size = len(family.labels)
    return family not in listed or tuple(map(unescape, labels[:size])) in listed[family]
