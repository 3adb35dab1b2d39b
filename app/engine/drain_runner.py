"""Runs one drain from drain job to drain job without a gap.

RQ takes some ten milliseconds to end one job and start another. Occurrences that fall due in that
time would be late. So a thread runs the drain between two jobs, until the next job takes it over
with its requests in flight. Jobs stay short, so that RQ can watch them.

While RQ's Redis is away no job comes: then the same thread runs a drain until one comes. A worker
that is told to stop calls for another one first, and delivers until that has begun.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from app.clock import Clock
from app.engine.drain import Drain
from app.errors import StoreUnavailable

log = logging.getLogger(__name__)

BETWEEN_JOBS_MS = 500
"""How long a drain claims after its job: by then the next job has started in this process or in
another one, or nothing is due."""

HAND_OVER_MS = 500
"""How long a drain that is told to stop waits for another one to begin. An idle worker takes some
ten milliseconds."""

LOOK_MS = 10
"""How often it looks whether another one has begun."""


class Relief(Protocol):
    """Who delivers after this process; each raises ``StoreUnavailable``."""

    def call(self) -> bool:
        """Call another worker; returns whether there is one."""
        ...

    def has_begun(self) -> bool:
        """Whether another drain is at work."""
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody delivers after this process."""

    def call(self) -> bool:
        """There is nobody to call."""
        return False

    def has_begun(self) -> bool:
        """Nobody begins."""
        return False


class DrainRunner:
    """Runs the drain jobs of one process, one after another; one thread at a time drains."""

    def __init__(
        self,
        make: Callable[[], Drain],
        clock: Clock,
        job_ms: int,
        *,
        is_uncalled: Callable[[], bool] = lambda: False,
        relief: Relief | None = None,
        on_failure: Callable[[], object] = lambda: None,
    ) -> None:
        """``make`` makes a drain; ``job_ms`` is how long each job takes.

        ``is_uncalled`` tells whether no job can be expected. ``on_failure`` is called when a drain
        has failed, but for a store that is away; it may raise ``StoreUnavailable``.
        """
        self._make = make
        self._clock = clock
        self._job_ms = job_ms
        self._is_uncalled = is_uncalled
        self._relief = relief or Nobody()
        self._on_failure = on_failure
        self._taken_over = threading.Event()
        self._between: Future[Drain | None] | None = None
        self._in_job = False
        self._state = threading.Lock()
        # One thread for the life of the process: the store's client keeps a connection for each.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="between-drains")

    @property
    def busy(self) -> bool:
        """Whether this process delivers."""
        between = self._between
        return self._in_job or (between is not None and not between.done())

    def run(self, stop: threading.Event) -> int:
        """Deliver for the time of one job or until ``stop``; returns how many requests were sent.

        An error of the drain between the last job and this one is raised here, for RQ to show.
        """
        try:
            drain = self._take_over() or self._make()
            try:
                sent = drain.run(self._clock.now_ms() + self._job_ms, stop)
            except BaseException:
                drain.close(stop)
                raise
            with self._state:
                self._run_on(drain, stop)
        except StoreUnavailable:
            raise
        except Exception:
            if not stop.is_set():
                self._note_failure()
            raise
        else:
            return sent
        finally:
            with self._state:
                self._in_job = False

    def run_uncalled(self, stop: threading.Event) -> None:
        """Deliver without a job, unless this process delivers already; returns at once."""
        with self._state:
            if self.busy or stop.is_set():
                return
            if self._between is not None and (error := self._between.exception()):
                log.error("a drain has failed; another one begins", exc_info=error)
                self._note_failure()
            self._run_on(None, stop)

    def close(self) -> None:
        """Wait until the drain has finished; ``stop`` has been set."""
        self._thread.shutdown()

    def _note_failure(self) -> None:
        with suppress(StoreUnavailable):
            self._on_failure()

    def _run_on(self, drain: Drain | None, stop: threading.Event) -> None:
        self._taken_over.clear()
        self._between = self._thread.submit(self._run_between_jobs, drain, stop)

    def _take_over(self) -> Drain | None:
        with self._state:
            self._in_job = True
            between, self._between = self._between, None
            self._taken_over.set()
        return None if between is None else between.result()

    def _run_between_jobs(self, given: Drain | None, stop: threading.Event) -> Drain | None:
        try:
            drain = given or self._make()
        except StoreUnavailable:
            log.warning("the store is away; this worker delivers when it is there")
            return None
        taken_over = False
        try:
            until_ms = self._clock.now_ms() + BETWEEN_JOBS_MS
            taken_over = drain.run_between_jobs(until_ms, self._taken_over, stop, self._is_uncalled)
            if not taken_over and stop.is_set():
                self._hand_over(drain)
        finally:
            if not taken_over:
                drain.close(stop)
        return drain if taken_over else None

    def _hand_over(self, drain: Drain) -> None:
        """Call another worker, and deliver until it does: what falls due meanwhile is not late."""
        drain.sign_off()
        try:
            if not self._relief.call():
                return
            give_up_ms = self._clock.now_ms() + HAND_OVER_MS
            while (now_ms := self._clock.now_ms()) < give_up_ms:
                if self._relief.has_begun():
                    return
                drain.run_until(now_ms + LOOK_MS)
        except StoreUnavailable:
            return  # nobody can be called, and others deliver without being called
