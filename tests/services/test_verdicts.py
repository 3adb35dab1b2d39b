"""The line that an attempt leaves in the log is what its reader reads."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings
from app.services.verdicts import LOG_MESSAGE_LIMIT, record_of
from app.store.attempts import read_log
from tests.support.builders import a_claim

CLAIM = a_claim(attempt=3, due_ms=1_000, claimed_ms=1_001)
TIMINGS = Timings(1_000_000, 1_001_500, 1_009_000, 1_008_000, 10, 200, None)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(TIMINGS, 204),
        Outcome(Timings(1_000, 2_000, 9_000, 8_000), 200),
        Outcome(Timings(1_000, 2_000, 9_000), 200),
        Outcome(TIMINGS, 500, b"no", "status", "HTTP 500"),
        Outcome(Timings(1, 2, 3), None, b"", "timeout", 'a "quoted"\nmessage'),
        Outcome(Timings(1, 2, 3), None, b"", "tls", "x" * 999),
    ],
)
def test_a_line_is_read_as_it_was_written(outcome: Outcome) -> None:
    record, _ = record_of(CLAIM, outcome, 1_010, 0.5)
    (attempt,) = read_log(record.log_line)
    assert (attempt.number, attempt.claimed_ms) == (3, 1_001)
    assert attempt.timings == outcome.timings
    assert attempt.status_code == outcome.status_code
    message = outcome.error_message
    assert attempt.error_message == (message and message[:LOG_MESSAGE_LIMIT])
