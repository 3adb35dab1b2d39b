"""Imports in the background: ``/imports``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.icalendar_body import CALENDAR
from app.api.http.idempotency import DOCUMENT, repeatable
from app.api.http.paging import LISTED, LOCATED, array_answer
from app.api.http.smorest import Blueprint
from app.api.routes import icalendar_import
from app.api.schemas.import_texts import import_text, line_text
from app.api.schemas.imports import (
    ImportJobSchema,
    ImportLineSchema,
    ImportQuerySchema,
    LinesQuery,
    LinesQuerySchema,
)
from app.api.schemas.queries import ListQuery, ListQuerySchema
from app.domain.imports import ImportRequest
from app.services.import_audit import ACTION

blueprint = Blueprint("imports", __name__, description="Calendar files with many entries")
blueprint.before_request(require_right)


def _state(import_id: str) -> Any:
    return json.loads(import_text(services().import_jobs.get(import_id, access())))


@blueprint.operation("/imports", "POST")
@audited(ACTION)
@blueprint.takes(DOCUMENT)
@blueprint.takes_calendar(icalendar_import.FILE)
@blueprint.reads(ImportQuerySchema, "query")
@blueprint.answers(200, ImportLineSchema(many=True))
@blueprint.answers(201, ImportLineSchema(many=True))
@blueprint.answers(202, ImportJobSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 409, 413, 415)
def import_events(asked: ImportRequest) -> Response:
    """Make events of the entries of a calendar file, or change those that it made.

    The answer says what has become of each entry: 201 if an event was made. Of a large file, or a
    costly one, a job is made: 202.
    """
    if request.mimetype != CALENDAR:
        raise UnsupportedMediaType(
            f"Send a calendar file with the header 'Content-Type: {CALENDAR}'."
        )
    return icalendar_import.imported(asked)


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
