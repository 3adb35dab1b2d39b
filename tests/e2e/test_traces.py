"""Real processes send their spans to a collector, and a delivery is one connected trace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.domain.trace_context import read_traceparent
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

ABOVE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACES = "/v1/traces"


class Collector:
    """A receiver that takes OTLP over HTTP."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.url = receiver.url("")

    def spans(self) -> list[tuple[str, Span]]:
        """What has come: each span with the role of its process."""
        found = []
        for request in self.receiver.requests_to(TRACES):
            for of_resource in ExportTraceServiceRequest.FromString(request.body).resource_spans:
                known = {one.key: one.value.string_value for one in of_resource.resource.attributes}
                assert known["service.name"] == "shop"
                role = known["qhronos.role"]
                found += [(role, one) for scope in of_resource.scope_spans for one in scope.spans]
        return found

    def wait_for(self, is_wanted: Callable[[Span], bool], count: int) -> list[tuple[str, Span]]:
        def look() -> list[tuple[str, Span]]:
            found = [(role, one) for role, one in self.spans() if is_wanted(one)]
            return found if len(found) >= count else []

        found = wait_until(look, f"{count} spans")
        return sorted(found, key=lambda one: (one[1].start_time_unix_nano, one[1].kind))


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Receiver() as receiver:
        yield Collector(receiver)


@pytest.fixture
def stack(collector: Collector) -> Iterator[Stack]:
    """One whose variables for traces are in its file of settings."""
    stack = Stack()
    (stack.directory / ".env").write_text(
        f"OTEL_EXPORTER_OTLP_ENDPOINT={collector.url}\n"
        "OTEL_SERVICE_NAME=shop\nOTEL_BSP_SCHEDULE_DELAY=100\n",
        encoding="utf-8",
    )
    with stack:
        yield stack


def value(span: Span, name: str) -> Any:
    (found,) = (one.value for one in span.attributes if one.key == name)
    return getattr(found, str(found.WhichOneof("value")))


def test_a_delivery_is_one_trace_from_the_request_to_the_receiver(
    stack: Stack, receiver: Receiver, collector: Collector
) -> None:
    """It begins at the caller's span, and each attempt is in it, with what its receiver was told."""
    body: dict[str, Any]
    receiver.reply("/once", Reply(503), Reply(200))
    headers = {"traceparent": ABOVE, "X-Request-Id": "order-7"}
    body = {"name": "once", "delay": "0s", "webhook": receiver.url("/once"), "tags": ["t"]}
    body["retry"] = {"attempts": 3, "delays": ["0s"]}
    stack.api.call("POST", "/events", body, headers)
    first, second = receiver.wait_for(2, path="/once")
    above = read_traceparent(ABOVE)
    assert above is not None
    found = collector.wait_for(lambda one: one.trace_id == above.trace_id, 6)
    assert [(role, one.name) for role, one in found] == [
        ("web", "POST /events"),
        ("web", "schedule"),
        *[("deliver", "attempt"), ("deliver", "POST")] * 2,
    ]
    request, schedule, attempt, sent, again, sent_again = (one for _, one in found)
    assert request.parent_span_id == above.span_id
    assert schedule.parent_span_id == request.span_id
    assert attempt.parent_span_id == again.parent_span_id == schedule.span_id
    assert (sent.parent_span_id, sent_again.parent_span_id) == (attempt.span_id, again.span_id)
    for received, span in ((first, sent), (second, sent_again)):
        told = read_traceparent(received.headers["traceparent"])
        assert told is not None
        assert (told.trace_id, told.span_id) == (above.trace_id, span.span_id)
        assert received.headers["x-request-id"] == "order-7"
    assert value(sent, "http.response.status_code") == 503
    assert value(again, "qhronos.request_id") == "order-7"

    # A series: each occurrence has a trace of its own, which leads to the request.
    body = {"name": "series", "start_time": "2026-01-01T00:00:00Z", "tags": ["t"]}
    body |= {"webhook": receiver.url("/series"), "schedule": {"every": "1s"}}
    stack.api.call("POST", "/events", body, {"traceparent": ABOVE})
    received = receiver.wait_for(2, path="/series")
    traces = {read_traceparent(one.headers["traceparent"]) for one in received}
    ids = {one.trace_id for one in traces if one is not None}
    assert len(ids) == 2
    roots = collector.wait_for(lambda one: one.trace_id in ids and not one.parent_span_id, 2)
    assert {one.links[0].trace_id for _, one in roots} == {above.trace_id}

    # A collector that is away holds up no delivery, nor the end of a process.
    collector.receiver.stop_listening()
    stack.api.create(receiver.url("/away"))
    receiver.wait_for(1, path="/away")
    stack.workers[0].stop()

    # The metrics lead to traces: what the worker has noted is there by its end.
    answer = stack.api.call("GET", "/metrics", more={"Accept": "application/openmetrics-text"})
    buckets = re.findall(
        r'^qhronos_lateness_seconds_bucket.* # \{trace_id="[0-9a-f]{32}"\}',
        answer.body.decode(),
        re.MULTILINE,
    )
    assert buckets
