"""``/calendar.ics``."""

from __future__ import annotations

from flask import Response

from app.api.http.auth import access, require_right_or_feed_token
from app.api.http.context import services
from app.api.http.icalendar_body import CALENDAR
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import FeedQuerySchema
from app.domain.ical.writing import write_feed
from app.services.queries import TagFilter

FILE = {"type": "string", "description": "An iCalendar file (RFC 5545)."}

blueprint = Blueprint("feed", __name__, description="Occurrences in people's calendars")
blueprint.before_request(require_right_or_feed_token)


@blueprint.operation("/calendar.ics")
@blueprint.reads(FeedQuerySchema, "query")
@blueprint.answers(200, FILE, content_type=CALENDAR)
@blueprint.refuses(401, 403)
def get_calendar_feed(tags: TagFilter) -> Response:
    """Read the last 7 and the next 60 days as an iCalendar file.

    At most 2,000 occurrences of at most 500 events. A token of type feed may stand in the query.
    """
    happenings = services().feed.happenings(tags, access())
    text = write_feed(happenings, services().clock.now_ms())
    return Response(
        text,
        content_type=f"{CALENDAR}; charset=utf-8",
        headers={"Content-Disposition": 'inline; filename="qhronos.ics"'},
    )
