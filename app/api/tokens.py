"""``/tokens``."""

from __future__ import annotations

from flask import Response

from app.api.answers import json_answer, json_text
from app.api.auth import credentials, require_admin
from app.api.credentials import Grant
from app.api.schemas.tokens import TokenSchema
from app.api.smorest import Blueprint
from app.domain.times import to_rfc3339

blueprint = Blueprint("tokens", __name__, description="Who may do what")
blueprint.before_request(require_admin)


@blueprint.operation("/tokens", "POST")
@blueprint.reads(TokenSchema)
@blueprint.answers(200, TokenSchema)
@blueprint.refuses(401, 403, 413, 415)
def create_token(grant: Grant) -> Response:
    """Make a JWT; nothing is stored, so keep the answer.

    One of type feed reads /calendar.ics alone, where it may stand in the query as token.
    """
    body = {
        "token": credentials().issue(grant),
        "type": grant.purpose or "jwt",
        "sub": grant.subject,
        "access": grant.level,
        "scope": grant.scope,
        "expires_at": to_rfc3339(grant.expires_ms),
    }
    return json_answer(json_text(body))
