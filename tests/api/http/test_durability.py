"""A change is answered when it is where its caller wants it, and else leads to no second one."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest
import redis

from app.domain.durability import Durability
from app.store import durability
from tests.api.application import MASTER_TOKEN, with_token
from tests.support.sentinels import Watched

REPLICATED = {"Qhronos-Durability": "replicated"}
ONCE = {"Idempotency-Key": "k"}


@pytest.fixture(scope="module")
def watched():
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as path,
        Watched(Path(path), replicas=1, down_after_ms=60_000) as made,
    ):
        yield made


@pytest.fixture
def primary(watched, monkeypatch):
    """The primary, empty, as an operator reaches it."""
    monkeypatch.setattr(durability, "WAIT_MS", 300)
    monkeypatch.setattr(durability, "LOOK_MS", 200)
    with watched.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def replica(watched):
    """The replica's process; it goes on after the test."""
    program = next(one for one in watched.servers if one is not watched.primary)
    yield program
    program.signal(signal.SIGCONT)


@pytest.fixture
def client_of(app_with, watched):
    return lambda **settings: with_token(app_with(redis_url=watched.url, **settings), MASTER_TOKEN)


def test_it_is_answered_when_the_replicas_have_it(client_of, primary, an_event):
    answer = client_of().post("/events", json=an_event, headers=REPLICATED)
    assert answer.status_code == 201
    assert answer.headers["Qhronos-Durability"] == "replicated"
    with redis.Redis(port=primary.info("replication")["slave0"]["port"]) as replica:
        assert replica.dbsize() == primary.dbsize()


def test_what_is_not_replicated_in_time_is_answered_when_it_is_sent_again(
    client_of, primary, replica, an_event
):
    client = client_of()
    assert client.get("/events").json == []  # (What the first request notes is on the replica.)
    assert client.post("/flows", json={}, headers=REPLICATED).status_code == 405
    replica.signal(signal.SIGSTOP)
    refused = client.post("/events", json=an_event, headers={**REPLICATED, **ONCE})
    assert refused.status_code == 503
    assert refused.json["error"].startswith("The change is made, but it is not known to be on rep")
    assert "Idempotency-Key" in refused.json["error"]
    assert int(refused.headers["Retry-After"]) >= 1
    assert len(client.get("/events").json) == 1
    replica.signal(signal.SIGCONT)
    answer = client.post("/events", json=an_event, headers={**REPLICATED, **ONCE})
    assert answer.status_code == 201
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert [one["id"] for one in client.get("/events").json] == [answer.json["id"]]


def test_without_enough_replicas_nothing_is_written(client_of, primary, an_event):
    client = client_of(durability_replicas=2)
    client.get("/events")
    before = primary.dbsize()
    answer = client.post("/events", json=an_event, headers=REPLICATED)
    assert answer.status_code == 503
    assert "fewer than 2 replicas" in answer.json["error"]
    assert primary.dbsize() == before


def test_nothing_is_left_of_what_a_store_without_replicas_refuses(client_of, primary, an_event):
    """``min-replicas-to-write``: whatever the caller asked for."""
    client = client_of()
    made = client.post("/events", json=an_event).json
    before = {key: primary.dump(key) for key in primary.scan_iter()}
    primary.config_set("min-replicas-to-write", 5)
    try:
        for answer in (
            client.post("/events", json={**an_event, "name": "other"}, headers=ONCE),
            client.patch(f"/events/{made['id']}", json={"name": "other"}),
            client.delete(f"/events/{made['id']}"),
            client.get("/health"),
        ):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
        assert client.get(f"/events/{made['id']}").json["name"] == an_event["name"]
    finally:
        primary.config_set("min-replicas-to-write", 0)
    assert {key: primary.dump(key) for key in primary.scan_iter()} == before


def test_a_store_that_writes_no_file_says_so_first(client_of, primary, an_event):
    primary.config_set("appendonly", "no")
    client = client_of()
    answer = client.post("/events", json=an_event, headers={"Qhronos-Durability": "fsync"})
    assert answer.status_code == 400
    assert "set its appendonly to yes" in answer.json["error"]
    assert client.get("/events").json == []


def test_both_are_waited_for(client_of, primary, an_event):
    primary.config_set("appendonly", "yes")
    headers = {"Qhronos-Durability": "replicated, fsync"}
    answer = client_of().post("/events", json=an_event, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["Qhronos-Durability"] == "fsync, replicated"


def test_the_settings_may_ask_for_it(client_of, primary, an_event):
    client = client_of(durability=frozenset({Durability.REPLICATED}))
    assert client.post("/events", json=an_event).headers["Qhronos-Durability"] == "replicated"
    assert "Qhronos-Durability" not in client.get("/events").headers
    assert "Qhronos-Durability" not in client.post("/events", json={}).headers


def test_nothing_is_waited_for_without_a_good_token(client_of, primary, an_event, monkeypatch):
    """Or anybody could keep all threads waiting for replicas that are not there."""
    client = client_of(durability_replicas=2)
    monkeypatch.setattr(durability.Fence, "__init__", lambda *_: pytest.fail("it was waited for"))
    for token in ("", "Bearer forged"):
        headers = {**REPLICATED, "Authorization": token}
        assert client.post("/events", json=an_event, headers=headers).status_code == 401
        assert client.delete("/tokens/t", headers=headers).status_code == 401
        assert client.post("/nowhere", headers=headers).status_code == 404


def test_any_other_word_is_refused_and_said(client, an_event):
    answer = client.post("/events", json=an_event, headers={"Qhronos-Durability": "quorum"})
    assert answer.status_code == 400
    assert answer.json["error"] == (
        "Qhronos-Durability must be 'replicated', 'fsync' or 'replicated, fsync'."
    )
    assert client.get("/events").json == []
