"""What is recorded of an attempt: its line in the log is what the reader reads, its end says why."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.access import MASTER
from app.domain.callback import Callback
from app.domain.ids import to_text
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import LOG_MESSAGE_LIMIT, record_of, unsendable
from app.planning.next_occurrence import TOO_LATE
from app.store.attempts import read_log
from app.store.claims import Claim
from tests.engine.test_callbacks import BROKEN, claim
from tests.support.builders import DAILY, a_claim
from tests.support.clock import NOW_MS
from tests.support.services import HOUR_MS

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


def test_what_ends_before_its_attempts_are_used_up_says_why() -> None:
    options = {"retry": {"attempts": 3, "delays": ["2m"], "max_age": "1m"}}
    aged = a_claim(scheduled_ms=1_000, doc={"to": "https://example.com", "opt": options})
    record, _ = record_of(aged, BROKEN, 1_010, 0.5)
    said = "the receiver answered 500; the next attempt would come after max_age"
    assert (record.verdict, record.error_message) == ("failed", said)

    record, _ = record_of(CLAIM, BROKEN._replace(abort=True), 1_010, 0.5)
    said = (
        "the receiver answered 500; "
        "it asked not to be sent this again (webhook-delivery: abort-message)"
    )
    assert (record.verdict, record.error_message) == ("failed", said)


def test_the_age_of_a_backfilled_occurrence_begins_when_it_was_to_be_attempted(
    services, create, clock
) -> None:
    """Its time is days ago: that must not cost it its retries."""
    retry = {"attempts": 9, "delays": ["40m"], "max_age": "1h"}
    event = create(schedule=DAILY, start_time=NOW_MS - 9 * 24 * HOUR_MS, retry=retry)
    span = (NOW_MS - 5 * 24 * HOUR_MS, NOW_MS - 4 * 24 * HOUR_MS - 1)
    services.actions.backfill(to_text(event.id), MASTER, *span, dry_run=False)
    verdicts = []
    for _ in range(2):
        (claimed,) = claim(services, clock)
        record, _ = record_of(claimed, BROKEN, clock.ms, 0.5)
        verdicts.append(record.verdict)
        services.storage.work.record([record], clock.ms)
        clock.ms += 40 * 60_000
    assert verdicts == ["retrying", "failed"]


@pytest.mark.parametrize(("deaths", "said"), [(1, "worker died"), (0, "policy was changed")])
def test_what_has_no_attempt_left_when_it_is_claimed_says_why(deaths: int, said: str) -> None:
    doc = {"to": "https://example.com", "opt": {"retry": {"attempts": 2}}}
    record = unsendable(a_claim(attempt=3, deaths=deaths, doc=doc), 1_010)
    assert record is not None
    assert record.verdict == "failed"
    assert said in (record.error_message or "")


GRACE_MS = 60_000
SKIP = {
    "to": "https://example.com",
    "opt": {"misfire": {"policy": "skip", "grace": "1m"}, "on_failure": "https://example.com/sad"},
}


def verdict_of(claim: Claim, late_ms: int) -> tuple[str, str | None] | None:
    record = unsendable(claim, NOW_MS + late_ms)
    return record and (record.verdict, record.error_message)


def test_with_skip_what_is_later_than_its_grace_is_missed_and_not_sent() -> None:
    late = a_claim(due_ms=NOW_MS, doc=SKIP)
    assert verdict_of(late, GRACE_MS) is None
    assert verdict_of(late, GRACE_MS + 1) == ("missed", TOO_LATE)


@pytest.mark.parametrize(
    "fields",
    [
        {"doc": {**SKIP, "opt": {"misfire": {"policy": "fire_once", "grace": "1m"}}}},
        {"doc": {**SKIP, "opt": {}}},
        {"attempt": 2},
        {"again_ms": NOW_MS},
        {"start_ms": NOW_MS},
        {"callback": Callback(b"o" * 16, "failed", 0, 0, 1, None, None)},
    ],
    ids=["another policy", "none", "a retry", "asked for again", "in a flow", "a callback"],
)
def test_it_is_sent_however_late_if_skip_is_not_meant_for_it(fields: dict[str, Any]) -> None:
    """A retry has begun in time, and who asks for one again wants it."""
    claim = a_claim(due_ms=NOW_MS, **{"doc": SKIP, **fields})
    assert verdict_of(claim, 9 * GRACE_MS) is None
