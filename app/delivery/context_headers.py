"""Headers that say for which request something is sent, and in which trace."""

from __future__ import annotations

import re

from app.delivery.request import Request
from app.domain.trace_context import HEADER, STATE_HEADER

REQUEST_ID = "X-Request-Id"

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_OF_TRACES = (HEADER, STATE_HEADER)


def with_context(request: Request, request_id: str, traceparent: str) -> Request:
    """The request with the id of the request that asked for it, and its trace context.

    Either may be empty. The list of its headers, which was made for it, gets them: this is done for
    every delivery. An event's own ``X-Request-Id`` stays as it is. Its own ``traceparent`` and
    ``tracestate`` give way: the same for each attempt, they would lead away from the trace.
    """
    own, lines = request.own, request.headers
    if request_id and not (own and REQUEST_ID.lower() in map(_name, own)):
        lines.append(f"{REQUEST_ID}: {request_id}")
    if traceparent:
        lines.append(f"{HEADER}: {traceparent}")
        if own:
            kept = [line for line in own if _name(line) not in _OF_TRACES]
            return request._replace(own=kept)
    return request


def _name(line: str) -> str:
    """The name of a line as receivers may understand it; see ``headers.is_the_services``."""
    name = line.partition(":")[0].rstrip(";")
    return _NOT_ALPHANUMERIC.sub("-", name.lower())
