"""The trace context: which trace something belongs to, and under which span.

It comes and goes as the header ``traceparent`` (W3C Trace Context, level 1, section 3.2).
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

HEADER = "traceparent"
STATE_HEADER = "tracestate"

TRACE_BYTES, SPAN_BYTES = 16, 8

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
_INVALID = "ff"


class TraceContext(NamedTuple):
    """A span of a trace, and whether the trace is recorded."""

    trace_id: bytes
    span_id: bytes
    is_sampled: bool

    def header(self) -> str:
        """The value of ``traceparent``."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{int(self.is_sampled):02x}"


def read_traceparent(text: str) -> TraceContext | None:
    """Read the value of ``traceparent``; ``None``: it is none, and a new trace begins.

    A later version may have more at its end, version 00 may not (section 3.2.2).
    """
    found = _TRACEPARENT.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == _INVALID or (version == "00" and more) or not int(trace, 16) or not int(span, 16):
        return None
    return TraceContext(bytes.fromhex(trace), bytes.fromhex(span), bool(int(flags, 16) & _SAMPLED))


def trace_of(occurrence_id: bytes) -> TraceContext:
    """The trace of an occurrence that nobody's request began, and the span that is its root.

    All its attempts are in it, whichever workers make them. Nobody has decided yet whether it is
    recorded: ``is_sampled`` is true.
    """
    digest = hashlib.blake2b(occurrence_id, digest_size=24, person=b"trace").digest()
    return TraceContext(digest[:TRACE_BYTES], digest[TRACE_BYTES:], is_sampled=True)
