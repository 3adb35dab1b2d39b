"""``overlap`` as a user sets and clears it."""

from __future__ import annotations

import pytest


def test_is_answered_as_it_was_given_and_cleared_by_null(client, an_event):
    body = {**an_event, "schedule": {"every": "1h"}, "overlap": "queue_one"}
    path = f"/events/{client.post('/events', json=body).json['id']}"
    assert client.get(path).json["overlap"] == "queue_one"
    before = client.get(path).json["next_occurrence_at"]
    changed = client.patch(path, json={"overlap": "skip"}).json
    assert (changed["overlap"], changed["next_occurrence_at"]) == ("skip", before)
    assert "overlap" not in client.patch(path, json={"overlap": None}).json


@pytest.mark.parametrize("overlap", ["skip", "queue_one"])
def test_is_refused_for_an_event_without_a_schedule(client, an_event, overlap):
    refused = client.post("/events", json={**an_event, "overlap": overlap})
    assert refused.status_code == 400
    assert refused.json["fields"] == {"overlap": ["is for events with a schedule; leave it out"]}
    path = f"/events/{client.post('/events', json=an_event).json['id']}"
    assert client.patch(path, json={"overlap": overlap}).status_code == 400
    assert "overlap" not in client.get(path).json


def test_goes_with_the_schedule_that_it_is_for(client, an_event):
    body = {**an_event, "schedule": {"every": "1h"}, "overlap": "skip"}
    path = f"/events/{client.post('/events', json=body).json['id']}"
    assert client.patch(path, json={"schedule": None}).status_code == 400
    changed = client.patch(path, json={"schedule": None, "overlap": None})
    assert (changed.status_code, changed.json["schedule"]) == (200, None)
