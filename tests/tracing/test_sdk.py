"""Spans reach an exporter as they are; what can't be sent is dropped, counted, and holds up no one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from app.domain.trace_context import TraceContext
from app.metrics.registry import Registry
from app.tracing.sdk import BURST, PER_S, SdkTracing
from app.tracing.span import CLIENT, SERVER, EndedSpan

TRACE = bytes(range(1, 17))
PARENT = TraceContext(TRACE, b"parent--", is_sampled=True)
SPAN = EndedSpan(
    "POST", CLIENT, TraceContext(TRACE, b"child---", is_sampled=True), PARENT, 7, 9, {"a.b": 1}
)


class Held(SpanExporter):
    """A collector that answers when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.go.wait(60)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.go.set()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def made(registry: Registry) -> Iterator:
    """Makes one; it is closed in the end."""
    all_made: list[SdkTracing] = []

    def make(exporter: SpanExporter, sampler: Sampler = ALWAYS_ON, **more) -> SdkTracing:
        all_made.append(SdkTracing(sampler, Resource({"x": "y"}), exporter, registry, **more))
        return all_made[-1]

    yield make
    for one in all_made:
        one.close(5)


def add(tracing: SdkTracing, *spans: EndedSpan) -> None:
    """Add spans if they are admitted, as everybody does."""
    if tracing.admits(len(spans)):
        tracing.add(spans)


def counts(registry: Registry) -> dict[str, int]:
    return {
        field.removeprefix("spans|"): count
        for field, count in registry.totals().items()
        if field.startswith("spans|")
    }


def test_a_span_is_exported_as_it_is(made, registry):
    exporter = InMemorySpanExporter()
    tracing = made(exporter)
    linked = SPAN._replace(link=PARENT, error="timeout", parent=None)
    add(tracing, SPAN, linked)
    tracing.close(5)
    one, other = exporter.get_finished_spans()
    assert (one.name, one.kind, one.attributes) == ("POST", SpanKind.CLIENT, {"a.b": 1})
    assert (one.start_time, one.end_time) == (7_000, 9_000)
    assert one.context.trace_id.to_bytes(16) == TRACE
    assert one.parent.span_id.to_bytes(8) == PARENT.span_id
    assert (one.status.status_code, one.links) == (StatusCode.UNSET, ())
    assert (other.status.status_code, other.status.description) == (StatusCode.ERROR, "timeout")
    assert (other.parent, other.links[0].context.span_id.to_bytes(8)) == (None, PARENT.span_id)
    assert counts(registry) == {"exported": 2}


def test_a_collector_that_hangs_holds_up_nobody(made, registry):
    """What does not fit into the queue is dropped at once; what it refuses is counted, too."""
    exporter = Held()
    tracing = made(exporter, queue=4)
    for _ in range(5):
        add(tracing, SPAN, SPAN)
    assert counts(registry) == {"dropped": 6}
    exporter.go.set()
    tracing.close(5)
    assert counts(registry) == {"dropped": 6, "failed": 4}


def test_a_process_that_ends_waits_no_longer_than_told(made):
    exporter = Held()
    tracing = made(exporter)
    add(tracing, SPAN)
    tracing.close(0)
    assert not exporter.go.is_set()


def test_a_flood_of_spans_costs_a_bounded_share_of_a_processor(made, registry):
    """The thread that sends them shares the interpreter with deliveries."""
    now_s = 1_000.0
    tracing = made(InMemorySpanExporter(), queue=10 * BURST, clock_s=lambda: now_s)
    for _ in range(BURST + 7):
        add(tracing, SPAN)
    assert counts(registry)["dropped"] == 7
    now_s += 1
    for _ in range(int(PER_S) + 5):
        add(tracing, SPAN)
    assert counts(registry)["dropped"] == 12


@pytest.mark.parametrize(("ratio", "own"), [(1.0, True), (0.0, False)])
def test_the_sampler_decides_and_whoever_began_the_trace_before_it(made, ratio, own):
    tracing = made(InMemorySpanExporter(), ParentBased(TraceIdRatioBased(ratio)))
    assert tracing.samples(TRACE, None, "GET", SERVER) is own
    for is_sampled in (True, False):
        parent = PARENT._replace(is_sampled=is_sampled)
        assert tracing.samples(TRACE, parent, "GET", SERVER) is is_sampled


class Piped(SpanExporter):
    """Writes a letter for each span."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        os.write(self.fd, b"s" * len(spans))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Holds nothing."""


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_was_forked_sends_what_is_its_own(made):
    """A thread does not survive a fork; what waited in the parent is sent by the parent alone."""
    reads, writes = os.pipe()
    tracing = made(Piped(writes), queue=3)
    add(tracing, SPAN, SPAN)
    child = os.fork()
    if child == 0:
        add(tracing, SPAN, SPAN, SPAN)  # for which there is room: nothing of its own waits
        tracing.close(30)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert os.read(reads, 99) == b"sss"
    tracing.close(5)
    assert os.read(reads, 99) == b"ss"
    os.close(reads)
    os.close(writes)
