"""Audit: who changed what and when, found by object, action and actor."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from marshmallow import ValidationError

from app.api.http.auth import require_admin
from app.api.http.context import services
from app.api.http.streams import while_token_is_good
from app.api.schemas.audit import AuditQuerySchema
from app.api.schemas.validation import invalid
from app.console.history import check_links, entries_of
from app.domain.audit import ChainBroken
from app.errors import InvalidInput

LIMIT = 50
FILTERS = ("object", "action", "actor")
ACTIONS = (
    *("event.create", "event.update", "event.delete", "event.pause", "event.resume"),
    *("event.trigger", "event.backfill", "event.import", "event.rotate-secret"),
    *("occurrence.retry", "retry.create", "token.create", "token.revoke"),
    *("flow.put", "flow.pause", "flow.resume", "calendar.put", "calendar.delete"),
)
"""What is offered while somebody types; others can be typed."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/audit", "audit", show)
    console.add_url_rule("/audit/export", "export_audit", export)


def show() -> str | tuple[str, int]:
    """A page of entries, newest first."""
    require_admin()
    given = {name: request.args.get(name, "").strip() for name in (*FILTERS, "cursor")}
    given = {name: value for name, value in given.items() if value}
    problem, broken, entries, cursor = None, None, [], None
    try:
        query = AuditQuerySchema().load({**given, "limit": str(LIMIT)})
        texts, cursor = services().audit.page(query)
        entries = entries_of(texts)
        if not any(given.get(name) for name in FILTERS):
            check_links(entries)
    except ValidationError as error:
        problem = invalid(error).message
    except InvalidInput as error:
        problem = error.message
    except ChainBroken as error:
        broken = str(error)
    page = render_template(
        "console/audit.html",
        entries=entries,
        cursor=cursor,
        given=given,
        filters={name: given.get(name) for name in FILTERS if given.get(name)},
        actions=ACTIONS,
        problem=problem,
        broken=broken,
    )
    return (page, 400) if problem else page


def export() -> Response:
    """The whole log as a file, as ``GET /audit/export`` answers it."""
    require_admin()
    return Response(
        while_token_is_good(services().audit.export()),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
    )
