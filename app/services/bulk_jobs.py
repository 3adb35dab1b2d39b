"""Bulk by filter: one action on many events, by a job in the background.

Every call is made in the name of an ``Access``. A job acts with the access of its creator at every
step, and ends with its token. Only tokens of the same scope see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.domain import ids
from app.domain.access import Access, Credential
from app.domain.bulk_job import BulkJob, BulkRequest
from app.domain.event import Event
from app.domain.once import Repetition
from app.errors import Forbidden
from app.services.bulk_steps import BulkSteps, query_of
from app.services.jobs import JobFrame
from app.services.queries import Page
from app.store.indexes import Total

SLICE_MS = 2_000
"""How long one run works on jobs before other upkeep jobs have their turn."""

SAMPLE = 10
"""How many events a dry run names."""

SAMPLE_PARTS = 5
"""How many parts of the list are read for them."""


class BulkCount(NamedTuple):
    """How many events a job would be about, and some of them."""

    total: Total
    sample: list[Event]


@dataclass(frozen=True, slots=True)
class BulkService:
    """The use cases around bulk jobs."""

    steps: BulkSteps
    frame: JobFrame[BulkJob]
    retention_ms: int
    new_ids: ids.EventIds = field(default_factory=ids.EventIds)

    def count(self, request: BulkRequest, access: Access) -> BulkCount:
        """Count what a job would be about, and name the newest.

        Raises what ``create`` does of a request that can't be.
        """
        now_ms = self.frame.clock.now_ms()
        _check(request, access, now_ms)
        query = query_of(request, now_ms)
        lists, sample, position = self.steps.events.lists, list[Event](), None
        for _ in range(SAMPLE_PARTS):
            found, position = lists.part(query, access, position)
            sample += [one for one in found if access.may_change(one.tags)]
            if position is None or len(sample) >= SAMPLE:
                break
        return BulkCount(lists.count(query, access, changeable=True), sample[:SAMPLE])

    def create(
        self,
        request: BulkRequest,
        access: Access,
        credential: Credential | None = None,
        repetition: Repetition | None = None,
        delay_ms: int = 0,
    ) -> BulkJob:
        """Create a job; raises ``Conflict`` if too many run, and ``Forbidden`` for its tags.

        Raises ``InvalidInput`` for a pause that would be over. With a ``repetition`` it is the same
        job each time. With a delay it begins so much later, and whoever cancels it until then has
        changed nothing.
        """
        job_id, made = self.frame.named(self.new_ids, repetition)
        if made is not None:
            return made
        now_ms = self.frame.clock.now_ms()
        _check(request, access, now_ms)
        self.frame.make_room(access)
        query = query_of(request, now_ms)
        total = self.steps.events.lists.count(query, access, changeable=True)
        job = BulkJob(
            job_id, request, access, credential, now_ms, now_ms, total.number, total.is_exact
        )
        if delay_ms:
            job = replace(job, begins_ms=now_ms + delay_ms)
        self.frame.jobs.save(job, b"", now_ms + delay_ms)
        if not delay_ms:
            self.frame.enqueue(job_id)
        return job

    def get(self, job_id: str, access: Access) -> BulkJob:
        """Read a job; raises ``NotFound``."""
        return self.frame.visible(job_id, access).job

    def list(self, access: Access, limit: int, cursor: str | None) -> Page[BulkJob]:
        """List jobs, newest first; raises ``InvalidInput`` for a foreign cursor."""
        return self.frame.page(access, limit, cursor)

    def cancel(self, job_id: str, access: Access) -> BulkJob:
        """End a job; what it has changed stays so. Raises ``NotFound``, and ``Conflict``."""
        return self.frame.cancel(job_id, access)

    def call_for_waiting(self) -> bool:
        """Have jobs continued whose time has come; returns whether any job runs."""
        return self.frame.call_for_waiting()

    def continue_waiting(self) -> int:
        """Work on jobs for a bounded time; returns how many steps were made."""
        return self.frame.continue_waiting(self._work, SLICE_MS)

    def forget_old(self, now_ms: int) -> int:
        """Delete the jobs that ended longer ago than the retention; returns how many."""
        return self.frame.forget_old(now_ms - self.retention_ms)

    def _work(self, job_id: bytes, end_ms: int) -> int:
        steps, clock = 0, self.frame.clock
        while True:
            has_more = self.steps.step(job_id, clock.now_ms())
            steps += 1
            if not has_more:
                return steps
            if clock.now_ms() >= end_ms:
                self.frame.jobs.look_again(job_id, end_ms)
                self.frame.enqueue(job_id)
                return steps


def _check(request: BulkRequest, access: Access, now_ms: int) -> None:
    request.pause.require_future(now_ms)
    if request.add and not access.may_change(request.add):
        raise Forbidden("This token may give an event only tags that are in its scope.")
