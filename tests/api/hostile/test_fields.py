"""Good JSON with one wrong field: it is named, and nothing is made.

Tests ``app.api.schemas.event_fields``, ``app.api.schemas.fields``, ``app.api.schemas.schedule``,
``app.api.schemas.tags`` and ``app.api.schemas.validation``, too.
"""

# ruff: noqa: RUF001 - digits that only look like digits are part of what is sent
from __future__ import annotations

from typing import Any

import pytest

from app.api.schemas.base import MAX_NAMED
from tests.api.hostile.refusals import EVENT, refused

URL = "https://example.com/hook"

# What is wrong with one field of a good event, and the path that the answer names.
FIELDS: list[tuple[str, Any, str]] = [
    ("name", None, "name"),
    ("name", "", "name"),
    ("name", "x" * 256, "name"),
    ("name", 5, "name"),
    ("name", ["x"], "name"),
    ("name", "nul \x00 inside", "name"),
    ("description", 5, "description"),
    ("description", "x" * 4097, "description"),
    ("description", "\x00", "description"),
    ("start_time", None, "start_time"),
    ("start_time", "", "start_time"),
    ("start_time", "tomorrow", "start_time"),
    ("start_time", 1700000000, "start_time"),
    ("start_time", "2031-02-30T09:00:00Z", "start_time"),
    ("start_time", "2031-01-31", "start_time"),
    ("start_time", "2031-01-31T25:00:00Z", "start_time"),
    ("start_time", "2031-01-31T23:59:60Z", "start_time"),
    ("start_time", "2031-01-31T09:00:00+24:00", "start_time"),
    ("start_time", "9999-12-31T23:59:59-14:00", "start_time"),
    ("start_time", "0001-01-01T00:00:00Z", "start_time"),
    ("start_time", "２０31-01-31T09:00:00Z", "start_time"),
    ("start_time", "2031-01-31T09:00:00", "start_time"),
    ("timezone", "Mars/Olympus", "timezone"),
    ("timezone", "", "timezone"),
    ("timezone", "../../etc/passwd", "timezone"),
    ("timezone", 5, "timezone"),
    ("webhook", None, "webhook"),
    ("webhook", "", "webhook"),
    ("webhook", 5, "webhook"),
    ("webhook", "example.com/hook", "webhook"),
    ("webhook", "ftp://example.com/", "webhook"),
    ("webhook", "javascript:alert(1)", "webhook"),
    ("webhook", "file:///etc/passwd", "webhook"),
    ("webhook", "https://", "webhook"),
    ("webhook", "https://user:pass@example.com/", "webhook"),
    ("webhook", "https://example.com:99999/", "webhook"),
    ("webhook", "https://exa mple.com/", "webhook"),
    ("webhook", "https://example.com/\r\nX: y", "webhook"),
    ("webhook", "https://example.com\\@evil.example/", "webhook"),
    ("webhook", "https://example.com/" + "x" * 2048, "webhook"),
    ("webhook", "https://{{event.name}}/", "webhook"),
    ("webhook", URL + "/{{event.nam}}", "webhook"),
    ("webhook", "http://127.0.0.1/", "webhook"),
    ("webhook", "http://[::1]/", "webhook"),
    ("webhook", "http://[::ffff:127.0.0.1]/", "webhook"),
    ("webhook", "http://2130706433/", "webhook"),
    ("webhook", "http://0x7f.1/", "webhook"),
    ("webhook", "http://169.254.169.254/latest/", "webhook"),
    ("webhook", "http://10.0.0.1/", "webhook"),
    ("webhook", "http://localhost/", "webhook"),
    ("webhook", "q:", "webhook"),
    ("webhook", "q:client name", "webhook"),
    ("webhook", "Q:client-name", "webhook"),
    ("webhook", "q:" + "x" * 65, "webhook"),
    ("action", "https://example.com/hook", "action"),
    ("action", {}, "action.type"),
    *[
        ("action", {"type": kind, "params": {"method": "POST", "url": URL, **params}}, path)
        for kind in ("apicall", "webhook")
        for params, path in [
            ({"method": "BREW"}, "action.params.method"),
            ({"method": 5}, "action.params.method"),
            ({"method": ["GET"]}, "action.params.method"),
            ({"method": "GET\r\nX: y"}, "action.params.method"),
            ({"url": "http://10.0.0.1/"}, "action.params.url"),
            ({"url": None}, "action.params.url"),
            ({"body": 5}, "action.params.body"),
            ({"body": True}, "action.params.body"),
            ({"body": "é" * 32_769}, "action.params.body"),
            ({"body": {"x": "y" * 65_536}}, "action.params.body"),
            ({"body_json": "{}"}, "action.params"),
            ({"headers": []}, "action.params.headers"),
            ({"headers": {"X-A": "{{event.secret}}"}}, "action.params.headers.X-A"),
            ({"headers": {"X-A": "{{{event.id}}}"}}, "action.params.headers.X-A"),
            ({"url": "https://{{event.name}}/"}, "action.params.url"),
            ({"url": URL + "/{{event.nam}}"}, "action.params.url"),
            ({"body": "{{#each}}"}, "action.params.body"),
            ({"body": "{{event.id}}" * 5_000}, "action.params.body"),
            ({"body": "{{" * 30_000}, "action.params.body"),
            ({"body": {"a": ["{{event.hmac_secret}}"]}}, "action.params.body.a.0"),
            ({"headers": {"X-A": "1\r\nEvil: 1"}}, "action.params.headers.X-A"),
            ({"headers": {"Host": "x"}}, "action.params.headers.Host"),
            ({"headers": {"Content_Type": "x"}}, "action.params.headers.Content_Type"),
            ({"headers": {"Content-Length": "1"}}, "action.params.headers.Content-Length"),
            ({"headers": {"webhook-id": "1"}}, "action.params.headers.webhook-id"),
        ]
    ],
    ("action", {"type": "apicall", "params": {}}, "action.params.method"),
    ("action", {"type": "apicall", "params": {"url": URL}}, "action.params.method"),
    ("action", {"type": "apicall", "params": {"method": None, "url": URL}}, "action.params.method"),
    ("action", {"type": "apicall", "params": {"method": "GET"}}, "action.params.url"),
    (
        "action",
        {"type": "apicall", "params": {"method": "HEAD", "url": URL, "body": "x"}},
        "action.params.body",
    ),
    (
        "action",
        {"type": "webhook", "params": {"method": "GET", "url": URL}},
        "action.params.method",
    ),
    (
        "action",
        {"type": "websocket", "params": {"client_name": "x/y"}},
        "action.params.client_name",
    ),
    ("action", {"type": "websocket", "params": {}}, "action.params"),
    ("action", {"type": "websocket", "params": {"client_name": "x", "url": URL}}, "action.params"),
    ("action", {"type": "websocket"}, "action.params"),
    ("action", {"type": "shell", "params": {"cmd": "x"}}, "action.type"),
    ("action", {"type": ["webhook"], "params": {}}, "action.type"),
    ("action", {"type": "webhook"}, "action.params"),
    ("action", {"type": "webhook", "params": []}, "action.params"),
    ("action", {"type": "webhook", "params": {"url": URL, "a": 1}}, "action.params"),
    ("action", {"type": "webhook", "params": {"url": None}}, "action.params.url"),
    ("action", {"type": "webhook", "params": {"url": "http://10.0.0.1/"}}, "action.params.url"),
    ("action", {"type": "webhook", "params": {}, "more": 1}, "action"),
    ("metadata", [], "metadata"),
    ("metadata", "x", "metadata"),
    ("metadata", 5, "metadata"),
    ("metadata", {"x": "y" * 65_536}, "metadata"),
    ("schedule", [], "schedule"),
    ("schedule", "daily", "schedule"),
    ("schedule", 5, "schedule"),
    ("tags", "a,b", "tags"),
    ("tags", {"a": 1}, "tags"),
    ("tags", [5], "tags.0"),
    ("tags", ["ok", None], "tags.1"),
    ("tags", [""], "tags.0"),
    ("tags", ["  "], "tags.0"),
    ("tags", ["a,b"], "tags.0"),
    ("tags", ["x" * 65], "tags.0"),
    ("tags", ["a\x00b"], "tags.0"),
    ("tags", ["a\nb"], "tags.0"),
    ("tags", ["a\u0085b"], "tags.0"),
    ("tags", ["a\u2028b"], "tags.0"),
    ("tags", [["a"]], "tags.0"),
    ("tags", [f"t{n}" for n in range(51)], "tags"),
    ("status", "deleted", "status"),
    ("status", "ACTIVE", "status"),
    ("status", None, "status"),
    ("status", True, "status"),
    ("status", ["active"], "status"),
    ("retry", 5, "retry"),
    ("retry", {"attempts": 0}, "retry.attempts"),
    ("retry", {"attempts": True}, "retry.attempts"),
    ("retry", {"attempts": 1.5}, "retry.attempts"),
    ("retry", {"delays": ["soon"]}, "retry.delays"),
    ("retry", {"unknown": 1}, "retry"),
    ("timeout", 5, "timeout"),
    ("timeout", "99ms", "timeout"),
    ("timeout", "6m", "timeout"),
    ("timeout", "soon", "timeout"),
    ("timeout", "-5s", "timeout"),
    *[
        ("format", value, "format")
        for value in ("", "json", "CloudEvents", 1, ["cloudevents"], {"mode": "binary"})
    ],
    ("expect", 200, "expect"),
    ("expect", {}, "expect"),
    ("expect", {"code": 200}, "expect"),
    ("expect", {"status": 200}, "expect.status"),
    ("expect", {"status": []}, "expect.status"),
    ("expect", {"status": [200] * 21}, "expect.status"),
    ("expect", {"status": [True]}, "expect.status.0"),
    ("expect", {"status": ["2xx", "404"]}, "expect.status.1"),
    ("expect", {"status": ["1xx"]}, "expect.status.0"),
    ("expect", {"status": [199]}, "expect.status.0"),
    ("expect", {"status": [600]}, "expect.status.0"),
    ("expect", {"status": [204.0]}, "expect.status.0"),
    ("expect", {"status": [["2xx"]]}, "expect.status.0"),
    ("expect", {"body_contains": ""}, "expect.body_contains"),
    ("expect", {"body_contains": 5}, "expect.body_contains"),
    ("expect", {"body_contains": "x" * 1_025}, "expect.body_contains"),
    ("overlap", "", "overlap"),
    ("overlap", "queue", "overlap"),
    ("overlap", "SKIP", "overlap"),
    ("overlap", ["skip"], "overlap"),
    ("overlap", {"policy": "skip"}, "overlap"),
    ("overlap", True, "overlap"),
    ("ack_timeout", 60, "ack_timeout"),
    ("ack_timeout", "", "ack_timeout"),
    ("ack_timeout", "999ms", "ack_timeout"),
    ("ack_timeout", "8d", "ack_timeout"),
    ("ack_timeout", "soon", "ack_timeout"),
    ("ack_timeout", "-1h", "ack_timeout"),
    ("ack_timeout", ["1h"], "ack_timeout"),
    *[
        (name, value, name)
        for name in ("on_failure", "on_success")
        for value in (
            *("", 5, "example.com/hook", "ftp://example.com/", "https://user:pass@example.com/"),
            *("http://10.0.0.1/", "http://169.254.169.254/latest/", "q:client-name"),
            *(["https://example.com/"], {"url": "https://example.com/"}),
            *("https://example.com/\r\nX: y", "https://example.com/" + "x" * 2048),
        )
    ],
    ("hmac_secret", "", "hmac_secret"),
    ("hmac_secret", "x" * 513, "hmac_secret"),
    ("hmac_secret", "whsec_***", "hmac_secret"),
    ("hmac_secret", 5, "hmac_secret"),
    ("webhook_url", "https://example.com/", "webhook_url"),
    ("__proto__", {}, "__proto__"),
    ("", 1, ""),
]

NEW: list[tuple[str, Any, str]] = [
    ("action", {"type": "webhook", "params": {"url": "https://other.example/"}}, "webhook"),
    ("id", "01960000-0000-7000-8000-000000000000", "id"),
    ("created_at", "2031-01-31T09:00:00Z", "created_at"),
    ("updated_at", "2031-01-31T09:00:00Z", "updated_at"),
    ("next_occurrence_at", None, "next_occurrence_at"),
    ("has_hmac_secret", True, "has_hmac_secret"),
]
"""Wrong for a new event alone: what is read, edited and sent back may have them."""

TOKENS: list[tuple[dict[str, Any], str]] = [
    ({"type": "opaque"}, "type"),
    ({"type": None}, "type"),
    ({"sub": ""}, "sub"),
    ({"sub": 5}, "sub"),
    ({"sub": "x" * 256}, "sub"),
    ({"sub": None}, "sub"),
    ({"sub": "a\nmaster token"}, "sub"),
    ({"sub": "a\r\nX-Header: b"}, "sub"),
    ({"sub": "a\tb"}, "sub"),
    ({"sub": "\x1b[31mred"}, "sub"),
    ({"sub": "a\u2028b"}, "sub"),
    ({"sub": "a\x85b"}, "sub"),
    ({"sub": "\u202enekot retsam"}, "sub"),
    ({"sub": " master token"}, "sub"),
    ({"sub": "   "}, "sub"),
    ({"access": "owner"}, "access"),
    ({"access": ["admin"]}, "access"),
    ({"access": None}, "access"),
    ({"scope": []}, "scope"),
    ({"scope": "billing"}, "scope"),
    ({"scope": None}, "scope"),
    ({"scope": [5]}, "scope.0"),
    ({"scope": ["a,b"]}, "scope.0"),
    ({"expires_at": "2030-01-01T00:00:00Z"}, "expires_at"),
    ({"expires_at": "2031-01-01T00:00:00"}, "expires_at"),
    ({"expires_at": "2041-01-01T00:00:00Z"}, "expires_at"),
    ({"expires_at": 1_900_100_000}, "expires_at"),
    ({"expires_at": "never"}, "expires_at"),
    ({"expires_at": None}, "expires_at"),
    ({"token": "mine"}, "token"),
    ({"admin": True}, "admin"),
]


@pytest.mark.parametrize(("name", "value", "path"), [*FIELDS, *NEW])
def test_a_wrong_field_of_a_new_event_is_named(client, name, value, path):
    body = refused(client.post("/events", json={**EVENT, name: value}), 400)
    assert path in body["fields"]
    assert body["error"].startswith(path)


@pytest.mark.parametrize(("name", "value", "path"), FIELDS)
def test_a_wrong_field_of_a_change_is_named(client, stored, name, value, path):
    body = refused(client.put(f"/events/{stored['id']}", json={name: value}), 400)
    assert path in body["fields"]


def test_of_thousands_of_unknown_members_some_are_named(client):
    """An answer, and the search for what was meant, must not grow with what is sent."""
    many = {f"member{number}": number for number in range(10_000)}
    body = refused(client.post("/events", json={**EVENT, **many}), 400)
    assert len(body["fields"]) == MAX_NAMED


@pytest.mark.parametrize("name", ["name", "start_time", "webhook"])
def test_a_missing_field_of_a_new_event_is_named(client, name):
    rest = {key: value for key, value in EVENT.items() if key != name}
    body = refused(client.post("/events", json=rest), 400)
    assert body["fields"] == {name: ["is required"]}


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("/events", {}, ["name", "start_time", "webhook"]),
        ("/events", {"webhook": "https://example.com/"}, ["name", "start_time"]),
        ("/tokens", {"type": "jwt"}, ["sub", "scope", "expires_at", "access"]),
    ],
)
def test_all_that_is_missing_is_named_in_one_answer(client, path, body, names):
    """In the sentence, too."""
    answer = refused(client.post(path, json=body), 400)
    assert answer["fields"] == {name: ["is required"] for name in names}
    assert answer["error"] == f"{', '.join(names[:-1])} and {names[-1]}: are required"


def test_what_is_missing_is_named_beside_what_is_wrong(client):
    """What was given wrong is not also missing."""
    body = refused(client.post("/events", json={"name": 5, "webhook": "ftp://a"}), 400)
    assert list(body["fields"]) == ["name", "webhook", "start_time"]
    assert body["fields"]["start_time"] == ["is required"]
    assert body["fields"]["webhook"] != ["is required"]


@pytest.mark.parametrize(("changes", "path"), TOKENS)
def test_a_wrong_field_of_a_token_is_named(client, changes, path):
    good = {
        "type": "jwt",
        "sub": "user1",
        "access": "read",
        "scope": ["billing"],
        "expires_at": "2030-06-01T00:00:00Z",
    }
    body = refused(client.post("/tokens", json={**good, **changes}), 400)
    assert path in body["fields"]
