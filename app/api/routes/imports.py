"""Imports in the background: ``/imports``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.idempotency import repeatable
from app.api.http.paging import LISTED, array_answer
from app.api.http.smorest import Blueprint
from app.api.schemas.import_texts import import_text, line_text
from app.api.schemas.imports import (
    ImportJobSchema,
    ImportLineSchema,
    LinesQuery,
    LinesQuerySchema,
)
from app.api.schemas.queries import ListQuery, ListQuerySchema

blueprint = Blueprint("imports", __name__, description="Calendar files with many entries")
blueprint.before_request(require_right)


def _state(import_id: str) -> Any:
    return json.loads(import_text(services().import_jobs.get(import_id, access())))


@blueprint.operation("/imports")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, ImportJobSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_imports(query: ListQuery) -> Response:
    """List imports in the background, newest first; those of the token's own sub and scope."""
    found = services().import_jobs.list(access(), query.limit, query.cursor)
    return array_answer(found, import_text)


@blueprint.operation("/imports/<import_id>")
@blueprint.answers(200, ImportJobSchema)
@blueprint.refuses(401, 403, 404)
def get_import(import_id: str) -> Response:
    """Read how far an import has come."""
    return json_answer(import_text(services().import_jobs.get(import_id, access())))


@blueprint.operation("/imports/<import_id>/entries")
@blueprint.reads(LinesQuerySchema, "query")
@blueprint.answers(200, ImportLineSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403, 404)
def list_import_entries(query: LinesQuery, import_id: str) -> Response:
    """List what has become of each entry, as far as the import has come."""
    found = services().import_jobs.lines(
        import_id, access(), query.outcome, query.limit, query.cursor
    )
    return array_answer(found, line_text)


@blueprint.operation("/imports/<import_id>/cancel", "POST")
@audited("import.cancel", _state)
@blueprint.answers(200, ImportJobSchema)
@blueprint.refuses(401, 403, 404, 409)
@repeatable(blueprint)
def cancel_import(import_id: str) -> Response:
    """End an import; what it has written stays."""
    return json_answer(import_text(services().import_jobs.cancel(import_id, access())))
