"""A request to the API has a span, in the caller's trace, and what it schedules knows it."""

from __future__ import annotations

import pytest
from flask import Flask

from app.domain.origin import read_origin
from app.domain.outcome import Outcome, Timings
from app.domain.times import to_rfc3339
from app.domain.trace_context import read_traceparent
from app.factory import create_app
from app.tracing.span import PRODUCER, SERVER
from tests.api.application import MASTER_TOKEN, with_token
from tests.support.traces import SpanList

ABOVE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = ABOVE[:-1] + "0"
OK = Outcome(Timings(0, 0, 0), 200)


@pytest.fixture
def tracing() -> SpanList:
    return SpanList()


@pytest.fixture
def app(services, tracing) -> Flask:
    return create_app(services, tracing)


@pytest.fixture
def client(app):
    return with_token(app, MASTER_TOKEN)


@pytest.fixture
def create(client, clock, an_event):
    """Creates an event that is due in a minute."""

    def make(**headers: str):
        body = {**an_event, "start_time": to_rfc3339(clock.ms + 60_000)}
        return client.post("/events", json=body, headers=headers)

    return make


def test_a_request_and_what_it_schedules_are_in_the_callers_trace(create, tracing, clock, attempt):
    answer = create(traceparent=ABOVE)
    assert answer.status_code == 201
    request, schedule = tracing.spans
    assert (request.name, request.kind) == ("POST /events", SERVER)
    assert request.parent == read_traceparent(ABOVE)
    assert (schedule.name, schedule.kind) == ("schedule", PRODUCER)
    assert schedule.parent == request.context
    clock.advance(60_000)
    (claim,) = attempt(OK)
    origin = read_origin(claim.origin)
    assert origin.trace == schedule.context
    assert origin.request_id == answer.headers["X-Request-Id"]
    assert request.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "http.route": "/events",
        "url.scheme": "http",
        "qhronos.request_id": origin.request_id,
    }


@pytest.mark.parametrize("broken", ["", "00-0-0-01", ABOVE + ", " + ABOVE, ABOVE.upper()])
def test_what_is_no_trace_context_begins_a_trace(create, tracing, broken):
    create(traceparent=broken)
    request, _ = tracing.spans
    assert request.parent is None
    assert request.context.trace_id != read_traceparent(ABOVE).trace_id


def test_what_its_caller_does_not_record_is_not_recorded(create, tracing, clock, attempt):
    """It keeps the trace all the same, so that the receiver learns it."""
    create(traceparent=UNSAMPLED)
    assert tracing.spans == []
    clock.advance(60_000)
    (claim,) = attempt(OK)
    trace = read_origin(claim.origin).trace
    assert (trace.trace_id, trace.is_sampled) == (read_traceparent(ABOVE).trace_id, False)


def test_a_request_that_only_reads_schedules_nothing(client, tracing):
    assert client.get("/events?name_prefix=secret").status_code == 200
    (span,) = tracing.spans
    assert span.name == "GET /events"
    assert "secret" not in str(span)


def test_neither_a_path_nor_a_method_of_the_callers_is_in_a_span(client, tracing):
    client.get("/secret")
    client.open("/events", method="SECRET")
    assert {one.name for one in tracing.spans} <= {"GET", "_OTHER", "_OTHER /events"}
    assert "secret" not in str(tracing.spans).lower()


@pytest.mark.parametrize("path", ["/health", "/status", "/metrics"])
def test_what_machines_ask_all_the_time_is_not_traced(client, tracing, path):
    client.get(path)
    assert tracing.spans == []
