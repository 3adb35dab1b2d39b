"""``/flows``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.idempotency import repeatable
from app.api.http.paging import LISTED, LOCATED, array_answer
from app.api.http.partial import PARTIAL, may_be_partial
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.flows import FlowQuerySchema, FlowSchema
from app.api.schemas.queries import ListQuery, ListQuerySchema
from app.api.schemas.representations import flow_text

blueprint = Blueprint("flows", __name__, description="Limits that deliveries share")
blueprint.before_request(require_right)


def _state(key: str) -> dict[str, Any]:
    flow = services().flows.get(key, access(), request.args.get("space"))
    return dict(json.loads(flow_text(flow)))


@blueprint.operation("/flows")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, FlowSchema(many=True), headers={**LISTED, **PARTIAL})
@blueprint.refuses(401, 403)
@may_be_partial
def list_flows(query: ListQuery) -> Response:
    """List flows by key: those of your scope, or all for an admin."""
    return array_answer(services().flows.list(access(), query.limit, query.cursor), flow_text)


@blueprint.operation("/flows/<key>")
@blueprint.reads(FlowQuerySchema, "query")
@blueprint.answers(200, FlowSchema, headers=PARTIAL)
@blueprint.refuses(401, 403, 404)
@may_be_partial
def get_flow(space: str | None, key: str) -> Response:
    """Read a flow: its limits, what waits for it and what is under way."""
    return json_answer(flow_text(services().flows.get(key, access(), space)))


@blueprint.operation("/flows/<key>", "PUT")
@audited("flow.put", _state)
@blueprint.reads(FlowQuerySchema, "query")
@blueprint.reads(FlowSchema)
@blueprint.answers(200, FlowSchema)
@blueprint.answers(201, FlowSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 409, 413, 415)
def put_flow(space: str | None, given: dict[str, Any], key: str) -> Response:
    """Set limits of a flow, at once and for all workers; null clears one.

    From then on its events can no longer change them. A new one is answered with 201.
    """
    flow, is_new = services().flows.change(key, given, access(), space)
    if not is_new:
        return json_answer(flow_text(flow))
    where = {"space": space} if space else {}
    location = absolute(f"/flows/{quote(key)}{'?' if where else ''}{urlencode(where)}")
    return json_answer(flow_text(flow), 201, {"Location": location})


@blueprint.operation("/flows/<key>/pause", "POST")
@audited("flow.pause", _state)
@blueprint.reads(FlowQuerySchema, "query")
@blueprint.answers(200, FlowSchema)
@blueprint.refuses(401, 403, 404)
@repeatable(blueprint)
def pause_flow(space: str | None, key: str) -> Response:
    """Send nothing more of a flow; what is under way is finished, the rest waits."""
    return json_answer(flow_text(services().flows.pause(key, access(), space)))


@blueprint.operation("/flows/<key>/resume", "POST")
@audited("flow.resume", _state)
@blueprint.reads(FlowQuerySchema, "query")
@blueprint.answers(200, FlowSchema)
@blueprint.refuses(401, 403, 404)
@repeatable(blueprint)
def resume_flow(space: str | None, key: str) -> Response:
    """Let a paused flow go on."""
    return json_answer(flow_text(services().flows.resume(key, access(), space)))
