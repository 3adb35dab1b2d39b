"""The stat of an attempt."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings
from app.engine.attempt_stats import stat_of, stat_of_end, without_times
from tests.support.builders import a_claim

DUE_US = 1_000_000


@pytest.mark.parametrize(
    ("claim", "outcome", "letters"),
    [
        ({}, Outcome(Timings(0, 1_000, 6_000, 5_000), 200), "2ac"),
        ({}, Outcome(Timings(0, 1_001, 6_001, 5_000), 200), "2bc"),
        ({"attempt": 2}, Outcome(Timings(0, 1_000, 6_000, 5_000), 503, error="status"), "F-c"),
        ({}, Outcome(Timings(0, 0, 9_000_000), error="timeout"), "Aa-"),
        ({}, Outcome(Timings(0, -5, 0, 0), 204), "2aa"),
        ({}, Outcome(Timings(0, 90_000_000_000, 90_000_000_001), error="dns"), "Au-"),
    ],
)
def test_it_says_result_lateness_and_the_time_of_the_receiver(
    claim: dict[str, int], outcome: Outcome, letters: str
) -> None:
    made = a_claim(**claim)
    assert stat_of(made, outcome) == f"https://example.com:443\t{letters}"


def test_an_end_without_an_attempt_has_no_such_letters() -> None:
    assert stat_of_end(a_claim()) == "https://example.com:443\t---"


def test_what_has_no_event_any_more_has_no_target() -> None:
    assert stat_of_end(a_claim(definition=None)) == "\t---"
    outcome = Outcome(Timings(0, 0, 0), 200)
    assert stat_of(a_claim(definition=None), outcome) == "\t2a-"


def test_times_that_are_not_known_can_be_left_out() -> None:
    assert without_times("t\t2ac") == "t\t2--"
