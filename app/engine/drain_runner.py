"""Runs one drain from drain job to drain job without a gap.

RQ takes some ten milliseconds to end one job and start another. Occurrences that fall due in that
time would be late. So a thread runs the drain between two jobs, until the next job takes it over
with its requests in flight. Jobs stay short, so that RQ can watch them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.clock import Clock
from app.engine.drain import Drain

BETWEEN_JOBS_MS = 500
"""How long a drain claims after its job: by then the next job has started in this process or in
another one, or nothing is due."""


class DrainRunner:
    """Runs the drain jobs of one process, one after another; one thread at a time drains."""

    def __init__(self, make: Callable[[], Drain], clock: Clock, job_ms: int) -> None:
        """``make`` makes a drain; ``job_ms`` is how long each job takes."""
        self._make = make
        self._clock = clock
        self._job_ms = job_ms
        self._taken_over = threading.Event()
        self._between: Future[Drain | None] | None = None
        # One thread for the life of the process: the store's client keeps a connection for each.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="between-drains")

    def run(self, stop: threading.Event) -> int:
        """Deliver for the time of one job or until ``stop``; returns how many requests were sent.

        An error of the drain between the last job and this one is raised here, for RQ to show.
        """
        drain = self._take_over() or self._make()
        try:
            sent = drain.run(self._clock.now_ms() + self._job_ms, stop)
        except BaseException:
            drain.close(stop)
            raise
        self._taken_over.clear()
        self._between = self._thread.submit(self._run_between_jobs, drain, stop)
        return sent

    def close(self) -> None:
        """Wait until the drain has finished; ``stop`` has been set."""
        self._thread.shutdown()

    def _take_over(self) -> Drain | None:
        between, self._between = self._between, None
        self._taken_over.set()
        return None if between is None else between.result()

    def _run_between_jobs(self, drain: Drain, stop: threading.Event) -> Drain | None:
        taken_over = False
        try:
            until_ms = self._clock.now_ms() + BETWEEN_JOBS_MS
            taken_over = drain.run_between_jobs(until_ms, self._taken_over, stop)
        finally:
            if not taken_over:
                drain.close(stop)
        return drain if taken_over else None
