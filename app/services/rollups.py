"""Adds what was counted to the minutes, hours and days that ``GET /stats`` reads."""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.domain.stats import Cells, add_cells, add_stat
from app.store.stats import Bucket, StatsStore
from app.store.stats_keys import STEPS


@dataclass(frozen=True, slots=True)
class RollUps:
    """Rolls up; any process may, also several at once. Raises ``StoreUnavailable``."""

    store: StatsStore
    clock: Clock

    def add(self) -> int:
        """Add what was counted since the last time; returns how many counts were added.

        It costs some milliseconds, and with the most combinations that are told apart some ten.
        """
        state = self.store.state()
        taken = self.store.take(state)
        fresh = [one for one in taken if state.done.get(one.partition) != one.name]
        if not fresh:
            return 0
        new: dict[Bucket, Cells] = {}
        for minute, stat, count in (each for one in fresh for each in one.counts):
            add_stat(new.setdefault(("minute", minute), {}), stat, count)
        for (_, minute), cells in list(new.items()):
            for step in ("hour", "day"):
                number = minute * STEPS["minute"].size_ms // STEPS[step].size_ms
                add_cells(new.setdefault((step, number), {}), cells)
        buckets = dict(zip(new, self.store.read(list(new)), strict=True))
        for name, cells in buckets.items():
            add_cells(cells, new[name])
        if not self.store.add(state, fresh, buckets, self.clock.now_ms()):
            return 0  # another process has added it
        return sum(len(one.counts) for one in fresh)
