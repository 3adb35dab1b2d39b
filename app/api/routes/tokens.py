"""``/tokens``."""

from __future__ import annotations

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, name_object
from app.api.http.auth import bearer, credentials, require_admin
from app.api.http.context import services
from app.api.http.credentials import Grant, require_end
from app.api.http.idempotency import DOCUMENT, done_once, repetition
from app.api.http.paging import LISTED, array_answer
from app.api.http.smorest import Blueprint
from app.api.schemas.representations import token_text
from app.api.schemas.tokens import (
    RevokedSchema,
    SubjectSchema,
    TokenQuery,
    TokenQuerySchema,
    TokenRecordSchema,
    TokenSchema,
    minted_text,
)

blueprint = Blueprint("tokens", __name__, description="Who may do what")
blueprint.before_request(require_admin)


@blueprint.operation("/tokens", "POST")
@audited("token.create")
@blueprint.reads(TokenSchema)
@blueprint.answers(200, TokenSchema)
@blueprint.refuses(401, 403, 409, 413, 415, 503)
@blueprint.takes(DOCUMENT)
def create_token(grant: Grant) -> Response:
    """Make a JWT; it is not stored, so keep the answer.

    One of type feed reads /calendar.ics alone, where it may stand in the query as token. One of
    type metrics reads /metrics alone, for Prometheus.
    """
    require_end(grant, bearer())  # the first request may have had a token that lives longer
    return done_once((grant,), lambda: _issued(grant))


def _issued(grant: Grant) -> Response:
    minted = credentials().issue(grant, bearer(), repetition())
    name_object(minted.jti)
    return json_answer(minted_text(minted, grant))


@blueprint.operation("/tokens")
@blueprint.reads(TokenQuerySchema, "query")
@blueprint.answers(200, TokenRecordSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403, 503)
def list_tokens(query: TokenQuery) -> Response:
    """List the valid tokens, newest first; the tokens themselves are not known."""
    return array_answer(services().tokens.list(query.sub, query.limit, query.cursor), token_text)


@blueprint.operation("/tokens/<jti>", "DELETE")
@audited("token.revoke")
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404, 503)
def revoke_token(jti: str) -> Response:
    """Revoke a token; every process refuses it from now on.

    Jobs in the background that it asked for stop. Its events go on: GET /audit lists those that
    a sub has made (actor, action=event.create), and POST /events/{event_id}/pause pauses one.
    """
    services().tokens.revoke(jti)
    return Response(status=204)


@blueprint.operation("/tokens", "DELETE")
@audited("token.revoke_all")
@blueprint.reads(SubjectSchema, "query")
@blueprint.answers(200, RevokedSchema)
@blueprint.refuses(401, 403, 503)
def revoke_tokens(subject: str) -> Response:
    """Revoke every token of a subject that was made until now.

    As for one token, jobs in the background stop and events go on.
    """
    name_object(subject)
    return json_answer(json_text({"revoked": services().tokens.revoke_all(subject)}))
