"""``/occurrences``."""

from __future__ import annotations

from functools import partial

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.paging import LISTED, page_answer
from app.api.http.partial import PARTIAL, may_be_partial
from app.api.http.smorest import Blueprint
from app.api.schemas.occurrences import AttemptSchema, OccurrencePageSchema, OccurrenceSchema
from app.api.schemas.queries import OccurrenceQuerySchema
from app.api.schemas.representations import attempt_members, occurrence_text
from app.services.queries import OccurrenceQuery

blueprint = Blueprint("occurrences", __name__, description="What is planned and what has happened")
blueprint.before_request(require_right)


@blueprint.operation("/occurrences")
@blueprint.reads(OccurrenceQuerySchema, "query")
@blueprint.answers(200, OccurrencePageSchema, headers={"Link": LISTED["Link"], **PARTIAL})
@blueprint.refuses(401, 403)
@may_be_partial
def list_occurrences(query: OccurrenceQuery) -> Response:
    """List occurrences, newest scheduled first.

    A page may have fewer than limit, or none, and yet lead on: no call looks at more than a bounded
    number of occurrences. The list ends where there is no Link.
    """
    found = services().occurrences.list(query, access())
    write = partial(occurrence_text, chosen=query.members)
    return page_answer(found, write, query.page, query.limit)


@blueprint.operation("/occurrences/<occurrence_id>")
@blueprint.answers(200, OccurrenceSchema)
@blueprint.refuses(401, 403, 404)
def get_occurrence(occurrence_id: str) -> Response:
    """Read an occurrence."""
    return json_answer(occurrence_text(services().occurrences.get(occurrence_id, access())))


@blueprint.operation("/occurrences/<occurrence_id>/attempts")
@blueprint.answers(200, AttemptSchema(many=True))
@blueprint.refuses(401, 403, 404)
def list_attempts(occurrence_id: str) -> Response:
    """List the attempts that have ended, oldest first: the newest hundred.

    One whose worker died has left no trace but its number.
    """
    found = services().occurrences.attempts(occurrence_id, access())
    return json_answer(json_text([attempt_members(one) for one in found]))
