"""New signing secrets, with a time in which the old ones sign beside them."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, name_object, only_asked
from app.api.http.auth import access, require_right
from app.api.http.conditional import version_to_match
from app.api.http.context import services
from app.api.http.idempotency import repeatable, repetition
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import TagSelection, TagSelectionSchema
from app.api.schemas.secret_rotation import RotatedAllSchema, RotatedSchema, RotationSchema
from app.domain.times import to_rfc3339
from app.services.secret_rotation import Rotated, Rotation

blueprint = Blueprint("rotation", __name__, description="Signing secrets")
blueprint.before_request(require_right)


@blueprint.operation("/events/<event_id>/rotate-secret", "POST")
@audited("event.rotate-secret")
@blueprint.reads(RotationSchema, "optional json")
@blueprint.answers(200, RotatedSchema)
@blueprint.refuses(401, 403, 404, 409, 412, 413, 415)
@repeatable(blueprint)
def rotate_secret(rotation: Rotation, event_id: str) -> Response:
    """Give an event a new signing secret.

    One that is made here is in this answer and nowhere else.
    """
    wanted = version_to_match(event_id)
    rotated = services().rotations.of_event(event_id, rotation, access(), wanted, repetition())
    return json_answer(json_text(_members(rotated)))


@blueprint.operation("/events/rotate-secret", "POST")
@audited("event.rotate-secret")
@blueprint.reads(TagSelectionSchema, "query")
@blueprint.reads(RotationSchema, "optional json")
@blueprint.answers(200, RotatedAllSchema)
@blueprint.refuses(401, 403, 409, 413, 415)
@repeatable(blueprint)
def rotate_secrets(selection: TagSelection, rotation: Rotation) -> Response:
    """Give one new signing secret to every event with these tags; count first, with dry_run=true.

    At most 1,000 events. One that is made here is in this answer and nowhere else.
    """
    name_object(f"tags {','.join(selection.tags.tags)}")
    if selection.dry_run:
        only_asked()
    rotated = services().rotations.of_tags(
        selection.tags, rotation, access(), repetition(), dry_run=selection.dry_run
    )
    return json_answer(json_text({"count": rotated.events, **_members(rotated)}))


def _members(rotated: Rotated) -> dict[str, Any]:
    members = {"previous_until": to_rfc3339(rotated.until_ms)}
    return members if rotated.made is None else {"secret": rotated.made, **members}
