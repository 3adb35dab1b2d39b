"""How many partitions the store has: a number that may rise while a process runs.

What reads and works goes by the number of all that there are; new events go to those that every
process looks into. The two differ only for a moment, while the number is raised.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import SupportsIndex

Count = SupportsIndex
"""A number of partitions: one that stays as it is, or a ``PartitionCount``."""


class PartitionCount:
    """The number as a process knows it now; as a number it is how many it looks into."""

    def __init__(self, number: int) -> None:
        self._looked_into = self._for_new = number
        self.is_known = False
        """Whether the store has said it: what the settings have is a guess."""

    def __index__(self) -> int:
        """How many the process looks into."""
        return self._looked_into

    @property
    def for_new(self) -> Count:
        """How many take new events; it may rise, too."""
        return _Following(self, for_new=True)

    def and_one(self) -> Count:
        """One more: behind all others is that of the canary."""
        return _Following(self, more=1)

    def follow(self, looked_into: int, for_new: int) -> None:
        """Go by what the store says; never by less than is known.

        A store that has fewer has lost what was written last: what is in the others is still there.
        """
        if self.is_known:
            looked_into, for_new = max(looked_into, self._looked_into), max(for_new, self._for_new)
        # In this order: no event goes where this process does not look.
        self._looked_into = looked_into
        self._for_new = for_new

    def starts(self, looked_into: int, for_new: int) -> None:
        """Begin to work with what the store says."""
        self.follow(looked_into, for_new)
        self.is_known = True


@dataclass(frozen=True, slots=True)
class _Following:
    """A number that follows another one."""

    whole: PartitionCount
    for_new: bool = False
    more: int = 0

    def __index__(self) -> int:
        whole = self.whole
        return (whole._for_new if self.for_new else whole._looked_into) + self.more  # noqa: SLF001


class PartitionsNow:
    """An attribute that is given a number, or what has one, and is that number as it is now.

    Who needs it twice in one answer reads it once.
    """

    def __set_name__(self, _owner: type, name: str) -> None:
        """Learn what it is called."""
        self._place = f"_{name}_now"

    def __get__(self, holder: object, _owner: type | None = None) -> int:
        """Return the number."""
        return operator.index(vars(holder)[self._place])

    def __set__(self, holder: object, value: Count) -> None:
        """Keep what has the number."""
        vars(holder)[self._place] = value
