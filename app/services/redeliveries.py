"""Dead letters: one occurrence attempted again, or many by a job that goes on in the background.

Every call is made in the name of an ``Access``. A job acts with that of its creator at every step,
and is there only for tokens of the same scope.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.occurrence import ENDED, Occurrence, OccurrenceStatus
from app.domain.redelivery_job import RedeliveryJob, RedeliveryRequest
from app.errors import Conflict, Forbidden, NotFound, QhronosError, StoreUnavailable
from app.services.cursors import Cursors
from app.services.occurrences import OccurrenceService
from app.services.queries import Page
from app.services.queues import RedeliveryQueue
from app.services.redelivery_steps import RedeliverySteps, may_redeliver
from app.services.scoping import scope_word
from app.store import indexes, keys
from app.store.indexes import Selection
from app.store.redeliveries import RedeliveryJobStore, RedeliveryStore, Stamped, scope_of

log = logging.getLogger(__name__)

MAX_RUNNING = 20
"""How many jobs of one scope may run at once."""

SLICE_MS = 2_000
"""How long one run works on jobs before it lets other upkeep have its turn."""

BATCH = 256
_FORBIDDEN = "This token may not change an occurrence that has tags out of its scope."
_OPEN = "The occurrence has not ended yet; it is attempted anyway."
_COMPLETED = "The occurrence is completed; trigger its event to deliver once more."
_GONE = "The occurrence's event was deleted; there is nothing left to deliver."
_REFUSALS = {"completed": _COMPLETED, "open": _OPEN, "gone": _GONE}


class RedeliveryService:
    """The use cases around dead letters."""

    def __init__(
        self,
        store: RedeliveryStore,
        jobs: RedeliveryJobStore,
        steps: RedeliverySteps,
        occurrences: OccurrenceService,
        job_lists: indexes.IndexReader,
        cursors: Cursors,
        queue: RedeliveryQueue,
        trigger: Callable[[str, Access], Occurrence],
        clock: Clock,
        retention_ms: int,
    ) -> None:
        """``job_lists`` reads lists that have no partitions."""
        self._store = store
        self._jobs = jobs
        self._steps = steps
        self._occurrences = occurrences
        self._job_lists = job_lists
        self._cursors = cursors
        self._queue = queue
        self._trigger = trigger
        self._clock = clock
        self._retention_ms = retention_ms
        self._ids = ids.EventIds()

    def redeliver(self, occurrence_id: str, access: Access, *, fresh: bool) -> Occurrence:
        """Attempt an ended occurrence again; ``fresh`` adds one of now in its place.

        Returns the one to be attempted. Raises ``NotFound``, ``Forbidden`` and ``Conflict``.
        """
        occurrence = self._occurrences.get(occurrence_id, access)
        if not access.may_change(occurrence.tags):
            raise Forbidden(_FORBIDDEN)
        if occurrence.status not in ENDED:
            raise Conflict(_OPEN)
        if occurrence.status is OccurrenceStatus.COMPLETED:
            raise Conflict(_COMPLETED)
        found = self._store.candidates([occurrence.id])
        # An event that is out of scope by now might as well not exist.
        event_tags = found[0].event_tags if found else None
        if event_tags is None or not access.sees(event_tags):
            raise Conflict(_GONE)
        if not may_redeliver(found[0], access):
            raise Forbidden(_FORBIDDEN)
        if fresh:
            return self._trigger(ids.to_text(occurrence.event_id), access)
        now_ms = self._clock.now_ms()
        request = secrets.token_hex(8)
        (answer,) = self._store.redeliver([(occurrence.id, now_ms)], request, now_ms, access)
        if answer in _REFUSALS:
            raise Conflict(_REFUSALS[answer])
        return self._occurrences.get(occurrence_id, access)

    def count(self, wish: RedeliveryRequest, access: Access) -> int:
        """How many occurrences a job would retry; from some number on a lower bound."""
        return self._steps.count(wish, access)

    def create(self, wish: RedeliveryRequest, access: Access) -> RedeliveryJob:
        """Begin a job; raises ``Conflict`` if too many run."""
        if self._jobs.running(access) >= MAX_RUNNING:
            raise Conflict(
                f"{MAX_RUNNING} retries are running; wait for one of them, or cancel it."
            )
        total = self._steps.count(wish, access)
        now_ms = self._clock.now_ms()
        job_id = self._ids.make(self._clock.now_us(), 0)
        job = RedeliveryJob(job_id, wish, access, now_ms, now_ms, total)
        self._jobs.save(job, b"", now_ms)
        self._call_for(job_id)
        return job

    def get(self, job_id: str, access: Access) -> RedeliveryJob:
        """Read a job; raises ``NotFound``."""
        return self._visible(job_id, access).job

    def list(self, access: Access, limit: int, cursor: str | None) -> Page[RedeliveryJob]:
        """List jobs, newest first; raises ``InvalidInput`` for a foreign cursor."""
        key = keys.REDELIVERIES if access.is_admin else keys.redeliveries_of(scope_of(access))
        selection = Selection(any_of=(lambda _partition: key,))
        context = f"retries {scope_word(access)}"
        found, following = self._cursors.slice(self._job_lists, selection, cursor, context, limit)
        jobs = tuple(one.job for one in self._jobs.get_many(found) if one is not None)
        return Page(jobs, self._job_lists.count(selection), following)

    def cancel(self, job_id: str, access: Access) -> RedeliveryJob:
        """End a job; what it has handed on goes its way.

        Raises ``NotFound``, and ``Conflict`` if it has ended otherwise.
        """
        while True:
            stamped = self._visible(job_id, access)
            job, now_ms = stamped.job, self._clock.now_ms()
            if job.status == "cancelled":
                return job
            if not job.is_running:
                raise Conflict(f"The retry has ended: it is {job.status}.")
            cancelled = replace(job.ended("cancelled", now_ms), updated_ms=now_ms)
            if self._jobs.save(cancelled, stamped.stamp, now_ms) is not None:
                return cancelled

    def work(self, job_id: str) -> int:
        """Go on with a job for a bounded time; returns how many were handed on.

        What is left is called for again.
        """
        raw = ids.from_text(job_id, version=7)
        return 0 if raw is None else self._work(raw, self._clock.now_ms() + SLICE_MS)

    def continue_waiting(self) -> int:
        """Go on with jobs that wait for something or lost their worker; returns how many moved."""
        handed_on, now_ms = 0, self._clock.now_ms()
        end_ms = now_ms + SLICE_MS
        for job_id in self._jobs.waiting(now_ms, BATCH):
            try:
                handed_on += self._work(job_id, end_ms)
            except StoreUnavailable:
                raise
            except QhronosError:
                # One job that can't go on must not hold up the others.
                log.exception("a retry does not go on", extra={"retry": ids.to_text(job_id)})
            if self._clock.now_ms() >= end_ms:
                break
        return handed_on

    def forget_old(self, now_ms: int) -> int:
        """Forget jobs that ended before retention begins; returns how many."""
        return self._jobs.forget_ended(now_ms - self._retention_ms, BATCH)

    def _work(self, job_id: bytes, end_ms: int) -> int:
        handed_on = 0
        while True:
            count, has_more = self._steps.step(job_id, self._clock.now_ms())
            handed_on += count
            if not has_more:
                return handed_on
            if self._clock.now_ms() >= end_ms:
                self._call_for(job_id)
                return handed_on

    def _visible(self, job_id: str, access: Access) -> Stamped:
        raw = ids.from_text(job_id, version=7)
        stamped = self._jobs.get_many([raw])[0] if raw else None
        if stamped is None or not (
            access.is_admin or scope_of(access) == scope_of(stamped.job.access)
        ):
            raise NotFound("No retry has this id.")
        return stamped

    def _call_for(self, job_id: bytes) -> None:
        try:
            self._queue.enqueue_redelivery(ids.to_text(job_id))
        except StoreUnavailable:
            log.warning("RQ is away; upkeep goes on with retry %s", ids.to_text(job_id))
