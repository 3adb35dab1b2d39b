"""Retention: ended occurrences and inactive events are kept for a time, then forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.store.events import EventStore, Saved
from app.store.sweep import EventSweep
from app.store.work import BATCH, WorkStore

BUDGET_S = 20.0
"""How long one run goes on, in batches of a millisecond or two; the next takes what is left."""


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
        until = time.monotonic() + BUDGET_S
        ended_before = now_ms - self.occurrences_ms
        forgotten = 0
        for partition in range(self.work.partitions):
            retire = partial(self.work.retire, partition, ended_before, BATCH)
            forgotten += _repeat(retire, until)
            forgotten += _repeat(partial(self._events, partition, now_ms), until)
        for forget in self.others:
            forgotten += _repeat(partial(forget, now_ms), until)
        return forgotten

    def _events(self, partition: int, now_ms: int) -> int:
        old = self.sweep.inactive(partition, now_ms - self.events_ms, BATCH)
        forgotten = 0
        for event in self.events.get_many(old):
            if event is not None:
                saved = self.events.delete(event, any_version=False, now_ms=now_ms)
                forgotten += saved is Saved.DONE
        return forgotten


def _repeat(forget: Callable[[], int], until_s: float) -> int:
    """Repeat while whole batches are forgotten and there is time; returns how much went."""
    forgotten = 0
    while True:
        count = forget()
        forgotten += count
        if count < BATCH or time.monotonic() >= until_s:
            return forgotten
