"""The import job: the import of a file with many entries, in steps.

A step reads some entries, writes what they say and notes how far it has come. Each of the three may
be repeated: what is written already is found to be so, and is answered in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.access import Access, Credential
from app.domain.imports import (
    CANCELLED,
    MADE,
    REFUSED,
    UNCHANGED,
    UPDATED,
    ImportLine,
    ImportRequest,
)

RUNNING = "running"
STATUSES = (RUNNING, "completed", "refused", "stopped", "cancelled")

CHECKING = "checking"
WRITING = "writing"
ENDING = "ending"
"""The phases: what the file says is checked, if all of it or nothing is wanted, or only to say what
would be; it is written; what has left its source ends."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A request, whose access it has, and its progress. Times are ms UTC.

    ``position`` is how many entries the phase has done; ``mark`` how far among what has left the
    source. ``spent`` are steps of computing. ``may_end`` says, once that is known, whether what
    has left the source may end. The job ends with the token that asked for it, ``credential``;
    ``None``: that is the master token.
    """

    id: bytes
    request: ImportRequest
    access: Access
    credential: Credential | None
    created_ms: int
    updated_ms: int
    phase: str
    total: int
    status: str = RUNNING
    reason: str | None = None
    ended_ms: int | None = None
    position: int = 0
    mark: str = ""
    may_end: bool | None = None
    spent: int = 0
    made: int = 0
    updated: int = 0
    unchanged: int = 0
    cancelled: int = 0
    refused: int = 0

    @property
    def is_running(self) -> bool:
        """Whether anything is left to do."""
        return self.status == RUNNING

    @property
    def is_being_written_whole(self) -> bool:
        """Whether all of it was found right and is being written, so that it can't be cancelled."""
        return self.request.atomic and not self.request.dry_run and self.phase != CHECKING

    def counted(self, lines: Sequence[ImportLine], entries: int, spent: int) -> ImportJob:
        """Note what became of so many more entries."""
        found = Counter(one.outcome for one in lines)
        return replace(
            self,
            position=self.position + entries,
            spent=self.spent + spent,
            made=self.made + found[MADE],
            updated=self.updated + found[UPDATED],
            unchanged=self.unchanged + found[UNCHANGED],
            cancelled=self.cancelled + found[CANCELLED],
            refused=self.refused + found[REFUSED],
        )

    def in_phase(self, phase: str) -> ImportJob:
        """Begin another phase."""
        begun = replace(self, phase=phase, position=0, mark="", may_end=None)
        if phase == ENDING:
            return begun
        return replace(begun, made=0, updated=0, unchanged=0, cancelled=0, refused=0)

    def refused_whole(self, now_ms: int, reason: str | None) -> ImportJob:
        """End a job of all or nothing of which something is refused: no entry was taken."""
        job = self.ended("refused", now_ms, reason)
        if self.request.dry_run:
            return job
        return replace(job, made=0, updated=0, unchanged=0, cancelled=0)

    def ended(self, status: str, now_ms: int, reason: str | None = None) -> ImportJob:
        """End the job; what it has written stays."""
        return replace(self, status=status, reason=reason, ended_ms=now_ms)
