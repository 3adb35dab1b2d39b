"""From one drain job to the next without a gap.

RQ takes some ten milliseconds to end one job and start another, and what falls due meanwhile
would be late. So a job's drain goes on in a thread of its own until the next job takes it over,
with all that is under way. Jobs stay short, to be watched; what is due does not notice them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.clock import Clock
from app.engine.drain import Drain

BRIDGE_MS = 500
"""How long a drain goes on claiming after its job: the next job is long in the queue by then,
or was taken by another worker, or nothing is due."""


class DrainRunner:
    """The drain jobs of one process, one after another; one thread at a time drains."""

    def __init__(self, make: Callable[[], Drain], clock: Clock, linger_ms: int) -> None:
        """``make`` makes a drain; ``linger_ms`` is how long each job takes."""
        self._make = make
        self._clock = clock
        self._linger_ms = linger_ms
        self._relieved = threading.Event()
        self._between: Future[Drain | None] | None = None
        # One thread for all times: the store's client keeps a connection for each.
        self._bridge = ThreadPoolExecutor(1, thread_name_prefix="between-drains")

    def run(self, stop: threading.Event) -> int:
        """Deliver for the time of one job or until ``stop``; returns how many attempts were made.

        What the drain could not do after the job before is raised here, for RQ to show.
        """
        drain = self._take_over() or self._make()
        try:
            sent = drain.run(self._clock.now_ms() + self._linger_ms, stop)
        except BaseException:
            drain.close(stop)
            raise
        self._relieved.clear()
        self._between = self._bridge.submit(self._go_on, drain, stop)
        return sent

    def close(self) -> None:
        """Wait until what is left is done; ``stop`` has been set."""
        self._bridge.shutdown()

    def _take_over(self) -> Drain | None:
        between, self._between = self._between, None
        self._relieved.set()
        return None if between is None else between.result()

    def _go_on(self, drain: Drain, stop: threading.Event) -> Drain | None:
        relieved = False
        try:
            until_ms = self._clock.now_ms() + BRIDGE_MS
            relieved = drain.wind_up(until_ms, self._relieved, stop)
        finally:
            if not relieved:
                drain.close(stop)
        return drain if relieved else None
