"""A receiver is told for which request it is called, and in which trace."""

from __future__ import annotations

import pytest

from app.delivery.context_headers import with_context
from app.delivery.request import Request

AGENT = "User-Agent: Qhronos"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def a_request(*own: str) -> Request:
    return Request("https://example.com/", [AGENT], b"{}", 1_000, own)


def test_what_is_known_is_added() -> None:
    told = with_context(a_request(), "r-1", TRACE)
    assert told.headers == [AGENT, "X-Request-Id: r-1", f"traceparent: {TRACE}"]
    assert with_context(a_request("A: b"), "", "") == a_request("A: b")


@pytest.mark.parametrize("own", ["x-request-id: mine", "X_Request_ID: mine", "X-Request-Id;"])
def test_an_id_of_the_events_own_stays(own: str) -> None:
    """As some receivers read its name, too: they would see both as one."""
    assert with_context(a_request(own), "r-1", "") == a_request(own)


def test_a_trace_context_of_the_events_own_gives_way_to_a_real_one() -> None:
    """It is the same at each attempt, so it leads nowhere; without ours it is sent as given."""
    own = ["Traceparent: 00-broken", "tracestate: a=b", "X-Team: billing"]
    assert with_context(a_request(*own), "", TRACE).own == ["X-Team: billing"]
    assert with_context(a_request(*own), "r-1", "").own == tuple(own)
