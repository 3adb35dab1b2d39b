"""``/signing-secrets``: what signs for events with a tag, so that tenants share no secret."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited
from app.api.http.auth import require_admin
from app.api.http.context import services
from app.api.http.paging import LISTED, named_answer
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import ListQuery, NamedListQuerySchema
from app.api.schemas.secret_rotation import RotationSchema
from app.api.schemas.tag_secrets import TagSecretSchema, TagSecretWrittenSchema
from app.api.schemas.tags import read_tag
from app.domain.times import to_rfc3339
from app.errors import InvalidInput, NotFound
from app.services.secret_rotation import Rotation
from app.services.tag_secrets import TagSecretView

blueprint = Blueprint("signing-secrets", __name__, description="Signing secrets of tags")
blueprint.before_request(require_admin)


@blueprint.operation("/signing-secrets")
@blueprint.reads(NamedListQuerySchema, "query")
@blueprint.answers(200, TagSecretSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_tag_secrets(query: ListQuery) -> Response:
    """List the tags that have a signing secret, by name; never the secrets."""
    found = {one.tag: one for one in services().tag_secrets.list()}
    return named_answer(found, "signing secrets", query, lambda one: json_text(_members(one)))


@blueprint.operation("/signing-secrets/<path:tag>", "PUT")
@audited("signing-secret.put")
@blueprint.reads(RotationSchema, "optional json")
@blueprint.answers(200, TagSecretWrittenSchema)
@blueprint.answers(201, TagSecretWrittenSchema)
@blueprint.refuses(401, 403, 409, 413, 415)
def put_tag_secret(rotation: Rotation, tag: str) -> Response:
    """Give a tag a signing secret, or another one. It signs for events without one of their own.

    Of an event's tags the first that has a secret counts. What signed before signs beside it until
    the overlap ends. A secret that is made here is in this answer and nowhere else.
    """
    try:
        name = read_tag(tag)
    except InvalidInput as error:
        raise InvalidInput.field("tag", error.message) from None
    done = services().tag_secrets.put(name, rotation)
    members = {**_members(done.view), "previous_until": to_rfc3339(done.until_ms)}
    if done.made is not None:
        members["secret"] = done.made
    return json_answer(json_text(members), 201 if done.is_new else 200)


@blueprint.operation("/signing-secrets/<path:tag>", "DELETE")
@audited("signing-secret.delete")
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404, 409)
def delete_tag_secret(tag: str) -> Response:
    """Take a tag's signing secret away: from now on the next one in line signs, without overlap."""
    try:
        name = read_tag(tag)
    except InvalidInput:
        raise NotFound("This tag has no signing secret.") from None
    services().tag_secrets.delete(name)
    return Response(status=204)


def _members(view: TagSecretView) -> dict[str, Any]:
    return {"tag": view.tag, "updated_at": to_rfc3339(view.updated_ms)}
