"""A span that has ended, and what takes it: what the rest of the code knows of tracing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from app.domain.trace_context import TraceContext

SERVER, PRODUCER, CONSUMER, CLIENT = "SERVER", "PRODUCER", "CONSUMER", "CLIENT"
"""The kinds of spans that there are here, as OpenTelemetry calls them."""

LONGEST_VALUE = 256
"""Characters of an attribute: none is a user's text, but a host is a user's choice."""

Attributes = Mapping[str, str | int]


class EndedSpan(NamedTuple):
    """One step, from when to when, in microseconds since 1970.

    ``error`` is a word, ``None`` for a success. ``link`` is a span of another trace that it
    follows from.
    """

    name: str
    kind: str
    context: TraceContext
    parent: TraceContext | None
    started_us: int
    ended_us: int
    attributes: Attributes
    error: str | None = None
    link: TraceContext | None = None


class Tracing(Protocol):
    """Decides which traces are recorded, and sends their spans."""

    def samples(self, trace_id: bytes, parent: TraceContext | None, name: str, kind: str) -> bool:
        """Whether the trace with this id is recorded; ``parent`` has come from elsewhere.

        ``name`` and ``kind`` are those of the span that asks.
        """
        ...

    def admits(self, count: int) -> bool:
        """Whether so many spans may be added now; else they count as dropped."""
        ...

    def add(self, spans: Sequence[EndedSpan]) -> None:
        """Have spans sent soon that were admitted; it never waits."""
        ...

    def close(self, timeout_s: float) -> None:
        """Send what waits, for at most so long."""
        ...
