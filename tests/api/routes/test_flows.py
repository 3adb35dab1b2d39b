"""``/flows`` over HTTP on real services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.invariants import snapshot


def create(client, an_event, **fields: Any) -> dict[str, Any]:
    answer = client.post("/events", json={**an_event, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json


def test_an_event_brings_its_flow_into_being(client, an_event) -> None:
    flow = {"key": "acme", "rate": "10/s", "concurrency": 5}
    event = create(client, an_event, flow=flow)
    assert event["flow"] == flow
    assert "flow_space" not in event
    assert client.get("/flows/acme").json == {
        "key": "acme",
        "space": "",
        "rate": "10/s",
        "burst": 1,
        "concurrency": 5,
        "order": "any",
        "paused": False,
        "set_by": "events",
        "waiting": 0,
        "in_flight": 0,
        "events": 1,
    }


def test_without_a_key_it_is_the_hosts(client, an_event) -> None:
    event = create(client, an_event, order="strict")
    assert event["order"] == "strict"
    (flow,) = client.get("/flows").json
    assert (flow["key"], flow["order"], flow["events"]) == ("example.com", "strict", 1)
    client.put(f"/events/{event['id']}", json={"order": None})
    assert client.get("/flows/example.com").json["events"] == 0


def test_a_new_target_is_another_hosts_flow(client, an_event) -> None:
    event = create(client, an_event, flow={"rate": "1/s"})
    client.put(f"/events/{event['id']}", json={"webhook": "https://other.example/"})
    counts = {flow["key"]: flow["events"] for flow in client.get("/flows").json}
    assert counts == {"example.com": 0, "other.example": 1}


def test_limits_that_a_user_sets_hold_against_events(client, an_event) -> None:
    create(client, an_event, flow={"key": "acme", "rate": "10/s", "concurrency": 5})
    changed = client.put("/flows/acme", json={"rate": "600/m", "concurrency": None})
    assert changed.status_code == 200
    assert (changed.json["rate"], changed.json["concurrency"]) == ("600/m", None)
    assert changed.json["set_by"] == "user"
    create(client, an_event, flow={"key": "acme", "rate": "1/s"})
    flow = client.get("/flows/acme").json
    assert (flow["rate"], flow["events"]) == ("600/m", 2)


def test_a_flow_can_be_made_before_its_events(client) -> None:
    made = client.put("/flows/new", json={"rate": "5/s", "burst": 10, "order": "strict"})
    assert made.status_code == 201
    assert (made.json["burst"], made.json["order"]) == (10, "strict")
    cleared = client.put("/flows/new", json={"rate": None})
    assert (cleared.json["rate"], cleared.json["burst"]) == (None, 1)


def test_pause_and_resume(client) -> None:
    client.put("/flows/new", json={"concurrency": 1})
    assert client.post("/flows/new/pause").json["paused"] is True
    assert client.post("/flows/new/resume").json["paused"] is False


def test_pages_lead_on(client) -> None:
    for key in "abc":
        client.put(f"/flows/{key}", json={})
    first = client.get("/flows?limit=2")
    assert [one["key"] for one in first.json] == ["a", "b"]
    assert first.headers["X-Total-Count"] == "3"
    following = first.headers["Link"].split(";")[0].strip("<>")
    second = client.get(following)
    assert [one["key"] for one in second.json] == ["c"]
    assert "Link" not in second.headers


def test_a_tenants_flow_is_its_scopes_own(client, client_with, an_event) -> None:
    create(client, an_event, flow={"key": "acme", "concurrency": 1}, tags=["red"])
    red, also_red, blue = (
        client_with("read_write", "red"),
        client_with("read_write", "red"),
        client_with("read_write", "blue"),
    )
    assert red.get("/flows").json == []
    assert red.get("/flows/acme").status_code == 404
    create(red, an_event, flow={"key": "acme", "rate": "1/h"}, tags=["red"])
    assert [one["rate"] for one in also_red.get("/flows").json] == ["1/h"]
    assert blue.get("/flows").headers["X-Total-Count"] == "0"
    assert blue.post("/flows/acme/pause").status_code == 404
    assert client.get("/flows/acme").json["rate"] is None
    space = red.get("/flows/acme").json["space"]
    assert client.get(f"/flows/acme?space={space}").json["rate"] == "1/h"
    assert blue.get(f"/flows/acme?space={space}").status_code == 404
    assert len(client.get("/flows").json) == 2


def test_reading_needs_the_right_to_read_and_changing_to_write(client, client_with) -> None:
    client.put("/flows/a", json={})
    reader, writer = client_with("read", "red"), client_with("write", "red")
    assert reader.get("/flows").status_code == 200
    assert reader.put("/flows/a", json={}).status_code == 403
    assert reader.post("/flows/a/pause").status_code == 403
    assert writer.get("/flows").status_code == 403
    assert writer.put("/flows/a", json={}).status_code == 201


@pytest.mark.parametrize(
    ("key", "body", "field"),
    [
        ("a", {"rate": "fast"}, "rate"),
        ("a", {"rate": 5}, "rate"),
        ("a", {"burst": 5}, "burst"),
        ("a", {"rate": "1/s", "burst": 0}, "burst"),
        ("a", {"concurrency": "many"}, "concurrency"),
        ("a", {"concurrency": -1}, "concurrency"),
        ("a", {"order": "random"}, "order"),
        ("a", {"key": "b"}, "key"),
        ("a", {"paused": True}, "paused"),
        ("a b", {}, "flow.key"),
        ("x" * 129, {}, "flow.key"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_nothing(client, services, key, body, field) -> None:
    services.storage.agreement.agree()
    before = snapshot(services.storage.client)
    answer = client.put(f"/flows/{key}", json=body)
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]
    assert snapshot(services.storage.client) == before


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("flow", "acme", "flow"),
        ("flow", {"rate": "fast"}, "flow.rate"),
        ("flow", {"key": "a/b"}, "flow.key"),
        ("flow", {"concurrency": 0}, "flow.concurrency"),
        ("flow", {"rate": "1/s", "per": "host"}, "flow"),
        ("order", "fifo", "order"),
        ("order", True, "order"),
    ],
)
def test_a_wrong_flow_of_an_event_is_named(client, an_event, services, field, value, path) -> None:
    answer = client.post("/events", json={**an_event, field: value})
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [path]
    assert client.get("/flows").json == []


def test_changes_are_in_the_audit_log(client) -> None:
    client.put("/flows/a", json={"concurrency": 1})
    client.post("/flows/a/pause")
    entries = client.get("/audit").json
    assert [(one["action"], one["object"]) for one in entries[:2]] == [
        ("flow.pause", "a"),
        ("flow.put", "a"),
    ]
    assert entries[0]["before"]["paused"] is False
