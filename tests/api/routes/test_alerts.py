"""``/alerts``: made, read, changed and tested, and no secret in any answer."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.addresses import TargetPolicy
from tests.api.application import MASTER_TOKEN, with_token
from tests.support.receiver import Receiver, Reply

SECRET_URL = "https://hooks.chat.example/services/T0/B0/sesame"
SLACK: dict[str, Any] = {
    "name": "on call",
    "type": "slack",
    "on": ["dead_letter", "failing"],
    "url": SECRET_URL,
}


@pytest.fixture
def alert(client) -> dict[str, Any]:
    answer = client.post("/alerts", json=SLACK)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def test_one_is_made_read_changed_and_deleted(client, alert) -> None:
    where = f"/alerts/{alert['id']}"
    assert alert["on"] == ["failing", "dead_letter"]
    assert (alert["per_hour"], alert["lag"], alert["status"]) == (12, "1m", "ok")
    assert client.get(where).json == alert
    assert client.get("/alerts").json == [alert]
    changed = client.put(where, json={"name": "other", "on": ["lag"], "lag": "90s"})
    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["lag"]) == ("other", "1m30s")
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.get("/alerts").json == []


def test_what_was_read_can_be_sent_back_whole(client, alert) -> None:
    answer = client.put(f"/alerts/{alert['id']}", json={**alert, "name": "again"})
    assert answer.status_code == 200, answer.text
    assert answer.json["url"] == alert["url"]


def test_no_secret_is_in_an_answer_or_in_the_audit_log(client, alert) -> None:
    hook = {**SLACK, "type": "webhook", "secret": "whisper-it-softly"}
    made = client.post("/alerts", json=hook)
    assert made.status_code == 201, made.text
    client.put(f"/alerts/{alert['id']}", json={"url": SECRET_URL + "2"})
    for answer in (made, client.get("/alerts"), client.get("/audit")):
        assert "sesame" not in answer.text
        assert "whisper" not in answer.text
    assert alert["url"] == "https://hooks.chat.example/***"
    entries = client.get("/audit").json
    assert [one["action"] for one in entries] == ["alert.update", "alert.create", "alert.create"]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"type": "pager"}, "type", "must be one of mail, slack, teams, webhook"),
        ({"on": []}, "on", "must be a list"),
        ({"on": ["everything"]}, "on", "must hold no others than failing"),
        ({"url": "https://10.0.0.1/x"}, "url", "must not lead to a private"),
        ({"url": "http://127.0.0.1:8080/"}, "url", "must not lead to this service itself"),
        ({"url": "file:///etc/passwd"}, "url", "must begin with http"),
        ({"url": None}, "url", "is required"),
        ({"to": ["a@b.example"]}, "to", "goes with the type mail only"),
        ({"type": "mail", "to": ["x"], "url": None}, "to", "must be an address"),
        ({"type": "mail", "url": None}, "to", "is required"),
        ({"secret": "long enough"}, "secret", "goes with the type webhook only"),
        ({"per_hour": 0}, "per_hour", "must be a whole number from 1 to 60"),
        ({"lag": "5ms"}, "lag", "must be from 1s to 1d"),
        ({"tags": ["a"], "on": ["lag"]}, "on", "must not hold lag with tags"),
        ({"name": "a\nb"}, "name", "control characters"),
        ({"channel": "#ops"}, "channel", "is not known here"),
        ({"type": "mail", "to": ["a@b.example"], "url": None}, "type", "QHRONOS_SMTP_URL"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(client, given, field, words) -> None:
    answer = client.post("/alerts", json={**SLACK, **given})
    assert answer.status_code == 400, answer.text
    assert words in answer.json["fields"].get(field, [answer.text])[0]
    assert client.get("/alerts").json == []


def test_what_is_missing_is_named(client) -> None:
    answer = client.post("/alerts", json={})
    assert answer.status_code == 400
    assert set(answer.json["fields"]) == {"name", "type", "on"}


def test_a_token_has_only_alerts_within_its_scope(client, client_with, alert) -> None:
    red = client_with("read_write", "red")
    made = red.post("/alerts", json={**SLACK, "tags": ["red"]})
    assert made.status_code == 201
    assert [one["id"] for one in red.get("/alerts").json] == [made.json["id"]]
    assert red.get(f"/alerts/{alert['id']}").status_code == 404
    assert red.post(f"/alerts/{alert['id']}/test").status_code == 404
    assert red.post("/alerts", json=SLACK).status_code == 403
    assert red.put(f"/alerts/{made.json['id']}", json={"tags": ["blue"]}).status_code == 403
    assert client_with("read_write", "blue").get("/alerts").json == []
    assert client_with("read", "red").delete(f"/alerts/{made.json['id']}").status_code == 403
    assert client_with("write", "red").get("/alerts").status_code == 403


def test_a_test_says_whether_it_arrived(app_with) -> None:
    client = with_token(app_with(allow_private_targets=TargetPolicy(allow_all=True)), MASTER_TOKEN)
    with Receiver() as receiver:
        made = client.post("/alerts", json={**SLACK, "url": receiver.url("/hook")}).json
        where = f"/alerts/{made['id']}"
        assert client.post(f"{where}/test").json == {"arrived": True, "error": None}
        assert "This is a test" in receiver.requests_to("/hook")[0].json["text"]
        receiver.reply("/hook", Reply(404))
        assert client.post(f"{where}/test").json == {
            "arrived": False,
            "error": "the receiver answered 404",
        }
    found = client.get(where).json
    assert found["last_error"] == "the receiver answered 404"
    assert found["last_sent_at"] is not None


def test_a_request_that_is_sent_again_makes_one_alert(client) -> None:
    first, second = (
        client.post("/alerts", json=SLACK, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert first.json == second.json
    assert len(client.get("/alerts").json) == 1
