"""Attempts on one axis: phases follow each other and end with the attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.attempts import attempt_views
from app.domain.attempt import Attempt
from app.domain.outcome import Timings

TOOK = st.none() | st.integers(0, 10**6)


@st.composite
def attempts(draw) -> Attempt:
    dns, connect, tls = draw(TOOK), draw(TOOK), draw(TOOK)
    begun = 10**15
    connected = begun + sum(one or 0 for one in (dns, connect, tls))
    first = draw(st.none() | st.integers(connected, connected + 10**6))
    done = draw(st.integers(first or connected, (first or connected) + 10**6))
    due = draw(st.integers(begun - 10**6, begun + 10**6))
    return Attempt(1, Timings(due, begun, done, first, dns, connect, tls), 200, None, None)


@given(st.lists(attempts(), max_size=5))
def test_phases_follow_each_other_within_the_axis_and_add_up(given_attempts):
    for view in attempt_views(given_attempts):
        at = 0.0
        for phase in view.phases:
            assert phase.at == pytest.approx(at)
            at += phase.width
        assert at <= 100.000001
        assert sum(phase.took_ms for phase in view.phases) == pytest.approx(view.took_ms)
        assert view.late_ms >= 0


def test_a_connection_that_was_used_again_has_no_phases_of_connecting():
    (view,) = attempt_views([Attempt(1, Timings(0, 10, 110, 60), 200, None, None)])
    assert [phase.name for phase in view.phases] == ["waiting for the answer", "reading it"]
    assert [phase.number for phase in view.phases] == [3, 4]
