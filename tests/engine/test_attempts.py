"""What is recorded of an attempt: its line in the log is what the reader reads, its end says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from app.clock import NEVER_MS
from app.delivery.request import Job
from app.domain.access import MASTER
from app.domain.action import Action, webhook
from app.domain.callback import Callback
from app.domain.ids import to_text
from app.domain.options import DEFAULT_ACK_MS
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import (
    LOG_MESSAGE_LIMIT,
    SOON_MS,
    is_awaited,
    job_of,
    record_of,
    unsendable,
)
from app.planning.next_occurrence import TOO_LATE
from app.store.attempts import read_log, with_message
from app.store.claims import Claim
from tests.engine.test_callbacks import ACCEPTED, BROKEN, claim
from tests.support.builders import DAILY, a_claim, a_definition
from tests.support.clock import NOW_MS
from tests.support.services import HOUR_MS

SKIPS = a_definition(schedule=DAILY, overlap="skip")
CLAIM = a_claim(attempt=3, due_ms=1_000, claimed_ms=1_001)
CALLBACK = Callback(b"o" * 16, "failed", 0, 0, 1, None, None)
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
    retry = {"attempts": 3, "delays": ["2m"], "max_age": "1m"}
    aged = a_claim(scheduled_ms=1_000, definition=a_definition(retry=retry))
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
    definition = a_definition(retry={"attempts": 2})
    record = unsendable(a_claim(attempt=3, deaths=deaths, definition=definition), 1_010)
    assert record is not None
    assert record.verdict == "failed"
    assert said in (record.error_message or "")


GRACE_MS = 60_000
SKIP = a_definition(misfire={"policy": "skip", "grace": "1m"}, on_failure="https://example.com/sad")


def verdict_of(claim: Claim, late_ms: int) -> tuple[str, str | None] | None:
    record = unsendable(claim, NOW_MS + late_ms)
    return record and (record.verdict, record.error_message)


def test_with_skip_what_is_later_than_its_grace_is_missed_and_not_sent() -> None:
    late = a_claim(due_ms=NOW_MS, definition=SKIP)
    assert verdict_of(late, GRACE_MS) is None
    assert verdict_of(late, GRACE_MS + 1) == ("missed", TOO_LATE)


@pytest.mark.parametrize(
    "fields",
    [
        {"definition": a_definition(misfire={"policy": "fire_once", "grace": "1m"})},
        {"definition": a_definition()},
        {"attempt": 2},
        {"redelivered_ms": NOW_MS},
        {"start_ms": NOW_MS},
        {"callback": CALLBACK},
    ],
    ids=["another policy", "none", "a retry", "asked for again", "in a flow", "a callback"],
)
def test_it_is_sent_however_late_if_skip_is_not_meant_for_it(fields: dict[str, Any]) -> None:
    """A retry has begun in time, and who asks for one again wants it."""
    claim = a_claim(due_ms=NOW_MS, **{"definition": SKIP, **fields})
    assert verdict_of(claim, 9 * GRACE_MS) is None


@pytest.mark.parametrize(
    ("fields", "verdict", "said"),
    [
        ({"definition": None}, "cancelled", "its event was deleted"),
        ({"callback": CALLBACK}, "cancelled", "its event has no such callback any more"),
        (
            {"callback": CALLBACK, "definition": a_definition()},
            "cancelled",
            "its event has no such callback any more",
        ),
        ({"deaths": 3}, "failed", "3 workers died while delivering it"),
        (
            {"definition": a_definition()._replace(action=Action("pigeon", {"client_name": "x"}))},
            "failed",
            "this version of the service does not know the type of its event's action",
        ),
    ],
)
def test_what_must_not_be_sent_says_why(fields: dict[str, Any], verdict: str, said: str) -> None:
    record = unsendable(a_claim(**fields), NOW_MS)
    assert record is not None
    assert (record.verdict, record.error_message) == (verdict, said)
    assert (record.status_code, record.response_body, record.log_line) == (None, b"", b"")


@pytest.mark.parametrize(
    ("attempt", "before", "sent"), [(2, 0, True), (3, 0, False), (7, 5, True), (8, 5, False)]
)
def test_what_was_attempted_before_it_was_asked_for_again_is_not_counted(
    attempt: int, before: int, sent: bool
) -> None:
    definition = a_definition(retry={"attempts": 2})
    claimed = a_claim(
        attempt=attempt, attempts_before=before, definition=definition, redelivered_ms=NOW_MS
    )
    assert (unsendable(claimed, NOW_MS) is None) == sent
    if sent:
        record, _ = record_of(claimed, BROKEN, NOW_MS, 0.5)
        assert (record.verdict, record.status_code) == ("failed", 500)


@pytest.mark.parametrize(
    ("options", "waits_ms"), [({}, DEFAULT_ACK_MS), ({"ack_timeout": "5m"}, 300_000)]
)
def test_a_receiver_that_acknowledges_later_has_its_time(
    options: dict[str, Any], waits_ms: int
) -> None:
    claimed = a_claim(definition=a_definition(**options))
    record, gone = record_of(claimed, ACCEPTED, NOW_MS, 0.5)
    assert (record.verdict, record.next_attempt_ms) == ("dispatched", NOW_MS + waits_ms)
    assert (record.status_code, gone) == (202, False)


class Given:
    """Notes what it was asked for, in place of secrets, headers and tokens."""

    def of(self, *asked: object) -> tuple[object, ...]:
        return asked


def job(claimed: Claim) -> Job:
    given = cast("Any", Given())
    return job_of(claimed, given, given, given, 10_000, NOW_MS)


def test_a_job_has_all_that_the_claim_says() -> None:
    claimed = a_claim(
        7,
        scheduled_ms=NOW_MS - 5,
        attempt=2,
        definition=a_definition(timeout="3s")._replace(name="n", description="a"),
        metadata_json='{"a":1}',
        tags=("red",),
        secret=b"s",
        headers=b"h",
    )
    assert job(claimed) == Job(
        event_id=claimed.event_id,
        occurrence_id=claimed.occurrence_id,
        scheduled_ms=NOW_MS - 5,
        attempt=2,
        name="n",
        description="a",
        metadata_json='{"a":1}',
        tags=("red",),
        action=webhook("https://example.com/hook"),
        secrets=cast("Any", (claimed.event_id, b"s", NOW_MS, ("red",))),
        timeout_ms=3_000,
        headers=cast("Any", (claimed.event_id, b"h")),
        ack_token=cast("Any", (claimed.occurrence_id, 2)),
        callback=None,
    )


def test_what_an_event_does_not_say_is_left_out_of_its_job() -> None:
    made = job(a_claim())
    assert (made.description, made.timeout_ms, made.headers) == ("", 10_000, ())


def test_an_events_own_headers_are_no_business_of_a_callbacks() -> None:
    definition = a_definition(on_failure="https://sad.example")
    made = job(a_claim(definition=definition, headers=b"h", callback=CALLBACK))
    sad = webhook("https://sad.example")
    assert (made.action, made.headers, made.callback) == (sad, (), CALLBACK)


@pytest.mark.parametrize(
    "line",
    [
        b"1,2,1,2,3,,,,204,6\n",
        b"[1,2,3,4,5,null,null,null,204,null,6]\n",
        b"[1,2,3,4,5,null,null,null,204,null]\n",
        b"[1,2,3,4,5,null,null,null,204]\n",
    ],
)
def test_the_line_of_an_attempt_can_be_given_the_failure_that_is_known_since(line: bytes) -> None:
    """Lines of earlier versions are shorter."""
    (before,) = read_log(line)
    (after,) = read_log(with_message(line, "x" * LOG_MESSAGE_LIMIT))
    assert after.error_message == "x" * LOG_MESSAGE_LIMIT
    assert (after.number, after.timings, after.status_code) == (1, before.timings, 204)
    assert after.claimed_ms == before.claimed_ms


def test_the_first_attempt_of_a_redelivery_is_its_first() -> None:
    options = {"retry": {"attempts": 2, "delays": ["5s"]}}
    claimed = a_claim(attempt=6, attempts_before=5, definition=a_definition(**options))
    record, _ = record_of(claimed, BROKEN, NOW_MS, 0.5)
    assert (record.verdict, record.next_attempt_ms) == ("retrying", NOW_MS + 5_000)


@pytest.mark.parametrize(
    ("fields", "changed", "awaited"),
    [
        ({}, {}, False),
        ({}, {"verdict": "failed"}, False),
        ({"definition": None}, {"verdict": "cancelled"}, False),
        ({}, {"verdict": "retrying", "next_attempt_ms": NOW_MS + SOON_MS}, False),
        ({}, {"verdict": "retrying", "next_attempt_ms": NOW_MS + SOON_MS - 1}, True),
        ({}, {"verdict": "dispatched", "next_attempt_ms": NOW_MS + HOUR_MS}, True),
        ({}, {"verdict": "failed", "callback_id": b"c" * 16}, True),
        ({"start_ms": NOW_MS}, {}, False),
        ({"is_waited_for": True}, {}, True),
        ({"is_waited_for": True, "definition": None}, {}, True),
        ({"definition": SKIPS}, {}, True),
        ({"definition": SKIPS, "following_ms": NOW_MS + SOON_MS - 1}, {}, True),
        ({"definition": SKIPS, "following_ms": NOW_MS + SOON_MS}, {}, False),
        ({"definition": SKIPS, "following_ms": NEVER_MS}, {}, False),
        ({"definition": a_definition(schedule=DAILY, overlap="allow")}, {}, False),
    ],
)
def test_a_record_is_written_at_once_if_something_waits_for_it(
    fields: dict[str, Any], changed: dict[str, Any], awaited: bool
) -> None:
    """A retry, an acknowledgement, a callback, its flow, or the next of its series."""
    one = a_claim(**fields)
    record, _ = record_of(CLAIM, Outcome(TIMINGS, 200), NOW_MS, 0.5)
    assert is_awaited(one, replace(record, **changed), NOW_MS) is awaited
