"""Records: all of an occurrence comes back, nothing secret goes in."""

from __future__ import annotations

import json

import pytest

from app.archive.records import event_line, occurrence_line, occurrence_of
from app.domain.action import Action, webhook
from app.domain.attempt import Attempt
from app.domain.event import EncryptedHeaders
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.outcome import Timings
from app.domain.past import Past
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS

NOW_US = NOW_MS * 1000
ID, EVENT_ID = bytes(range(16)), bytes(range(16, 32))

FULL = Past(
    Occurrence(
        ID,
        EVENT_ID,
        NOW_MS,
        OccurrenceStatus.FAILED,
        ("red", 'a "quoted"\u2028tag'),
        attempt_count=2,
        changed_ms=NOW_MS + 7,
        status_code=503,
        response_body="h\u00e9\n",
        error_message="busy",
        started_ms=NOW_MS + 1,
        completed_ms=NOW_MS + 6,
        planned_ms=NOW_MS + 5,
        callback_of=EVENT_ID,
    ),
    [
        Attempt(1, Timings(NOW_US, NOW_US + 1, NOW_US + 999_999), None, "no \u2028 end", None),
        Attempt(
            2,
            Timings(NOW_US, NOW_US + 1, NOW_US + 3, NOW_US + 2, 1, 999_999, 0),
            503,
            None,
            NOW_MS + 3,
        ),
    ],
    b"failed\n1\n2\n3\n500\nno",
)
BARE = Past(
    Occurrence(ID, EVENT_ID, NOW_MS, OccurrenceStatus.MISSED, changed_ms=NOW_MS, planned_ms=NOW_MS),
    [],
)


@pytest.mark.parametrize("past", [FULL, BARE], ids=["full", "bare"])
def test_an_occurrence_comes_back_as_it_was(past: Past) -> None:
    line = occurrence_line(past)
    assert b"\n" not in line
    assert occurrence_of(json.loads(line)) == past


def test_members_have_the_names_that_the_api_gives_them() -> None:
    members = json.loads(occurrence_line(FULL))
    assert members["id"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert members["completed_at"] == "2026-01-01T00:00:00.006Z"
    assert members["attempts"][1]["connect_ms"] == 999.999


@pytest.mark.parametrize(
    "change", [{"id": "x"}, {"status": "gone"}, {"scheduled_at": "soon"}, {"attempts": [3]}, {}]
)
def test_what_is_no_record_is_told_from_one(change: dict[str, object]) -> None:
    record = {**json.loads(occurrence_line(FULL)), **change} if change else {}
    with pytest.raises(ValueError):
        occurrence_of(record)


def test_an_event_has_its_definition_and_nothing_that_is_secret() -> None:
    """Metadata and bodies are there digit for digit."""
    event = an_event(
        schedule=DAILY,
        options={"timeout": "5s"},
        metadata_json='{"amount":1.10}',
        action=webhook("https://example.com/in"),
        headers=EncryptedHeaders(("Authorization",), b"\x01sealed"),
        hmac_secret=b"\x02sealed",
    )
    line = event_line(event)
    assert b'"amount":1.10' in line
    assert b"sealed" not in line
    members = json.loads(line)
    assert members["header_names"] == ["Authorization"]
    assert members["has_hmac_secret"] is True
    assert members["schedule"] == DAILY
    assert members["timeout"] == "5s"
    assert members["action"] == {"type": "webhook", "params": {"url": "https://example.com/in"}}


def test_the_body_of_a_call_is_kept_as_it_was_given() -> None:
    action = Action("apicall", {"url": "https://example.com", "body_json": '{"n":1.10}'})
    line = event_line(an_event(action=action))
    assert b'"body":{"n":1.10}' in line
    assert json.loads(line)["action"]["params"]["url"] == "https://example.com"
