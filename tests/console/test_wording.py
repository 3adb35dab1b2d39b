"""Every status is told in a sentence that ends, with what is known."""

from __future__ import annotations

import pytest

from app.console.wording import FOR_BREAKER, FOR_ROOM, sentence, waits_for
from app.domain.occurrence import Occurrence, OccurrenceStatus

A = {"id": bytes(16), "event_id": bytes(16), "scheduled_ms": 0}


@pytest.mark.parametrize("status", OccurrenceStatus)
@pytest.mark.parametrize("reason", [None, "the receiver answered 503"])
def test_every_status_is_a_whole_sentence(status, reason):
    text = sentence(Occurrence(**A, status=status, error_message=reason, attempt_count=1), None, 0)
    assert text.endswith(".")
    assert "{" not in text
    assert "None" not in text.replace("answered None", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"status": OccurrenceStatus.FAILED, "attempt_count": 3, "error_message": "no answer"},
            "It has failed for good after 3 attempts: no answer.",
        ),
        (
            {"status": OccurrenceStatus.DISPATCHED, "ack_deadline_ms": 5},
            "It was sent; its receiver has yet to acknowledge it.",
        ),
        (
            {"status": OccurrenceStatus.COMPLETED, "attempt_count": 1, "status_code": 204},
            "It was delivered with 1 attempt; the receiver answered 204.",
        ),
    ],
)
def test_it_says_what_is_known(given, expected):
    assert sentence(Occurrence(**A, **given), None, 0) == expected


@pytest.mark.parametrize(("planned_ms", "said"), [(5, "It is planned."), (0, "Its time has come;")])
def test_what_is_late_says_for_what_it_waits(planned_ms, said):
    waiting = Occurrence(**A, status=OccurrenceStatus.SCHEDULED, planned_ms=planned_ms)
    assert sentence(waiting, None, 0).startswith(said)


def test_an_open_breaker_is_named_before_anything_else():
    assert waits_for(None, 5) == FOR_BREAKER
    assert waits_for(None, None) == FOR_ROOM
