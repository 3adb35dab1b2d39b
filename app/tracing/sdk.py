"""Spans, sent by OpenTelemetry's SDK: its samplers, its queue, its exporters.

Whoever adds a span pays for its place in a queue. A thread of the SDK sends what is there, some
hundred at once. A collector that is away or slow fills the queue, and then spans are dropped; so
are those beyond ``PER_S``, as the thread takes time that deliveries need. What was dropped is
counted, as is what was exported and what a collector did not take.

Spans are not made by a ``Tracer``: when one of ours ends, its ids have long been sent to the
receiver. To make it of what is known costs a third of what a tracer's own life of a span does.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from app import __version__
from app.domain.trace_context import TraceContext
from app.metrics.catalogue import SPANS
from app.metrics.registry import Registry
from app.tracing.span import EndedSpan

PER_S = 500.0
BURST = 1_000
"""How many spans a process sends in a second, and at once: a fiftieth of a processor's time."""

QUEUE, BATCH = 2_048, 512
"""How many wait at most, and are sent at once, unless OpenTelemetry's variables say otherwise."""

_SCOPE = InstrumentationScope("qhronos", __version__)
_NS = 1_000
_UNSET = Status(StatusCode.UNSET)


class _CountingExporter(SpanExporter):
    """An exporter that says how many spans it was given, and what became of them."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = self.exported = self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans; from one thread at a time."""
        self.taken += len(spans)
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            if result is SpanExportResult.SUCCESS:
                self.exported += len(spans)
            else:
                self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """Export nothing more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return self._exporter.force_flush(timeout_millis)


class SdkTracing:
    """See ``Tracing``; threads may share it, and a process that is forked goes on with it."""

    def __init__(
        self,
        sampler: Sampler,
        resource: Resource,
        exporter: SpanExporter,
        registry: Registry,
        *,
        queue: int = QUEUE,
        batch: int = BATCH,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``queue``: how many spans wait at most; ``batch``: how many are sent at once."""
        self._sampler, self._resource = sampler, resource
        self._exporter = _CountingExporter(exporter)
        self._queue, self._clock_s = queue, clock_s
        self._processor = BatchSpanProcessor(
            self._exporter, max_queue_size=queue, max_export_batch_size=min(batch, queue)
        )
        self._lock = threading.Lock()
        self._accepted = self._dropped = 0
        self._room, self._since_s = float(BURST), clock_s()
        self._counted = registry.tally(SPANS)
        registry.before_reading.append(self._count)
        after_fork = weakref.WeakMethod(self._after_fork)
        os.register_at_fork(after_in_child=lambda: (again := after_fork()) and again())

    def samples(self, trace_id: bytes, parent: TraceContext | None, name: str, kind: str) -> bool:
        """Whether the sampler has the trace recorded; see ``Tracing``."""
        above: Context | None = None
        if parent is not None:
            above = set_span_in_context(NonRecordingSpan(_context(parent, is_remote=True)))
        number = int.from_bytes(trace_id, "big")
        judged = self._sampler.should_sample(above, number, name, SpanKind[kind])
        return judged.decision is Decision.RECORD_AND_SAMPLE

    def add(self, spans: Sequence[EndedSpan]) -> None:
        """Queue spans that were admitted; see ``Tracing``."""
        for span in spans:
            self._processor.on_end(self._made(span))

    def close(self, timeout_s: float) -> None:
        """Send what waits; the collector may be away, so nobody waits longer than told."""
        last = threading.Thread(target=self._processor.shutdown, name="traces-last", daemon=True)
        last.start()
        last.join(timeout_s)

    def admits(self, count: int) -> bool:
        """Whether there is room for so many spans; see ``Tracing``."""
        with self._lock:
            now_s = self._clock_s()
            self._room = min(BURST, self._room + (now_s - self._since_s) * PER_S)
            self._since_s = now_s
            waiting = self._accepted - self._exporter.taken
            if self._room < count or waiting + count > self._queue:
                self._dropped += count
                return False
            self._room -= count
            self._accepted += count
            return True

    def _made(self, span: EndedSpan) -> ReadableSpan:
        link = span.link
        return ReadableSpan(
            span.name,
            _context(span.context),
            None if span.parent is None else _context(span.parent),
            self._resource,
            span.attributes,
            links=() if link is None else (Link(_context(link, is_remote=True)),),
            kind=SpanKind[span.kind],
            status=_UNSET if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.started_us * _NS,
            end_time=max(span.ended_us, span.started_us) * _NS,
            instrumentation_scope=_SCOPE,
        )

    def _count(self) -> None:
        counted, exporter = self._counted, self._exporter
        counted["exported",] = exporter.exported
        counted["failed",] = exporter.failed
        counted["dropped",] = self._dropped

    def _after_fork(self) -> None:
        """What waited belongs to the parent, whose thread sends it; the SDK makes a new one."""
        self._lock = threading.Lock()
        self._accepted = self._exporter.taken


def _context(context: TraceContext, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(
        int.from_bytes(context.trace_id, "big"),
        int.from_bytes(context.span_id, "big"),
        is_remote,
        TraceFlags(TraceFlags.SAMPLED if context.is_sampled else TraceFlags.DEFAULT),
    )
