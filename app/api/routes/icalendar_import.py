"""``POST /events`` with an iCalendar file: what becomes of each entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from app.api.http.answers import json_answer
from app.api.http.audit_trail import only_asked, record_as
from app.api.http.auth import access
from app.api.http.context import services
from app.api.http.errors import error_answer, invalid, status_of
from app.api.http.icalendar_body import MAX_IMPORT_BYTES, read_calendar
from app.api.http.smorest import read_query
from app.api.schemas.events import EventSchema
from app.api.schemas.imports import ImportQuerySchema
from app.api.schemas.representations import line_text
from app.domain.ical.importing import read_entries
from app.domain.ids import to_text
from app.domain.imports import (
    MADE,
    MAX_VEVENTS,
    REFUSED,
    UNCHANGED,
    UPDATED,
    ImportLine,
    ImportRequest,
)
from app.domain.once import HEADER
from app.errors import InvalidInput
from app.services.imports import TooMuch, first_error
from app.services.queries import EventChanges

FILE = {
    "description": (
        "What becomes of each entry is answered as an array: made, updated, unchanged, cancelled "
        "or refused. At most 8 MiB and 10,000 VEVENTs. SUMMARY, DESCRIPTION, DTSTART, RRULE, "
        "RDATE, EXDATE and CATEGORIES (the tags) are read, and X-QHRONOS-WEBHOOK and "
        "X-QHRONOS-TAGS; webhook, tags and timezone may stand in the query for those that do not "
        "say."
    )
}
_TOO_MUCH = "The calendar takes too many steps to compute; send it in parts."


def import_calendar() -> Response:
    """Make events of the entries of the file in the request's body, or change those it made."""
    if HEADER in request.headers:
        raise InvalidInput(f"{HEADER} is for one event, sent as JSON; leave it out.")
    asked: ImportRequest = ImportQuerySchema().load(read_query())
    record_as("event.import")
    calendar = read_entries(
        read_calendar(request, MAX_IMPORT_BYTES),
        asked.timezone,
        now_ms=services().clock.now_ms(),
        webhook=asked.webhook,
        tags=asked.tags,
        most=MAX_VEVENTS,
    )
    try:
        lines = services().imports.at_once(calendar, asked, access(), load_body)
    except TooMuch:
        raise InvalidInput(_TOO_MUCH) from None
    return _answer(lines, asked)


def load_body(body: Mapping[str, Any]) -> EventChanges:
    """Check the body of an event; raises ``InvalidInput``."""
    try:
        changes: EventChanges = EventSchema().load(dict(body))
    except ValidationError as error:
        raise invalid(error) from None
    return changes


def _answer(lines: Sequence[ImportLine], asked: ImportRequest) -> Response:
    outcomes = Counter(one.outcome for one in lines)
    error = first_error(lines)
    if asked.dry_run:
        only_asked()
        return json_answer(_texts(lines, is_dry=True))
    if error is not None and (asked.atomic or outcomes.keys() == {REFUSED}):
        refused = [one for one in lines if one.outcome == REFUSED]
        return error_answer(
            status_of(error), error.message, error.fields, {"entries": _texts(refused)}
        )
    changed = [
        {"id": to_text(one.event_id), "outcome": one.outcome}
        for one in lines
        if one.event_id is not None and one.outcome not in (UNCHANGED, REFUSED)
    ]
    record_as("event.import", {"source": asked.source, **outcomes, "changed": changed})
    return json_answer(_texts(lines), 201 if outcomes[MADE] else 200)


def _texts(lines: Sequence[ImportLine], *, is_dry: bool = False) -> str:
    notices = services().previews.notices
    texts = (
        line_text(
            one,
            notices(one.event) if one.event and one.outcome in (MADE, UPDATED) else (),
            is_dry=is_dry,
        )
        for one in lines
    )
    return f"[{','.join(texts)}]"
