"""Dead letters: ``/occurrences/…/retry`` and ``/retries``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, only_asked
from app.api.http.auth import access, bearer, require_right
from app.api.http.context import services
from app.api.http.idempotency import moment_ms, repeatable, repetition
from app.api.http.paging import LISTED, LOCATED, array_answer
from app.api.http.public_urls import absolute
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
from app.api.schemas.representations import occurrence_text, redelivery_text
from app.domain.ids import to_text

blueprint = Blueprint("retries", __name__, description="Redeliveries of dead letters")
blueprint.before_request(require_right)


def _occurrence_state(occurrence_id: str) -> Any:
    return json.loads(occurrence_text(services().occurrences.get(occurrence_id, access())))


def _job_state(job_id: str) -> Any:
    return json.loads(redelivery_text(services().redeliveries.get(job_id, access())))


@blueprint.operation("/occurrences/<occurrence_id>/retry", "POST")
@audited("occurrence.retry", _occurrence_state)
@blueprint.reads(RetrySchema, "optional json")
@blueprint.answers(202, OccurrenceSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 404, 409, 413, 415)
@repeatable(blueprint)
def retry_occurrence(fresh: bool, occurrence_id: str) -> Response:
    """Attempt an occurrence again that failed, was missed, skipped or cancelled.

    Its attempts go on being counted; its retry policy starts afresh.
    """
    occurrence = services().redeliveries.redeliver(
        occurrence_id, access(), fresh=fresh, at_ms=moment_ms()
    )
    where = absolute(f"/occurrences/{to_text(occurrence.id)}")
    return json_answer(occurrence_text(occurrence), 202, {"Location": where})


@blueprint.operation("/occurrences/retry", "POST")
@audited("retry.create")
@blueprint.reads(RetryManySchema)
@blueprint.answers(202, RetryJobSchema, headers=LOCATED)
@blueprint.answers(200, RetryCountSchema)
@blueprint.refuses(401, 403, 409, 413, 415)
@repeatable(blueprint)
def retry_occurrences(wanted: RetryRequest) -> Response:
    """Attempt many occurrences again, in the background; count first, with dry_run.

    What ends from now on is not among them. It stops when the token that asked for it is revoked or
    has expired.
    """
    if wanted.dry_run:
        only_asked()
        count = services().redeliveries.count(wanted.request, access())
        return json_answer(json_text({"count": count, "dry_run": True}))
    job = services().redeliveries.create(
        wanted.request, access(), bearer().credential, repetition()
    )
    return json_answer(
        redelivery_text(job), 202, {"Location": absolute(f"/retries/{to_text(job.id)}")}
    )


@blueprint.operation("/retries")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, RetryJobSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_retries(query: ListQuery) -> Response:
    """List redelivery jobs, newest first; those made with the token's own scope."""
    found = services().redeliveries.list(access(), query.limit, query.cursor)
    return array_answer(found, redelivery_text)


@blueprint.operation("/retries/<retry_id>")
@blueprint.answers(200, RetryJobSchema)
@blueprint.refuses(401, 403, 404)
def get_retry(retry_id: str) -> Response:
    """Read how far a redelivery job has come."""
    return json_answer(redelivery_text(services().redeliveries.get(retry_id, access())))


@blueprint.operation("/retries/<retry_id>/cancel", "POST")
@audited("retry.cancel", _job_state)
@blueprint.answers(200, RetryJobSchema)
@blueprint.refuses(401, 403, 404, 409)
@repeatable(blueprint)
def cancel_retry(retry_id: str) -> Response:
    """End a redelivery job; what it has handed on is delivered."""
    return json_answer(redelivery_text(services().redeliveries.cancel(retry_id, access())))
