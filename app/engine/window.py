"""The window of a drain: how many claims it holds that have no outcome yet, and of which lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

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

SILENT_MS = 250
"""Of a claimer that says nothing for so long nothing more is expected: its shard may be away."""


@dataclass(slots=True)
class _Claimer:
    """What one of several claimers is about to add, and when it said so, ms UTC."""

    asked: int = 0
    asked_ms: int = -SILENT_MS
    wanted_ms: int = -SILENT_MS
    """When it would have asked for more."""


class Window:
    """Counts claims until they are settled: until they have an outcome or were deferred.

    On a cluster several claimers share it, which ask their shards at the same time.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._claimers: dict[bytes, _Claimer] = {}
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

    def room_for(self, claimer: bytes, now_ms: int) -> int:
        """How many more one claimer may ask for now; 0: too few for a call.

        What others have asked for is theirs already, and those that want some get as much as it.
        """
        own = self._claimers.setdefault(claimer, _Claimer())
        own.wanted_ms = now_ms
        others = self._others(claimer, now_ms)
        wanting = sum(not one.asked and one.wanted_ms > now_ms - SILENT_MS for one in others)
        room = (self.room - sum(one.asked for one in others)) // (1 + wanting)
        least = max(self.size // 4 // len(self._claimers), 1)
        return 0 if self.full or room < least else room

    def asked(self, claimer: bytes, count: int, now_ms: int) -> None:
        """Expect so many claims of a claimer, until its call is answered."""
        self._claimers[claimer] = _Claimer(count, now_ms)

    def answered(self, claimer: bytes) -> None:
        """Expect nothing more of the last call of a claimer: what came is held."""
        self._claimers[claimer].asked = 0

    def _others(self, claimer: bytes, now_ms: int) -> Collection[_Claimer]:
        others = [one for name, one in self._claimers.items() if name != claimer]
        for one in others:
            if one.asked_ms <= now_ms - SILENT_MS:
                one.asked = 0
        return others

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

    def for_others(self, claimer: bytes, now_ms: int) -> tuple[int, list[int]]:
        """How many one claimer may ask for of lanes with few claims, and the lanes with more."""
        crowded = [lane for lane, held in self._held.items() if held >= self.size // FEW]
        expected = sum(one.asked for one in self._others(claimer, now_ms))
        room = self.room - expected + self.size // FOR_OTHERS
        return (min(room, self.size // FEW) if crowded else 0), crowded
