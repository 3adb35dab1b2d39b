"""``/events/by-key``."""

from __future__ import annotations

from flask import Response, g, request

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited, event_state, only_asked, record_as
from app.api.http.auth import access, require_right
from app.api.http.conditional import read_answer, version_to_match
from app.api.http.context import services
from app.api.http.paging import LOCATED
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.routes.events import ETAG, as_answered, written
from app.api.schemas.event_bodies import completed
from app.api.schemas.events import EventSchema, EventUpdateSchema
from app.api.schemas.planning import DifferenceSchema
from app.api.schemas.queries import DryRunSchema
from app.api.schemas.representations import difference_text
from app.domain.ids import to_text
from app.errors import NotFound
from app.services.event_keys import NO_EVENT, kept_by
from app.services.queries import EventChanges

_CREATED = "event.create"
_BY_KEY = "/events/by-key/<key>"

blueprint = Blueprint("keys", __name__, description="Events by keys of your own")
blueprint.before_request(require_right)


def _find(key: str) -> str | None:
    """The id of the event that the request is about; ``None``: there is none that is seen."""
    try:
        g.keyed_event = to_text(services().intake.keys.get(key, access()).id)
    except NotFound:
        g.keyed_event = None
    found: str | None = g.keyed_event
    return found


def _create(changes: EventChanges) -> EventChanges:
    """Have what follows be written as the creation of an event."""
    whole = completed(changes)
    record_as(_CREATED)
    return whole


@blueprint.operation(_BY_KEY)
@blueprint.answers(200, EventSchema, headers=ETAG)
@blueprint.refuses(401, 403, 404)
def get_event_by_key(key: str) -> Response:
    """Read the event that has a key of yours."""
    return read_answer(services().intake.keys.get(key, access()))


@blueprint.operation(_BY_KEY, "PUT")
@audited("event.update", event_state, created=as_answered, find=_find)
@blueprint.reads(DryRunSchema, "query")
@blueprint.reads(EventUpdateSchema)
@blueprint.answers(200, {"oneOf": [EventSchema, DifferenceSchema]}, headers=ETAG)
@blueprint.answers(201, EventSchema, headers={**ETAG, **LOCATED})
@blueprint.refuses(401, 403, 404, 409, 412, 413, 415)
def put_event_by_key(dry_run: bool, changes: EventChanges, key: str) -> Response:
    """Create the event with a key of yours, or change it.

    201: it is created, which needs what POST /events needs. 200: it was there; what is left out
    stays, null clears. With If-Match no event is created. With dry_run=true nothing changes; the
    answer is that of PUT /events/{event_id}, and 404 if there is no event to change.
    """
    if dry_run:
        only_asked()
        event = services().intake.keys.get(key, access())
        name = to_text(event.id)
        wanted = version_to_match(name)
        return json_answer(
            difference_text(
                services().previews.of_change(name, kept_by(changes, event), access(), wanted)
            )
        )
    event, is_new = services().intake.keys.put(
        key,
        changes,
        access(),
        version_to_match,
        must_exist="If-Match" in request.headers,
        complete=_create,
    )
    if not is_new:
        record_as("event.update")
        return written(event)
    answer = written(event, 201)
    answer.headers["Location"] = absolute(f"/events/{to_text(event.id)}")
    return answer


@blueprint.operation(_BY_KEY, "DELETE")
@audited("event.delete", event_state, find=_find)
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404, 412)
def delete_event_by_key(key: str) -> Response:
    """Delete the event that has a key of yours, as DELETE /events/{event_id}; the key is free."""
    del key
    found: str | None = g.keyed_event
    if found is None:
        raise NotFound(NO_EVENT)
    services().events.delete(found, access(), version_to_match(found))
    return Response(status=204)
