"""Imports as JSON; see ``app.api.schemas.representations``."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.http.answers import json_text
from app.api.schemas.representations import event_text, time_text
from app.domain.ids import to_text
from app.domain.import_job import ENDING, ImportJob
from app.domain.imports import MADE, ImportLine
from app.domain.recurrence import Notice
from app.domain.times import to_rfc3339


def line_text(line: ImportLine, notices: Sequence[Notice] = (), *, is_dry: bool = False) -> str:
    """Return what became of an entry of a calendar file as JSON, with the event that it stands for.

    In a dry run what would be made has no id.
    """
    own = {
        "outcome": line.outcome,
        "uid": line.uid,
        "recurrence_id": line.recurrence_id or None,
        "line": line.line,
        "reason": line.reason,
        "remarks": line.notices,
    }
    known = line.event_id is not None and not (is_dry and line.outcome == MADE)
    first = {"id": to_text(line.event_id) if known and line.event_id else None, "name": line.name}
    if line.event is None:
        return json_text({**first, **own})
    event = event_text(line.event, notices)
    if not known:
        event = f'{{"id":null{event[event.index(",") :]}'
    return f"{event[:-1]},{json_text(own)[1:]}"


def import_text(job: ImportJob) -> str:
    """Return an import in the background as JSON."""
    return json_text(
        {
            "id": to_text(job.id),
            "status": job.status,
            "source": job.request.source,
            "dry_run": job.request.dry_run,
            "atomic": job.request.atomic,
            "phase": job.phase,
            "total": job.total,
            "done": job.total if job.phase == ENDING else min(job.position, job.total),
            "made": job.made,
            "updated": job.updated,
            "unchanged": job.unchanged,
            "cancelled": job.cancelled,
            "refused": job.refused,
            "created_at": to_rfc3339(job.created_ms),
            "updated_at": to_rfc3339(job.updated_ms),
            "ended_at": time_text(job.ended_ms),
            "reason": job.reason,
        }
    )
