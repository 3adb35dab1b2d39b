"""One action on many events: ``POST /events/bulk`` and ``/bulk-jobs``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited, only_asked
from app.api.http.auth import access, bearer, require_right
from app.api.http.context import services
from app.api.http.idempotency import repeatable, repetition
from app.api.http.paging import LISTED, LOCATED, array_answer
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.bulk import (
    BulkCountSchema,
    BulkJobSchema,
    BulkSchema,
    BulkWish,
    bulk_text,
    count_text,
)
from app.api.schemas.queries import ListQuery, ListQuerySchema
from app.domain.ids import to_text
from app.services.bulk_audit import ACTION

blueprint = Blueprint("bulk", __name__, description="One action on many events")
blueprint.before_request(require_right)


def _state(job_id: str) -> Any:
    return json.loads(bulk_text(services().bulk.get(job_id, access())))


@blueprint.operation("/events/bulk", "POST")
@audited(ACTION)
@blueprint.reads(BulkSchema)
@blueprint.answers(202, BulkJobSchema, headers=LOCATED)
@blueprint.answers(200, BulkCountSchema)
@blueprint.refuses(401, 403, 409, 413, 415)
@repeatable(blueprint)
def change_events(wanted: BulkWish) -> Response:
    """Delete, pause, resume or retag many events, in the background; count first, with dry_run.

    Events that are made from now on are not among them. It stops when the token that asked for it
    is revoked or has expired.
    """
    if wanted.dry_run:
        only_asked()
        return json_answer(count_text(services().bulk.count(wanted.request, access())))
    job = services().bulk.create(wanted.request, access(), bearer().credential, repetition())
    where = absolute(f"/bulk-jobs/{to_text(job.id)}")
    return json_answer(bulk_text(job), 202, {"Location": where})


@blueprint.operation("/bulk-jobs")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, BulkJobSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_bulk_jobs(query: ListQuery) -> Response:
    """List bulk jobs, newest first; those made with the token's own scope."""
    found = services().bulk.list(access(), query.limit, query.cursor)
    return array_answer(found, bulk_text)


@blueprint.operation("/bulk-jobs/<job_id>")
@blueprint.answers(200, BulkJobSchema)
@blueprint.refuses(401, 403, 404)
def get_bulk_job(job_id: str) -> Response:
    """Read how far a bulk job has come."""
    return json_answer(bulk_text(services().bulk.get(job_id, access())))


@blueprint.operation("/bulk-jobs/<job_id>/cancel", "POST")
@audited("bulk.cancel", _state)
@blueprint.answers(200, BulkJobSchema)
@blueprint.refuses(401, 403, 404, 409)
@repeatable(blueprint)
def cancel_bulk_job(job_id: str) -> Response:
    """End a bulk job; what it has changed stays so."""
    return json_answer(bulk_text(services().bulk.cancel(job_id, access())))
