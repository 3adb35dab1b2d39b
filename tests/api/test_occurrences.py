"""``/occurrences`` as a user meets it."""

from __future__ import annotations

import pytest

from app.domain.ids import EventIds, to_text
from app.domain.occurrence import OccurrenceStatus
from app.services.queries import TagFilter
from tests.api.fakes import NOW_MS, an_occurrence

EVENT = EventIds().make(NOW_MS * 1000, 0)


def test_one_that_has_not_begun(client, services):
    """What is not known yet is null."""
    name = services.occurrences.add(an_occurrence(EVENT))
    answer = client.get(f"/occurrences/{name}")
    assert answer.status_code == 200
    assert answer.json == {
        "id": name,
        "occurrence_id": name,
        "event_id": to_text(EVENT),
        "scheduled_at": "2030-03-17T17:46:40Z",
        "status": "scheduled",
        "attempt_count": 0,
        "timestamp": None,
        "status_code": None,
        "response_body": None,
        "error_message": None,
        "started_at": None,
        "completed_at": None,
        "planned_at": "2030-03-17T17:46:40Z",
        "callback_of": None,
        "ack_deadline_at": None,
        "next_attempt_at": None,
        "deferral_count": 0,
        "deferral_reason": None,
    }


def test_one_that_has_failed(client, services):
    """Whatever the receiver answered is text in JSON."""
    body = '<script>alert("x")</script>\x00\u2028'
    name = services.occurrences.add(
        an_occurrence(
            EVENT,
            status=OccurrenceStatus.RETRYING,
            attempt_count=2,
            changed_ms=NOW_MS + 1,
            status_code=500,
            response_body=body,
            error_message="HTTP 500",
            started_ms=NOW_MS,
            completed_ms=None,
            next_attempt_ms=NOW_MS + 1000,
        )
    )
    answer = client.get(f"/occurrences/{name}").json
    assert answer["status"] == "retrying"
    assert answer["attempt_count"] == 2
    assert answer["timestamp"] == "2030-03-17T17:46:40.001Z"
    assert answer["status_code"] == 500
    assert answer["response_body"] == body
    assert answer["error_message"] == "HTTP 500"
    assert answer["next_attempt_at"] == "2030-03-17T17:46:41Z"


def test_a_page(client, services):
    """Data, and where it stands."""
    names = [services.occurrences.add(an_occurrence(EVENT, NOW_MS + n)) for n in range(5)]
    answer = client.get("/occurrences?status=scheduled&page=2&limit=2")
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json["data"]] == names[2:4]
    assert answer.json["pagination"] == {"page": 2, "limit": 2, "total": 5}


def test_a_page_beyond_the_end(client, services):
    """Nothing, and still the total."""
    services.occurrences.add(an_occurrence(EVENT))
    answer = client.get("/occurrences?tags=a&page=2000")
    assert answer.json == {"data": [], "pagination": {"page": 2_000, "limit": 50, "total": 1}}
    refused = client.get("/occurrences?tags=a&page=2001")
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["page"])


NOBODY = "00000000-0000-4000-8000-000000000000"
"""Well-formed, though no event has such an id: an empty list."""


@pytest.mark.parametrize(
    "wrong", ["abc", "", NOBODY[1:], NOBODY.replace("-", ""), "A" + NOBODY[1:]]
)
def test_what_is_no_id_is_refused_rather_than_not_found(client, wrong):
    answer = client.get(f"/occurrences?event_id={wrong}")
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["event_id"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tags=a,b", {"tags": TagFilter(("a", "b"))}),
        ("tags=a&tags=b&match=all", {"tags": TagFilter(("a", "b"), match_all=True)}),
        (f"event_id={NOBODY}", {"event_id": NOBODY}),
        ("status=failed", {"status": "failed"}),
        ("from=2031-01-01T00:00:00Z", {"from_ms": 1_924_992_000_000}),
        ("to=2031-01-01T00:00:00.5Z", {"to_ms": 1_924_992_000_500}),
        ("tags=a&page=3&limit=100", {"page": 3, "limit": 100}),
        ("tags=a", {"page": 1, "limit": 50}),
    ],
)
def test_every_filter_arrives(client, services, query, expected):
    assert client.get(f"/occurrences?{query}").status_code == 200
    (asked,) = services.occurrences.queries
    assert {name: getattr(asked, name) for name in expected} == expected
