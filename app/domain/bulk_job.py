"""The bulk job: one action on every event that a filter means.

A job works in steps. Each step looks at the events that the step before has planned, does to each
what was asked for, and plans the next ones. An event that is as asked already is left as it is: so
a step that is repeated, or run by two workers, changes nothing twice and counts the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.access import Access, Credential
from app.domain.event import Event, EventStatus
from app.domain.job import RUNNING
from app.domain.pause import FOR_GOOD, Pause
from app.domain.tag_expressions import TagClause

CHUNK = 100
"""How many events are planned at once: the audit log has room for their ids in one entry."""

MAX_REFUSALS = 20
"""Of how many events that could not be changed a job says why."""


class BulkAction(StrEnum):
    """What is done to each event."""

    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    RETAG = "retag"


STATUS_OF = {BulkAction.PAUSE: EventStatus.ACTIVE, BulkAction.RESUME: EventStatus.PAUSED}
"""The one status of the events that an action is for; the others are for all."""


@dataclass(frozen=True, slots=True)
class BulkFilter:
    """Which events, as a list of events means it. Bounds on the creation are ms UTC, inclusive.

    ``clauses`` is what ``expression`` says. ``status`` is one, or several between commas.
    """

    tags: tuple[str, ...] = ()
    match_all: bool = False
    expression: str | None = None
    clauses: tuple[TagClause, ...] = ()
    status: str | None = None
    name: str | None = None
    name_prefix: str | None = None
    target_host: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    created_from_ms: int | None = None
    created_to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What is asked for; ``add`` and ``remove`` are the tags that a retag is about.

    ``pause`` is how long a pause is, and why.
    """

    action: BulkAction
    filter: BulkFilter
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    pause: Pause = FOR_GOOD

    def tags_after(self, tags: Sequence[str]) -> tuple[str, ...]:
        """The tags of an event after a retag: those that stay in their order, then the new."""
        return retagged(tags, self.add, self.remove)

    def is_done(self, event: Event) -> bool:
        """Whether an event is already as it was asked for."""
        match self.action:
            case BulkAction.DELETE:
                return False
            case BulkAction.PAUSE:
                return event.status is EventStatus.PAUSED
            case BulkAction.RESUME:
                return event.status is EventStatus.ACTIVE
            case BulkAction.RETAG:
                return self.tags_after(event.tags) == event.tags


def retagged(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
    """Tags less some, in their order, then those that are new."""
    kept = [tag for tag in tags if tag not in remove]
    return (*kept, *(tag for tag in add if tag not in kept))


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A request, whose access it has, and its progress. Times are ms UTC.

    ``planned`` are events that were found and whose turn has not come. ``position`` is the last
    event that was read, as (score, member) of the index; ``is_read`` if there are no more.
    ``refusals`` are ids, as text, and why. The job ends with the token that asked for it,
    ``credential``; ``None``: that is the master token. ``begins_ms`` is when it begins, if not at
    once.
    """

    id: bytes
    request: BulkRequest
    access: Access
    credential: Credential | None
    created_ms: int
    updated_ms: int
    total: int
    is_total_exact: bool = True
    status: str = RUNNING
    reason: str | None = None
    ended_ms: int | None = None
    planned: tuple[bytes, ...] = ()
    position: tuple[int, bytes] | None = None
    is_read: bool = False
    done: int = 0
    left_alone: int = 0
    refused: int = 0
    refusals: tuple[tuple[str, str], ...] = ()
    begins_ms: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether anything is left to do."""
        return self.status == RUNNING

    def plan(self, found: Sequence[bytes], position: tuple[int, bytes] | None) -> BulkJob:
        """Plan what is done next; ``position`` is where to go on, ``None`` at the end."""
        return replace(
            self,
            planned=tuple(found),
            position=position or self.position,
            is_read=position is None,
        )

    def counted(
        self, done: int, left_alone: int, refusals: Sequence[tuple[str, str]], looked: int
    ) -> BulkJob:
        """Note what became of the first ``looked`` of those planned."""
        return replace(
            self,
            planned=self.planned[looked:],
            done=self.done + done,
            left_alone=self.left_alone + left_alone,
            refused=self.refused + len(refusals),
            refusals=(*self.refusals, *refusals)[:MAX_REFUSALS],
        )

    def settled(self, now_ms: int) -> BulkJob:
        """End the job if nothing is left to do."""
        return self.ended("completed", now_ms) if self.is_read and not self.planned else self

    def ended(self, status: str, now_ms: int, reason: str | None = None) -> BulkJob:
        """End the job; what it has changed stays so."""
        return replace(self, status=status, reason=reason, ended_ms=now_ms, planned=())
