"""Redeliveries: attempt one dead letter again, or many by a job in the background.

Every call is made in the name of an ``Access``. A job acts with the access of its creator at every
step. Only tokens of the same scope see it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access, Credential
from app.domain.occurrence import ENDED, Occurrence, OccurrenceStatus
from app.domain.once import Repetition
from app.domain.redelivery_job import RedeliveryJob, RedeliveryRequest
from app.errors import Conflict, Forbidden, StoreUnavailable
from app.services.jobs import JobFrame, end_of_token, written
from app.services.occurrences import OccurrenceService
from app.services.queries import Page
from app.services.redelivery_steps import RedeliverySteps, may_redeliver
from app.store.redeliveries import RedeliveryStore

log = logging.getLogger(__name__)

SLICE_MS = 2_000
"""How long one run works on jobs before other upkeep jobs have their turn."""

_FORBIDDEN = "This token may not change an occurrence that has tags out of its scope."
_OPEN = "The occurrence has not ended yet; it is attempted anyway."
_COMPLETED = "The occurrence is completed; trigger its event to deliver once more."
_GONE = "The occurrence's event was deleted; there is nothing left to deliver."
_EARLY = "The occurrence's time has not come yet; trigger its event to deliver now."
_REFUSALS = {"completed": _COMPLETED, "open": _OPEN, "early": _EARLY, "gone": _GONE}


@dataclass(frozen=True, slots=True)
class RedeliveryService:
    """The use cases around dead letters."""

    store: RedeliveryStore
    frame: JobFrame[RedeliveryJob]
    steps: RedeliverySteps
    occurrences: OccurrenceService
    trigger: Callable[[str, Access, int | None, int | None], Occurrence]
    clock: Clock
    retention_ms: int
    new_ids: ids.EventIds = field(default_factory=ids.EventIds)

    def redeliver(
        self, occurrence_id: str, access: Access, *, fresh: bool, at_ms: int | None = None
    ) -> Occurrence:
        """Attempt an ended occurrence again; ``fresh`` adds one of now in its place.

        ``at_ms``: when a request that is repeated was first made, UTC; what it adds is of then.
        Returns the one to be attempted. Raises ``NotFound``, ``Forbidden`` and ``Conflict``.
        """
        occurrence = self.occurrences.get(occurrence_id, access)
        if not access.may_change(occurrence.tags):
            raise Forbidden(_FORBIDDEN)
        if occurrence.status not in ENDED:
            raise Conflict(_OPEN)
        if occurrence.status is OccurrenceStatus.COMPLETED:
            raise Conflict(_COMPLETED)
        now_ms = self.clock.now_ms()
        if occurrence.scheduled_ms > now_ms:
            raise Conflict(_EARLY)
        found = self.store.candidates([occurrence.id])
        # An event that is out of scope by now might as well not exist.
        event_tags = found[0].event_tags if found else None
        if event_tags is None or not access.sees(event_tags):
            raise Conflict(_GONE)
        if not may_redeliver(found[0], access):
            raise Forbidden(_FORBIDDEN)
        if fresh:
            return self.trigger(ids.to_text(occurrence.event_id), access, None, at_ms)
        request_id = secrets.token_hex(8)
        (answer,) = self.store.redeliver([(occurrence.id, now_ms)], request_id, now_ms, access)
        if answer in _REFUSALS:
            raise Conflict(_REFUSALS[answer])
        self.steps.tell([occurrence.id])
        return self.occurrences.get(occurrence_id, access)

    def count(self, request: RedeliveryRequest, access: Access) -> int:
        """How many occurrences a job would redeliver; a lower bound if there are very many."""
        return self.steps.count(request, access, self.clock.now_ms())

    def create(
        self,
        request: RedeliveryRequest,
        access: Access,
        credential: Credential | None = None,
        repetition: Repetition | None = None,
    ) -> RedeliveryJob:
        """Create a job, which ends with its token; raises ``Conflict`` if too many run.

        With a ``repetition`` it is the same job each time.
        """
        job_id, made = self.frame.named(self.new_ids, repetition)
        if made is not None:
            return made
        self.frame.make_room(access)
        now_ms = self.clock.now_ms()
        total = self.steps.count(request, access, now_ms)
        job = RedeliveryJob(job_id, request, access, now_ms, now_ms, total, credential=credential)
        self.frame.jobs.save(job, b"", now_ms)
        self._enqueue(job_id)
        return job

    def get(self, job_id: str, access: Access) -> RedeliveryJob:
        """Read a job with the outcomes that there are by now; raises ``NotFound``."""
        stamped = self.frame.visible(job_id, access)
        now_ms, job = self.clock.now_ms(), self.steps.counted(stamped.job)
        if not job.is_running:
            return job
        if reason := end_of_token(job, self.steps.tokens):
            settled = job.ended("stopped", now_ms, reason)
        elif job.planned:
            return job
        else:
            settled = job.settled(now_ms)
        if settled.is_running:
            return job
        # It has ended; whoever reads it first notes when.
        settled = written(settled, now_ms)
        saved = self.frame.jobs.save(settled, stamped.stamp, now_ms)
        return self.frame.visible(job_id, access).job if saved is None else settled

    def list(self, access: Access, limit: int, cursor: str | None) -> Page[RedeliveryJob]:
        """List jobs, newest first; raises ``InvalidInput`` for a foreign cursor."""
        return self.frame.page(access, limit, cursor)

    def cancel(self, job_id: str, access: Access) -> RedeliveryJob:
        """End a job; the occurrences that it has redelivered are attempted all the same.

        Raises ``NotFound``, and ``Conflict`` if it has ended otherwise.
        """
        return self.frame.cancel(job_id, access, self.steps.counted)

    def work(self, job_id: str) -> int:
        """Work on a job for a bounded time; returns how many occurrences were redelivered.

        Another run is enqueued for the rest.
        """
        raw = ids.from_text(job_id, version=7)
        return 0 if raw is None else self._work(raw, self.clock.now_ms() + SLICE_MS)

    def call_for_waiting(self) -> bool:
        """Have jobs continued whose time has come; raises ``StoreUnavailable``.

        Returns whether any job runs.
        """
        return self.frame.call_for_waiting()

    def continue_waiting(self) -> int:
        """Work on jobs that wait or have lost their worker; returns how many were redelivered."""
        return self.frame.continue_waiting(self._work, SLICE_MS)

    def forget_old(self, now_ms: int) -> int:
        """Delete the jobs that ended longer ago than the retention; returns how many."""
        return self.frame.forget_old(now_ms - self.retention_ms)

    def _work(self, job_id: bytes, end_ms: int) -> int:
        redelivered = 0
        while True:
            count, has_more = self.steps.step(job_id, self.clock.now_ms())
            redelivered += count
            if not has_more:
                return redelivered
            if self.clock.now_ms() >= end_ms:
                self._enqueue(job_id)
                return redelivered

    def _enqueue(self, job_id: bytes) -> None:
        try:
            self.frame.queue.enqueue_redelivery(ids.to_text(job_id))
        except StoreUnavailable:
            log.warning(
                "RQ is unavailable; upkeep continues redelivery job %s", ids.to_text(job_id)
            )
