"""Packing: an hour after its end, the record of an occurrence goes into a page with others."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.partition_count import Count
from app.engine.time_limit import TimeLimit, never
from app.store.coordination import Coordination
from app.store.pages import PageStore
from app.store.shards import each_there

PACK_AFTER_MS = 60 * 60_000
"""How long after its end a record is packed. Until then most of what is done with one is done."""

TOLD_WITHIN_MS = 24 * 60 * 60_000
"""How long packing waits for alerts, which find what has failed by records that are not packed."""

BATCH = 128
"""How many entries of an index are looked at in one step; one may stand for some hundred."""

BUDGET_S = 2.0
"""How long one run packs; the next one goes on where it stopped."""

MOST_S, BEHIND_MS = 10.0, 60_000
"""How long one run packs what waits for so much longer than it should: if more ends for long than
is packed in the time above, history grows until the store is full."""

TURN_MS = 20_000
"""So often a run begins with another partition: what one has too much keeps no other waiting."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Packs a bounded number of records at a time."""

    pages: PageStore
    coordination: Coordination
    partitions: Count
    has_earlier: Callable[[], bool]
    """Whether a process of an earlier version, which knows no pages, is alive."""

    told_until: Callable[[int], Mapping[int, int]]
    """Of so many partitions, up to which moment (ms UTC) alerts have read what has ended."""

    is_stopping: Callable[[], bool] = never
    """Whether the process was told to stop."""

    def run(self, now_ms: int) -> int:
        """Pack what ended an hour before; returns how many records were packed."""
        if self.has_earlier():
            return 0
        usual, behind = (TimeLimit(seconds, self.is_stopping) for seconds in (BUDGET_S, MOST_S))
        partitions = operator.index(self.partitions)
        told_until = self.told_until(partitions)

        def pack(partition: int) -> int:
            told_ms = max(told_until.get(partition, now_ms), now_ms - TOLD_WITHIN_MS)
            before_ms = min(now_ms - PACK_AFTER_MS, told_ms + 1)
            return 0 if self.is_stopping() else self._pack(partition, before_ms, usual, behind)

        first = now_ms // TURN_MS % partitions
        return each_there([*range(first, partitions), *range(first)], pack)

    def _pack(self, partition: int, before_ms: int, usual: TimeLimit, behind: TimeLimit) -> int:
        """Look through what has ended, from where the last run stopped.

        It goes on until the ``usual`` limit, or until that for what is ``behind``.
        What has to stay, as it is scheduled for later, is looked at again after all others.
        """
        place, packed = f"{partition}:packed", 0
        cursor = int(self.coordination.sweep_cursor(place) or 0)
        while True:
            found = self.pages.ended(partition, cursor, before_ms, BATCH)
            moved = self.pages.pack(partition, found.occurrences, before_ms)
            self.pages.trim(partition, found.groups)
            packed, cursor = packed + moved, found.cursor
            is_behind = bool(moved) and cursor < before_ms - BEHIND_MS
            if not cursor or (behind if is_behind else usual).is_over():
                break
        self.coordination.move_sweep(place, str(cursor or ""))
        return packed
