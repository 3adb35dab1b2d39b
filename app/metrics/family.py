"""A metric family: its name, its meaning, its labels, and how its numbers are kept.

All numbers that are kept are whole: those of several processes add up exactly, in any order. What
is shown in seconds is kept in microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PREFIX = "qhronos_"

MICROSECONDS = 1_000_000

COUNTER, HISTOGRAM, GAUGE, INFO = "counter", "histogram", "gauge", "info"

SUM, REST = "sum", "inf"
"""What stands in a histogram's field in place of a bound: the sum, and what is above all bounds."""

SEPARATOR = "|"
_ESCAPED = {"%": "%25", SEPARATOR: "%7C"}
"""What stands in a field for what it is put together with, if a label has that."""

OTHER = "other"
"""The value of a label for all that is not listed."""


@dataclass(frozen=True, eq=False)
class Family:
    """A metric family; each is made once, and is equal to itself alone.

    ``labels`` are few, and each has few values: no ids, and nothing that a user chooses. Tags and
    hosts are there only as far as the settings list them.
    """

    name: str
    """Without the prefix, and without the ``_total`` of counters."""

    kind: str
    text: str
    labels: tuple[str, ...] = ()
    known: tuple[tuple[str, ...], ...] = ((),)
    """Values of the labels that are shown from the start, with 0: a series that appears only with
    its first failure has no rise that an alert could see."""

    bounds: tuple[int, ...] = ()
    """The upper bounds of a histogram's buckets, as they are kept."""

    scale: int = 1
    """What is kept for each unit that is shown."""

    @property
    def shown(self) -> str:
        """Its name as Prometheus shows it."""
        return PREFIX + self.name + {COUNTER: "_total", INFO: "_info"}.get(self.kind, "")

    def field(self, labels: Sequence[str], part: str = "") -> str:
        """The name under which a number is kept; ``part`` is a histogram's bound, or its sum."""
        kept = [_escape(label) for label in labels]
        return SEPARATOR.join((self.name, *kept, part) if part else (self.name, *kept))

    def parts(self) -> tuple[str, ...]:
        """What a histogram's fields end with, in the order of the buckets."""
        return (*map(str, self.bounds), REST)


def _escape(label: str) -> str:
    for one, escaped in _ESCAPED.items():
        if one in label:
            label = label.replace(one, escaped)
    return label


def unescape(label: str) -> str:
    """A label as it is shown, from a part of a field."""
    for one, escaped in reversed(_ESCAPED.items()):
        label = label.replace(escaped, one)
    return label


def counter(
    name: str, text: str, *labels: str, known: Sequence[Sequence[str]] | None = None
) -> Family:
    """Something that only rises. ``known``: see ``Family``; for one label, its values."""
    return Family(name, COUNTER, text, labels, _known(labels, known))


def gauge(name: str, text: str, *labels: str) -> Family:
    """Something that rises and falls."""
    return Family(name, GAUGE, text, labels, _known(labels, None))


def seconds(
    name: str,
    text: str,
    *labels: str,
    bounds: Sequence[float],
    known: Sequence[Sequence[str]] | None = None,
) -> Family:
    """How long something took: a histogram with bounds in seconds, kept in microseconds."""
    kept = tuple(round(bound * MICROSECONDS) for bound in bounds)
    known = _known(labels, known)
    return Family(f"{name}_seconds", HISTOGRAM, text, labels, known, kept, MICROSECONDS)


def sizes(name: str, text: str, *, bounds: Sequence[int]) -> Family:
    """How many there were together: a histogram of whole numbers."""
    return Family(name, HISTOGRAM, text, bounds=tuple(bounds))


def _known(
    labels: tuple[str, ...], known: Sequence[Sequence[str]] | None
) -> tuple[tuple[str, ...], ...]:
    if known is None:
        return () if labels else ((),)
    return tuple((one,) if isinstance(one, str) else tuple(one) for one in known)
