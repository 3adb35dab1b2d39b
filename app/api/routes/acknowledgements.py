"""``/occurrences/{id}/ack`` and ``/nack``: receivers say what became of what they took on.

They have no token of the API. Each attempt brings one that is good for it alone.
"""

from __future__ import annotations

from flask import Response, request

from app.api.http.answers import json_answer
from app.api.http.auth import bearer_token
from app.api.http.context import services
from app.api.http.smorest import Blueprint
from app.api.schemas.acknowledgements import Acknowledgement, AckSchema, NackSchema
from app.api.schemas.occurrences import OccurrenceSchema
from app.api.schemas.representations import occurrence_text

blueprint = Blueprint("acknowledgements", __name__, description="What receivers say of deliveries")


@blueprint.operation("/occurrences/<occurrence_id>/ack", "POST", "ack_occurrence")
@blueprint.reads(AckSchema, "optional json")
@blueprint.answers(200, OccurrenceSchema)
@blueprint.refuses(401, 409, 413, 415)
@blueprint.for_receivers()
def acknowledge(given: Acknowledgement, occurrence_id: str) -> Response:
    """Say that the work of a delivery is done; the bearer token is its Qhronos-Ack-Token."""
    found = services().acknowledgements.ack(occurrence_id, _token(given))
    return json_answer(occurrence_text(found))


@blueprint.operation("/occurrences/<occurrence_id>/nack", "POST", "nack_occurrence")
@blueprint.reads(NackSchema, "optional json")
@blueprint.answers(200, OccurrenceSchema)
@blueprint.refuses(401, 409, 413, 415)
@blueprint.for_receivers()
def refuse(given: Acknowledgement, occurrence_id: str) -> Response:
    """Say that the work of a delivery has failed; it is tried again as its event's policy says."""
    found = services().acknowledgements.nack(
        occurrence_id, _token(given), given.error, retry=given.retry
    )
    return json_answer(occurrence_text(found))


def _token(given: Acknowledgement) -> str:
    """The header's token, else the body's; raises ``Unauthenticated``."""
    if given.token is not None and "Authorization" not in request.headers:
        return given.token
    return bearer_token().decode("latin-1")
