"""``/events/by-key``, and ``key`` wherever events are created.

Tests ``app.services.event_keys``, ``app.services.event_places`` and ``app.store.own_keys``, too.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from app.domain.access import MASTER
from app.domain.ids import partition_of_event
from app.store.events import EventStore
from app.store.keys import META
from app.store.meta_field import MetaField
from app.store.own_keys import partition_of_key
from tests.api.application import MASTER_TOKEN, with_token
from tests.support.invariants import broken, snapshot

ONE = {"name": "a", "start_time": "2026-01-02T09:00:00Z", "webhook": "https://example.com/hook"}
RED = {**ONE, "tags": ["red"]}
PATH = "/events/by-key/invoice-17"


@pytest.fixture(autouse=True)
def _the_store_is_sound(services):
    yield
    store = services.storage.client
    assert broken(store, int(store.hget(META, MetaField.PARTITIONS) or 1)) == []


def keyed(key: str = "invoice-17", **more: Any) -> dict[str, Any]:
    return {**ONE, "key": key, **more}


def count(client) -> int:
    return len(client.get("/events").json)


def test_the_first_put_creates_and_the_next_change(client):
    made = client.put(PATH, json=ONE)
    assert made.status_code == 201
    assert made.json["key"] == "invoice-17"
    assert made.headers["Location"].endswith(f"/events/{made.json['id']}")
    changed = client.put(PATH, json={"description": "b"})
    assert (changed.status_code, changed.json["name"]) == (200, "a")
    assert changed.json["description"] == "b"
    assert changed.json["id"] == made.json["id"]
    read = client.get(PATH)
    assert read.json == client.get(f"/events/{made.json['id']}").json
    assert read.headers["ETag"] == changed.headers["ETag"] != made.headers["ETag"]
    assert client.get(PATH, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "body",
    [
        ONE,
        {"name": "a", "schedule": {"every": "1h"}, "webhook": "https://example.com/hook"},
        {**ONE, "hmac_secret": "s" * 8, "headers": {"A": "b"}, "flow": {"key": "f"}},
        {"name": "a", "start_time": ONE["start_time"], "action": {"type": "apicall", "params": {"method": "PUT", "url": "https://example.com/", "headers": {"A": "b"}}}},
    ],
)  # fmt: skip
def test_it_is_the_event_that_a_post_makes_and_the_same_put_again_changes_nothing(
    client, services, body
):
    """So it can be sent again after an answer that was lost."""
    made = client.put(PATH, json=body).json
    before = snapshot(services.storage.client)
    again = client.put(PATH, json=body)
    assert (again.status_code, again.json["updated_at"]) == (200, made["created_at"])
    events = {key: value for key, value in before.items() if b"{audit}" not in key}
    assert events.items() <= snapshot(services.storage.client).items()
    posted = client.post("/events", json=body).json
    own = dict.fromkeys(("id", "created_at", "updated_at", "key"))
    assert {**made, **own} == {**posted, **own}


def test_what_was_read_can_be_edited_and_sent_back_whole(client):
    made = client.put(PATH, json=ONE).json
    assert client.put(PATH, json={**made, "description": "b"}).json["description"] == "b"
    assert client.patch(f"/events/{made['id']}", json={**made, "name": "c"}).json["name"] == "c"
    client.delete(PATH)
    back = client.put(PATH, json=made)
    assert (back.status_code, back.json["name"]) == (201, "a")
    assert back.json["id"] != made["id"]


def test_if_match_is_as_elsewhere_and_never_creates(client):
    assert client.put(PATH, json=ONE, headers={"If-Match": "*"}).status_code == 404
    first = client.put(PATH, json=ONE).headers["ETag"]
    assert client.put(PATH, json={"name": "b"}, headers={"If-Match": first}).status_code == 200
    assert client.put(PATH, json={"name": "c"}, headers={"If-Match": first}).status_code == 412
    assert client.delete(PATH, headers={"If-Match": first}).status_code == 412
    assert client.get(PATH).json["name"] == "b"


def test_a_tag_is_that_of_one_event_alone(client):
    """Deleted and made again under its key, an event is another one, though it looks the same."""
    first = client.put(PATH, json=ONE).headers["ETag"]
    client.delete(PATH)
    again = client.put(PATH, json=ONE)
    assert (again.status_code, again.headers["ETag"] == first) == (201, False)
    assert client.get(PATH, headers={"If-None-Match": first}).status_code == 200
    for method, query in (("PUT", ""), ("PUT", "?dry_run=true"), ("DELETE", "")):
        body = None if method == "DELETE" else {"name": "b"}
        headers = {"If-Match": first}
        answer = client.open(PATH + query, method=method, json=body, headers=headers)
        assert answer.status_code == 412, method
    headers = {"If-Match": again.headers["ETag"]}
    assert client.put(PATH, json={"name": "c"}, headers=headers).status_code == 200


def test_a_dry_run_changes_nothing(client, services):
    assert client.put(f"{PATH}?dry_run=true", json=ONE).status_code == 404
    client.put(PATH, json=ONE)
    before = snapshot(services.storage.client)
    later = client.put(f"{PATH}?dry_run=true", json={"start_time": "2026-01-03T09:00:00Z"})
    assert later.status_code == 200
    assert "moved" in later.json
    assert snapshot(services.storage.client) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "start_time", "webhook"}),
        ({"name": "a"}, {"start_time", "webhook"}),
        ({**ONE, "key": "another"}, {"key"}),
        ({**ONE, "key": None}, {"key"}),
        ({**ONE, "key": "a b"}, {"key"}),
        ({**ONE, "start_time": "soon"}, {"start_time"}),
    ],
)
def test_what_creates_no_event_says_what_to_change_and_leaves_nothing(
    client, services, body, fields
):
    client.get("/events")
    before = snapshot(services.storage.client)
    answer = client.put(PATH, json=body)
    assert (answer.status_code, answer.json["fields"].keys()) == (400, fields)
    assert snapshot(services.storage.client) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("key", ["a%20b", "x" * 256, "%C3%A4", "%2E%2E%20"])
def test_a_path_with_what_is_no_key_is_refused(client, method, key):
    answer = client.open(f"/events/by-key/{key}", method=method, json=ONE)
    assert (answer.status_code, answer.json["fields"].keys()) == (400, {"key"})


@pytest.mark.parametrize("key", ["preview", "occurrences", "a:b%25c?d#e".replace("?", "%3F")])
def test_a_key_may_be_called_like_a_part_of_a_path(client, key):
    path = f"/events/by-key/{key}".replace("#", "%23")
    made = client.put(path, json=ONE)
    assert made.status_code == 201
    assert client.get(path).json["id"] == made.json["id"]


def test_an_event_keeps_its_key_for_good(client):
    name = client.post("/events", json=keyed()).json["id"]
    other = client.post("/events", json=ONE).json["id"]
    for event, key in ((name, "b"), (name, None), (other, "b")):
        answer = client.patch(f"/events/{event}", json={"key": key})
        assert (answer.status_code, answer.json["fields"].keys()) == (400, {"key"})
    assert client.patch(f"/events/{other}", json={"key": None}).status_code == 200
    assert "key" not in client.get(f"/events/{other}").json


def test_a_taken_key_is_a_conflict_that_names_the_event(client, services):
    made = client.post("/events", json=keyed())
    assert (made.status_code, made.json["key"]) == (201, "invoice-17")
    before = snapshot(services.storage.client)
    answer = client.post("/events", json=keyed(name="b", flow={"key": "new"}))
    assert answer.status_code == 409
    assert made.json["id"] in answer.json["error"]
    assert answer.json["fields"].keys() == {"key"}
    assert snapshot(services.storage.client) == before


def test_a_deleted_event_gives_its_key_back(client):
    first = client.post("/events", json=keyed()).json["id"]
    assert client.delete(PATH).status_code == 204
    assert client.get(PATH).status_code == client.delete(PATH).status_code == 404
    assert client.get(f"/events/{first}").status_code == 404
    second = client.post("/events", json=keyed())
    assert second.status_code == 201
    client.delete(f"/events/{second.json['id']}")
    assert client.put(PATH, json=ONE).status_code == 201


def test_a_batch_takes_keys_each_for_itself(client):
    there = client.post("/events", json=keyed("a")).json["id"]
    answer = client.post(
        "/events/batch", json={"events": [keyed("a"), keyed("b"), keyed("b"), ONE]}
    ).json
    assert [one["status"] for one in answer["results"]] == [409, 201, 409, 201]
    assert there in answer["results"][0]["error"]
    assert answer["results"][1]["id"] in answer["results"][2]["error"]
    assert client.get("/events/by-key/b").json["id"] == answer["results"][1]["id"]


def test_a_batch_of_all_or_none_takes_no_keys(client, services):
    client.get("/events")
    before = snapshot(services.storage.client)
    answer = client.post("/events/batch", json={"events": [ONE, keyed()], "atomic": True})
    assert (answer.status_code, answer.json["fields"].keys()) == (400, {"events.1.key"})
    assert snapshot(services.storage.client) == before


def test_an_idempotency_key_comes_first(client):
    """The request that is sent again has made what has the key."""
    once = {"Idempotency-Key": "one"}
    first = client.post("/events", json=keyed(), headers=once)
    again = client.post("/events", json=keyed(), headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json["id"] == first.json["id"]
    taken = client.post("/events", json=keyed(), headers={"Idempotency-Key": "two"})
    assert taken.status_code == 409


def test_a_key_is_one_of_a_scope(client, client_with):
    """Tokens of one scope share their keys; to others, the admin's too, they are free."""
    red, colleague = client_with("read_write", "red"), client_with("read_write", "red", sub="other")
    blue = client_with("read_write", "blue")
    made = red.put(PATH, json=RED).json["id"]
    assert colleague.get(PATH).json["id"] == made
    assert colleague.post("/events", json={**RED, "key": "invoice-17"}).status_code == 409
    for other, tags in ((blue, ["blue"]), (client, []), (client_with("read_write", "red", "blue"), ["red"])):  # fmt: skip
        assert other.get(PATH).status_code == 404
        assert other.delete(PATH).status_code == 404
        own = other.put(PATH, json={**ONE, "tags": tags})
        assert own.status_code == 201
        assert own.json["id"] != made
    assert client_with("read", "red").get(PATH).json["id"] == made
    assert client_with("read", "red").put(PATH, json=RED).status_code == 403


def test_an_event_that_left_the_scope_is_not_found_and_not_told_of(client, client_with):
    red = client_with("read_write", "red")
    made = red.put(PATH, json=RED).json["id"]
    client.patch(f"/events/{made}", json={"tags": ["blue"]})
    assert red.get(PATH).status_code == red.delete(PATH).status_code == 404
    for answer in (
        red.put(PATH, json=RED),
        red.post("/events", json={**RED, "key": "invoice-17"}),
        red.post("/events/batch", json={"events": [{**RED, "key": "invoice-17"}]}),
    ):
        assert answer.status_code == 409
        assert made not in answer.text
    blue = client_with("read_write", "blue")
    assert blue.get(f"/events/{made}").json["key"] == "invoice-17"
    assert blue.get(PATH).status_code == 404


def test_an_event_with_tags_of_others_is_changed_by_none_but_them(client, client_with):
    red = client_with("read_write", "red")
    made = red.put(PATH, json=RED).json["id"]
    client.patch(f"/events/{made}", json={"tags": ["red", "blue"]})
    assert red.put(PATH, json=RED).status_code == red.delete(PATH).status_code == 403


def test_the_audit_log_names_the_event_and_says_what_was_done(client):
    made = client.put(PATH, json=ONE).json["id"]
    client.put(PATH, json={"name": "b"})
    client.delete(PATH)
    entries = client.get(f"/audit?object={made}").json
    entries = entries["data"] if isinstance(entries, dict) else entries
    assert [one["action"] for one in entries] == ["event.delete", "event.update", "event.create"]


def test_an_event_with_a_key_is_where_its_key_is_in_its_flow_as_well(app_with):
    """So the store may have any number of partitions."""
    client = with_token(app_with(partitions=4), MASTER_TOKEN)
    for number in range(8):
        made = client.put(f"/events/by-key/k{number}", json={**ONE, "flow": {"key": "f"}})
        place = partition_of_event(UUID(made.json["id"]).bytes)
        assert place == partition_of_key(f"/k{number}", 4)
        assert client.get(f"/events/by-key/k{number}").json == made.json
        once = {"Idempotency-Key": f"o{number}"}
        posted = [client.post("/events", json=keyed(f"p{number}"), headers=once) for _ in "12"]
        assert posted[0].json == posted[1].json
    batch = [keyed(f"b{number}") for number in range(8)]
    assert client.post("/events/batch", json={"events": batch}).status_code == 201
    assert client.post("/events/batch", json={"events": batch}).status_code == 409
    assert client.delete("/events/by-key/k0").status_code == 204
    assert client.get("/events/by-key/k0").status_code == 404


class Meeting:
    """Holds up the first requests that look for a key, until as many have."""

    def __init__(self, monkeypatch, requests: int) -> None:
        self.barrier = threading.Barrier(requests)
        self.left = requests
        self.lock = threading.Lock()
        look = EventStore.keyed

        def keyed(store, names):
            found = look(store, names)
            with self.lock:
                self.left -= 1
                waits = self.left >= 0
            if waits:
                self.barrier.wait(10)
            return found

        monkeypatch.setattr(EventStore, "keyed", keyed)


def at_once(app, *requests):
    clients = [with_token(app, MASTER_TOKEN) for _ in requests]
    with ThreadPoolExecutor(len(requests)) as pool:
        going = [pool.submit(request, one) for request, one in zip(requests, clients, strict=True)]
        return [one.result() for one in going]


def test_of_puts_at_once_one_creates_and_the_others_change(app, client, monkeypatch):
    """All of them have found nothing."""
    Meeting(monkeypatch, 4)
    bodies = [{**ONE, "name": f"n{number}"} for number in range(4)]
    answers = at_once(app, *[lambda one, body=body: one.put(PATH, json=body) for body in bodies])
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert len({one.json["id"] for one in answers}) == count(client) == 1


def test_of_posts_at_once_one_creates(app, client, monkeypatch):
    Meeting(monkeypatch, 4)
    answers = at_once(app, *[lambda one: one.post("/events", json=keyed())] * 4)
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    made = client.get(PATH).json["id"]
    assert all(made in one.text for one in answers)
    assert count(client) == 1


def test_a_put_that_meets_a_deletion_changes_what_was_there_or_creates_anew(
    app, client, monkeypatch
):
    for _ in range(5):
        first = client.put(PATH, json=ONE).json["id"]
        with monkeypatch.context() as patch:
            Meeting(patch, 2)
            put, deleted = at_once(
                app,
                lambda one: one.put(PATH, json={**ONE, "name": "b"}),
                lambda one: one.delete(PATH),
            )
        assert deleted.status_code == 204
        assert put.status_code in (200, 201)
        assert (put.status_code == 200) == (put.json["id"] == first)
        assert client.get(PATH).status_code == (404 if put.status_code == 200 else 200)
        client.delete(PATH)


@pytest.mark.parametrize(("status", "is_paused"), [("active", False), ("paused", True)])
def test_a_put_keeps_an_event_whose_deletion_can_be_undone(client, services, status, is_paused):
    """Without that deletion it would be there afterwards, and a moment later it would be made."""
    made = client.put(PATH, json={**ONE, "status": status}).json
    if is_paused:
        client.post(f"/events/{made['id']}/pause", json={"note": "holidays"})
    services.deletions.ask(made["id"], MASTER, "ann", None)
    assert client.get(PATH).json["pause"]["then"] == "delete"
    again = client.put(PATH, json={"description": "b"})
    assert (again.status_code, again.json["id"]) == (200, made["id"])
    assert again.json["status"] == status
    assert again.json.get("pause", {}).get("note") == ("holidays" if is_paused else None)
    assert "then" not in again.json.get("pause", {})
    assert (again.json["next_occurrence_at"] is None) is is_paused
