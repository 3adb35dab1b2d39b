"""Spans where tests can look at them."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.trace_context import TraceContext
from app.tracing.span import EndedSpan


class SpanList:
    """A ``Tracing`` that keeps spans, and records a trace as its parent says, else as it is told."""

    def __init__(self, *, records: bool = True) -> None:
        self.spans: list[EndedSpan] = []
        self.records = records

    def samples(self, trace_id: bytes, parent: TraceContext | None, name: str, kind: str) -> bool:
        return self.records if parent is None else parent.is_sampled

    def admits(self, count: int) -> bool:
        return count > 0

    def add(self, spans: Sequence[EndedSpan]) -> None:
        self.spans += spans

    def close(self, timeout_s: float) -> None:
        """Holds nothing."""

    def named(self, name: str) -> EndedSpan:
        (found,) = (one for one in self.spans if one.name == name)
        return found
