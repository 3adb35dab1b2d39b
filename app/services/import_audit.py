"""Imports in the audit log.

An import is one act of one caller, so the log has one kind of entry for it, and none for each
event: it names the events that were made, changed or ended, and by that they are found. Nothing is
said of what was not touched, so that a nightly import of a feed that stays the same adds one short
entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.ids import to_text
from app.domain.import_job import ImportJob
from app.domain.imports import REFUSED, UNCHANGED, ImportLine
from app.services.audit import NAMED, AuditService
from app.services.jobs import act_of

ACTION = "event.import"


@dataclass(frozen=True, slots=True)
class ImportAudit:
    """Writes what imports have changed into the audit log."""

    audit: AuditService

    def record_job(self, job: ImportJob, lines: Sequence[ImportLine]) -> None:
        """Record what one step of a job has changed, and the end of the job."""
        for state in states(job.request.source, lines):
            if state["changed"]:
                self._record(job, state)
        if not job.is_running:
            self._record(
                job,
                {
                    "source": job.request.source,
                    "status": job.status,
                    "reason": job.reason,
                    "made": job.made,
                    "updated": job.updated,
                    "unchanged": job.unchanged,
                    "cancelled": job.cancelled,
                    "refused": job.refused,
                },
            )

    def _record(self, job: ImportJob, after: Any) -> None:
        self.audit.record(act_of(job, ACTION, after))


def states(source: str | None, lines: Sequence[ImportLine]) -> Iterator[dict[str, Any]]:
    """What entries of the log say of some lines: how many of each kind, and what was changed."""
    outcomes = Counter(one.outcome for one in lines)
    changed = [
        {"id": to_text(one.event_id), "outcome": one.outcome}
        for one in lines
        if one.event_id is not None and one.outcome not in (UNCHANGED, REFUSED)
    ]
    yield {"source": source, **outcomes, "changed": changed[:NAMED]}
    for at in range(NAMED, len(changed), NAMED):
        yield {"source": source, "changed": changed[at : at + NAMED]}
