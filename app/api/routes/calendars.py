"""``/calendars``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.icalendar_body import read_calendar
from app.api.http.paging import LISTED, LOCATED, named_answer
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.calendars import CalendarSchema
from app.api.schemas.queries import ListQuery, NamedListQuerySchema
from app.api.schemas.representations import calendar_members
from app.domain.ical.days import read_definition
from app.errors import Forbidden

FILE = {
    "description": (
        "All-day VEVENTs, cancelled ones left out: DTEND is the day after the last one, RRULE "
        "becomes a rule. At most 1 MiB and 1,500 VEVENTs."
    )
}

blueprint = Blueprint("calendars", __name__, description="Days on which nothing should happen")
blueprint.before_request(require_right)


def _put_file(name: str) -> Response:
    # Before a megabyte is read, not after.
    if not access().is_admin:
        raise Forbidden("Only the master token or one whose access is admin may do this.")
    return _put(name, read_definition(read_calendar(request)))


def _state(name: str) -> dict[str, Any]:
    return calendar_members(services().calendars.get(name, access()))


@blueprint.operation("/calendars/<name>", "PUT")
@audited("calendar.put", _state)
@blueprint.takes_calendar(FILE)
@blueprint.reads_calendar_too(_put_file)
@blueprint.reads(CalendarSchema)
@blueprint.answers(200, CalendarSchema)
@blueprint.answers(201, CalendarSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 409, 413, 415)
def put_calendar(definition: Mapping[str, Any], name: str) -> Response:
    """Create or replace a calendar; its events are planned anew.

    A new one is answered with 201. For the master token and those of access admin.
    """
    return _put(name, definition)


@blueprint.operation("/calendars")
@blueprint.reads(NamedListQuerySchema, "query")
@blueprint.answers(200, CalendarSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_calendars(query: ListQuery) -> Response:
    """List calendars, by name."""
    found = {view.name: view for view in services().calendars.list(access())}
    return named_answer(found, "calendars", query, lambda one: json_text(calendar_members(one)))


@blueprint.operation("/calendars/<name>")
@blueprint.answers(200, CalendarSchema)
@blueprint.refuses(401, 403, 404)
def get_calendar(name: str) -> Response:
    """Read a calendar."""
    return json_answer(json_text(calendar_members(services().calendars.get(name, access()))))


@blueprint.operation("/calendars/<name>", "DELETE")
@audited("calendar.delete", _state)
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404, 409)
def delete_calendar(name: str) -> Response:
    """Delete a calendar that no event names."""
    services().calendars.delete(name, access())
    return Response(status=204)


def _put(name: str, definition: Mapping[str, Any]) -> Response:
    view, is_new = services().calendars.put(name, definition, access())
    text = json_text(calendar_members(view))
    if is_new:
        return json_answer(text, 201, {"Location": absolute(f"/calendars/{name}")})
    return json_answer(text)
