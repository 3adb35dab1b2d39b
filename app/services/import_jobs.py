"""Imports in the background: create, read, list, cancel, and go on with them.

A job acts with the access of its creator at every step, and ends with the token that asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access, Credential
from app.domain.ical.imported import ReadCalendar
from app.domain.import_job import CHECKING, WRITING, ImportJob
from app.domain.imports import ImportLine, ImportRequest
from app.errors import Conflict, QhronosError
from app.services.import_audit import ImportAudit
from app.services.import_phases import ImportPhases
from app.services.import_steps import Load
from app.services.imports import BUSY, ImportService, require_entries
from app.services.jobs import JobFrame
from app.services.queries import Page
from app.store.import_jobs import ImportJobStore

MAX_RUNNING = 5
"""How many jobs of one ``sub`` and scope may run at once."""

SLICE_MS = 1_000
"""How long one run works on jobs before other upkeep jobs have their turn."""

WHOLE = "All of the file or nothing was asked for, and it is being written; wait for its end."


@dataclass(frozen=True, slots=True)
class ImportJobService:
    """The use cases around import jobs."""

    jobs: ImportJobStore
    phases: ImportPhases
    imports: ImportService
    audit: ImportAudit
    frame: JobFrame[ImportJob]
    clock: Clock
    retention_ms: int
    new_ids: ids.EventIds = field(default_factory=ids.EventIds)

    def create(
        self,
        data: bytes,
        calendar: ReadCalendar,
        request: ImportRequest,
        access: Access,
        credential: Credential | None,
    ) -> ImportJob:
        """Create a job for a file.

        Raises ``Conflict`` if too many run, or while its source is being imported, and
        ``InvalidInput`` for a file without entries.
        """
        require_entries(calendar, request)
        if self.jobs.running(access) >= MAX_RUNNING:
            raise Conflict(f"{MAX_RUNNING} imports are running; wait for one of them to end.")
        now_ms = self.clock.now_ms()
        job_id = self.new_ids.make(self.clock.now_us(), 0)
        source = self.imports.source_of(request, access)
        phase = CHECKING if request.atomic or request.dry_run else WRITING
        job = ImportJob(job_id, request, access, credential, now_ms, now_ms, phase, calendar.count)
        if not request.dry_run and not self.imports.sources.hold(source, job_id):
            raise Conflict(BUSY)
        try:
            self.jobs.keep_file(job_id, data)
            self.jobs.save(job, b"", now_ms)
        except QhronosError:
            self.imports.sources.release(source, job_id)
            raise
        self.frame.enqueue(job_id)
        return job

    def get(self, job_id: str, access: Access) -> ImportJob:
        """Read a job; raises ``NotFound``."""
        return self.frame.visible(job_id, access).job

    def list(self, access: Access, limit: int, cursor: str | None) -> Page[ImportJob]:
        """List jobs, newest first; raises ``InvalidInput`` for a foreign cursor."""
        return self.frame.page(access, limit, cursor, f"{access.subject!r} ")

    def lines(
        self, job_id: str, access: Access, outcome: str | None, limit: int, cursor: str | None
    ) -> Page[ImportLine]:
        """List what became of the entries, in the order of the file; raises ``NotFound``."""
        job = self.frame.visible(job_id, access).job
        context = f"import {job_id} {outcome}"
        entry = self.frame.cursors.decode(cursor, context)
        begin = 0 if entry is None else entry[0]
        lines = self.jobs.lines(job.id)
        if outcome is not None:
            lines = [one for one in lines if one.outcome == outcome]
        end = begin + limit
        following = (
            self.frame.cursors.encode((end, bytes(16)), context) if end < len(lines) else None
        )
        return Page(tuple(lines[begin:end]), len(lines), following)

    def cancel(self, job_id: str, access: Access) -> ImportJob:
        """End a job; what it has written stays. Raises ``NotFound``, and ``Conflict``."""
        cancelled = self.frame.cancel(job_id, access, _not_whole)
        self.phases.clean_up(cancelled)
        return cancelled

    def call_for_waiting(self) -> bool:
        """Have jobs continued that wait for their turn; raises ``StoreUnavailable``.

        Returns whether any job runs.
        """
        return self.frame.call_for_waiting()

    def continue_waiting(self, load: Load) -> int:
        """Work on jobs for a bounded time; returns how many steps were made.

        These are jobs that are new, whose last worker had no more time, or has died.
        """
        return self.frame.continue_waiting(
            lambda job_id, end_ms: self._work(job_id, load, end_ms), SLICE_MS
        )

    def forget_old(self, now_ms: int) -> int:
        """Delete the jobs that ended longer ago than the retention; returns how many."""
        return self.frame.forget_old(now_ms - self.retention_ms)

    def _work(self, job_id: bytes, load: Load, end_ms: int) -> int:
        steps = 0
        while True:
            done = self.phases.step(job_id, self.clock.now_ms(), load)
            if done is None:
                return steps
            steps += 1
            job, has_more, lines = done
            self._record(job, lines)
            if not has_more:
                return steps
            if self.clock.now_ms() >= end_ms:
                self.jobs.look_again(job_id, end_ms)
                self.frame.enqueue(job_id)
                return steps

    def _record(self, job: ImportJob, lines: Sequence[ImportLine]) -> None:
        if not job.request.dry_run and job.phase != CHECKING:
            self.audit.record_job(job, lines)


def _not_whole(job: ImportJob) -> ImportJob:
    """Raise ``Conflict`` for a job that has to come to its end."""
    if job.is_running and job.is_being_written_whole:
        raise Conflict(WHOLE)
    return job
