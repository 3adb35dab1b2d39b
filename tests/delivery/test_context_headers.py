"""A receiver is told for which request it is called, and in which trace."""

from __future__ import annotations

import pytest

from app.delivery.context_headers import with_context
from app.delivery.request import Request

REQUEST = Request("https://example.com/", ["User-Agent: Qhronos"], b"{}", 1_000)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_what_is_known_is_added() -> None:
    told = with_context(REQUEST, "r-1", TRACE)
    assert told.headers == ["User-Agent: Qhronos", "X-Request-Id: r-1", f"traceparent: {TRACE}"]
    assert REQUEST.headers == ["User-Agent: Qhronos"]
    assert with_context(REQUEST, "", "") == REQUEST


@pytest.mark.parametrize("own", ["x-request-id: mine", "X_Request_ID: mine", "X-Request-Id;"])
def test_an_id_of_the_events_own_stays(own: str) -> None:
    """As some receivers read its name, too: they would see both as one."""
    told = with_context(REQUEST._replace(own=[own]), "r-1", "")
    assert (told.headers, told.own) == (REQUEST.headers, [own])


def test_a_trace_context_of_the_events_own_gives_way_to_a_real_one() -> None:
    """It is the same at each attempt, so it leads nowhere; without ours it is sent as given."""
    own = ["Traceparent: 00-broken", "tracestate: a=b", "X-Team: billing"]
    told = with_context(REQUEST._replace(own=own), "", TRACE)
    assert list(told.own) == ["X-Team: billing"]
    assert with_context(REQUEST._replace(own=own), "r-1", "").own == own
