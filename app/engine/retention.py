"""Retention: ended occurrences and inactive events are kept for a time, then deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.services.event_writes import is_written
from app.store.calls import BATCH
from app.store.events import EventStore
from app.store.sweep import EventSweep
from app.store.work import WorkStore

BUDGET_S = 20.0
"""How long one run works, in batches of a millisecond or two; the next run does the rest."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long to keep what has ended; ``occurrences_ms`` and ``events_ms`` are milliseconds."""

    work: WorkStore
    events: EventStore
    sweep: EventSweep
    occurrences_ms: int
    events_ms: int
    others: tuple[Callable[[int], int], ...] = ()
    """Deletes other kinds of old records; each is given the present moment, ms UTC."""

    def run(self, now_ms: int) -> int:
        """Delete what is old enough; returns how many records were deleted."""
        until = time.monotonic() + BUDGET_S
        ended_before = now_ms - self.occurrences_ms
        deleted = 0
        for partition in range(self.work.partitions):
            delete = partial(self.work.delete_ended, partition, ended_before, BATCH)
            deleted += _repeat(delete, until)
            deleted += _repeat(partial(self._events, partition, now_ms), until)
        for forget in self.others:
            deleted += _repeat(partial(forget, now_ms), until)
        return deleted

    def _events(self, partition: int, now_ms: int) -> int:
        old = self.sweep.inactive(partition, now_ms - self.events_ms, BATCH)
        deleted = 0
        for event in self.events.get_many(old):
            if event is not None:
                saved = self.events.delete(event, any_version=False, now_ms=now_ms)
                deleted += is_written(saved)
        return deleted


def _repeat(forget: Callable[[], int], until_s: float) -> int:
    """Repeat while batches are full and there is time; returns how many were deleted."""
    deleted = 0
    while True:
        count = forget()
        deleted += count
        if count < BATCH or time.monotonic() >= until_s:
            return deleted
