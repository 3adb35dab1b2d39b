"""``/calendar.ics``."""

from __future__ import annotations

from flask import Response

from app.api.http.auth import access, require_right_or_feed_token
from app.api.http.conditional import is_held
from app.api.http.context import services
from app.api.http.icalendar_body import CALENDAR
from app.api.http.partial import PARTIAL, may_be_partial
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import FeedQuerySchema
from app.services.queries import TagFilter

FILE = {"type": "string", "description": "An iCalendar file (RFC 5545)."}
ETAG = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}

blueprint = Blueprint("feed", __name__, description="Occurrences in people's calendars")
blueprint.before_request(require_right_or_feed_token)


@blueprint.operation("/calendar.ics")
@blueprint.reads(FeedQuerySchema, "query")
@blueprint.answers(200, FILE, content_type=CALENDAR, headers={**ETAG, **PARTIAL})
@blueprint.refuses(401, 403)
@may_be_partial
def get_calendar_feed(tags: TagFilter) -> Response:
    """Read the last 7 and the next 60 days as an iCalendar file.

    At most 2,000 occurrences of at most 500 events; the file says where it leaves something out.
    A token of type feed may stand in the query.
    """
    found = services().feed.read(tags, access())
    # Weak: it stands for what is shown, in whatever coding.
    tag = f'W/"{found.stamp}"'
    headers = {
        "ETag": tag,
        # It may be kept, by the reader alone, but is never shown without asking: that is cheap.
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }
    if is_held(tag):
        return Response(status=304, headers=headers)
    file = services().feed.write(found)
    headers["Content-Disposition"] = 'inline; filename="qhronos.ics"'
    return Response(file, content_type=f"{CALENDAR}; charset=utf-8", headers=headers)
