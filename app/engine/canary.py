"""Sends the canary: an event like any other, whose webhook leads to this instance itself.

It is stored, falls due, is claimed, sent, answered and recorded as all events are. So its lateness
is what a user would see, and what keeps it from arriving keeps all others.
"""

from __future__ import annotations

import logging
import operator
import threading

from app.clock import Clock
from app.domain import ids
from app.domain.action import CANARY, Action
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.options import EventOptions
from app.domain.partition_count import Count
from app.errors import StoreUnavailable
from app.store.calls import BATCH
from app.store.canary import CanaryStore
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.work import WorkStore

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often to look whether it is time for the next one."""

AHEAD_MS = 2_000
"""How long after it is made it is due: it is scheduled, as other events are."""

OPTIONS = EventOptions({"retry": {"attempts": 1}, "timeout": "10s"})
"""One that does not arrive has told all that it can."""


class CanarySender:
    """The loop; one thread of each upkeep process runs it."""

    def __init__(
        self,
        canaries: CanaryStore,
        events: EventStore,
        work: WorkStore,
        clock: Clock,
        partition: Count,
        period_ms: int,
        url: str,
    ) -> None:
        """``partition`` is the canary's own, and may move; ``url`` is where this instance is."""
        self._canaries = canaries
        self._events = events
        self._work = work
        self._clock = clock
        self._own = partition
        self._period_ms = period_ms
        self._action = Action(CANARY, {"url": url})
        self._ids = ids.EventIds()

    def run(self, stop: threading.Event) -> None:
        """Send one again and again until told to stop."""
        while not stop.wait(LOOK_S):
            try:
                if self._canaries.take_turn(self._period_ms):
                    self.send()
            except StoreUnavailable:
                continue  # who needs the store for more says so
            except Exception:  # the next one may be sent
                log.exception("the canary could not be sent")

    def send(self) -> None:
        """Remove what is left of the last one, and send the next."""
        partition = operator.index(self._own)
        self._remove(partition)
        now_us = self._clock.now_us()
        now_ms = now_us // 1_000
        due_ms = now_ms + AHEAD_MS
        event = Event(
            self._ids.make(now_us, partition),
            Definition("canary", due_ms, self._action, options=OPTIONS),
            now_ms,
            now_ms,
        )
        webhook_id = ids.to_text(ids.occurrence_id(event.id, due_ms))
        # (First, so that it is awaited when it arrives.)
        self._canaries.sends(event.id, webhook_id, due_ms)
        self._events.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, now_ms)

    def _remove(self, partition: int) -> None:
        """Delete the event of before, and all occurrences that have ended."""
        last = self._canaries.last_event()
        now_ms = self._clock.now_ms()
        if last is not None:
            (event,) = self._events.get_many([last])
            if event is not None:
                self._events.delete(event, any_version=True, now_ms=now_ms)
        self._work.delete_ended(partition, now_ms + 1, BATCH)
        self._canaries.forget_counts(partition)


def clear_partition(
    canaries: CanaryStore, events: EventStore, work: WorkStore, clock: Clock, partition: int
) -> bool:
    """Remove what canaries have left in a partition that others are going to use.

    Returns whether nothing is left, or others use it already; one may be under way.
    """
    there = [one for one in events.get_many(canaries.events_in(partition)) if one is not None]
    if any(one.action.kind != CANARY for one in there):
        return True
    now_ms = clock.now_ms()
    for event in there:
        events.delete(event, any_version=True, now_ms=now_ms)
    if canaries.is_busy(partition):
        return False
    while work.delete_ended(partition, now_ms + 1, BATCH) >= BATCH:
        continue
    canaries.forget_counts(partition)
    return True
