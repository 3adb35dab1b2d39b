"""The window of a drain: how many claims it holds that have no outcome yet, and of which lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.store.claims import Claim

FOR_OTHERS = 4
"""The window divided by this is added for lanes with few claims in it, once it is full: nobody's
thousands keep the others out."""

FEW = 16
"""Fewer claims than the window divided by this are few."""

STALLED_FACTOR = 4
"""Claims that wait for stalled targets may be so many times the window."""

MAX_UNWRITTEN = 8_000
"""While more outcomes than this wait to be written, less is claimed. A worker that dies then
repeats no more than so many deliveries, and its memory stays bounded."""


class Window:
    """Counts claims until they are settled: until they have an outcome or were deferred."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._capacity = size
        self._unsettled = 0
        self._held: Counter[int] = Counter()

    @property
    def room(self) -> int:
        """How many more may be claimed, of any lane."""
        return self._capacity - self._unsettled

    @property
    def lanes(self) -> int:
        """How many lanes have claims that have no outcome yet."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether too many claims have no outcome yet to claim more."""
        # Claims come a quarter of the window at a time: one by one would cost a call each.
        return self.room < self.size // 4

    def adjust(self, stalled: int, unwritten: int) -> None:
        """Adjust how much may be claimed.

        ``stalled`` claims wait for stalled targets: so many more may be claimed. ``unwritten``
        outcomes wait to be written: above ``MAX_UNWRITTEN`` so many fewer.
        """
        most = self.size + min(stalled, STALLED_FACTOR * self.size)
        self._capacity = most - max(unwritten - MAX_UNWRITTEN, 0)

    def hold(self, lane: int, count: int = 1) -> None:
        """Count claims of a lane."""
        self._unsettled += count
        self._held[lane] += count
        if not self._held[lane]:
            del self._held[lane]

    def settle(self, claims: Iterable[Claim]) -> None:
        """Count claims as settled."""
        for claim in claims:
            self.hold(claim.lane, -1)

    def for_others(self) -> tuple[int, list[int]]:
        """How many may be claimed of lanes with few claims, and the lanes that have more."""
        crowded = [lane for lane, held in self._held.items() if held >= self.size // FEW]
        room = self.room + self.size // FOR_OTHERS
        return (min(room, self.size // FEW) if crowded else 0), crowded
