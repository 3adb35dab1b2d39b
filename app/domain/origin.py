"""The origin: the request that created, last changed or redelivered something, as it is kept.

It is one short text: the id of the request, as in ``X-Request-Id``, then, if the request was
traced, a slash, the span that scheduled it, and whether its trace is recorded.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from app.domain.trace_context import SPAN_BYTES, TRACE_BYTES, TraceContext

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""An id that is harmless in a log and in a header."""

_TRACE = "/"
_RECORDED, _NOT_RECORDED = "1", "0"


class Origin(NamedTuple):
    """The id of a request, and its trace context; empty and ``None``: not known."""

    request_id: str = ""
    trace: TraceContext | None = None

    def text(self) -> str:
        """The origin as it is kept; empty if nothing is known."""
        if self.trace is None:
            return self.request_id
        ids = urlsafe_b64encode(self.trace.trace_id + self.trace.span_id).decode()
        flag = _RECORDED if self.trace.is_sampled else _NOT_RECORDED
        return f"{self.request_id}{_TRACE}{ids}{flag}"


UNKNOWN = Origin()


def read_origin(text: str) -> Origin:
    """The reverse of ``Origin.text``; a trace in a form that a later version may have is left out.

    No delivery may fail for what only explains it.
    """
    if not text:
        return UNKNOWN
    request_id, _, trace = text.partition(_TRACE)
    try:
        ids = urlsafe_b64decode(trace[:-1])
    except ValueError:
        ids = b""
    if len(ids) != TRACE_BYTES + SPAN_BYTES:
        return Origin(request_id)
    context = TraceContext(ids[:TRACE_BYTES], ids[TRACE_BYTES:], trace[-1] == _RECORDED)
    return Origin(request_id, context)
