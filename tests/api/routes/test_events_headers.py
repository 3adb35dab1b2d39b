"""An event's own headers: written, never read again, sent where they were meant to go."""

from __future__ import annotations

import pytest

VALUE = "Bearer a-secret-of-the-receiver"


@pytest.fixture
def make(client, an_event):
    def one(**fields):
        body = {**an_event, "headers": {"Authorization": VALUE, "X-Team": "blue"}, **fields}
        answer = client.post("/events", json=body)
        assert answer.status_code == 201, answer.text
        return answer

    return one


def test_answers_name_them_and_mask_their_values(client, make):
    """Those to a write, to a read, the list, and what the audit log has of it."""
    made = make()
    path = f"/events/{made.json['id']}"
    answers = [
        made,
        client.get(path),
        client.get("/events"),
        client.put(path, json={"headers": {"authorization": "***", "X-New": VALUE}}),
        client.put(path, json={"name": "x"}),
        client.get("/audit"),
    ]
    assert all(VALUE not in answer.text for answer in answers)
    assert made.json["headers"] == {"Authorization": "***", "X-Team": "***"}
    (entry,) = client.get("/audit?action=event.create").json
    assert entry["after"]["headers"] == made.json["headers"]


def test_an_event_without_any_does_not_speak_of_them(client, an_event):
    assert "headers" not in client.post("/events", json=an_event).json


def test_a_mask_sent_back_keeps_the_value_and_the_rest_is_replaced(client, make, headers_of):
    """Names count in any case of letters; sending all of it back unchanged changes nothing."""
    made = make()
    event, version = made.json["id"], made.headers["ETag"]
    answer = client.put(f"/events/{event}", json=made.json)
    assert (answer.status_code, answer.headers["ETag"]) == (200, version)
    body = {"headers": {"authorization": "***", "X-New": "1"}}
    answer = client.patch(f"/events/{event}", json=body)
    assert answer.json["headers"] == {"authorization": "***", "X-New": "***"}
    assert answer.headers["ETag"] != version
    assert headers_of(event) == {"authorization": VALUE, "X-New": "1"}
    assert client.put(f"/events/{event}", json={"name": "other"}).status_code == 200
    assert headers_of(event) == {"authorization": VALUE, "X-New": "1"}


@pytest.mark.parametrize("nothing", [None, {}])
def test_null_or_an_empty_object_clears_them(client, make, headers_of, nothing):
    event = make().json["id"]
    answer = client.put(f"/events/{event}", json={"headers": nothing})
    assert "headers" not in answer.json
    assert headers_of(event) == {}


def test_a_mask_that_stands_for_nothing_is_refused(client, make, an_event, headers_of):
    event = make().json["id"]
    for answer in (
        client.put(f"/events/{event}", json={"headers": {"X-Other": "***"}}),
        client.post("/events", json={**an_event, "headers": {"X-Other": "***"}}),
    ):
        assert (answer.status_code, list(answer.json["fields"])) == (400, ["headers.X-Other"])
    assert headers_of(event) == {"Authorization": VALUE, "X-Team": "blue"}


def test_what_is_wrong_is_named_without_its_value(client, an_event):
    body = {**an_event, "headers": {"Host": VALUE}}
    answer = client.post("/events", json=body)
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["headers.Host"])
    assert VALUE not in answer.text


ELSEWHERE = [
    "https://evil.example/hook",
    "http://example.com/hook",
    "https://example.com:8443/hook",
    "https://example.com.evil.example/hook",
]


@pytest.mark.parametrize("webhook", ELSEWHERE)
def test_stored_values_do_not_follow_the_webhook_to_another_origin(
    client, make, headers_of, webhook
):
    """Or who may write an event could have them sent to a place of their own."""
    event = make().json["id"]
    for kept in ({}, {"headers": {"X-Team": "***"}}):
        for query in ("", "?dry_run=true"):
            answer = client.put(f"/events/{event}{query}", json={"webhook": webhook, **kept})
            assert (answer.status_code, list(answer.json["fields"])) == (400, ["headers"])
    assert client.get(f"/events/{event}").json["webhook"] == "https://example.com/hook"
    body = {"webhook": webhook, "headers": {"X-Team": "red"}}
    assert client.put(f"/events/{event}", json=body).status_code == 200
    assert headers_of(event) == {"X-Team": "red"}
    back = {"webhook": "https://example.com/hook", "headers": None}
    assert client.put(f"/events/{event}", json=back).status_code == 200


@pytest.mark.parametrize("webhook", ["https://example.com/other", "https://EXAMPLE.com:443/hook?x"])
def test_within_its_origin_the_webhook_moves_freely(client, make, headers_of, webhook):
    event = make().json["id"]
    assert client.put(f"/events/{event}", json={"webhook": webhook}).status_code == 200
    assert headers_of(event) == {"Authorization": VALUE, "X-Team": "blue"}


def test_a_rotation_of_the_signing_secret_leaves_them(client, make, headers_of):
    event = make(tags=["red"]).json["id"]
    assert client.post(f"/events/{event}/rotate-secret").status_code == 200
    assert client.post("/events/rotate-secret?tags=red").status_code == 200
    assert headers_of(event) == {"Authorization": VALUE, "X-Team": "blue"}


DAMAGED, OF_ANOTHER_KEY = b"\x01 short", b"\x01 what no key of this process can open"


@pytest.mark.parametrize(("stored", "status"), [(DAMAGED, 400), (OF_ANOTHER_KEY, 503)])
def test_a_value_that_can_t_be_opened_can_be_given_anew(
    client, make, services, headers_of, stored, status
):
    """To keep it is refused: another process may have its key (503), or nobody has (400)."""
    event = make().json["id"]
    key = b"qh:{0}:event:" + bytes.fromhex(event.replace("-", ""))
    services.storage.client.hset(key, "hdr", stored)
    assert client.get(f"/events/{event}").json["headers"]["Authorization"] == "***"
    refused = client.put(f"/events/{event}", json={"headers": {"Authorization": "***"}})
    assert refused.status_code == status
    body = {"headers": {"Authorization": "anew"}}
    assert client.put(f"/events/{event}", json=body).status_code == 200
    assert headers_of(event) == {"Authorization": "anew"}
