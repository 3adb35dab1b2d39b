"""Exemplars: for a bucket of a histogram, the newest value that is part of a recorded trace."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from app.metrics.family import Family


class Exemplar(NamedTuple):
    """The id of a trace in hexadecimal, a value as its family keeps it, and when; ms UTC."""

    trace_id: str
    value: int
    at_ms: int


class Exemplars:
    """Those of a process that nobody has taken yet: one for each bucket, by its field."""

    def __init__(self) -> None:
        self._found: dict[str, Exemplar] = {}

    def note(self, family: Family, value: int, exemplar: Exemplar, *labels: str) -> None:
        """Keep an exemplar of a value that the family's histogram has counted, too."""
        part = family.parts()[bisect_left(family.bounds, value)]
        self._found[family.field(labels, part)] = exemplar

    def take(self) -> dict[str, Exemplar]:
        """Return them and begin anew."""
        # (One step of the interpreter each: what another thread notes meanwhile is in either.)
        taken, self._found = self._found, {}
        return taken
