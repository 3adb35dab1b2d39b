"""``POST /tokens``."""

from __future__ import annotations

import jwt
import pytest

from app.api.http.credentials import key_name
from app.domain.times import to_rfc3339
from tests.api.application import JWT_SECRET, with_token
from tests.support.clock import NOW_MS

BODY = {
    "type": "jwt",
    "sub": "user1",
    "access": "read",
    "scope": ["tag1", "tag2"],
    "expires_at": "2030-06-01T00:00:00Z",
}


def claims_of(token):
    options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, JWT_SECRET, ["HS256"], issuer="qhronos", options=options)


def test_the_answer_is_what_was_asked_for_and_the_token(client):
    answer = client.post("/tokens", json=BODY)
    assert answer.status_code == 200
    token = answer.json.pop("token")
    assert {key: value for key, value in answer.json.items() if key != "token"} == BODY
    header = {"alg": "HS256", "typ": "JWT", "kid": key_name(JWT_SECRET)}
    assert jwt.get_unverified_header(token) == header


def test_the_claims(client):
    """Those of the contract; the others are the library's."""
    claims = claims_of(client.post("/tokens", json=BODY).json["token"])
    assert claims["sub"] == "user1"
    assert claims["access"] == "read"
    assert claims["scope"] == ["tag1", "tag2"]
    assert claims["iss"] == "qhronos"
    assert claims["exp"] == 1_906_502_400
    assert claims["iat"] == NOW_MS // 1000
    assert claims.keys() == {"sub", "access", "scope", "iss", "exp", "iat", "jti", "type", "fresh"}


def test_no_two_tokens_are_the_same(client):
    tokens = [client.post("/tokens", json=BODY).json["token"] for _ in range(5)]
    assert len({claims_of(token)["jti"] for token in tokens}) == 5


def test_the_end_is_cut_to_seconds_in_the_answer_too(client):
    body = {**BODY, "expires_at": "2030-06-01T01:00:00.999+01:00"}
    answer = client.post("/tokens", json=body).json
    assert answer["expires_at"] == "2030-06-01T00:00:00Z"
    assert claims_of(answer["token"])["exp"] == 1_906_502_400


def test_scope_has_the_spelling_of_tags(client, client_with, an_event):
    """Trimmed, composed, each once, so that it meets the tags of events."""
    limited = client_with("read_write", " cafe\u0301 ", "caf\u00e9")
    assert limited.post("/events", json={**an_event, "tags": ["caf\u00e9"]}).status_code == 201


def test_an_admin_needs_no_scope_and_may_make_tokens(app, client):
    """But nobody else may."""
    admin = client.post("/tokens", json={**BODY, "access": "admin", "scope": []}).json["token"]
    made = with_token(app, admin).post("/tokens", json=BODY)
    assert made.status_code == 200
    answer = with_token(app, made.json["token"]).post("/tokens", json=BODY)
    assert answer.status_code == 403
    assert "admin" in answer.json["error"]


@pytest.mark.parametrize(
    ("ahead_ms", "status"),
    [(1_000, 200), (999, 400), (0, 400), (-1_000, 400), (3_652 * 86_400_000, 200)],
)
def test_the_end_lies_ahead(client, ahead_ms, status):
    """By the clock of the service, in whole seconds."""
    body = {**BODY, "expires_at": to_rfc3339(NOW_MS + ahead_ms)}
    assert client.post("/tokens", json=body).status_code == status
