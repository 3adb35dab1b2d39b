"""``/occurrences/{id}/ack`` and ``/nack`` as a receiver meets them."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.outcome import Outcome, Timings
from app.setting_readers import RateLimit
from tests.api.hostile.refusals import refused

ACCEPTED = Outcome(Timings(0, 0, 0), 202, b"", ack_required=True)


class Taken:
    """A delivery that its receiver took on."""

    def __init__(self, services, client, attempt, an_event) -> None:
        event = {**an_event, "start_time": "2026-01-01T00:00:00Z"}
        self.event_id = client.post("/events", json=event).json["id"]
        (claimed,) = attempt(ACCEPTED)
        self.id = ids.to_text(claimed.occurrence_id)
        self.token = services.crypto.ack_tokens.of(claimed.occurrence_id, 1)
        self.bearer = {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def taken(services, client, attempt, an_event) -> Taken:
    return Taken(services, client, attempt, an_event)


def test_it_is_seen_to_wait(client, taken):
    found = client.get(f"/occurrences/{taken.id}").json
    assert (found["status"], found["ack_deadline_at"]) == ("dispatched", "2026-01-01T01:00:00Z")


@pytest.mark.parametrize("way", ["header", "body"])
def test_ack_with_the_token_of_the_delivery(anonymous, client, taken, way):
    where = {"headers": taken.bearer} if way == "header" else {"json": {"token": taken.token}}
    answer = anonymous.post(f"/occurrences/{taken.id}/ack", **where)
    assert (answer.status_code, answer.json["status"]) == (200, "completed")
    assert answer.json == client.get(f"/occurrences/{taken.id}").json
    assert answer.json["ack_deadline_at"] is None
    assert client.get(f"/events/{taken.event_id}").json["status"] == "inactive"
    again = refused(anonymous.post(f"/occurrences/{taken.id}/nack", **where), 409)
    assert "not any more" in again["error"]


def test_nack_says_why(anonymous, taken):
    body = {"token": taken.token, "error": "disk full"}
    answer = anonymous.post(f"/occurrences/{taken.id}/nack", json=body).json
    assert (answer["status"], answer["error_message"]) == ("retrying", "disk full")
    assert answer["next_attempt_at"] is not None


def test_nack_may_ask_not_to_be_tried_again(anonymous, taken):
    body = {"token": taken.token, "error": "no such order", "retry": False}
    answer = anonymous.post(f"/occurrences/{taken.id}/nack", json=body).json
    assert (answer["status"], answer["error_message"]) == ("failed", "no such order")


@pytest.mark.parametrize("verb", ["ack", "nack"])
def test_without_its_token_nobody_learns_anything(anonymous, client, services, taken, verb):
    """Not even whether there is such an occurrence."""
    other = services.crypto.ack_tokens.of(b"o" * 16, 1)
    tokens = (other, "", "x", taken.token[:-1], taken.token.replace("1.", "2.", 1), "é")
    for name in (taken.id, ids.to_text(b"o" * 16), "not-an-id", "%00"):
        path = f"/occurrences/{name}/{verb}"
        answers = [anonymous.post(path), client.post(path)]
        answers += [anonymous.post(path, json={"token": one or "-"}) for one in tokens[:5]]
        for one in tokens if name == taken.id else (taken.token, "1.x"):
            header = {"Authorization": f"Bearer {one}".encode().decode("latin-1")}
            answers.append(anonymous.post(path, headers=header))
        for answer in answers:
            refused(answer, 401)
            assert "WWW-Authenticate" in answer.headers
    assert client.get(f"/occurrences/{taken.id}").json["status"] == "dispatched"


def test_its_token_is_good_for_nothing_else(anonymous, taken):
    for path in ("/events", f"/occurrences/{taken.id}", f"/events/{taken.event_id}"):
        refused(anonymous.get(path, headers=taken.bearer), 401)


def test_one_that_is_forgotten_does_not_wait(anonymous, client, services, taken, clock):
    client.delete(f"/events/{taken.event_id}")
    assert client.get(f"/occurrences/{taken.id}").json["status"] == "cancelled"
    refused(anonymous.post(f"/occurrences/{taken.id}/ack", headers=taken.bearer), 409)
    services.storage.work.delete_ended(0, clock.ms + 1, 10)
    refused(anonymous.post(f"/occurrences/{taken.id}/ack", headers=taken.bearer), 409)


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("ack", {"token": 5}, "token"),
        ("ack", {"token": ""}, "token"),
        ("ack", {"token": "x" * 257}, "token"),
        ("ack", {"error": "no"}, "error"),
        ("nack", {"error": ""}, "error"),
        ("nack", {"error": "x" * 501}, "error"),
        ("nack", {"error": "a\x00"}, "error"),
        ("nack", {"error": ["no"]}, "error"),
        ("nack", {"retry": 0}, "retry"),
        ("nack", {"retry": "false"}, "retry"),
        ("nack", {"retry": None}, "retry"),
        ("nack", {"delay": "5s"}, "delay"),
    ],
)
def test_a_wrong_member_is_named_and_changes_nothing(anonymous, client, taken, verb, body, field):
    path = f"/occurrences/{taken.id}/{verb}"
    assert field in refused(anonymous.post(path, json=body, headers=taken.bearer), 400)["fields"]
    assert client.get(f"/occurrences/{taken.id}").json["status"] == "dispatched"


def test_what_is_no_json_is_refused(anonymous, taken):
    path = f"/occurrences/{taken.id}/ack"
    refused(anonymous.post(path, data=b"[]", headers=taken.bearer), 415)
    refused(
        anonymous.post(path, data=b"[]", headers=taken.bearer, content_type="application/json"), 400
    )


def test_guesses_count_for_the_address(app_with):
    client = app_with(rate_limit=RateLimit(3, 3600)).test_client()
    path = f"/occurrences/{ids.to_text(b'o' * 16)}/ack"
    guesses = [
        client.post(path, headers={"Authorization": f"Bearer 1.{n:032x}"}).status_code
        for n in range(4)
    ]
    assert guesses == [401, 401, 401, 429]


def test_ack_timeout_is_answered_as_it_was_given_and_cleared_by_null(client, an_event):
    made = client.post("/events", json={**an_event, "ack_timeout": "90s"}).json
    assert made["ack_timeout"] == "90s"
    path = f"/events/{made['id']}"
    assert "ack_timeout" not in client.patch(path, json={"ack_timeout": None}).json
