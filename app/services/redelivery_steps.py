"""The steps of a redelivery job; ``app.domain.redelivery_job`` says why they may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.access import Access
from app.domain.ids import to_text
from app.domain.occurrence import ENDED
from app.domain.redelivery_job import LOOK_MS, RedeliveryJob, RedeliveryRequest
from app.services.jobs import ABANDONED_AFTER_MS, end_of_token, written
from app.services.occurrences import OccurrenceService
from app.services.queries import OccurrenceQuery, TagFilter
from app.services.tokens import TokenService
from app.store import indexes
from app.store.redeliveries import Candidate, RedeliveryJobStore, RedeliveryStore, Round
from app.store.selections import Selection
from app.store.walks import KEEP_COSTS


def may_redeliver(candidate: Candidate, access: Access) -> bool:
    """Whether an occurrence's event exists, and this token may change both."""
    return (
        candidate.event_tags is not None
        and access.may_change(candidate.tags)
        and access.may_change(candidate.event_tags)
    )


@dataclass(frozen=True, slots=True)
class RedeliverySteps:
    """Finds the occurrences that a job means, redelivers them and counts the outcomes."""

    store: RedeliveryStore
    jobs: RedeliveryJobStore
    occurrences: OccurrenceService
    lists: indexes.IndexReader
    tokens: TokenService
    tell: Callable[[Sequence[bytes]], object]
    """Has those hear who listen that these occurrences have another status."""

    def count(self, request: RedeliveryRequest, access: Access, now_ms: int) -> int:
        """How many occurrences a request means, at most what a list counts by walking."""

        def keep(found: Sequence[bytes]) -> list[bool]:
            chosen = self._chosen(found, access, None)
            return [one in chosen for one in found]

        selection = self._selection(request, access, now_ms)
        if selection is None:
            return 0
        counted = replace(selection, keep=keep)
        return self.lists.total(counted, indexes.COUNT_LIMIT * KEEP_COSTS).number

    def step(self, job_id: bytes, now_ms: int) -> tuple[int, bool]:
        """Do the next step of a job.

        Returns how many occurrences were redelivered, and whether the next step can follow at once.
        Nothing counts if another worker has written the job meanwhile.
        """
        stamped = self.jobs.get_many([job_id])[0]
        if stamped is None or not stamped.job.is_running:
            return 0, False
        before = stamped.job
        if reason := end_of_token(before, self.tokens):
            ended = self.counted(before).ended("stopped", now_ms, reason)
            self.jobs.save(written(ended, now_ms), stamped.stamp, now_ms)
            return 0, False
        job = self.counted(self._redeliver(before, now_ms)).settled(now_ms)
        if job.is_running and (room := job.room(now_ms)):
            job = self._plan_next(job, room, now_ms).settled(now_ms)
        has_more = job.is_running and bool(job.planned or job.room(now_ms))
        if job == before:
            # Nothing has changed that would have to be stored.
            self.jobs.look_again(job_id, _look_ms(job, now_ms))
            return 0, False
        look_ms = now_ms + ABANDONED_AFTER_MS if has_more else _look_ms(job, now_ms)
        saved = self.jobs.save(written(job, now_ms), stamped.stamp, look_ms)
        return (0, False) if saved is None else (job.retried - before.retried, has_more)

    def _redeliver(self, job: RedeliveryJob, now_ms: int) -> RedeliveryJob:
        if not job.planned:
            return job
        answers = self.store.redeliver(job.planned, to_text(job.id), now_ms, job.access)
        redelivered = [
            one
            for (one, _), answer in zip(job.planned, answers, strict=True)
            if answer == "retried"
        ]
        self.tell(redelivered)
        return job.redelivered(redelivered)

    def counted(self, job: RedeliveryJob) -> RedeliveryJob:
        """The job with the outcomes that there are by now; nothing is stored."""
        request_id, watched = to_text(job.id), []
        completed = failed = 0
        for one, round_ in zip(job.watched, self.store.rounds(job.watched), strict=True):
            if round_ is None or round_.request != request_id:
                continue  # deleted, or redelivered by another request
            if not job.access.sees(round_.tags):
                continue  # went with its event to tags that are not for who asked
            if _is_under_way(round_):
                watched.append(one)
            elif round_.status == "completed":
                completed += 1
            elif round_.tried > 0:
                failed += 1
            # (Else it has ended unsent, as its event was deleted: no outcome.)
        return job.counted(watched, completed, failed)

    def _plan_next(self, job: RedeliveryJob, room: int, now_ms: int) -> RedeliveryJob:
        selection = self._selection(job.request, job.access, job.created_ms)
        if selection is None:
            return job.plan((), None, now_ms)
        entries, position = self.lists.stretch(
            selection, job.position, room, oldest_first=job.request.oldest_first
        )
        chosen = self._chosen([one for _, one in entries], job.access, job.created_ms)
        found = [one for _, one in entries if one in chosen]
        return job.plan(found, position, now_ms)

    def _chosen(
        self, found: Sequence[bytes], access: Access, before_ms: int | None
    ) -> frozenset[bytes]:
        """Those that a token may redeliver and that ended by ``before_ms``, UTC."""
        return frozenset(
            one.id
            for one in self.store.candidates(found)
            if may_redeliver(one, access)
            and one.ended_ms is not None
            and (before_ms is None or one.ended_ms <= before_ms)
        )

    def _selection(
        self, request: RedeliveryRequest, access: Access, due_by_ms: int
    ) -> Selection | None:
        """What a request means, of what was scheduled by ``due_by_ms``, UTC.

        A calendar may have recorded as skipped what is still to come.
        """
        chosen = request.filter
        query = OccurrenceQuery(
            tags=TagFilter(chosen.tags, chosen.match_all),
            event_id=chosen.event_id,
            status=chosen.status,
            from_ms=chosen.from_ms,
            to_ms=due_by_ms if chosen.to_ms is None else min(chosen.to_ms, due_by_ms),
        )
        return self.occurrences.selection(query, access)


def _look_ms(job: RedeliveryJob, now_ms: int) -> int:
    """When to look at a job again; at its token, soon."""
    look_ms = job.look_ms(now_ms)
    return look_ms if job.credential is None else min(look_ms, now_ms + LOOK_MS)


def _is_under_way(round_: Round) -> bool:
    """Whether the first new attempt has not ended."""
    return round_.status not in ENDED and round_.tried <= 0
