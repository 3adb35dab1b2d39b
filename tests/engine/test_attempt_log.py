"""An attempt that failed or was late has a line, with what one looks for next."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from app.domain.outcome import Outcome, Timings
from app.engine.attempt_log import AttemptLog
from app.engine.attempts import record_of
from app.engine.target_limit import TargetLimit
from app.engine.target_limits import InFlightRequest, LaneShare
from tests.support.builders import a_claim

DUE_US = 1_700_000_000_000_000
MS = 1_000


def logged(
    caplog: pytest.LogCaptureFixture, outcome: Outcome, sample: int = 0, **claim: Any
) -> list[Any]:
    """The lines that are written of an attempt with this outcome."""
    limit = TargetLimit("https://example.com:443", 1)
    request = InFlightRequest(a_claim(**claim), limit, DUE_US // MS, LaneShare(0, 1, 1))
    record, _ = record_of(request.claim, outcome, outcome.timings.done_us // MS, 0.5)
    with caplog.at_level(logging.INFO):
        AttemptLog(sample).note(request, outcome, record)
    return caplog.records


def test_one_that_failed_says_where_how_and_when_it_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    timings = Timings(DUE_US, DUE_US + 2 * MS, DUE_US + 42 * MS)
    (line,) = logged(caplog, Outcome(timings, 503, b"secret body", "status", "HTTP 503"))
    told = vars(line)
    assert (line.message, line.levelname) == ("attempt", "INFO")
    assert (told["target"], told["status"], told["status_code"]) == (
        "https://example.com:443",
        "retrying",
        503,
    )
    assert (told["error"], told["error_message"]) == ("status", "HTTP 503")
    assert (told["attempt"], told["late_ms"], told["ms"]) == (1, 2, 40)
    assert told["next_attempt_ms"] > DUE_US // MS
    assert "secret body" not in str(told)


def test_the_last_one_that_failed_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    timings = Timings(DUE_US, DUE_US, DUE_US)
    (line,) = logged(caplog, Outcome(timings, 410, b"", "status", "HTTP 410"))
    assert (line.levelname, vars(line)["status"]) == ("WARNING", "failed")


@pytest.mark.parametrize(("late_ms", "sample", "lines"), [(0, 0, 0), (1_001, 0, 1), (0, 1, 1)])
def test_one_that_succeeded_has_a_line_if_it_was_late_or_in_the_sample(
    caplog: pytest.LogCaptureFixture, late_ms: int, sample: int, lines: int
) -> None:
    began_us = DUE_US + late_ms * MS
    outcome = Outcome(Timings(DUE_US, began_us, began_us + MS), 204)
    assert len(logged(caplog, outcome, sample)) == lines


def test_it_names_the_request_that_asked_for_it(caplog: pytest.LogCaptureFixture) -> None:
    """Whose log has the request finds its delivery, if anybody knows the request."""
    outcome = Outcome(Timings(DUE_US, DUE_US, DUE_US), 204)
    (unknown,) = logged(caplog, outcome, sample=1)
    assert not hasattr(unknown, "request_id")
    caplog.clear()
    (known,) = logged(caplog, outcome, sample=1, asked="r-1")
    assert vars(known)["request_id"] == "r-1"
