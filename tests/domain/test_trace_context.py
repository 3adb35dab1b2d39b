"""The header ``traceparent`` is read as W3C Trace Context says, and never written broken."""

from __future__ import annotations

import pytest

from app.domain.trace_context import TraceContext, read_traceparent, trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f" 00-{TRACE}-{SPAN}-ff\t", True),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", True),
    ],
)
def test_a_header_is_read(text: str, is_sampled: bool) -> None:
    found = read_traceparent(text)
    assert found == TraceContext(bytes.fromhex(TRACE), bytes.fromhex(SPAN), is_sampled)
    assert found.header() == f"00-{TRACE}-{SPAN}-0{int(is_sampled)}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\r\nX-Other: 1",
        f"00-{TRACE[:-1]}é-{SPAN}-01",
    ],
)
def test_what_is_none_begins_a_new_trace(text: str) -> None:
    assert read_traceparent(text) is None


def test_the_attempts_of_an_occurrence_have_one_trace() -> None:
    """Whichever worker makes them; no two occurrences share one."""
    one, other = trace_of(b"o" * 16), trace_of(b"p" * 16)
    assert one == trace_of(b"o" * 16)
    assert one.trace_id != other.trace_id
    assert read_traceparent(one.header()) == one
