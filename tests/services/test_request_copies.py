# ruff: noqa: F811 - fixtures are asked for by their names
"""The request of an occurrence, made once more: right to the byte, and no secret in it.

The service is wired by ``app.wiring.views``.
"""

from __future__ import annotations

import json

import pytest

from app.domain.access import MASTER, Access
from app.domain.outcome import Outcome, Timings
from app.domain.signing import body_signature, signing_key, standard_signature
from app.errors import Conflict, NotFound
from tests.api.conftest import (  # noqa: F401 - the fixtures of the application
    an_event,
    app,
    attempt,
    client,
    services,
    shared_app,
    start_services,
)

FAILED = Outcome(Timings(0, 10, 20), status_code=503, error="status", error_message="no")


@pytest.fixture
def failed(client, clock, attempt, an_event) -> str:
    """An occurrence that has failed with its second attempt."""
    event = client.post(
        "/events",
        json={
            **an_event,
            "tags": ["a", "b"],
            "metadata": {"n": 1.50},
            "hmac_secret": "its own secret, and a long one",
            "headers": {"X-Api-Key": "nobody may see this"},
            "retry": {"attempts": 2, "first": "1s"},
            "on_failure": "https://example.com/failed",
        },
    ).json
    for _ in range(2):
        clock.advance(33 * 3_600_000)
        attempt(FAILED)
    return str(client.get(f"/events/{event['id']}/occurrences").json[0]["id"])


def test_it_is_what_the_last_attempt_sent_and_signed_for_this_moment(services, clock, failed):
    copy = services.request_copies.of(failed, MASTER)
    headers = dict(line.split(": ", 1) for line in copy.headers)
    assert copy.url == "https://example.com/hook"
    assert json.loads(copy.body)["attempt"] == 2
    assert headers["webhook-id"] == failed
    key = signing_key("its own secret, and a long one")
    now_s = clock.now_ms() // 1000
    assert headers["webhook-timestamp"] == str(now_s)
    assert headers["webhook-signature"] == standard_signature(key, failed, now_s, copy.body)
    assert headers["X-Qhronos-Signature"] == body_signature(key, copy.body)


def test_no_secret_is_in_it(services, failed):
    copy = services.request_copies.of(failed, MASTER)
    assert copy.hidden == ("X-Api-Key",)
    for secret in ("its own secret", "nobody may see this"):
        assert secret not in repr(copy)
    assert "Ack-Token" not in repr(copy)


@pytest.mark.parametrize(
    ("level", "scope", "is_signed"),
    [
        ("read_write", {"a", "b"}, True),
        ("read_write", {"a"}, False),
        ("read", {"a", "b"}, False),
        ("admin", set(), True),
    ],
)
def test_it_is_signed_for_who_may_have_it_redelivered(services, failed, level, scope, is_signed):
    copy = services.request_copies.of(failed, Access("somebody", level, frozenset(scope)))
    assert copy.is_signed is is_signed
    assert any("ignature" in line for line in copy.headers) is is_signed


def test_one_with_the_secret_of_a_tag_is_signed_with_that(services, client, clock, failed):
    event = client.post(
        "/events",
        json={"name": "n", "webhook": "https://e.com/", "start_time": "2030-01-01T00:00:00Z"}
        | {"tags": ["c"]},
    ).json
    client.put("/signing-secrets/c", json={"secret": "the secret of the tag c"})
    one = client.post(f"/events/{event['id']}/trigger").json["id"]
    copy = services.request_copies.of(one, MASTER)
    signature = body_signature(b"the secret of the tag c", copy.body)
    assert f"X-Qhronos-Signature: {signature}" in copy.headers


def test_nobody_gets_what_is_out_of_scope_or_gone(services, client, failed):
    with pytest.raises(NotFound):
        services.request_copies.of(failed, Access("somebody", "read_write", frozenset({"x"})))
    client.delete(f"/events/{client.get(f'/occurrences/{failed}').json['event_id']}")
    with pytest.raises(NotFound, match="event is gone"):
        services.request_copies.of(failed, MASTER)


def test_a_callback_is_not_copied(services, client, failed):
    found = client.get("/occurrences?tags=a").json["data"]
    (callback,) = [one["id"] for one in found if one["callback_of"]]
    with pytest.raises(Conflict, match="callback"):
        services.request_copies.of(callback, MASTER)


def test_an_api_call_is_copied_with_its_method_and_type(services, client, clock, an_event):
    action = {"type": "apicall", "params": {"method": "GET", "url": "https://example.com/x"}}
    body = {name: value for name, value in an_event.items() if name != "webhook"}
    answer = client.post("/events", json={**body, "action": action, "headers": {"X-Key": "k"}})
    assert answer.status_code == 201, answer.text
    one = client.post(f"/events/{answer.json['id']}/trigger").json["id"]
    copy = services.request_copies.of(one, MASTER)
    assert (copy.method, copy.body, copy.hidden) == ("GET", b"", ("X-Key",))
    assert not any("X-Key" in line for line in copy.headers)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=Tom+%26+%22Jo%22"),
        ("application/xml", b"text=Tom &amp; &quot;Jo&quot;"),
        (None, b'text=Tom & \\"Jo\\"'),
    ],
)
def test_a_template_is_written_as_its_type_wants_it(services, client, an_event, kind, body):
    """As the delivery writes it; the type is shown, other headers of the event are not."""
    headers = {"X-Key": "k"} | ({"Content-Type": kind} if kind else {})
    params = {"method": "POST", "url": "https://example.com/x", "body": "text={{event.name}}"}
    params |= {"headers": headers}
    given = {name: value for name, value in an_event.items() if name != "webhook"}
    given |= {"name": 'Tom & "Jo"', "action": {"type": "apicall", "params": params}}
    answer = client.post("/events", json=given)
    assert answer.status_code == 201, answer.text
    one = client.post(f"/events/{answer.json['id']}/trigger").json["id"]
    copy = services.request_copies.of(one, MASTER)
    assert (copy.body, copy.hidden) == (body, ("X-Key",))
    assert kind is None or f"Content-Type: {kind}" in copy.headers


def test_what_is_no_request_is_not_copied(services, failed, monkeypatch):
    monkeypatch.setattr("app.services.request_copies.KINDS", {})
    with pytest.raises(Conflict, match="no HTTP request"):
        services.request_copies.of(failed, MASTER)
