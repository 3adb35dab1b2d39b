"""``/events/stream``: what changes, as server-sent events."""

from __future__ import annotations

import re

from flask import Response, request

from app.api.http.auth import bearer, require_right
from app.api.http.smorest import Blueprint
from app.api.schemas.queries import StreamQuerySchema
from app.errors import InvalidInput

STREAM = "qhronos.stream"
"""What the server finds in a request's environment if its answer is a stream: whose token it has,
the tags, the position after which it begins, and whether it is of hints only. No thread has to wait
for that."""

EVENTS = {"type": "string", "description": "Server-sent events, without an end."}
LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "schema": {"type": "string", "pattern": "^([0-9]{1,15}-[0-9]{1,10})?$"},
    "description": "Where an earlier stream has ended: what came since comes first.",
    "example": "1795686346930-0",
}
_POSITION = re.compile(LAST_EVENT_ID["schema"]["pattern"])  # type: ignore[index]

blueprint = Blueprint("changes", __name__, description="What changes, as it does")
blueprint.before_request(require_right)


@blueprint.operation("/events/stream")
@blueprint.takes(LAST_EVENT_ID)
@blueprint.reads(StreamQuerySchema, "query")
@blueprint.answers(200, EVENTS, content_type="text/event-stream")
@blueprint.refuses(401, 403, 503)
def stream_changes(tags: frozenset[str]) -> Response:
    """Hear what changes: occurrences that are delivered and what comes of them, and events.

    Without tags it is all that the token may read. A client that was away reads on from
    Last-Event-ID, for ten minutes; an event 'reset' says that something was missed.
    """
    position = request.headers.get("Last-Event-ID") or None
    if position is not None and not _POSITION.fullmatch(position):
        raise InvalidInput("The header Last-Event-ID must be the id of an event of this stream.")
    return stream_answer(tags, None if position is None else position.encode())


def stream_answer(
    tags: frozenset[str], after: bytes | None = None, *, only_hints: bool = False
) -> Response:
    """Have the server answer this request with a stream."""
    if request.method != "HEAD":  # which is answered with the headers alone
        request.environ[STREAM] = (bearer(), tags, after, only_hints)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(b"", content_type="text/event-stream", headers=headers)
