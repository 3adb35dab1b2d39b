"""The steps of a bulk job; ``app.domain.bulk_job`` says why they may be repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.clock import Clock
from app.domain.access import Access
from app.domain.bulk_job import CHUNK, STATUS_OF, BulkAction, BulkFilter, BulkJob, BulkRequest
from app.domain.event import MAX_TAGS, Event, EventStatus
from app.domain.ids import to_text
from app.errors import InvalidInput, NotFound, QhronosError, StaleVersion, StoreUnavailable
from app.services.bulk_audit import BulkAudit
from app.services.event_writes import CHANGING, WRITE_TRIES
from app.services.events import EventService
from app.services.jobs import ABANDONED_AFTER_MS, end_of_token, written
from app.services.queries import EventChanges, EventQuery, TagFilter
from app.services.tokens import TokenService
from app.store.bulk_jobs import BulkJobStore

DONE = "done"
LEFT_ALONE = "left alone"

STEP_MS = 1_000
"""How long one step works before it notes how far it has come."""

AT_ONCE = 8
"""How many events are changed at once: most of the time of a change is the store's disk."""

Tell = Callable[[str, dict[str, Any]], None]
"""Has those hear who listen, as in ``event.update``; the event's id, tags and status."""


@dataclass(frozen=True, slots=True)
class BulkSteps:
    """Finds the events that a job means, and does to each what was asked for."""

    events: EventService
    jobs: BulkJobStore
    tokens: TokenService
    audit: BulkAudit
    tell: Tell
    clock: Clock

    def step(self, job_id: bytes, now_ms: int) -> bool:
        """Do the next step of a job; returns whether another can follow at once.

        Nothing counts if another worker has written the job meanwhile.
        """
        stamped = self.jobs.get_many([job_id])[0]
        if stamped is None or not stamped.job.is_running:
            return False
        job = stamped.job
        if reason := end_of_token(job, self.tokens):
            job = job.ended("stopped", now_ms, reason)
        else:
            job = self._carry_out(job)
            if not job.planned and not job.is_read:
                job = self._plan_next(job)
            job = job.settled(self.clock.now_ms())
        now_ms = self.clock.now_ms()
        look_ms = now_ms + ABANDONED_AFTER_MS
        if self.jobs.save(written(job, now_ms), stamped.stamp, look_ms) is None:
            return False
        if not job.is_running:
            self.audit.record_end(job)
        return job.is_running

    def _plan_next(self, job: BulkJob) -> BulkJob:
        query = query_of(job.request, job.created_ms)
        found, position = self.events.lists.part(query, job.access, job.position)
        mine = [one for one in found if job.access.may_change(one.tags)]
        done = sum(job.request.is_done(one) for one in mine)
        planned = [one.id for one in mine if not job.request.is_done(one)]
        return job.counted(done, 0, (), 0).plan(planned, position)

    def _carry_out(self, job: BulkJob) -> BulkJob:
        """Do what was planned, for a bounded time, and record it before it is counted."""
        outcomes: dict[bytes, str] = {}
        end_ms = self.clock.now_ms() + STEP_MS
        with ThreadPoolExecutor(AT_ONCE, "bulk") as pool:
            for some in _parts(job.planned):
                found = pool.map(partial(self._outcome, job), some)
                outcomes |= zip(some, found, strict=True)
                if self.clock.now_ms() >= end_ms:
                    break
        if not outcomes:
            return job
        self.audit.record_step(job, [one for one, word in outcomes.items() if word == DONE])
        words = Counter(outcomes.values())
        refusals = [
            (to_text(one), word) for one, word in outcomes.items() if word not in (DONE, LEFT_ALONE)
        ]
        return job.counted(words[DONE], words[LEFT_ALONE], refusals, len(outcomes))

    def _outcome(self, job: BulkJob, event_id: bytes) -> str:
        """Change one event if it still is what was meant; else say why it was refused.

        It is written as it was looked at, or looked at again.
        """
        for _ in range(WRITE_TRIES):
            (event,) = self.events.events.get_many([event_id])
            if event is None:
                return DONE if job.request.action is BulkAction.DELETE else LEFT_ALONE
            if (outcome := self._without_change(event, job)) is not None:
                return outcome
            try:
                self._change(event, job.request, job.access)
            except (StaleVersion, NotFound):
                continue
            except StoreUnavailable:
                raise
            except QhronosError as error:
                return error.message
            return DONE
        return CHANGING

    def _without_change(self, event: Event, job: BulkJob) -> str | None:
        """What becomes of an event that is not to be changed; ``None``: it is."""
        if not job.access.may_change(event.tags):
            return LEFT_ALONE
        if job.request.is_done(event):
            return DONE
        is_meant = self.events.lists.fit(query_of(job.request, job.created_ms), event)
        return None if is_meant else LEFT_ALONE

    def _change(self, event: Event, request: BulkRequest, access: Access) -> None:
        text = to_text(event.id)
        if request.action is BulkAction.DELETE:
            self.events.delete(text, access, event.version)
            self.tell("event.delete", _told(event))
            return
        given = _given(event, request)
        after = self.events.update(text, EventChanges(given), access, event.version)
        word = "update" if request.action is BulkAction.RETAG else request.action.value
        self.tell(f"event.{word}", _told(after))


def query_of(request: BulkRequest, before_ms: int) -> EventQuery:
    """The list of what a request means, of events that were made by ``before_ms``, UTC."""
    chosen: BulkFilter = request.filter
    to_ms = chosen.created_to_ms
    status = STATUS_OF.get(request.action)
    return EventQuery(
        tags=TagFilter(chosen.tags, chosen.match_all, chosen.clauses),
        status=chosen.status if status is None else status.value,
        name=chosen.name,
        name_prefix=chosen.name_prefix,
        target_host=chosen.target_host,
        metadata=chosen.metadata,
        created_from_ms=chosen.created_from_ms,
        created_to_ms=before_ms if to_ms is None else min(to_ms, before_ms),
        limit=CHUNK,
    )


def _given(event: Event, request: BulkRequest) -> dict[str, Any]:
    match request.action:
        case BulkAction.PAUSE:
            return {"status": EventStatus.PAUSED, "pause": request.pause.given()}
        case BulkAction.RESUME:
            return {"status": EventStatus.ACTIVE}
        case _:
            tags = request.tags_after(event.tags)
            if len(tags) > MAX_TAGS:
                raise InvalidInput.field("tags", f"must be at most {MAX_TAGS} tags")
            return {"tags": tags}


def _told(event: Event) -> dict[str, Any]:
    return {"id": to_text(event.id), "tags": list(event.tags), "status": event.status.value}


def _parts(event_ids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for at in range(0, len(event_ids), AT_ONCE):
        yield event_ids[at : at + AT_ONCE]
