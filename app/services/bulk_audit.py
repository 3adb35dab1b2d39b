"""Bulk jobs in the audit log.

The request has its own entry, with the filter. Each step adds one that names the events which are
as was asked, and by that they are found; the end adds one with the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.bulk_job import BulkJob
from app.domain.ids import to_text
from app.services.audit import AuditService
from app.services.jobs import act_of

ACTION = "event.bulk"


@dataclass(frozen=True, slots=True)
class BulkAudit:
    """Writes what bulk jobs have changed into the audit log."""

    audit: AuditService

    def record_step(self, job: BulkJob, events: Sequence[bytes]) -> None:
        """Record which events are as was asked; a step that is repeated is recorded again."""
        if events:
            self._record(job, {"events": [to_text(one) for one in events]})

    def record_end(self, job: BulkJob) -> None:
        """Record how a job ended."""
        sums = {"done": job.done, "left_alone": job.left_alone, "refused": job.refused}
        self._record(job, {"status": job.status, "reason": job.reason, **sums})

    def _record(self, job: BulkJob, after: dict[str, Any]) -> None:
        request = job.request
        said: dict[str, Any] = {"action": request.action.value}
        if request.add or request.remove:
            said |= {"add_tags": list(request.add), "remove_tags": list(request.remove)}
        self.audit.record(act_of(job, ACTION, {**said, **after}))
