"""What is kept of the request that asked for something."""

from __future__ import annotations

import pytest

from app.domain.origin import REQUEST_ID, UNKNOWN, Origin, read_origin
from app.domain.trace_context import TraceContext

TRACE = TraceContext(bytes(range(16)), bytes(range(248, 256)), is_sampled=True)


@pytest.mark.parametrize(
    "origin",
    [
        UNKNOWN,
        Origin("a.b:c_d-1"),
        Origin("a" * 64, TRACE),
        Origin("", TRACE._replace(is_sampled=False)),
    ],
)
def test_an_origin_is_read_as_it_was_written(origin: Origin) -> None:
    assert read_origin(origin.text()) == origin


@pytest.mark.parametrize("trace", ["", "1", "a1", "a" * 31 + "1", "a" * 40 + "1", "é" * 33, "~1"])
def test_a_trace_that_cannot_be_read_is_no_reason_not_to_deliver(trace: str) -> None:
    """As one that a later version has written in another form."""
    assert read_origin(f"r-1/{trace}") == Origin("r-1")


def test_it_is_short() -> None:
    """It fits beside the definition of an event: a hash of long values costs a kilobyte more."""
    assert len(Origin("0" * 16, TRACE).text()) == 50


def test_no_id_can_be_taken_for_a_trace() -> None:
    assert not REQUEST_ID.fullmatch("a/b")
