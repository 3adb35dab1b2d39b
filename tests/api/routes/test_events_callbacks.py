"""``on_success`` and ``on_failure`` as a user sets and clears them."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings


@pytest.mark.parametrize("name", ["on_success", "on_failure"])
def test_is_answered_as_it_was_given_and_cleared_by_null(client, an_event, name):
    url = "https://example.com/told?of=it"
    made = client.post("/events", json={**an_event, name: url}).json
    assert made[name] == url
    path = f"/events/{made['id']}"
    assert client.get(path).json[name] == url
    changed = client.patch(path, json={name: None}).json
    assert name not in changed
    assert changed["next_occurrence_at"] == made["next_occurrence_at"]


def test_a_callback_says_what_it_tells_of(client, attempt, an_event):
    event = {**an_event, "start_time": "2026-01-01T00:00:00Z", "on_success": "https://example.com/"}
    client.post("/events", json=event)
    attempt(Outcome(Timings(0, 0, 0), 200))
    (callback,) = client.get("/occurrences?status=scheduled").json["data"]
    (ended,) = client.get("/occurrences?status=completed").json["data"]
    assert callback["callback_of"] == ended["id"]
    assert client.get(f"/occurrences/{callback['id']}").json == callback
    assert (ended["callback_of"], callback["event_id"]) == (None, ended["event_id"])
