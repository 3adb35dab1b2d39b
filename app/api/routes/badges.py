"""``/badge``: how a tag's last day went, as a picture."""

from __future__ import annotations

import hashlib

from flask import Response

from app.api.http.auth import access, require_right_or_badge_token
from app.api.http.conditional import is_held
from app.api.http.context import services
from app.api.http.smorest import Blueprint
from app.api.schemas.badges import BadgeQuerySchema
from app.api.schemas.tags import read_tag
from app.errors import InvalidInput

SVG = "image/svg+xml"
PICTURE = {"type": "string", "description": "An SVG picture."}
ETAG = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}
KEPT_S = 60

blueprint = Blueprint("badges", __name__, description="How a tag's last day went, as a picture")
blueprint.before_request(require_right_or_badge_token)


@blueprint.operation("/badge/<path:tag>.svg")
@blueprint.reads(BadgeQuerySchema, "query")
@blueprint.answers(200, PICTURE, content_type=SVG, headers=ETAG)
@blueprint.refuses(401, 403, 404)
def get_badge(show: str, tag: str) -> Response:
    """Read a badge: which share of a tag's deliveries of the last day arrived, or how late.

    A token of type badge may stand in the query.
    """
    try:
        name = read_tag(tag)
    except InvalidInput as error:
        raise InvalidInput.field("tag", error.message) from None
    picture = services().figures.badges.of(name, show, access()).svg().encode()
    etag = f'W/"{hashlib.blake2b(picture, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": etag,
        # Whoever has the address may see it, and so may what keeps it by that.
        "Cache-Control": f"max-age={KEPT_S}",
        "Vary": "Accept-Encoding",
    }
    if is_held(etag):
        return Response(status=304, headers=headers)
    return Response(picture, content_type=f"{SVG}; charset=utf-8", headers=headers)
