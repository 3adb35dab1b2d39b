"""Many events changed by a filter, as a user meets it."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.once import HEADER
from app.errors import StoreUnavailable
from tests.api.application import with_token


def actions_of(client) -> list[tuple[str, str]]:
    return [(one["action"], one["object"]) for one in client.get("/audit").json]


@pytest.fixture
def events(client, an_event) -> list[str]:
    made = []
    for number in range(3):
        body = {
            **an_event,
            "name": f"run {number}",
            "tags": ["eu"],
            "schedule": {"cron": "0 9 * * *"},
        }
        made.append(client.post("/events", json=body).json["id"])
    return made


def test_count_first_then_have_it_done(client, services, clock, events):
    wish = {"action": "pause", "filter": {"expression": "eu AND NOT test"}}
    answer = client.post("/events/bulk", json={**wish, "dry_run": True})
    assert answer.status_code == 200
    assert (answer.json["count"], answer.json["count_is_exact"]) == (3, True)
    assert {one["id"] for one in answer.json["sample"]} == set(events)
    assert {one["name"] for one in answer.json["sample"]} == {"run 0", "run 1", "run 2"}
    assert client.get("/bulk-jobs").json == []
    answer = client.post("/events/bulk", json=wish)
    job = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(f"/bulk-jobs/{job['id']}")
    begun = {"id": job["id"], "status": "running", "action": "pause", "filter": wish["filter"]}
    numbers = {"total": 3, "total_is_exact": True, "done": 0, "left_alone": 0, "refused": 0}
    times = {"created_at": job["created_at"], "updated_at": job["created_at"], "ended_at": None}
    assert job == {**begun, **numbers, "errors": [], **times, "reason": None}
    services.bulk.continue_waiting()
    done = client.get(f"/bulk-jobs/{job['id']}").json
    assert (done["status"], done["done"]) == ("completed", 3)
    assert client.get("/bulk-jobs").json == [done]
    assert {client.get(f"/events/{one}").json["status"] for one in events} == {"paused"}
    assert actions_of(client)[:3] == [("event.bulk", job["id"])] * 3
    entry = client.get(f"/audit?object={job['id']}").json[-1]
    assert entry["after"]["filter"] == wish["filter"]
    refused = client.post(f"/bulk-jobs/{job['id']}/cancel")
    assert (refused.status_code, refused.json["error"]) == (
        409,
        "The bulk job has ended: it is completed.",
    )


def test_a_job_can_be_cancelled(client, services, events):
    wish = {"action": "retag", "filter": {"tags": ["eu"], "match": "all"}, "add_tags": ["x"]}
    job = client.post("/events/bulk", json=wish).json
    assert (job["filter"], job["add_tags"]) == (wish["filter"], ["x"])
    answer = client.post(f"/bulk-jobs/{job['id']}/cancel")
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert actions_of(client)[0] == ("bulk.cancel", job["id"])
    services.bulk.continue_waiting()
    assert {tuple(client.get(f"/events/{one}").json["tags"]) for one in events} == {("eu",)}


def test_the_filter_is_answered_as_it_was_given(client):
    for chosen in (
        {"all": True},
        {"status": "active,paused", "name": "a"},
        {"name_prefix": "a", "target_host": "example.com", "metadata": "a:1,b:x"},
        {"created_from": "2025-01-01T00:00:00Z", "created_to": "2026-01-01T00:00:00Z"},
        {"tags": ["a"], "match": "any"},
    ):
        wish = {"action": "delete", "filter": chosen}
        answer = client.post("/events/bulk", json=wish)
        assert answer.status_code == 202, answer.text
        assert answer.json["filter"] == chosen


EVERY = {"status": "active,paused,inactive"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"filter": {}}, "filter"),
    "only how tags match": ({"filter": {"match": "all"}}, "filter"),
    "not all": ({"filter": {"all": False}}, "filter"),
    "every status": ({"filter": EVERY}, "filter.status"),
    "all and more": ({"filter": {"all": True, "name": "a"}}, "filter.all"),
    "no filter": ({}, "filter"),
    "no object": ({"filter": []}, "filter"),
    "no tags": ({"filter": {"tags": []}}, "filter.tags"),
    "two ways to say tags": ({"filter": {"tags": ["a"], "expression": "a"}}, "filter.expression"),
    "no expression": ({"filter": {"expression": "a AND"}}, "filter.expression"),
    "match alone": ({"filter": {"name": "a", "match": "all"}}, "filter.match"),
    "two names": ({"filter": {"name": "a", "name_prefix": "a"}}, "filter.name_prefix"),
    "an unknown status": ({"filter": {"status": "asleep"}}, "filter.status"),
    "metadata as an object": ({"filter": {"metadata": {"a": 1}}}, "filter.metadata"),
    "a host that is a URL": ({"filter": {"target_host": "http://a/b"}}, "filter.target_host"),
    "an unknown filter": ({"filter": {"color": "red"}}, "filter.color"),
    "times in the wrong order": (
        {"filter": {"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-01T00:00:00Z"}},
        "filter.created_to",
    ),
    "an unknown action": ({"action": "explode", "filter": {"all": True}}, "action"),
    "tags without retag": ({"filter": {"all": True}, "add_tags": ["a"]}, "add_tags"),
    "retag without tags": ({"action": "retag", "filter": {"all": True}}, "add_tags"),
    "a tag both ways": (
        {
            "action": "retag",
            "filter": {"all": True},
            "add_tags": ["a", "b"],
            "remove_tags": ["b"],
        },
        "remove_tags",
    ),
    "until without pause": (
        {"action": "resume", "filter": {"all": True}, "until": "2026-02-01T00:00:00Z"},
        "until",
    ),
    "a note without pause": ({"filter": {"all": True}, "note": "why"}, "note"),
    "until that has passed": (
        {"action": "pause", "filter": {"all": True}, "until": "2025-01-01T00:00:00Z"},
        "until",
    ),
    "until that is counted but has passed": (
        {
            "action": "pause",
            "filter": {"all": True},
            "until": "2025-01-01T00:00:00Z",
            "dry_run": True,
        },
        "until",
    ),
    "until without an offset": (
        {"action": "pause", "filter": {"all": True}, "until": "2027-01-01T00:00:00"},
        "until",
    ),
    "an endless note": (
        {"action": "pause", "filter": {"all": True}, "note": "x" * 501},
        "note",
    ),
    "pause of what is paused": (
        {"action": "pause", "filter": {"status": "paused"}},
        "filter.status",
    ),
}


def test_a_pause_says_until_when_and_why(client, events):
    wish = {"action": "pause", "filter": {"all": True}, "note": "stocktaking"}
    until = "2026-02-01T00:00:00Z"
    job = client.post("/events/bulk", json={**wish, "until": "2026-02-01T01:00:00+01:00"}).json
    assert (job["until"], job["note"]) == (until, "stocktaking")
    assert client.get(f"/bulk-jobs/{job['id']}").json == job
    plain = client.post("/events/bulk", json={**wish, "note": None, "until": None}).json
    assert not {"until", "note"} & plain.keys()


@pytest.mark.parametrize(("body", "field"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_and_nothing_begins(client, events, body, field):
    answer = client.post("/events/bulk", json={"action": "delete", **body})
    assert answer.status_code == 400, answer.text
    assert list(answer.json["fields"]) == [field]
    assert client.get("/bulk-jobs").json == []


def test_a_token_of_another_scope_sees_none_of_it(client, client_with, events):
    job = client.post("/events/bulk", json={"action": "delete", "filter": {"all": True}}).json
    other = client_with("read_write", "us")
    assert other.get(f"/bulk-jobs/{job['id']}").status_code == 404
    assert other.post(f"/bulk-jobs/{job['id']}/cancel").status_code == 404
    assert other.get("/bulk-jobs").json == []
    wish = {"action": "retag", "filter": {"all": True}, "add_tags": ["eu"]}
    assert other.post("/events/bulk", json=wish).status_code == 403
    assert other.get("/bulk-jobs?cursor=AAAA").status_code == 400


def test_a_revoked_token_ends_its_job(app, client, services, events):
    body = {"type": "jwt", "sub": "t", "access": "read_write", "scope": ["eu"]}
    made = client.post("/tokens", json={**body, "expires_at": "2027-01-01T00:00:00Z"}).json
    tenant = with_token(app, made["token"])
    job = tenant.post("/events/bulk", json={"action": "delete", "filter": {"all": True}}).json
    assert client.delete("/tokens?sub=t").status_code < 300
    services.bulk.continue_waiting()
    done = client.get(f"/bulk-jobs/{job['id']}").json
    assert (done["status"], done["done"]) == ("stopped", 0)
    assert all(client.get(f"/events/{one}").status_code == 200 for one in events)


def test_it_is_one_job_for_a_key(client, services, events, monkeypatch):
    """Also if the store went away after the job was stored."""
    store, key = type(services.bulk.frame.jobs), {HEADER: "a-key"}
    save = store.save

    def and_away(*given):
        save(*given)
        raise StoreUnavailable

    def ask():
        wish = {"action": "pause", "filter": {"tags": ["eu"]}}
        return client.post("/events/bulk", json=wish, headers=key)

    with monkeypatch.context() as patched:
        patched.setattr(store, "save", and_away)
        assert ask().status_code == 503
    done = ask()
    assert done.status_code == 202
    assert [one["id"] for one in client.get("/bulk-jobs").json] == [done.json["id"]]
