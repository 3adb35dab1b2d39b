"""Has upkeep done when it is due: the loop of a scheduler process beside that of ``scheduler``.

It sleeps until a periodic job is due, and wakes when a job in the background is begun or continued.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from app.engine.beat import Beat
from app.errors import BrokerUnavailable, StoreUnavailable
from app.store.coordination import WakeListener
from app.store.shards import if_there

log = logging.getLogger(__name__)

RUNNING_LOOK_S = 0.25
"""How often to look for jobs in the background while any of them runs."""

RECOVERY_LOOK_S = 5.0
"""How often to look whether anything was left behind: a look costs a hundredth of a recovery."""

MAX_SLEEP_S = 5.0
"""How often to look at least, for wake-ups that got lost."""

PAUSE_S = 1.0
"""How long to leave a server alone that is away, or what another scheduler does at this moment."""


class PeriodicUpkeep(Protocol):
    """The upkeep jobs that come again and again. Each call raises ``BrokerUnavailable``."""

    def register(self, now: datetime, /) -> float:
        """Add those that are missing, due ``now`` (naive UTC); returns when the first is due.

        That is in seconds since 1970.
        """
        ...

    def enqueue_due(self) -> None:
        """Enqueue those that are due."""
        ...


class UpkeepCalls:
    """The loop; one thread runs it."""

    def __init__(
        self,
        periodic: PeriodicUpkeep,
        recover: Callable[[], None],
        has_to_recover: Callable[[], bool],
        waiting: Sequence[Callable[[], bool]],
        listener: WakeListener,
        broker_name: str = "the broker",
    ) -> None:
        """``recover`` enqueues a recovery that does not wait for its turn.

        Each of ``waiting`` has jobs continued that wait, and returns whether any runs. ``listener``
        hears when one is begun.
        """
        self._periodic = periodic
        self._recover = recover
        self._has_to_recover = has_to_recover
        self._waiting = waiting
        self._listener = listener
        self._broker_name = broker_name
        self._periodic_s = self._recovery_s = 0.0
        self._busy = threading.Lock()
        self.beat = Beat()

    def run(self, stop: threading.Event) -> None:
        """Enqueue what is due until told to stop; it may take until the end of a sleep."""
        while not stop.is_set():
            self.beat()
            try:
                with self._busy:
                    sleep_s = 0.0 if stop.is_set() else self.look(time.time())
                self._listener.wait(sleep_s)
            except BrokerUnavailable:
                log.warning("%s is away; upkeep waits for it", self._broker_name)
                stop.wait(PAUSE_S)
            except StoreUnavailable:
                log.warning("the store is away; jobs in the background wait for it")
                stop.wait(PAUSE_S)

    def finish(self) -> None:
        """Wait for what is under way; ``run`` has been told to stop, and does nothing more."""
        with self._busy:
            return

    def look(self, now_s: float) -> float:
        """Enqueue what is due at a moment, seconds since 1970; returns after how many to look."""
        if self._periodic_s > now_s + MAX_SLEEP_S:  # the clock was put back
            self._periodic_s = self._recovery_s = now_s
        if now_s >= self._periodic_s:
            # (If it fails, it is not tried again with every look at what waits.)
            self._periodic_s = now_s + PAUSE_S
            now = datetime.fromtimestamp(now_s, UTC).replace(tzinfo=None)
            first_s = self._periodic.register(now)
            if first_s <= now_s:
                self._periodic.enqueue_due()
                first_s = self._periodic.register(now)
            self._periodic_s = now_s + min(max(first_s - now_s, PAUSE_S), MAX_SLEEP_S)
        if now_s >= self._recovery_s:
            self._recovery_s = now_s + RECOVERY_LOOK_S
            if self._has_to_recover():
                self._recover()
        # (All of them: one that has something to do is no reason to pass the others over.)
        runs = [if_there(call) for call in self._waiting]
        next_s = min(self._periodic_s, self._recovery_s) - now_s
        return min(next_s, RUNNING_LOOK_S) if any(runs) else next_s
