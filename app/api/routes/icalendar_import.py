"""``POST /events`` with an iCalendar file: an event of each VEVENT."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from app.api.http.answers import json_answer
from app.api.http.auth import access
from app.api.http.context import services
from app.api.http.errors import invalid
from app.api.http.icalendar_body import read_calendar
from app.api.http.smorest import read_query
from app.api.schemas.events import EventSchema
from app.api.schemas.queries import ImportQuerySchema
from app.api.schemas.representations import event_text
from app.domain.ical.old_bodies import MAX_EVENTS, read_bodies
from app.domain.ical.reading import read_document
from app.domain.once import HEADER
from app.errors import InvalidInput
from app.services.event_creation import of_one
from app.services.queries import EventChanges

FILE = {
    "description": (
        "An event of each VEVENT that is not cancelled, all or none, answered as an array; at "
        "most 1 MiB and 100 VEVENTs. SUMMARY, DESCRIPTION, DTSTART, RRULE, RDATE, EXDATE and "
        "CATEGORIES (the tags) are read, and X-QHRONOS-WEBHOOK and X-QHRONOS-TAGS; webhook, tags "
        "and timezone may stand in the query for those that do not say."
    )
}


def create_events_of_calendar() -> Response:
    """Create events of the VEVENTs in the request's body."""
    if HEADER in request.headers:
        raise InvalidInput(f"{HEADER} is for one event, sent as JSON; leave it out.")
    query = ImportQuerySchema().load(read_query())
    document = read_document(read_calendar(request), MAX_EVENTS)
    schema = EventSchema()
    drafts = [
        (f"VEVENT {number}", _loaded(f"VEVENT {number}", body, schema))
        for number, body in read_bodies(document, **query)
    ]
    created = services().imports.create_all(drafts, access())
    texts = (event_text(event, services().previews.notices(event)) for event in created)
    return json_answer(f"[{','.join(texts)}]", 201)


def _loaded(name: str, body: dict[str, Any], schema: EventSchema) -> EventChanges:
    try:
        changes: EventChanges = schema.load(body)
    except ValidationError as error:
        raise of_one(name, invalid(error)) from None
    return changes
