"""What follows an attempt: a whole wait after its end, not after the millisecond that it ended in."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of
from tests.engine.test_callbacks import ACCEPTED, BROKEN
from tests.support.builders import a_claim, a_definition
from tests.support.clock import NOW_MS

WAIT_MS = 5_000
NOW_US = NOW_MS * 1_000


@pytest.mark.parametrize(
    ("done_us", "since_ms"),
    [
        (NOW_US + 1, NOW_MS + 1),
        (NOW_US + 999, NOW_MS + 1),
        (NOW_US, NOW_MS),
        (NOW_US - 3_000_000, NOW_MS),  # it was noticed late
    ],
)
@pytest.mark.parametrize(
    ("outcome", "options"),
    [
        (BROKEN, {"retry": {"attempts": 2, "delays": ["5s"]}}),
        (BROKEN._replace(retry_after="5"), {}),
        (ACCEPTED, {"ack_timeout": "5s"}),
    ],
    ids=["delay", "Retry-After", "ack_timeout"],
)
def test_a_wait_is_never_shorter_than_said(
    outcome: Outcome, options: dict[str, Any], done_us: int, since_ms: int
) -> None:
    ended = outcome._replace(timings=Timings(1, 2, done_us))
    record, _ = record_of(a_claim(definition=a_definition(**options)), ended, NOW_MS, 0.5)
    assert record.next_attempt_ms == since_ms + WAIT_MS
