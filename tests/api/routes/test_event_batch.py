"""``POST /events/batch``: many events at once, each for itself, or all or none.

Tests ``app.services.event_batch``, ``app.api.schemas.batches`` and ``app.wiring.intake``, too.
"""

from __future__ import annotations

from typing import Any

import pytest
import redis

from app.services.event_batch import MOST
from tests.api.application import MASTER_TOKEN, token_of, with_token
from tests.support.invariants import broken, snapshot

ONE = {"name": "a", "start_time": "2026-01-02T09:00:00Z", "webhook": "https://example.com/hook"}
DAILY = {**ONE, "schedule": {"frequency": "daily"}}
WRONG = {**ONE, "start_time": "soon"}


def send(client, *events: Any, **more: Any):
    return client.post("/events/batch", json={"events": list(events), **more})


def test_each_event_is_as_one_that_was_posted_by_itself(client, services):
    events = [ONE, DAILY, {**ONE, "tags": ["b"], "metadata": {"n": 1}}, {**ONE, "flow": {"key": "f", "concurrency": 1}}, {**ONE, "hmac_secret": "s" * 8, "headers": {"A": "b"}}]  # fmt: skip
    answer = send(client, *events)
    assert answer.status_code == 201
    assert (answer.json["created"], answer.json["refused"]) == (5, 0)
    for index, (one, result) in enumerate(zip(events, answer.json["results"], strict=True)):
        assert (result["index"], result["status"]) == (index, 201)
        made = client.get(result["location"].removeprefix("http://localhost")).json
        alone = client.post("/events", json=one).json
        own = ("id", "created_at", "updated_at")
        assert {**made, **dict.fromkeys(own)} == {**alone, **dict.fromkeys(own)}
    assert broken(services.storage.client) == []


def test_ids_sort_as_the_events_stand(client):
    made = [one["id"] for one in send(client, *[ONE] * 50).json["results"]]
    assert made == sorted(made)


def test_what_is_wrong_with_one_is_said_of_it_and_the_others_are_created(client):
    answer = send(client, ONE, WRONG, 7, {}, DAILY)
    assert answer.status_code == 207
    assert (answer.json["created"], answer.json["refused"]) == (2, 3)
    assert [one["status"] for one in answer.json["results"]] == [201, 400, 400, 400, 201]
    assert answer.json["results"][1]["fields"].keys() == {"start_time"}
    assert client.get("/events").headers["X-Total-Count"] == "2"


@pytest.mark.parametrize("atomic", [True, False])
def test_if_none_is_created_the_status_is_that_of_the_first_refused(client, services, atomic):
    client.get("/events")
    before = snapshot(services.storage.client)
    answer = send(client, *([ONE] if atomic else []), WRONG, {}, atomic=atomic)
    assert answer.status_code == 400
    assert [one["index"] for one in answer.json["results"]] == ([1, 2] if atomic else [0, 1])
    assert answer.json["error"].startswith(f"events.{int(atomic)}: start_time: must be a time")
    assert answer.json["fields"].keys() == {f"events.{int(atomic)}.start_time"}
    assert snapshot(services.storage.client) == before


def test_all_of_an_atomic_batch_are_there_together(client, services):
    answer = send(client, ONE, DAILY, {**ONE, "flow": {"key": "f"}}, atomic=True)
    assert (answer.status_code, answer.json["created"]) == (201, 3)
    assert broken(services.storage.client) == []


def test_what_a_token_may_not_create_is_refused(client_with):
    tenant = client_with("read_write", "red")
    answer = send(tenant, {**ONE, "tags": ["red"]}, {**ONE, "tags": ["blue"]}, ONE)
    assert [one["status"] for one in answer.json["results"]] == [201, 403, 403]
    assert send(tenant, {**ONE, "tags": ["red"]}, ONE, atomic=True).status_code == 403
    assert send(client_with("read", "red"), {**ONE, "tags": ["red"]}).status_code == 403
    assert len(tenant.get("/events").json) == 1


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize(("limits", "body"), [({"max_events_per_sub": 3}, ONE), ({"max_occurrences_per_sub": 3}, {**ONE, "schedule": {"every": "1m"}})])  # fmt: skip
def test_quotas_hold(app_with, limits, body, atomic):
    app = app_with(**limits)
    token = token_of(with_token(app, MASTER_TOKEN), "read_write", "red")
    tenant = with_token(app, token)
    body = {**body, "tags": ["red"]}
    assert send(tenant, body).status_code == 201
    answer = send(tenant, *[body] * 4, atomic=atomic)
    statuses = [one["status"] for one in answer.json["results"]]
    if atomic:
        assert (answer.status_code, statuses) == (403, [403, 403])
        assert send(tenant, body, body, atomic=True).status_code == 201
    else:
        assert (answer.status_code, statuses) == (207, [201, 201, 403, 403])
    assert len(tenant.get("/events").json) == 3
    assert tenant.post("/events", json=body).status_code == 403


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": {}}, {"events": [ONE] * (MOST + 1)}, {"events": [ONE], "atomic": "yes"}, {"events": [ONE], "event": 1}])  # fmt: skip
def test_a_batch_is_a_list_of_events(client, services, body):
    client.get("/events")
    before = snapshot(services.storage.client)
    answer = client.post("/events/batch", json=body)
    assert (answer.status_code, set(answer.json)) == (400, {"error", "fields"})
    assert snapshot(services.storage.client) == before


def test_schedules_that_cost_too_much_together_are_refused(client):
    events = [{**ONE, "schedule": {"cron": f"{n % 60} {n % 24} * * MON"}} for n in range(500)]
    answer = send(client, *events)
    refused = [one for one in answer.json["results"] if one["status"] != 201]
    assert answer.json["created"] > 150
    assert {one["error"] for one in refused} == {
        "schedule: the schedules of this batch take too many steps to compute; send it in parts"
    }


def test_the_audit_log_names_every_event(client):
    made = send(client, *[ONE] * 250).json["results"]
    entries = [one for one in client.get("/audit").json if one["action"] == "event.batch"]
    named = [one["id"] for entry in entries for one in entry["after"]["changed"]]
    assert sorted(named) == [one["id"] for one in made]
    assert sorted(entry["after"].get("made", 0) for entry in entries) == [0, 250]


def test_a_store_that_is_full_creates_none_and_says_so(client, services):
    store = services.storage.client
    store.config_set("maxmemory", 1)
    try:
        answer = send(client, ONE, ONE)
    finally:
        store.config_set("maxmemory", 0)
    assert answer.status_code == 503
    assert client.get("/events").json == []


def test_a_batch_that_was_cut_off_is_finished_by_the_same_request(client, services, monkeypatch):
    """With a key the events have the same ids each time: none is there twice."""
    scripts, runs = services.storage.scripts, []

    def cut_off(name, calls):
        if runs:
            raise redis.exceptions.ConnectionError
        runs.append(name)
        full = redis.exceptions.ResponseError("OOM")
        return [*type(scripts).many(scripts, name, calls[:2]), full]

    body = {"events": [ONE, ONE, ONE]}
    key = {"Idempotency-Key": "batch-1"}
    with monkeypatch.context() as patched:
        patched.setattr(services.storage.event_batches, "_scripts", type("Cut", (), {"many": staticmethod(cut_off)}))  # fmt: skip
        first = client.post("/events/batch", json=body, headers=key)
    assert [one["status"] for one in first.json["results"]] == [201, 201, 503]
    assert "Idempotent-Replayed" not in first.headers
    again = client.post("/events/batch", json=body, headers=key)
    assert [one["status"] for one in again.json["results"]] == [201, 201, 201]
    assert [one["id"] for one in again.json["results"][:2]] == [
        one["id"] for one in first.json["results"][:2]
    ]
    assert len(client.get("/events").json) == 3
    assert broken(services.storage.client) == []


def test_the_first_that_are_refused_are_told_what_they_probably_meant(client, an_event):
    """The others are told what is wrong: to look for what was meant takes long."""
    answer = client.post("/events/batch", json={"events": [{**an_event, "tagz": []}] * 30})
    said = [one["fields"]["tagz"][0] for one in answer.json["results"]]
    assert said[:20] == ["is not known here; did you mean tags?"] * 20
    assert said[20:] == ["is not known here; check its spelling or leave it out"] * 10
