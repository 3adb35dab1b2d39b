"""The spans of attempts, and the trace context that receivers are given.

What a request asked for once is in the trace of the request: the occurrence of a one-time event,
and what was triggered, backfilled or redelivered. An occurrence of a series has a trace of its own,
with a link to the request that wrote the event: else a trace would grow for years. A callback is in
the trace of the occurrence whose end it reports.

The ids of such a trace and of its root follow from the occurrence's. So the attempts that several
workers make are in one trace, and nothing of it is stored.
"""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlsplit

from app.delivery.request import POST
from app.domain import ids
from app.domain.action import WEBSOCKET
from app.domain.origin import read_origin
from app.domain.outcome import Outcome, Timings
from app.domain.trace_context import SPAN_BYTES, TraceContext, trace_of
from app.engine.target_limits import InFlightRequest
from app.metrics.catalogue import LATENESS, RECEIVER
from app.metrics.exemplars import Exemplar, Exemplars
from app.metrics.family import Family
from app.store.calls import Record
from app.store.claims import Claim
from app.tracing.span import (
    CLIENT,
    CONSUMER,
    LONGEST_VALUE,
    PRODUCER,
    Attributes,
    EndedSpan,
    Tracing,
)

SCHEDULE, ATTEMPT = "schedule", "attempt"
_MS = 1_000


class _Place(NamedTuple):
    """Where an attempt is in its trace."""

    parent: TraceContext
    attempt: TraceContext
    request: TraceContext
    begins_trace: bool
    """Whether the span above it is the occurrence's own, and is yet to be told of."""
    link: TraceContext | None


class AttemptTraces:
    """Tells a ``Tracing`` of attempts."""

    def __init__(self, tracing: Tracing, exemplars: Exemplars) -> None:
        self.tracing = tracing
        self._exemplars = exemplars

    def context(self, claim: Claim) -> TraceContext:
        """The context of the request that an attempt sends."""
        return self._place(claim).request

    def note(self, sent: InFlightRequest, outcome: Outcome, record: Record) -> None:
        """Tell of an attempt that has ended, if its trace is recorded."""
        claim, timings = sent.claim, outcome.timings
        place = self._place(claim)
        if not place.request.is_sampled or not self.tracing.admits(2 + place.begins_trace):
            return
        about = _about(claim)
        claimed_us = max(claim.claimed_ms, claim.due_ms) * _MS
        spans = []
        if place.begins_trace:
            parent, due_us = place.parent, claim.due_ms * _MS
            spans.append(
                EndedSpan(
                    SCHEDULE, PRODUCER, parent, None, due_us, claimed_us, about, link=place.link
                )
            )
        late_ms = max(timings.started_us - timings.due_us, 0) // _MS
        told = {**about, "qhronos.late_ms": late_ms, "qhronos.outcome": record.verdict}
        error = outcome.error
        spans += (
            EndedSpan(
                ATTEMPT,
                CONSUMER,
                place.attempt,
                place.parent,
                min(claimed_us, timings.started_us),
                timings.done_us,
                told,
                error,
            ),
            _request_span(sent, outcome, place),
        )
        self.tracing.add(spans)
        self._exemplify(claim, timings, place.request.trace_id.hex())

    def _exemplify(self, claim: Claim, timings: Timings, trace_id: str) -> None:
        """Note what the meter of attempts counts, as a part of the trace."""
        due, started, done, first, dns, connect, tls = timings
        at_ms = done // _MS

        def note(family: Family, value: int, *labels: str) -> None:
            self._exemplars.note(family, value, Exemplar(trace_id, max(value, 0), at_ms), *labels)

        if claim.attempt == 1:
            note(LATENESS, started - due)
        for phase, took in (("dns", dns), ("connect", connect), ("tls", tls)):
            if took is not None:
                note(RECEIVER, took, phase)
                started += took
        if first is not None:
            note(RECEIVER, first - started, "wait")
            note(RECEIVER, done - first, "read")

    def _place(self, claim: Claim) -> _Place:
        found: _Place | None = claim.trace
        if found is None:
            found = claim.trace = self._placed(claim)
        return found

    def _placed(self, claim: Claim) -> _Place:
        asked, link, begins_trace = _asked(claim), None, False
        if asked is not None:
            parent = asked
            is_sampled = self.tracing.samples(asked.trace_id, asked, ATTEMPT, CONSUMER)
        else:
            reported = claim.callback
            parent = trace_of(claim.occurrence_id if reported is None else reported.occurrence_id)
            is_sampled = self.tracing.samples(parent.trace_id, None, SCHEDULE, PRODUCER)
            begins_trace = claim.attempt == 1 and reported is None
            link = None if claim.definition is None else read_origin(claim.definition.origin).trace
        trace_id, own = parent.trace_id, os.urandom(2 * SPAN_BYTES)
        return _Place(
            TraceContext(trace_id, parent.span_id, is_sampled),
            TraceContext(trace_id, own[:SPAN_BYTES], is_sampled),
            TraceContext(trace_id, own[SPAN_BYTES:], is_sampled),
            begins_trace,
            link,
        )


def _asked(claim: Claim) -> TraceContext | None:
    """The request in whose trace an attempt is; ``None``: it is in a trace of its own."""
    if claim.callback is not None or claim.definition is None:
        return None
    if claim.asked and (own := read_origin(claim.asked).trace) is not None:
        return own
    definition = claim.definition
    return None if definition.schedule is not None else read_origin(definition.origin).trace


def _about(claim: Claim) -> Attributes:
    about: dict[str, str | int] = {
        "qhronos.event.id": ids.to_text(claim.event_id),
        "qhronos.occurrence.id": ids.to_text(claim.occurrence_id),
        "qhronos.attempt": claim.attempt,
        "qhronos.action": claim.action.kind,
    }
    if claim.callback is not None:
        about["qhronos.callback_of"] = ids.to_text(claim.callback.occurrence_id)
    if request_id := read_origin(claim.origin).request_id:
        about["qhronos.request_id"] = request_id
    return about


def _request_span(sent: InFlightRequest, outcome: Outcome, place: _Place) -> EndedSpan:
    """The request, with the attributes of OpenTelemetry's HTTP clients.

    The path and the query are left out: they may have secrets.
    """
    action, timings = sent.claim.action, outcome.timings
    about: dict[str, str | int] = {}
    name = WEBSOCKET
    if action.is_http:
        target = urlsplit(sent.limit.target)
        name = str(action.params.get("method", POST))
        about |= {
            "http.request.method": name,
            "url.scheme": target.scheme,
            "server.address": (target.hostname or "")[:LONGEST_VALUE],
        }
        if target.port is not None:
            about["server.port"] = target.port
        if sent.claim.attempt > 1:
            about["http.request.resend_count"] = sent.claim.attempt - 1
    if outcome.status_code is not None:
        about["http.response.status_code"] = outcome.status_code
    if outcome.error is not None:
        about["error.type"] = outcome.error
    started, done = timings.started_us, timings.done_us
    return EndedSpan(
        name, CLIENT, place.request, place.attempt, started, done, about, error=outcome.error
    )
