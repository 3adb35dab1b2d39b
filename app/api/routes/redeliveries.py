"""Dead letters: ``/occurrences/…/retry`` and ``/retries``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, only_asked
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.paging import LISTED, array_answer
from app.api.http.smorest import Blueprint
from app.api.schemas.occurrences import OccurrenceSchema
from app.api.schemas.queries import ListQuery, ListQuerySchema
from app.api.schemas.redeliveries import (
    RetryCountSchema,
    RetryJobSchema,
    RetryManySchema,
    RetryRequest,
    RetrySchema,
)
from app.api.schemas.representations import occurrence_text
from app.domain.ids import to_text
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob
from app.domain.times import to_rfc3339

blueprint = Blueprint("retries", __name__, description="Dead letters attempted again")
blueprint.before_request(require_right)


def _occurrence_state(occurrence_id: str) -> Any:
    return json.loads(occurrence_text(services().occurrences.get(occurrence_id, access())))


def _job_state(job_id: str) -> Any:
    return _members(services().redeliveries.get(job_id, access()))


@blueprint.operation("/occurrences/<occurrence_id>/retry", "POST")
@audited("occurrence.retry", _occurrence_state)
@blueprint.reads(RetrySchema, "optional json")
@blueprint.answers(202, OccurrenceSchema)
@blueprint.refuses(401, 403, 404, 409, 413, 415)
def retry_occurrence(fresh: bool, occurrence_id: str) -> Response:
    """Attempt an occurrence again that failed, was missed, skipped or cancelled.

    Its attempts go on being counted; its retry policy starts afresh.
    """
    occurrence = services().redeliveries.redeliver(occurrence_id, access(), fresh=fresh)
    return json_answer(occurrence_text(occurrence), 202)


@blueprint.operation("/occurrences/retry", "POST")
@audited("retry.create")
@blueprint.reads(RetryManySchema)
@blueprint.answers(202, RetryJobSchema)
@blueprint.answers(200, RetryCountSchema)
@blueprint.refuses(401, 403, 409, 413, 415)
def retry_occurrences(wanted: RetryRequest) -> Response:
    """Attempt many occurrences again, in the background; count first, with dry_run.

    What ends from now on is not among them.
    """
    if wanted.dry_run:
        only_asked()
        count = services().redeliveries.count(wanted.wish, access())
        return json_answer(json_text({"count": count, "dry_run": True}))
    job = services().redeliveries.create(wanted.wish, access())
    return json_answer(_text(job), 202, {"Location": f"/retries/{to_text(job.id)}"})


@blueprint.operation("/retries")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, RetryJobSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_retries(query: ListQuery) -> Response:
    """List retries in the background, newest first; those made with the token's own scope."""
    return array_answer(services().redeliveries.list(access(), query.limit, query.cursor), _text)


@blueprint.operation("/retries/<retry_id>")
@blueprint.answers(200, RetryJobSchema)
@blueprint.refuses(401, 403, 404)
def get_retry(retry_id: str) -> Response:
    """Read how far a retry has come."""
    return json_answer(_text(services().redeliveries.get(retry_id, access())))


@blueprint.operation("/retries/<retry_id>/cancel", "POST")
@audited("retry.cancel", _job_state)
@blueprint.answers(200, RetryJobSchema)
@blueprint.refuses(401, 403, 404, 409)
def cancel_retry(retry_id: str) -> Response:
    """End a retry; what it has handed on is delivered."""
    return json_answer(_text(services().redeliveries.cancel(retry_id, access())))


def _text(job: RedeliveryJob) -> str:
    return json_text(_members(job))


def _members(job: RedeliveryJob) -> dict[str, Any]:
    wish, rate = job.wish, job.error_rate
    return {
        "id": to_text(job.id),
        "status": job.status,
        "filter": _filter(wish.filter),
        "order": "oldest" if wish.oldest_first else "newest",
        "rate": wish.rate,
        "stop_at_error_rate": wish.stop_at,
        "total": job.total,
        "retried": job.retried,
        "completed": job.completed,
        "failed": job.failed,
        "error_rate": None if rate is None else round(rate, 4),
        "created_at": to_rfc3339(job.created_ms),
        "updated_at": to_rfc3339(job.updated_ms),
        "ended_at": None if job.ended_ms is None else to_rfc3339(job.ended_ms),
        "reason": job.reason,
    }


def _filter(chosen: RedeliveryFilter) -> dict[str, Any]:
    """Return the filter as it was given; what was left out is left out."""
    members = {
        "tags": list(chosen.tags),
        "match": ("all" if chosen.match_all else "any") if chosen.tags else None,
        "event_id": chosen.event_id,
        "status": chosen.status,
        "from": None if chosen.from_ms is None else to_rfc3339(chosen.from_ms),
        "to": None if chosen.to_ms is None else to_rfc3339(chosen.to_ms),
    }
    return {name: value for name, value in members.items() if value}
