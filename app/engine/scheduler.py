"""The scheduler: sleeps until something is due and enqueues drain jobs.

It keeps no state of its own: it reads what is due and which drains are alive from the store. So any
number of schedulers may run, none is a leader, and a drain too many does no harm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from app.clock import Clock
from app.engine.beat import Beat
from app.errors import BrokerUnavailable, ShardUnavailable, StoreUnavailable
from app.services.queues import DrainQueue
from app.store.coordination import Coordination, WakeListener
from app.store.shards import Answer, Shards
from app.store.work import WorkStore

log = logging.getLogger(__name__)

LEAD_MS = 1_000
"""How long before an occurrence is due its drain is enqueued: it has started by then."""

BUSY_LOOK_MS = 200
"""How often to look while something is due, or is due within ``LEAD_MS``."""

MAX_SLEEP_MS = 5_000
"""Look again at least so often, for wake-ups that got lost."""

MAX_FAILURES = 6
"""The backoff between drains that fail at once doubles so often, to about 12 s."""

ONE_DRAIN_BACKLOG = 200
"""What one drain delivers within a second or so; a larger backlog gets a drain of every worker."""


class Scheduler:
    """The loop of one scheduler process."""

    def __init__(
        self,
        work: WorkStore,
        coordination: Coordination,
        drains: DrainQueue,
        clock: Clock,
        workers: Callable[[], int],
        broker_name: str = "the broker",
        shards: Shards | None = None,
    ) -> None:
        """``workers`` tells how many delivery workers are alive.

        With ``shards``, those of a cluster that are away keep nobody from the others' work.
        """
        self._shards = shards
        self._work = work
        self._coordination = coordination
        self._drains = drains
        self._clock = clock
        self._workers = workers
        self._broker_name = broker_name
        self._enqueued_ms = 0
        self._failures = 0
        self._unanswered = False
        self.beat = Beat()

    @property
    def failures(self) -> int:
        """How many drains in a row have failed at once, as far as the backoff counts them."""
        return self._failures

    def run(self, stop: threading.Event) -> None:
        """Enqueue drains until told to stop; if the store is away, wait for it."""
        listener = self._coordination.wake_listener()
        try:
            while not stop.is_set():
                self.beat()
                try:
                    self._sleep(self.look(self._clock.now_ms()), listener, stop)
                except BrokerUnavailable:
                    log.warning("%s is away; scheduling waits for it", self._broker_name)
                    stop.wait(BUSY_LOOK_MS / 1000)
                except StoreUnavailable:
                    log.warning("the store is away; scheduling waits for it")
                    stop.wait(BUSY_LOOK_MS / 1000)
        finally:
            listener.close()

    def look(self, now_ms: int) -> int | None:
        """Enqueue the drains that are missing.

        Returns when something will be due next, ms UTC; ``None``: nothing is scheduled.
        """
        times = [
            moment
            for head in self._there(self._work.heads)
            for moment in (head.due_ms, head.lease_ms, head.ack_ms, head.flow_ms)
            if moment is not None
        ]
        earliest = min(times, default=None)
        if earliest is not None and earliest <= now_ms + LEAD_MS:
            self._enqueue_missing(now_ms)
        return earliest

    def _enqueue_missing(self, now_ms: int) -> None:
        """Enqueue what is missing; with a backoff if drains fail at once."""
        alive, waiting = self._alive(now_ms), self._drains.waiting()
        if alive:
            self._failures, self._unanswered = 0, False
        elif self._unanswered and not waiting:
            self._failures, self._unanswered = min(self._failures + 1, MAX_FAILURES), False
        if now_ms < self._enqueued_ms + BUSY_LOOK_MS * (2**self._failures - 1):
            return
        missing = self._wanted(now_ms) - alive - waiting
        for _ in range(missing):
            self._drains.enqueue_drain()
            self._enqueued_ms, self._unanswered = now_ms, True

    def _alive(self, now_ms: int) -> int:
        """How many drains are at work; while the shard that knows is away, none is known."""
        try:
            return self._coordination.drains_alive(now_ms)
        except ShardUnavailable:
            return 0

    def _there(self, read: Callable[[], Answer]) -> Answer:
        return read() if self._shards is None else self._shards.read(read)

    def _wanted(self, now_ms: int) -> int:
        if self._there(lambda: self._work.backlog(now_ms)) <= ONE_DRAIN_BACKLOG:
            return 1
        return max(self._workers(), 1)

    def _sleep(self, earliest: int | None, listener: WakeListener, stop: threading.Event) -> None:
        now_ms = self._clock.now_ms()
        rest = MAX_SLEEP_MS if earliest is None else min(earliest - LEAD_MS - now_ms, MAX_SLEEP_MS)
        if rest <= BUSY_LOOK_MS:
            stop.wait(BUSY_LOOK_MS / 1000)
            return
        until = now_ms + rest
        while not stop.is_set() and (now_ms := self._clock.now_ms()) < until:
            # Short waits, so that a request to stop is seen; a wake-up ends the sleep.
            if listener.wait(min(until - now_ms, 1_000) / 1000):
                return
