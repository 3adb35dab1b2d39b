"""The steps of a retry job; see ``app.domain.redelivery_job`` for why they may repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.access import Access
from app.domain.ids import to_text
from app.domain.occurrence import ENDED
from app.domain.redelivery_job import RedeliveryJob, RedeliveryRequest
from app.services.occurrences import OccurrenceService
from app.services.queries import OccurrenceQuery, TagFilter
from app.store import indexes
from app.store.indexes import Selection
from app.store.redeliveries import Candidate, RedeliveryJobStore, RedeliveryStore, Round

GO_ON_MS = 5_000
"""A job that has work left is somebody's; after so long it counts as abandoned."""

LOOK_MS = 1_000
"""How soon to look again at one that waits for outcomes or for its pace."""


def may_redeliver(candidate: Candidate, access: Access) -> bool:
    """Whether an occurrence still has its event, and this token may change both."""
    return (
        candidate.event_tags is not None
        and access.may_change(candidate.tags)
        and access.may_change(candidate.event_tags)
    )


class RedeliverySteps:
    """Finds what a job is to retry, hands it on and looks at what becomes of it."""

    def __init__(
        self,
        store: RedeliveryStore,
        jobs: RedeliveryJobStore,
        occurrences: OccurrenceService,
        lists: indexes.IndexReader,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._occurrences = occurrences
        self._lists = lists

    def count(self, wish: RedeliveryRequest, access: Access) -> int:
        """How many occurrences a wish means, at most what a list counts by walking."""

        def keep(found: Sequence[bytes]) -> list[bool]:
            chosen = self._chosen(found, access, None)
            return [one in chosen for one in found]

        selection = self._selection(wish, access)
        return 0 if selection is None else self._lists.count(replace(selection, keep=keep))

    def step(self, job_id: bytes, now_ms: int) -> tuple[int, bool]:
        """Take a job one step further.

        Returns how many occurrences were handed on, and whether the next step can follow at once.
        Nothing counts if somebody else has written the job meanwhile.
        """
        stamped = self._jobs.get_many([job_id])[0]
        if stamped is None or not stamped.job.is_running:
            return 0, False
        before = stamped.job
        job = self._judge(self._hand_on(before, now_ms)).settled(now_ms)
        if job.is_running and (room := job.room(now_ms)):
            job = self._plan(job, room, now_ms).settled(now_ms)
        has_more = job.is_running and bool(job.planned or job.room(now_ms))
        if job == before:
            # Nothing has happened that others would want to know.
            self._jobs.look_again(job_id, now_ms + LOOK_MS)
            return 0, False
        look_ms = now_ms + (GO_ON_MS if has_more else LOOK_MS)
        saved = self._jobs.save(replace(job, updated_ms=now_ms), stamped.stamp, look_ms)
        return (0, False) if saved is None else (job.retried - before.retried, has_more)

    def _hand_on(self, job: RedeliveryJob, now_ms: int) -> RedeliveryJob:
        if not job.planned:
            return job
        answers = self._store.redeliver(job.planned, to_text(job.id), now_ms, job.access)
        return job.handed_on(
            [
                one
                for (one, _), answer in zip(job.planned, answers, strict=True)
                if answer == "retried"
            ]
        )

    def _judge(self, job: RedeliveryJob) -> RedeliveryJob:
        request, watched = to_text(job.id), []
        completed = failed = 0
        for one, round_ in zip(job.watched, self._store.rounds(job.watched), strict=True):
            if round_ is None or round_.request != request:
                continue  # forgotten, or somebody has asked for it again
            if _is_under_way(round_):
                watched.append(one)
            elif round_.status == "completed":
                completed += 1
            else:
                failed += 1
        return job.judged(watched, completed, failed)

    def _plan(self, job: RedeliveryJob, room: int, now_ms: int) -> RedeliveryJob:
        selection = self._selection(job.wish, job.access)
        if selection is None:
            return job.plan((), None, now_ms)
        entries, position = self._lists.stretch(
            selection, job.position, room, oldest_first=job.wish.oldest_first
        )
        chosen = self._chosen([one for _, one in entries], job.access, job.created_ms)
        found = [one for _, one in entries if one in chosen]
        return job.plan(found, position, now_ms)

    def _chosen(
        self, found: Sequence[bytes], access: Access, before_ms: int | None
    ) -> frozenset[bytes]:
        """Those that a token may have attempted again and that ended by a moment."""
        return frozenset(
            one.id
            for one in self._store.candidates(found)
            if may_redeliver(one, access)
            and one.ended_ms is not None
            and (before_ms is None or one.ended_ms <= before_ms)
        )

    def _selection(self, wish: RedeliveryRequest, access: Access) -> Selection | None:
        chosen = wish.filter
        query = OccurrenceQuery(
            tags=TagFilter(chosen.tags, chosen.match_all),
            event_id=chosen.event_id,
            status=chosen.status,
            from_ms=chosen.from_ms,
            to_ms=chosen.to_ms,
        )
        selection = self._occurrences.selection(query, access)
        # An event's next occurrence has not ended.
        return None if selection is None else replace(selection, extra=())


def _is_under_way(round_: Round) -> bool:
    """Whether the first new attempt is not over."""
    return round_.status not in ENDED and round_.tried <= 0
