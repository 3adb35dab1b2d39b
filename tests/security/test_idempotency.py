"""``Idempotency-Key``: a request that is sent again makes nothing again, and tells nobody else.

Tests ``app.services.event_creation``, too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.security.conftest import DAY_MS, MASTER_TOKEN, NOW_MS
from tests.support.ical import a_file
from tests.support.invariants import broken, snapshot

KEY = {"Idempotency-Key": "5f0c2c1e-order-77"}


def test_the_same_request_again_is_answered_with_the_same_event(start, event):
    """By any process; only the first is a change."""
    one, other = start(), start()
    token = one.mint()
    first = one.client(token).post("/events", json=event, headers=KEY)
    before = snapshot(one.services.storage.client)
    again = [
        other.client(token).post("/events", json=dict(reversed(event.items())), headers=KEY),
        one.client(token).post("/events", json=event, headers=KEY),
    ]
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    for answer in again:
        assert (answer.status_code, answer.json) == (201, first.json)
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert answer.headers["Location"] == first.headers["Location"]
        assert answer.headers["ETag"] == first.headers["ETag"]
    assert snapshot(one.services.storage.client) == before
    assert [entry["action"] for entry in one.client().get("/audit").json] == [
        "event.create",
        "token.create",
    ]
    assert broken(one.services.storage.client) == []


@pytest.mark.parametrize("change", [{"name": "b"}, {"metadata": {"a": 1}}, {"tags": []}, {"delay": "5s", "start_time": None}])  # fmt: skip
def test_another_request_with_the_same_key_is_a_conflict(process, admin, event, change):
    admin.post("/events", json=event, headers=KEY)
    before = snapshot(process.services.storage.client)
    other = {name: value for name, value in {**event, **change}.items() if value is not None}
    answer = admin.post("/events", json=other, headers=KEY)
    assert (answer.status_code, list(answer.json)) == (409, ["error"])
    assert snapshot(process.services.storage.client) == before


@pytest.mark.parametrize("first", [{}, {"flow": {"key": "acme"}}, {"key": "a"}])
def test_a_key_means_the_same_in_every_flow(start, event, first):
    """An event is in the partition of its flow or of its own key, wherever this key belongs."""
    process = start(partitions=4)
    client = process.client()
    assert client.post("/events", json={**event, **first}, headers=KEY).status_code == 201
    for number in range(8):
        other = {**event, "flow": {"key": str(number)}}
        assert client.post("/events", json=other, headers=KEY).status_code == 409
    again = client.post("/events", json={**event, **first}, headers=KEY)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert not process.services.storage.client.hlen("qh:{audit}:intents")


def test_a_key_is_its_callers_own(process, event):
    """Nobody learns that somebody else has used it, whatever he calls himself."""
    callers = [
        MASTER_TOKEN,
        process.mint(sub="master", access="admin", scope=[]),
        process.mint(sub="somebody", access="admin", scope=[]),
        process.mint(sub="somebody", scope=["red"]),
        process.mint(sub="somebody", scope=["red", "blue"]),
        process.mint(sub="somebody else", scope=["red"]),
    ]
    answers = [process.client(one).post("/events", json=event, headers=KEY) for one in callers]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == len(callers)
    renewed = process.mint(sub="somebody", access="write", scope=["red"])
    answer = process.client(renewed).post("/events", json=event, headers=KEY)
    assert answer.json["id"] == answers[3].json["id"]


def test_any_number_at_once_make_one(start, event):
    processes = [start(partitions=4), start(partitions=4)]
    clients = [processes[number % 2].client() for number in range(16)]
    flow = {**event, "flow": {"key": "acme"}}

    def post(call):
        client, body, key = call
        return client.post("/events", json=body, headers={"Idempotency-Key": key}).json["id"]

    for body in (event, flow):
        for number in range(5):
            with ThreadPoolExecutor(8) as pool:
                made = set(
                    pool.map(post, [(one, body, f"{body is flow}{number}") for one in clients])
                )
            assert len(made) == 1
    assert len(clients[0].get("/events").json) == 10


def test_what_was_refused_may_be_sent_again(process, event):
    client = process.client(process.mint(scope=["red"]))
    assert client.post("/events", json={**event, "tags": ["blue"]}, headers=KEY).status_code == 403
    assert client.post("/events", json={**event, "name": ""}, headers=KEY).status_code == 400
    assert client.post("/events", json=event, headers=KEY).status_code == 201


@pytest.mark.parametrize("leave", ["DELETE", "PUT"])
def test_an_event_that_is_gone_is_not_made_again(process, admin, event, leave):
    """Whether deleted or moved out of sight."""
    client = process.client(process.mint())
    path = f"/events/{client.post('/events', json=event, headers=KEY).json['id']}"
    admin.open(path, method=leave, json={"tags": ["blue"]} if leave == "PUT" else None)
    answer = client.post("/events", json=event, headers=KEY)
    assert (answer.status_code, answer.json["error"].split(";")[0]) == (
        409,
        "The event that this Idempotency-Key made is gone",
    )


def test_sending_again_takes_no_place_of_a_quota(start, event):
    process = start(max_events_per_sub=1)
    client = process.client(process.mint())
    answers = [client.post("/events", json=event, headers=KEY).status_code for _ in range(3)]
    assert answers == [201, 201, 201]
    assert client.post("/events", json=event).status_code == 403


def test_a_key_is_remembered_for_a_day_and_neither_it_nor_a_secret_is_stored(process, admin, event):
    secret = {"hmac_secret": "1234", "headers": {"X-Pin": "4321"}}
    admin.post("/events", json={**event, **secret}, headers=KEY)
    store = process.services.storage.client
    (key,) = store.keys(b"qh:{0}:made:*")
    assert 0 < store.pttl(key) <= DAY_MS
    assert len(store.get(key)) == 32
    assert KEY["Idempotency-Key"].encode() not in b"".join(store.keys())
    # So a short secret can't be guessed from the digest, and an open question is not answered.
    other = {**secret, "hmac_secret": "another secret"}
    assert admin.post("/events", json={**event, **other}, headers=KEY).status_code == 201
    store.delete(key)
    process.clock.ms = NOW_MS + 1
    admin.post("/events", json=event, headers=KEY)
    assert len(admin.get("/events").json) == 2


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, "a\tb"])
def test_a_malformed_key_is_refused(process, admin, event, key):
    admin.post("/events", json=event, headers=KEY)
    before = snapshot(process.services.storage.client)
    answer = admin.post("/events", json=event, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json["error"].startswith("Idempotency-Key")
    assert snapshot(process.services.storage.client) == before


def test_a_file_of_events_is_imported_once(admin):
    """Also a file whose entries have no source, from which the same UIDs would be updated."""
    file = a_file("UID:a\nDTSTART:20300102T090000Z\nSUMMARY:a")
    answers = [
        admin.post(
            "/events?webhook=https://example.com/",
            data=file,
            content_type="text/calendar",
            headers=KEY,
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotent-Replayed"] == "true"
