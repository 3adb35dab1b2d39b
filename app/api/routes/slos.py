"""``/slos``: lateness objectives of tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.paging import LISTED, LOCATED, named_answer
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import ListQuery, NamedListQuerySchema
from app.api.schemas.slos import ComplianceSchema, SloSchema, compliance_text, slo_members
from app.api.schemas.tags import read_tag
from app.errors import InvalidInput, NotFound
from app.services.slos import NONE

blueprint = Blueprint("slos", __name__, description="Lateness objectives of tags")
blueprint.before_request(require_right)


def _state(tag: str) -> dict[str, Any]:
    return slo_members(services().figures.slos.get(_known(tag), access()))


@blueprint.operation("/slos/<path:tag>", "PUT")
@audited("slo.put", _state)
@blueprint.reads(SloSchema)
@blueprint.answers(200, SloSchema)
@blueprint.answers(201, SloSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 409, 413, 415)
def put_slo(given: Mapping[str, Any], tag: str) -> Response:
    """Give a tag a lateness objective, or another one: which share is to begin in time."""
    try:
        name = read_tag(tag)
    except InvalidInput as error:
        raise InvalidInput.field("tag", error.message) from None
    slo, is_new = services().figures.slos.put(name, **given, access=access())
    text = json_text(slo_members(slo))
    if is_new:
        return json_answer(text, 201, {"Location": absolute(f"/slos/{quote(name, safe='')}")})
    return json_answer(text)


@blueprint.operation("/slos")
@blueprint.reads(NamedListQuerySchema, "query")
@blueprint.answers(200, ComplianceSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_slos(query: ListQuery) -> Response:
    """List the objectives of the tags in your scope, and how they fare."""
    found = {one.slo.tag: one for one in services().figures.slos.list(access())}
    return named_answer(found, "slos", query, compliance_text)


@blueprint.operation("/slos/<path:tag>")
@blueprint.answers(200, ComplianceSchema)
@blueprint.refuses(401, 403, 404)
def get_slo(tag: str) -> Response:
    """Read a tag's objective: compliance, what is left of the error budget, and burn rates."""
    name = _known(tag)
    return json_answer(compliance_text(services().figures.slos.compliance(name, access())))


@blueprint.operation("/slos/<path:tag>", "DELETE")
@audited("slo.delete", _state)
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404)
def delete_slo(tag: str) -> Response:
    """Delete a tag's objective; its figures stay."""
    services().figures.slos.delete(_known(tag), access())
    return Response(status=204)


def _known(tag: str) -> str:
    try:
        return read_tag(tag)
    except InvalidInput:
        raise NotFound(NONE) from None
