"""``Idempotency-Key`` on every call that changes something and is no PUT, PATCH or DELETE."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER
from app.domain.once import HEADER, Once
from app.errors import StoreUnavailable
from app.store.answers import HELD_MS
from tests.support.invariants import snapshot

KEY = {HEADER: "5f0c2c1e-order-77"}
DEAD = {"filter": {"status": "failed"}}
TOKEN = {"type": "jwt", "sub": "a", "access": "read", "scope": ["a"], "expires_at": "2035-01-01T00:00:00Z"}  # fmt: skip
ONE = {"name": "a", "delay": "1h", "webhook": "https://example.com/"}
CALLS = {
    "trigger": ("/events/{id}/trigger", None),
    "pause": ("/events/{id}/pause", {"note": "wait"}),
    "rotate": ("/events/{id}/rotate-secret", None),
    "retries": ("/occurrences/retry", DEAD),
    "bulk": ("/events/bulk", {"action": "pause", "filter": {"all": True}}),
    "token": ("/tokens", TOKEN),
    "batch": ("/events/batch", {"events": [ONE]}),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_same_request_again_is_answered_the_same_and_not_done_again(
    call, client, created, services, clock
):
    path, body = CALLS[call]
    path = path.format(**created)
    first = client.post(path, json=body, headers=KEY)
    assert first.status_code < 300
    before = snapshot(services.storage.client)
    clock.ms += 3_600_000
    again = client.post(path, json=body, headers=KEY)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert snapshot(services.storage.client) == before


def test_a_secret_in_an_answer_is_not_stored_in_clear(client, services):
    token = client.post("/tokens", json=TOKEN, headers=KEY).json["token"]
    stored = snapshot(services.storage.client)
    assert any(b"answer:" in key for key in stored)
    assert token not in repr(stored)


def test_another_body_with_the_same_key_is_a_conflict(client, created):
    path = f"/events/{created['id']}/pause"
    assert client.post(path, json={"note": "a"}, headers=KEY).status_code == 200
    refused = client.post(path, json={"note": "b"}, headers=KEY)
    assert (refused.status_code, list(refused.json)) == (409, ["error"])
    assert client.post(path, json={"note": "a"}, headers=KEY).status_code == 200


def test_a_key_belongs_to_its_caller_and_its_path(client, client_with, created):
    path = f"/events/{created['id']}"
    one = client.post(f"{path}/trigger", headers=KEY)
    other = client_with("read_write", "billing").post(f"{path}/pause", headers=KEY)
    assert (one.status_code, other.status_code) == (202, 200)
    assert "Idempotent-Replayed" not in other.headers


def test_what_was_refused_does_not_use_its_key_up(client, created):
    path = f"/events/{created['id']}"
    assert client.post(f"{path}/resume", headers=KEY).status_code == 409
    client.post(f"{path}/pause")
    assert client.post(f"{path}/resume", headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "a\tb", "x" * 256])
def test_a_key_is_a_word(key, client, created):
    refused = client.post(f"/events/{created['id']}/trigger", headers={HEADER: key})
    assert (refused.status_code, list(refused.json)) == (400, ["error"])


def test_a_request_that_is_under_way_is_not_done_a_second_time(client, created, services, clock):
    """Until it is given up: then who sends it again does it, and it is the same occurrence."""
    path = f"/events/{created['id']}/trigger"
    once = Once.of_request(KEY[HEADER], path, (), MASTER)
    begun_ms = clock.now_ms()
    services.intake.answers.begin(once, begun_ms, clock.now_us())
    assert client.post(path, headers=KEY).status_code == 409
    clock.ms += HELD_MS
    done = client.post(path, headers=KEY)
    assert done.status_code == 202
    assert done.json["scheduled_at"] == "2026-01-01T00:00:00Z"
    assert client.post(path, headers=KEY).json["id"] == done.json["id"]


def test_what_a_process_was_doing_that_is_gone_is_done_by_the_next(
    client, created, services, start_services, clock
):
    """At once if that is known; what it has done already is not there a second time."""
    other = start_services()
    other.processes.announce()
    path = f"/events/{created['id']}/trigger"
    once = Once.of_request(KEY[HEADER], path, (), MASTER)
    begun = other.intake.answers.begin(once, clock.now_ms(), clock.now_us()).repetition
    other.actions.trigger(created["id"], MASTER, None, begun.at_us // 1000)
    assert client.post(path, headers=KEY).status_code == 409
    services.processes.bury([other.processes.name])
    clock.ms += 700
    assert client.post(path, headers=KEY).status_code == 202
    assert len(client.get(f"/events/{created['id']}/occurrences").json) == 2


@pytest.fixture
def cut_off(services, client):
    """Sends a request that is done, but whose process ends before its answer is kept."""

    def send(path, body, monkeypatch, **headers):
        with monkeypatch.context() as patched:
            patched.setattr(services.intake.answers, "keep", lambda *_: None)
            answer = client.post(path, json=body, headers={**KEY, **headers})
        assert answer.status_code == 200
        return answer

    return send


def test_a_token_whose_answer_was_lost_is_one_token(client, cut_off, clock, monkeypatch):
    first = cut_off("/tokens", TOKEN, monkeypatch)
    clock.ms += HELD_MS
    again = client.post("/tokens", json=TOKEN, headers=KEY)
    assert again.status_code == 200
    (listed,) = client.get("/tokens").json
    assert listed["sub"] == TOKEN["sub"]
    assert client.delete(f"/tokens/{listed['jti']}").status_code == 204
    for answer in (first, again):
        bearer = {"Authorization": f"Bearer {answer.json['token']}"}
        assert client.get("/events", headers=bearer).status_code == 401


def test_a_token_is_not_answered_again_to_one_that_it_outlives(client, client_with):
    """The two share their keys, as their subject and scope are the same."""
    long = client_with("admin", expires_at="2036-01-01T00:00:00Z")
    short = client_with("admin", expires_at="2034-01-01T00:00:00Z")
    assert long.post("/tokens", json=TOKEN, headers=KEY).status_code == 200
    answer = short.post("/tokens", json=TOKEN, headers=KEY)
    assert (answer.status_code, "token" in answer.json) == (403, False)
    assert long.post("/tokens", json=TOKEN, headers=KEY).headers["Idempotent-Replayed"] == "true"


def test_a_rotation_whose_answer_was_lost_makes_one_secret(
    client, created, cut_off, services, clock, monkeypatch
):
    """By id and by tag, also with the ETag of before; the one from before still signs beside it."""
    tag = client.get(f"/events/{created['id']}").headers["ETag"]
    tagged = f"/events/rotate-secret?tags={created['tags'][0]}"
    for path, headers in (
        (f"/events/{created['id']}/rotate-secret", {"If-Match": tag}),
        (tagged, {}),
    ):
        first = cut_off(path, {"overlap": "1h"}, monkeypatch, **headers).json
        before = snapshot_of_event(services, created)
        clock.ms += HELD_MS
        again = client.post(path, json={"overlap": "1h"}, headers={**KEY, **headers})
        assert (again.status_code, again.json) == (200, first)
        assert snapshot_of_event(services, created) == before
        stored = repr(snapshot(services.storage.client))
        assert first["secret"] not in stored
        assert client.post(path, json={"overlap": "1h"}).json["secret"] != first["secret"]


def snapshot_of_event(services, created):
    event = services.storage.events.get(bytes.fromhex(created["id"].replace("-", "")))
    return event.version, event.hmac_secret


def test_after_a_store_that_went_away_the_same_request_goes_on(client, created, services, clock, monkeypatch):  # fmt: skip
    """It was triggered, though nobody was told: it is once, however often it is sent."""
    path = f"/events/{created['id']}/trigger"
    add = services.storage.events.add_occurrences

    def and_away(*given):
        add(*given)
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(services.storage.events, "add_occurrences", and_away)
        assert client.post(path, headers=KEY).status_code == 503
    clock.ms += 5_000
    done = client.post(path, headers=KEY)
    assert done.status_code == 202
    assert len(client.get(f"/events/{created['id']}/occurrences").json) == 2
