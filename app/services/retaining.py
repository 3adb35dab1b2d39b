"""Retention: ended occurrences and inactive events are kept for a time, then forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.store.events import EventStore, Saved
from app.store.sweeping import EventSweep
from app.store.work import BATCH, WorkStore

MAX_BATCHES = 40
"""Batches of one run and partition: a backlog is worked off over several runs."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long to keep what is over, in milliseconds."""

    work: WorkStore
    events: EventStore
    sweep: EventSweep
    occurrences_ms: int
    events_ms: int
    others: tuple[Callable[[int], int], ...] = ()
    """What else is forgotten in time; each is given the moment, ms UTC."""

    def run(self, now_ms: int) -> int:
        """Forget what is old enough; returns how much was forgotten."""
        forgotten = sum(
            self._occurrences(partition, now_ms) + self._events(partition, now_ms)
            for partition in range(self.work.partitions)
        )
        return forgotten + sum(forget(now_ms) for forget in self.others)

    def _occurrences(self, partition: int, now_ms: int) -> int:
        forgotten = 0
        for _ in range(MAX_BATCHES):
            count = self.work.retire(partition, now_ms - self.occurrences_ms, BATCH)
            forgotten += count
            if count < BATCH:
                break
        return forgotten

    def _events(self, partition: int, now_ms: int) -> int:
        old = self.sweep.inactive(partition, now_ms - self.events_ms, BATCH)
        forgotten = 0
        for event in self.events.get_many(old):
            if event is not None:
                saved = self.events.delete(event, any_version=False, now_ms=now_ms)
                forgotten += saved is Saved.DONE
        return forgotten
