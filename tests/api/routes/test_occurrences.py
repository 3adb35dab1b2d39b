"""``/occurrences`` as a user meets it.

Tests ``app.services.occurrences``, too.
"""

from __future__ import annotations

import pytest

from app.domain.ids import to_text
from app.domain.outcome import Outcome, Timings
from tests.support.clock import NOW_MS

FAILURE = Outcome(Timings(0, 0, 0), 500, b"", "status", "HTTP 500")


def names_of(answer):
    """The events of what is listed, as their names say."""
    assert answer.status_code == 200, answer.text
    return {one["event_id"] for one in answer.json["data"]}


def test_one_that_has_not_begun(client, an_event):
    """What is not known yet is null."""
    event = client.post("/events", json=an_event).json["id"]
    (listed,) = client.get(f"/events/{event}/occurrences").json
    answer = client.get(f"/occurrences/{listed['id']}")
    assert answer.status_code == 200
    assert answer.json == {
        "id": listed["id"],
        "occurrence_id": listed["id"],
        "event_id": event,
        "scheduled_at": "2026-01-02T09:00:00Z",
        "status": "scheduled",
        "attempt_count": 0,
        "timestamp": "2026-01-01T00:00:00Z",
        "status_code": None,
        "response_body": None,
        "error_message": None,
        "started_at": None,
        "completed_at": None,
        "planned_at": "2026-01-02T09:00:00Z",
        "callback_of": None,
        "ack_deadline_at": None,
        "next_attempt_at": None,
        "deferral_count": 0,
        "deferral_reason": None,
    }


def test_one_that_has_failed(client, clock, an_event, attempt):
    """Whatever the receiver answered is text in JSON."""
    body = '<script>alert("x")</script>\x00\u2028'
    retry = {"attempts": 5, "delays": ["1s"]}
    start = "2026-01-01T00:01:00Z"
    client.post("/events", json={**an_event, "start_time": start, "retry": retry})
    clock.advance(60_000)
    attempt(FAILURE)
    clock.advance(2_001)
    (claimed,) = attempt(FAILURE._replace(response_body=body.encode()))
    answer = client.get(f"/occurrences/{to_text(claimed.occurrence_id)}").json
    assert answer["status"] == "retrying"
    assert answer["attempt_count"] == 2
    assert answer["timestamp"] == "2026-01-01T00:01:02.001Z"
    assert answer["status_code"] == 500
    assert answer["response_body"] == body
    assert answer["error_message"] == "HTTP 500"
    assert answer["next_attempt_at"] == "2026-01-01T00:01:03.001Z"


def test_a_page(client, clock, an_event):
    """Data, and where it stands."""
    event = client.post("/events", json={**an_event, "status": "paused"}).json["id"]
    names = []
    for _ in range(5):
        names.append(client.post(f"/events/{event}/trigger").json["id"])
        clock.advance(1)
    answer = client.get("/occurrences?status=scheduled&page=2&limit=2")
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json["data"]] == names[::-1][2:4]
    assert answer.json["pagination"] == {"page": 2, "limit": 2, "total": 5}


def test_a_page_beyond_the_end(client, an_event):
    """Nothing, and still the total."""
    client.post("/events", json={**an_event, "tags": ["a"]})
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


class TestFilters:
    """Of occurrences at the first five minutes of 2031, and of one now that has failed."""

    @pytest.fixture(autouse=True)
    def _stored(self, client, clock, an_event, attempt):
        self.ids = {}
        retry = {"attempts": 1}
        body = {**an_event, "retry": retry}
        self.ids["failed"] = client.post("/events", json=body).json["id"]
        clock.advance(2 * 86_400_000)
        attempt(FAILURE)
        for minute, tags in enumerate((["a"], ["b"], ["a", "b"], ["c"], [])):
            name = "+".join(tags) or "none"
            start = f"2031-01-01T00:0{minute}:00Z"
            body = {**an_event, "start_time": start, "tags": tags, "name": name}
            self.ids[name] = client.post("/events", json=body).json["id"]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("tags=a,b", {"a", "b", "a+b"}),
            ("tags=a&tags=b&match=all", {"a+b"}),
            (f"event_id={NOBODY}", set()),
            ("status=failed", {"failed"}),
            ("status=scheduled&from=2031-01-01T00:03:00Z", {"c", "none"}),
            ("from=2031-01-01T00:04:00Z", {"none"}),
            ("to=2031-01-01T00:00:00.5Z", {"failed", "a"}),
            ("from=2031-01-01T00:01:00Z&to=2031-01-01T00:02:00Z", {"b", "a+b"}),
            ("tags=a&page=2&limit=1", {"a"}),
        ],
    )
    def test_every_filter_counts(self, client, query, expected):
        found = names_of(client.get(f"/occurrences?{query}"))
        assert found == {self.ids[name] for name in expected}

    def test_one_event(self, client):
        answer = client.get(f"/occurrences?event_id={self.ids['c']}")
        assert names_of(answer) == {self.ids["c"]}
        assert answer.json["pagination"] == {"page": 1, "limit": 50, "total": 1}


def test_fifty_to_a_page_unless_the_query_says_otherwise(client, clock, an_event):
    event = client.post("/events", json={**an_event, "tags": ["a"]}).json["id"]
    for _ in range(51):
        assert client.post(f"/events/{event}/trigger").status_code == 202
        clock.advance(1)
    assert clock.now_ms() == NOW_MS + 51
    answer = client.get("/occurrences?tags=a")
    assert len(answer.json["data"]) == 50
    assert answer.json["pagination"] == {"page": 1, "limit": 50, "total": 52}
    assert len(client.get("/occurrences?tags=a&limit=100").json["data"]) == 52
    (last,) = client.get("/occurrences?tags=a&page=18&limit=3").json["data"][-1:]
    assert last["scheduled_at"] == "2026-01-01T00:00:00Z"
