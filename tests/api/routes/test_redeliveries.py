"""Attempts and dead letters as a user meets them."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import ids
from app.domain.once import HEADER
from app.domain.times import to_rfc3339
from app.errors import StoreUnavailable
from app.store.calls import Record
from tests.api.application import with_token

LINE = b'[1,1767225660000000,1767225660001250,1767225660043000,1767225660040000,310,4000,null,500,"HTTP 500",1767225660001]\n'


@pytest.fixture
def dead(services, clock, client, an_event):
    """Makes an event whose only occurrence has ended; returns the occurrence's id."""

    def make(verdict: str = "failed", **fields: Any) -> str:
        start_ms = clock.ms + 60_000
        body = {**an_event, "start_time": to_rfc3339(start_ms), "tags": ["red"], **fields}
        event = client.post("/events", json=body).json
        clock.advance(60_000)
        (one,) = services.storage.work.claim(
            0, b"w", clock.ms, now_ms=clock.ms, limit=9, lease_ms=30_000
        )
        record = Record(one.occurrence_id, one.token, verdict, 500, b"", "HTTP 500", None, LINE)
        services.storage.work.record([record], clock.ms)
        clock.advance(1)
        assert ids.to_text(one.event_id) == event["id"]
        return ids.to_text(one.occurrence_id)

    return make


@pytest.fixture
def tenant(app, client):
    """Makes clients of a scope."""

    def make(*scope: str, access: str = "read_write"):
        body = {"type": "jwt", "sub": "t", "access": access, "scope": list(scope)}
        answer = client.post("/tokens", json={**body, "expires_at": "2027-01-01T00:00:00Z"})
        return with_token(app, answer.json["token"])

    return make


def actions_of(client) -> list[tuple[str, str]]:
    return [(one["action"], one["object"]) for one in client.get("/audit").json]


def test_attempts_tell_when_things_happened(client, dead, tenant):
    one = dead()
    answer = client.get(f"/occurrences/{one}/attempts")
    assert answer.status_code == 200
    assert answer.json == [
        {
            "number": 1,
            "due_at": "2026-01-01T00:01:00Z",
            "claimed_at": "2026-01-01T00:01:00.001Z",
            "started_at": "2026-01-01T00:01:00.001250Z",
            "first_byte_at": "2026-01-01T00:01:00.040Z",
            "completed_at": "2026-01-01T00:01:00.043Z",
            "lateness_ms": 1.25,
            "dns_ms": 0.31,
            "connect_ms": 4.0,
            "tls_ms": None,
            "took_ms": 41.75,
            "status_code": 500,
            "error_message": "HTTP 500",
        }
    ]
    assert tenant("red", access="read").get(f"/occurrences/{one}/attempts").json == answer.json
    assert tenant("blue").get(f"/occurrences/{one}/attempts").status_code == 404
    assert tenant("red", access="write").get(f"/occurrences/{one}/attempts").status_code == 403


def test_one_is_attempted_again(client, dead, clock):
    one = dead()
    answer = client.post(f"/occurrences/{one}/retry")
    assert answer.status_code == 202
    assert (answer.json["id"], answer.json["status"]) == (one, "retrying")
    assert answer.json["next_attempt_at"] == to_rfc3339(clock.ms)
    entry = client.get("/audit").json[0]
    assert (entry["action"], entry["object"]) == ("occurrence.retry", one)
    assert (entry["before"]["status"], entry["after"]["status"]) == ("failed", "retrying")
    again = client.post(f"/occurrences/{one}/retry")
    assert again.status_code == 409
    assert "not ended" in again.json["error"]


def test_one_is_replaced_by_a_new_one(client, dead, clock):
    one = dead()
    answer = client.post(f"/occurrences/{one}/retry", json={"webhook_id": "new"})
    assert answer.status_code == 202
    assert answer.json["id"] != one
    assert answer.json["scheduled_at"] == to_rfc3339(clock.ms)
    assert client.get(f"/occurrences/{one}").json["status"] == "failed"


def test_what_replaces_one_is_once_for_a_key(client, dead, clock, services, monkeypatch):
    """Also if the store goes away when it was added: whoever asks again gets the same one."""
    one, key = dead(), {HEADER: "a-key"}
    add = services.storage.events.add_occurrences

    def and_away(*given):
        add(*given)
        raise StoreUnavailable

    def ask():
        return client.post(f"/occurrences/{one}/retry", json={"webhook_id": "new"}, headers=key)

    with monkeypatch.context() as patched:
        patched.setattr(services.storage.events, "add_occurrences", and_away)
        assert ask().status_code == 503
    clock.advance(5_000)
    done = ask()
    assert done.status_code == 202
    event = done.json["event_id"]
    assert {each["id"] for each in client.get(f"/events/{event}/occurrences").json} == {
        one,
        done.json["id"],
    }


def test_a_retry_of_many_is_one_job_for_a_key(client, dead, services, monkeypatch):
    """A second job would attempt anew what fails again under the first."""
    dead()
    jobs, key = services.redeliveries.frame.jobs, {HEADER: "a-key"}
    save = jobs.save

    def and_away(*given):
        save(*given)
        raise StoreUnavailable

    def ask():
        return client.post("/occurrences/retry", json={"filter": {"tags": ["red"]}}, headers=key)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "save", and_away)
        assert ask().status_code == 503
    done = ask()
    assert done.status_code == 202
    assert [one["id"] for one in client.get("/retries").json] == [done.json["id"]]


def test_a_completed_one_is_to_be_triggered(client, dead):
    one = dead("completed")
    answer = client.post(f"/occurrences/{one}/retry", json={"webhook_id": "same"})
    assert answer.status_code == 409
    assert "trigger" in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"webhook_id": "other"}, "webhook_id"),
        ({"webhook_id": None}, "webhook_id"),
        ({"webhookid": "new"}, "webhookid"),
    ],
)
def test_a_wrong_wish_for_one_is_refused(client, dead, body, path):
    one = dead()
    answer = client.post(f"/occurrences/{one}/retry", json=body)
    assert (answer.status_code, list(answer.json["fields"])) == (400, [path])
    assert client.get(f"/occurrences/{one}").json["status"] == "failed"


def test_many_are_counted_first(client, dead):
    ones = [dead(tags=["red"]), dead(tags=["blue"])]
    before = actions_of(client)
    body = {"filter": {"tags": ["red"]}, "dry_run": True}
    answer = client.post("/occurrences/retry", json=body)
    assert (answer.status_code, answer.json) == (200, {"count": 1, "dry_run": True})
    assert actions_of(client) == before
    assert client.get("/retries").json == []
    assert {client.get(f"/occurrences/{one}").json["status"] for one in ones} == {"failed"}


def test_many_are_attempted_again(engine, client, dead, clock):
    """Created, read, listed, worked on by upkeep alone (RQ is away here), cancelled."""
    ones = [dead() for _ in range(3)]
    given = {
        "tags": ["red", "blue"],
        "match": "any",
        "status": "failed",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-02-01T00:00:00Z",
    }
    body = {"filter": given, "rate": "1/h", "stop_at_error_rate": 0.5, "order": "newest"}
    answer = client.post("/occurrences/retry", json=body)
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"http://localhost/retries/{job['id']}"
    assert job == {
        "id": job["id"],
        "status": "running",
        "filter": given,
        "order": "newest",
        "rate": "1/h",
        "stop_at_error_rate": 0.5,
        "total": 3,
        "retried": 0,
        "completed": 0,
        "failed": 0,
        "error_rate": None,
        "created_at": to_rfc3339(clock.ms),
        "updated_at": to_rfc3339(clock.ms),
        "ended_at": None,
        "reason": None,
    }
    assert actions_of(client)[0] == ("retry.create", job["id"])
    clock.advance(5_000)
    engine.upkeep.recover()
    read = client.get(f"/retries/{job['id']}").json
    assert (read["retried"], read["updated_at"]) == (1, to_rfc3339(clock.ms))
    assert client.get(f"/occurrences/{ones[-1]}").json["status"] == "retrying"
    assert client.get("/retries").json == [read]
    answer = client.post(f"/retries/{job['id']}/cancel")
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert answer.json["ended_at"] == to_rfc3339(clock.ms)
    entry = client.get("/audit").json[0]
    assert (entry["action"], entry["object"]) == ("retry.cancel", job["id"])
    assert (entry["before"]["status"], entry["after"]["status"]) == ("running", "cancelled")


def test_an_empty_filter_means_all_that_failed(client, dead):
    dead()
    dead("missed")
    job = client.post("/occurrences/retry", json={"filter": {"status": "failed"}}).json
    assert (job["total"], job["filter"]) == (1, {"status": "failed"})
    assert (job["order"], job["rate"], job["stop_at_error_rate"]) == ("oldest", None, None)


def test_lists_lead_on(client, clock):
    for _ in range(3):
        clock.advance(1)
        client.post("/occurrences/retry", json={"filter": {"status": "failed"}})
    first = client.get("/retries?limit=2")
    assert (len(first.json), first.headers["X-Total-Count"]) == (2, "3")
    path = first.headers["Link"].split(";")[0].strip("<>")
    rest = client.get(path)
    created = [one["created_at"] for one in first.json + rest.json]
    assert created == sorted(created, reverse=True)
    assert len(set(created)) == 3
    assert "Link" not in rest.headers


def test_tenants_do_not_meet(client, dead, tenant):
    """Nor see, nor count, nor touch what is another's."""
    red, blue = tenant("red"), tenant("blue")
    one = dead(tags=["red"])
    job = red.post("/occurrences/retry", json={"filter": {"status": "failed"}}).json
    assert job["total"] == 1
    assert blue.post("/occurrences/retry", json={"filter": {"status": "failed"}}).json["total"] == 0
    for stranger in (blue, tenant("red", "blue")):
        assert stranger.get(f"/retries/{job['id']}").status_code == 404
        assert stranger.post(f"/retries/{job['id']}/cancel").status_code == 404
        assert job["id"] not in [each["id"] for each in stranger.get("/retries").json]
    assert blue.post(f"/occurrences/{one}/retry").status_code == 404
    reader, writer = tenant("red", access="read"), tenant("red", access="write")
    assert reader.get(f"/retries/{job['id']}").status_code == 200
    assert reader.post(f"/retries/{job['id']}/cancel").status_code == 403
    assert reader.post(f"/occurrences/{one}/retry").status_code == 403
    assert (
        reader.post("/occurrences/retry", json={"filter": {"status": "failed"}}).status_code == 403
    )
    assert writer.get("/retries").status_code == 403
    assert writer.post(f"/retries/{job['id']}/cancel").status_code == 200


@pytest.mark.parametrize("path", ["not-an-id", "%00", ids.to_text(b"\x01" * 16), "x" * 5000])
def test_an_id_that_names_nothing(client, path):
    for method, where in (
        ("GET", f"/retries/{path}"),
        ("POST", f"/retries/{path}/cancel"),
        ("GET", f"/occurrences/{path}/attempts"),
        ("POST", f"/occurrences/{path}/retry"),
    ):
        answer = client.open(where, method=method)
        assert answer.status_code == 404, where
        assert "error" in answer.json


def test_what_acts_is_in_the_audit_log_whatever_stands_in_its_query(client, dead):
    """Only a call that knows dry_run can be dry."""
    one = dead()
    assert client.post(f"/occurrences/{one}/retry?dry_run=true").status_code == 202
    assert actions_of(client)[0] == ("occurrence.retry", one)
    event = client.get(f"/occurrences/{one}").json["event_id"]
    assert client.post(f"/events/{event}/trigger?dry_run=true").status_code == 202
    assert actions_of(client)[0] == ("event.trigger", event)
    client.patch(f"/events/{event}?dry_run=true", json={"name": "other"})
    client.post("/events/rotate-secret?tags=red&dry_run=true")
    assert actions_of(client)[0] == ("event.trigger", event)
