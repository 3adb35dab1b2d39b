"""The attempt log: one line of JSON an attempt, whichever way it was written."""

from __future__ import annotations

import json

import pytest

from app.domain.outcome import Outcome, Timings
from app.services.verdicts import LOG_MESSAGE_LIMIT, record_of
from app.store.codec import Claim

REUSED = Timings(1_000, 2_000, 9_000, 8_000)
FRESH = Timings(1_000, 2_000, 9_000, 8_000, 10, 20, 30)
UNANSWERED = Timings(1_000, 2_000, 9_000)

CLAIM = Claim(
    occurrence_id=b"o" * 16,
    event_id=b"e" * 16,
    scheduled_ms=1,
    attempt=2,
    token=b"t",
    doc={"to": "https://example.com/"},
    metadata_json="{}",
    tags=(),
    secret=None,
    recurring=False,
    plan=b"p",
    deaths=0,
    due_ms=1,
)


@pytest.mark.parametrize("timings", [REUSED, FRESH, UNANSWERED])
@pytest.mark.parametrize("status", [200, None])
def test_a_line_holds_attempt_moments_phases_and_status(
    timings: Timings, status: int | None
) -> None:
    record, _ = record_of(CLAIM, Outcome(timings, status), 10, 0.5)
    assert record.log_line.endswith(b"\n")
    assert json.loads(record.log_line) == [2, *timings, status]


def test_a_message_comes_last_and_is_cut() -> None:
    outcome = Outcome(REUSED, 500, error="status", error_message="é" * 500)
    record, _ = record_of(CLAIM, outcome, 10, 0.5)
    assert json.loads(record.log_line) == [2, *REUSED, 500, "é" * LOG_MESSAGE_LIMIT]
