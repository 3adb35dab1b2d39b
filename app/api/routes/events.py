"""``/events``."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from flask import Response, g, request

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited, event_state, only_asked
from app.api.http.auth import access, claim, confirm, require_right
from app.api.http.conditional import etag, read_answer, version_to_match
from app.api.http.context import services
from app.api.http.icalendar_body import CALENDAR
from app.api.http.idempotency import DOCUMENT, REPLAYED
from app.api.http.paging import LISTED, LOCATED, UNINDEXED, array_answer
from app.api.http.partial import PARTIAL, may_be_partial
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.routes import icalendar_import
from app.api.schemas.events import EventSchema, EventUpdateSchema
from app.api.schemas.occurrences import OccurrenceSchema
from app.api.schemas.planning import DifferenceSchema
from app.api.schemas.queries import (
    DryRunSchema,
    EventQuerySchema,
    ListQuery,
    ListQuerySchema,
)
from app.api.schemas.representations import difference_text, event_text, occurrence_text
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER
from app.services.queries import EventChanges, EventQuery

ETAG = {"ETag": {"description": "For If-Match.", "schema": {"type": "string"}}}
ONCE = {
    **DOCUMENT,
    "description": "So that the request can be sent again: it makes one event, whatever happens.",
}
CREATE = "events.create_event"
blueprint = Blueprint("events", __name__, description="What to deliver, where, and when")


def _know_who_asks() -> None:
    """The script that creates an event looks whether the token was revoked, at the same time."""
    if request.endpoint == CREATE and request.mimetype != CALENDAR:
        claim()


blueprint.before_request(_know_who_asks)
blueprint.before_request(require_right)
blueprint.after_request(confirm)


def as_answered(event: Event) -> Any:
    """A new event as it is going to be answered."""
    text = event_text(event, services().previews.notices(event))
    g.event_text = (event.id, text)
    return json.loads(text)


@blueprint.operation("/events", "POST")
@audited("event.create", created=as_answered)
@blueprint.takes(ONCE)
@blueprint.reads_calendar_too(icalendar_import.import_calendar)
@blueprint.reads(EventSchema)
@blueprint.answers(201, EventSchema, headers={**ETAG, **LOCATED})
@blueprint.refuses(401, 403, 409, 413, 415)
def create_event(changes: EventChanges) -> Response:
    """Create an event, one-time or recurring.

    The same request with the same Idempotency-Key, sent again within a day, is answered with the
    event that is there, and Idempotent-Replayed: true. An iCalendar file is taken, too, as by
    POST /imports.
    """
    key = request.headers.get(HEADER)
    if key is None:
        event, is_new = services().events.create(changes, access()), True
    else:
        event, is_new = services().intake.creations.create(changes, access(), key)
    answer = written(event, 201)
    answer.headers["Location"] = absolute(f"/events/{to_text(event.id)}")
    if not is_new:
        only_asked()
        answer.headers[REPLAYED] = "true"
    return answer


@blueprint.operation("/events")
@blueprint.reads(EventQuerySchema, "query")
@blueprint.answers(200, EventSchema(many=True), headers={**LISTED, **UNINDEXED, **PARTIAL})
@blueprint.refuses(401, 403)
@may_be_partial
def list_events(query: EventQuery) -> Response:
    """List events, newest first.

    A page may have fewer than limit, or none, and yet lead on: no call looks at more than
    a bounded number of events. The list ends where there is no Link.
    """
    found = services().events.list(query, access())
    return array_answer(found, partial(event_text, chosen=query.members))


@blueprint.operation("/events/<event_id>")
@blueprint.answers(200, EventSchema, headers=ETAG)
@blueprint.refuses(401, 403, 404)
def get_event(event_id: str) -> Response:
    """Read an event."""
    return read_answer(services().events.get(event_id, access()))


@blueprint.operation("/events/<event_id>", "PATCH", "patch_event")
@blueprint.operation("/events/<event_id>", "PUT")
@audited("event.update", event_state)
@blueprint.reads(DryRunSchema, "query")
@blueprint.reads(EventUpdateSchema)
@blueprint.answers(200, {"oneOf": [EventSchema, DifferenceSchema]}, headers=ETAG)
@blueprint.refuses(401, 403, 404, 409, 412, 413, 415)
def update_event(dry_run: bool, changes: EventChanges, event_id: str) -> Response:
    """Change an event: what is left out stays, null clears.

    With dry_run=true nothing changes; the answer says which future occurrences would be added,
    removed and moved.
    """
    wanted = version_to_match(event_id)
    if dry_run:
        only_asked()
        difference = services().previews.of_change(event_id, changes, access(), wanted)
        return json_answer(difference_text(difference))
    return written(services().events.update(event_id, changes, access(), wanted))


@blueprint.operation("/events/<event_id>", "DELETE")
@audited("event.delete", event_state)
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404, 412)
def delete_event(event_id: str) -> Response:
    """Delete an event; what is scheduled is cancelled, what is recorded stays readable."""
    services().events.delete(event_id, access(), version_to_match(event_id))
    return Response(status=204)


@blueprint.operation("/events/<event_id>/occurrences")
@blueprint.reads(ListQuerySchema, "query")
@blueprint.answers(200, OccurrenceSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403, 404)
def list_event_occurrences(query: ListQuery, event_id: str) -> Response:
    """List an event's occurrences, newest scheduled first."""
    found = services().occurrences.of_event(event_id, access(), query.limit, query.cursor)
    return array_answer(found, occurrence_text)


def written(event: Event, status: int = 200) -> Response:
    """The event, with what changes of the clock will do to it."""
    made, text = g.pop("event_text", (None, ""))
    if made != event.id:
        text = event_text(event, services().previews.notices(event))
    return json_answer(text, status, {"ETag": etag(event)})
