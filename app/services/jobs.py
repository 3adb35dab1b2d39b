"""What all jobs in the background share: reading, listing, cancelling, going on, forgetting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.job import BackgroundJob
from app.domain.once import Repetition
from app.errors import Conflict, NotFound, QhronosError, ShardUnavailable, StoreUnavailable
from app.services.audit import MASTER_NAME, Act
from app.services.cursors import Cursors
from app.services.queries import Page
from app.services.queues import RedeliveryQueue
from app.services.scoping import scope_word
from app.services.tokens import TokenService
from app.store.indexes import IndexReader
from app.store.jobs import AnyJob, JobStore, Stamped
from app.store.selections import Selection

log = logging.getLogger(__name__)

BATCH = 256
"""Jobs in one read of the store."""

MAX_RUNNING = 20
"""How many jobs of one scope may run at once."""

MAX_KEPT = 10_000
"""How many jobs of one scope are kept: one more, and the oldest that has ended is forgotten."""

ABANDONED_AFTER_MS = 5_000
"""If a job that has work left makes no step for so long, its worker has died."""


@dataclass(frozen=True, slots=True)
class JobFrame(Generic[AnyJob]):
    """The use cases around jobs of one kind, which users know by ``word``.

    ``lists`` reads lists that have no partitions. Every call raises ``StoreUnavailable``.
    """

    jobs: JobStore[AnyJob]
    lists: IndexReader
    cursors: Cursors
    queue: RedeliveryQueue
    clock: Clock
    word: str

    def named(
        self, new_ids: ids.EventIds, repetition: Repetition | None
    ) -> tuple[bytes, AnyJob | None]:
        """The id of a new job, and the job if a request that is repeated has made it already."""
        if repetition is None:
            return new_ids.make(self.clock.now_us(), 0), None
        job_id = ids.repeated_event_id(repetition.at_us, 0, 0, 0, repetition.seed)
        (made,) = self.jobs.get_many([job_id])
        return job_id, None if made is None else made.job

    def make_room(self, access: Access) -> None:
        """Raise ``Conflict`` if too many of a scope run; forget the oldest if too many are kept."""
        if self.jobs.running(access) >= MAX_RUNNING:
            raise Conflict(
                f"{MAX_RUNNING} {self._words} are running; wait for one of them, or cancel it."
            )
        self.jobs.forget_surplus(access, MAX_KEPT - 1, BATCH)

    def visible(self, job_id: str, access: Access) -> Stamped[AnyJob]:
        """Read a job; raises ``NotFound``, also for one that others made."""
        raw = ids.from_text(job_id, version=7)
        stamped = self.jobs.get_many([raw])[0] if raw else None
        owner_of = self.jobs.owner_of
        if stamped is None or not (
            access.is_admin or owner_of(access) == owner_of(stamped.job.access)
        ):
            raise NotFound(f"No {self.word} has this id.")
        return stamped

    def page(
        self, access: Access, limit: int, cursor: str | None, context: str = ""
    ) -> Page[AnyJob]:
        """List jobs, newest first; raises ``InvalidInput`` for a foreign cursor."""
        keys = self.jobs.keys
        key = keys.all if access.is_admin else keys.of(self.jobs.owner_of(access))
        selection = Selection(any_of=(lambda _partition: key,))
        context = f"{self._words} {context}{scope_word(access)}"
        found, following = self.cursors.slice(self.lists, selection, cursor, context, limit)
        jobs = tuple(one.job for one in self.jobs.get_many(found) if one is not None)
        return Page(jobs, self.lists.total(selection).number, following)

    def cancel(
        self, job_id: str, access: Access, look: Callable[[AnyJob], AnyJob] = lambda job: job
    ) -> AnyJob:
        """End a job; what it has done stays. ``look`` brings it up to date before, or refuses.

        Raises ``NotFound``, ``Conflict`` if it has ended otherwise, and what ``look`` does.
        """
        while True:
            stamped = self.visible(job_id, access)
            job, now_ms = look(stamped.job), self.clock.now_ms()
            if job.status == "cancelled":
                return job
            if not job.is_running:
                raise Conflict(f"The {self.word} has ended: it is {job.status}.")
            cancelled = written(job.ended("cancelled", now_ms), now_ms)
            if self.jobs.save(cancelled, stamped.stamp, now_ms) is not None:
                return cancelled

    def call_for_waiting(self) -> bool:
        """Have jobs continued whose time has come; returns whether any job runs."""
        first_ms = self.jobs.first_look_ms()
        if first_ms is not None and first_ms <= self.clock.now_ms():
            self.queue.enqueue_waiting_redeliveries()
        return first_ms is not None

    def enqueue(self, job_id: bytes) -> None:
        """Have a job continued at once; if RQ is away, upkeep does that when it looks."""
        try:
            self.queue.enqueue_waiting_redeliveries()
        except StoreUnavailable:
            log.warning("RQ is unavailable; upkeep continues %s %s", self.word, ids.to_text(job_id))

    def continue_waiting(self, work: Callable[[bytes, int], int], slice_ms: int) -> int:
        """Work on jobs that wait, or have lost their worker, for a bounded time.

        ``work`` is given a job's id and when to stop, ms UTC. Returns the sum of its answers.
        """
        done, now_ms = 0, self.clock.now_ms()
        end_ms = now_ms + slice_ms
        for job_id in self.jobs.waiting(now_ms, BATCH):
            try:
                done += work(job_id, end_ms)
            except ShardUnavailable:
                waiting = {"job": ids.to_text(job_id)}
                log.warning("a %s waits for a shard of the store", self.word, extra=waiting)
            except StoreUnavailable:
                raise
            except QhronosError:
                # One job that fails must not delay the others.
                log.exception("a %s has failed", self.word, extra={"job": ids.to_text(job_id)})
            if self.clock.now_ms() >= end_ms:
                break
        return done

    def forget_old(self, before_ms: int) -> int:
        """Delete the jobs that ended before a moment; returns how many."""
        return self.jobs.forget_ended(before_ms, BATCH)

    @property
    def _words(self) -> str:
        return f"{self.word}s"


def end_of_token(job: AnyJob, tokens: TokenService) -> str | None:
    """Why the token of a job is good no more; ``None`` while it is."""
    if job.credential is None:
        return None
    return tokens.end_of(job.credential, job.access.subject)


def written(job: AnyJob, now_ms: int) -> AnyJob:
    """The job, as it is written at a moment."""
    fresh: Any = job  # every kind is a dataclass, which a protocol can't say
    done: AnyJob = replace(fresh, updated_ms=now_ms)
    return done


def act_of(job: BackgroundJob, action: str, after: Any) -> Act:
    """What a job has done, as the audit log has it: in the name of who asked for it."""
    credential = job.credential
    return Act(
        actor=MASTER_NAME if credential is None else job.access.subject,
        token=None if credential is None else credential.jti,
        address=None,
        action=action,
        object=ids.to_text(job.id),
        before=None,
        after=after,
        request="",
    )
