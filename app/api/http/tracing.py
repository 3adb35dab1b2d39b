"""The spans of requests to the API, and of what they schedule."""

from __future__ import annotations

import os
import time

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars

from app.api.http.context import services
from app.api.http.metering import METHODS
from app.domain.origin import Origin
from app.domain.trace_context import (
    HEADER,
    SPAN_BYTES,
    TRACE_BYTES,
    TraceContext,
    read_traceparent,
)
from app.store.asked_by import Asked, begin
from app.tracing.span import PRODUCER, SERVER, EndedSpan, Tracing

SCHEDULE = "schedule"

UNTRACED = frozenset({"/health", "/status", "/metrics"})
"""What machines ask every few seconds; the files of pages are not traced either."""

_FILES = "static"

OTHER = "_OTHER"
"""What OpenTelemetry calls any other method."""


def register_tracing(app: Flask, tracing: Tracing) -> None:
    """Trace every request but those that machines ask all the time.

    It goes on with the trace of the caller's ``traceparent``, or begins one. What the request
    writes knows the trace from then on. To be called after ``register_headers``.
    """

    def start() -> None:
        if request.path in UNTRACED or (request.endpoint or "").endswith(_FILES):
            return
        above = read_traceparent(request.headers.get(HEADER, ""))
        trace_id = os.urandom(TRACE_BYTES) if above is None else above.trace_id
        is_sampled = tracing.samples(trace_id, above, _name(), SERVER)
        g.trace_parent = above
        g.trace = TraceContext(trace_id, os.urandom(SPAN_BYTES), is_sampled)
        schedules = TraceContext(trace_id, os.urandom(SPAN_BYTES), is_sampled)
        g.asked = Asked(Origin(g.request_id, schedules), is_kept=True)
        begin(g.asked)
        g.trace_started_us = services().clock.now_us()
        bind_contextvars(trace_id=trace_id.hex())

    def end(answer: Response) -> Response:
        own: TraceContext | None = g.get("trace")
        if own is not None and own.is_sampled:
            spans = _spans(own, answer.status_code, services().clock.now_us())
            if tracing.admits(len(spans)):
                tracing.add(spans)
        return answer

    app.before_request(start)
    app.after_request(end)


def _spans(own: TraceContext, status: int, ended_us: int) -> list[EndedSpan]:
    """The span of the request that is being answered, and that of what it has scheduled."""
    asked: Asked = g.asked
    about: dict[str, str | int] = {
        "http.request.method": _method(),
        "http.response.status_code": status,
        "url.scheme": request.scheme,
        "qhronos.request_id": asked.origin.request_id,
    }
    if request.url_rule is not None:
        about["http.route"] = request.url_rule.rule
    error = str(status) if status >= 500 else None
    started_us = g.trace_started_us
    spans = [EndedSpan(_name(), SERVER, own, g.trace_parent, started_us, ended_us, about, error)]
    context, since_s = asked.origin.trace, asked.scheduled_s
    if since_s is not None and context is not None and status < 400:
        since_us = ended_us - int((time.monotonic() - since_s) * 1_000_000)
        spans.append(EndedSpan(SCHEDULE, PRODUCER, context, own, since_us, ended_us, {}))
    return spans


def _name() -> str:
    """The method and the template of the path: no id, and nothing that a caller makes up."""
    rule = request.url_rule
    return _method() if rule is None else f"{_method()} {rule.rule}"


def _method() -> str:
    return request.method if request.method in METHODS else OTHER
