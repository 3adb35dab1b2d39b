"""Whoever listens hears of each event that one request or job writes, and of no other.

The route itself is in ``tests/live/test_streams.py``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.api.schemas.event_bodies import load_body
from app.domain.outcome import Outcome, Timings
from app.wiring.services import Services

FAR_MS = 2**44
FILE = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:{uid}
DTSTART:20350101T090000Z
SUMMARY:{uid}
CATEGORIES:{tag}
X-QHRONOS-WEBHOOK:https://example.com/hook
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def heard(services: Services):
    """What is told to who listens to the tag billing, once this process has told all of it."""
    live = services.storage.live
    live.listen(["billing"], FAR_MS)

    def read() -> list[Any]:
        services.storage.changes.close()
        return [json.loads(one.message) for one in live.told_after(b"0-0", 1_000)]

    return read


def test_the_events_of_a_batch_are_told_one_by_one(client, an_event, heard):
    events = [{**an_event, "tags": ["billing" if n % 2 else "other"]} for n in range(20)]
    answer = client.post("/events/batch", json={"events": [*events, {"name": "no"}]})
    made = [one["id"] for one in answer.json["results"][:20]]
    assert [(one["type"], one["event_id"], one["status"]) for one in heard()] == [
        ("event.create", one, "active") for one in made[1::2]
    ]


def test_the_events_of_an_atomic_batch_that_is_refused_are_not_told(client, an_event, heard):
    events = [{**an_event, "tags": ["billing"]}, {"name": "no"}]
    assert client.post("/events/batch", json={"events": events, "atomic": True}).status_code == 400
    assert heard() == []


def post_file(client, text: str, query: str) -> Any:
    headers = {"Content-Type": "text/calendar"}
    answer = client.post(f"/imports?{query}", data=text, headers=headers)
    assert answer.status_code < 300, answer.text
    return answer.json


def test_what_an_import_makes_changes_and_ends_is_told(client, heard):
    one = FILE.format(uid="one", tag="billing")
    (made,) = post_file(client, one, "source=feed")
    post_file(client, one, "source=feed")
    post_file(client, one.replace("T09", "T10"), "source=feed&dry_run=true")
    post_file(client, one.replace("T09", "T10"), "source=feed")
    post_file(client, FILE.format(uid="two", tag="other"), "source=feed&max_ended=1")
    told = heard()
    assert {each["event_id"] for each in told} == {made["id"]}
    assert [(each["type"], each["status"]) for each in told] == [
        ("event.create", "active"),
        ("event.update", "active"),
        ("event.update", "inactive"),
    ]


def test_what_an_import_job_makes_is_told(client, services, heard, monkeypatch):
    monkeypatch.setattr("app.api.routes.icalendar_import.AT_ONCE", 0)
    job = post_file(client, FILE.format(uid="one", tag="billing"), "")
    assert job["status"] == "running"
    with client.application.app_context():
        assert services.import_jobs.continue_waiting(load_body)
    (told,) = heard()
    assert told["type"] == "event.create"


def test_what_is_redelivered_is_told_one_by_one(client, services, an_event, attempt, clock, heard):
    """By a job, and by itself."""
    body = {**an_event, "retry": {"attempts": 1}, "start_time": "2026-01-01T00:00:05Z"}
    for _ in range(3):
        made = client.post("/events", json={**body, "tags": ["billing"]})
        assert made.status_code == 201, made.text
    clock.advance(10_000)
    attempt(Outcome(Timings(0, 0, 0), 500, error="status"))
    clock.advance(1)
    failed = [one["id"] for one in client.get("/occurrences?status=failed").json["data"]]
    client.post(f"/occurrences/{failed[0]}/retry")
    job = client.post("/occurrences/retry", json={"filter": {"tags": ["billing"]}}).json
    services.redeliveries.work(job["id"])
    told = [one for one in heard() if one["type"] == "occurrence"]
    assert sorted(one["occurrence_id"] for one in told) == sorted(failed)
    assert {one["status"] for one in told} == {"retrying"}
