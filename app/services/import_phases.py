"""The steps of an import job; ``app.domain.import_job`` says why they may be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from app.domain.budget import BudgetExceeded, limited
from app.domain.ical.imported import ImportedEntry, ReadCalendar
from app.domain.ical.importing import read_entries
from app.domain.import_job import CHECKING, ENDING, WRITING, ImportJob
from app.domain.imports import MADE, MAX_VEVENTS, REFUSED, ImportLine, Known
from app.errors import Conflict, InvalidInput
from app.planning.limits import IMPORTING_JOB, IMPORTING_STEP
from app.services.import_steps import ImportRun, Load, UidPlan, uid_name
from app.services.imports import BUSY, ImportService, by_uid, going_on
from app.services.jobs import ABANDONED_AFTER_MS, end_of_token
from app.services.tokens import TokenService
from app.store.import_jobs import ImportJobStore

STEP = 200
"""Entries of one step, or a few more: those of one UID stay together."""

TOO_COSTLY = "the file takes too many steps to compute; send it in parts"
NO_FILE = "its file is not kept any more; send it again"


@dataclass(slots=True)
class _Progress:
    """What one step has done."""

    job: ImportJob
    place: str = ""
    lines: list[ImportLine] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class ImportPhases:
    """Does the next step of a job. Every call raises ``StoreUnavailable``."""

    jobs: ImportJobStore
    imports: ImportService
    tokens: TokenService
    worker: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    _read: tuple[bytes, ReadCalendar] | None = None
    """The file that was read last: the next step goes on with it."""

    def step(
        self, job_id: bytes, now_ms: int, load: Load
    ) -> tuple[ImportJob, bool, list[ImportLine]] | None:
        """Do the next step; returns the job after it, whether another follows, and its lines.

        ``None``: there is nothing to do, or another worker has done it.
        """
        stamped = self.jobs.get_many([job_id])[0]
        if stamped is None or not stamped.job.is_running:
            return None
        done = _Progress(stamped.job)
        try:
            self._go_on(done, now_ms, load)
        except Conflict:
            return None  # another worker has taken it over
        except BudgetExceeded:
            done.job = done.job.ended("stopped", now_ms, TOO_COSTLY)
        job = replace(done.job, updated_ms=now_ms)
        self.jobs.note_seen(job_id, done.seen)
        if done.lines:
            self.jobs.put_lines(job_id, done.place, done.lines)
        if self.jobs.save(job, stamped.stamp, now_ms + ABANDONED_AFTER_MS) is None:
            return None
        if not job.is_running:
            self.clean_up(job)
        return job, job.is_running, done.lines

    def clean_up(self, job: ImportJob) -> None:
        """Let go what only a running job needs."""
        self._read = None
        self.jobs.drop_file(job.id)
        source = self.imports.source_of(job.request, job.access)
        self.imports.sources.release(source, job.id)

    def _run(self, job: ImportJob, load: Load) -> ImportRun:
        run = self.imports.run_of(job.id, job.request, job.access, load, job.total)
        run.worker = self.worker
        return run

    def _go_on(self, done: _Progress, now_ms: int, load: Load) -> None:
        job = done.job
        # Half of a file that all of it or nothing was wanted of is written to its end.
        if not job.is_being_written_whole and (reason := end_of_token(job, self.tokens)):
            done.job = job.ended("stopped", now_ms, reason)
            return
        run = self._run(job, load)
        if not job.request.dry_run and not self.imports.sources.hold(
            run.source, run.by, run.worker
        ):
            done.job = job.ended("stopped", now_ms, BUSY)
            return
        try:
            calendar = self._calendar(job)
        except InvalidInput as error:
            done.job = job.ended("refused", now_ms, error.message)
            return
        if calendar is None:
            done.job = job.ended("stopped", now_ms, NO_FILE)
        elif job.phase == ENDING:
            self._end_some(done, calendar, run)
        else:
            self._take_some(done, calendar, run)

    def _calendar(self, job: ImportJob) -> ReadCalendar | None:
        if self._read is None or self._read[0] != job.id:
            data, asked = self.jobs.file(job.id), job.request
            if data is None:
                return None
            calendar = read_entries(
                data,
                asked.timezone,
                now_ms=job.created_ms,
                webhook=asked.webhook,
                tags=asked.tags,
                most=MAX_VEVENTS,
            )
            self._read = (job.id, calendar)
        return self._read[1]

    def _take_some(self, done: _Progress, calendar: ReadCalendar, run: ImportRun) -> None:
        job = done.job
        plans: list[UidPlan] = []
        left = min(IMPORTING_JOB - job.spent, IMPORTING_JOB)
        with limited(max(left, 0)) as budget:
            given = budget.left
            groups, entries = _some(calendar.entries(job.position), lambda: given - budget.left)
            if groups:
                plans = self.imports.planner.plan(groups, run)
            spent = given - budget.left
        done.place = f"0:{job.position:08}"
        done.seen = [uid_name(one[0].uid) for one in groups]
        if job.phase == WRITING:
            done.lines = self.imports.writer.write(plans, run)
        else:
            done.lines = [_unwritten(line) for plan in plans for line in plan.lines]
        job = job.counted(done.lines, entries, spent)
        if job.request.atomic and job.reason is None and job.refused:
            job = replace(job, reason=_reason(done.lines))
        if job.phase == CHECKING and not job.request.dry_run:
            # The rest is not true yet: it is noted once it is written.
            done.lines = [line for line in done.lines if line.outcome == REFUSED]
        done.job = job if entries else self._after_all(job, run)

    def _after_all(self, job: ImportJob, run: ImportRun) -> ImportJob:
        """All entries are done: what follows."""
        request = job.request
        if job.phase == CHECKING and request.atomic and not job.refused and run.is_named:
            left, everything = self._left(job, run)
            ending, known = going_on(left), going_on(everything)
            if not request.allows(ending, known, is_empty=not job.total):
                return job.refused_whole(run.now_ms, self.imports.too_many(ending, known))
        if job.phase == CHECKING and request.atomic and job.refused:
            return job.refused_whole(run.now_ms, job.reason)
        if job.phase == CHECKING and not request.dry_run:
            return job.in_phase(WRITING)
        return job.in_phase(ENDING) if run.is_named else job.ended("completed", run.now_ms)

    def _left(self, job: ImportJob, run: ImportRun) -> tuple[list[Known], list[Known]]:
        """What is in the source and not in the file, and all that is in the source."""
        everything = list(self.imports.sources.everything(run.source))
        seen = self.jobs.have_seen(job.id, [one.name for one in everything])
        left = [one for one, is_in in zip(everything, seen, strict=True) if not is_in]
        return left, everything

    def _end_some(self, done: _Progress, calendar: ReadCalendar, run: ImportRun) -> None:
        job = done.job
        left, everything = self._left(job, run)
        if job.may_end is None:
            ending, known = going_on(left), going_on(everything)
            may_end = job.request.allows(ending, known, is_empty=not calendar.count)
            job = replace(job, may_end=may_end)
            if not may_end:
                job = replace(job, reason=self.imports.too_many(ending, known))
        some = [one for one in left if one.name.hex() > job.mark][:STEP]
        plans = self.imports.planner.plan_left(some, run)
        if not job.may_end:
            plans = [self.imports.kept(one, Conflict(job.reason)) for one in plans]
        done.place = f"1:{job.mark}"
        if job.request.dry_run or not job.may_end:
            done.lines = [line for plan in plans for line in plan.lines]
        else:
            done.lines = self.imports.writer.write(plans, run)
        job = job.counted(done.lines, 0, 0)
        if some:
            done.job = replace(job, mark=some[-1].name.hex())
        else:
            done.job = job.ended("completed", run.now_ms, job.reason)


def _some(
    entries: Iterator[ImportedEntry], spent: Callable[[], int]
) -> tuple[list[list[ImportedEntry]], int]:
    """The entries of one step, those of each UID together, and how many they are."""
    groups: list[list[ImportedEntry]] = []
    count = 0
    for group in by_uid(entries):
        groups.append(list(group))
        count += len(groups[-1])
        if count >= STEP or spent() > IMPORTING_STEP:
            break
    return groups, count


def _unwritten(line: ImportLine) -> ImportLine:
    """What is answered of a line that only says what would be: nothing has the new id."""
    return replace(line, event_id=None) if line.outcome == MADE else line


def _reason(lines: list[ImportLine]) -> str:
    (first,) = islice((one for one in lines if one.outcome == REFUSED), 1)
    return f"line {first.line}: {first.reason}"
