"""Wiring of the figures of deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.services.badges import GOOD_MS as BADGES_GOOD_MS
from app.services.badges import BadgeService
from app.services.rollups import RollUps
from app.services.shared_answers import SharedAnswers
from app.services.slos import GOOD_MS, SloService
from app.services.stats import StatsService
from app.store.slos import SloStore
from app.store.stats import StatsStore
from app.wiring.storage import Storage


@dataclass(frozen=True)
class FigureServices:
    """What became of deliveries, and what is made of that."""

    storage: Storage

    @cached_property
    def _store(self) -> StatsStore:
        storage = self.storage
        return StatsStore(storage.client, storage.scripts, storage.partitions)

    @cached_property
    def stats(self) -> StatsService:
        """What became of deliveries, by tag, target, status and time."""
        return StatsService(self._store, self.storage.clock)

    @cached_property
    def slos(self) -> SloService:
        """Lateness objectives of tags, and how they fare."""
        storage = self.storage
        shared = SharedAnswers(storage.clock, GOOD_MS)
        return SloService(SloStore(storage.client), self.stats, shared, storage.clock)

    @cached_property
    def badges(self) -> BadgeService:
        """Badges of tags."""
        clock = self.storage.clock
        return BadgeService(self.stats, SharedAnswers(clock, BADGES_GOOD_MS), clock)

    @cached_property
    def roll_ups(self) -> RollUps:
        """What adds up what was counted."""
        return RollUps(self._store, self.storage.clock)
