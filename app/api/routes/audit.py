"""``/audit``: who changed what."""

from __future__ import annotations

from flask import Response

from app.api.http.answers import json_answer
from app.api.http.auth import require_admin
from app.api.http.context import services
from app.api.http.paging import LISTED, link_to_next
from app.api.http.smorest import Blueprint
from app.api.http.streams import while_token_is_good
from app.api.schemas.audit import AuditEntrySchema, AuditQuerySchema
from app.services.audit import AuditQuery

blueprint = Blueprint("audit", __name__, description="Who changed what")
blueprint.before_request(require_admin)


@blueprint.operation("/audit")
@blueprint.reads(AuditQuerySchema, "query")
@blueprint.answers(200, AuditEntrySchema(many=True), headers={"Link": LISTED["Link"]})
@blueprint.refuses(401, 403, 503)
def list_audit(query: AuditQuery) -> Response:
    """List who changed what, newest first.

    A page may be short, even empty, while Link leads on: rare filters are looked for in pieces.
    """
    entries, cursor = services().audit.page(query)
    return json_answer(f"[{','.join(entries)}]", headers=link_to_next(cursor))


@blueprint.operation("/audit/export")
@blueprint.answers(200, {"type": "string"}, content_type="application/x-ndjson")
@blueprint.refuses(401, 403, 503)
def export_audit() -> Response:
    """Export the whole log, oldest first, one JSON entry a line, as 'audit-check' reads it."""
    return Response(
        while_token_is_good(services().audit.export()), content_type="application/x-ndjson"
    )
