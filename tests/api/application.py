"""What all applications of these tests have in common: their settings, and clients with a token."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings

MASTER_TOKEN = "master-token-for-tests"
JWT_SECRET = "jwt-secret-for-tests-of-32-bytes!"
FAR_AHEAD = "2035-01-01T00:00:00Z"
"""When tokens end: after the test's clock and after the store's own, by which entries end."""

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def settings_for(store_url: str, **changes: Any) -> Settings:
    """Settings with secrets, and with what a test wants otherwise."""
    given: dict[str, Any] = {
        "master_token": MASTER_TOKEN,
        "jwt_secret": JWT_SECRET,
        "signing_secret": "signing-secret-for-tests",
        "redis_url": store_url,
    }
    return Settings(**{**given, **changes})


def token_of(client: FlaskClient, access: str, *scope: str, **changes: Any) -> str:
    """A new JWT of the given access and scope, made by a client that may make one."""
    body = {
        "type": "jwt",
        "sub": "somebody",
        "access": access,
        "scope": list(scope),
        "expires_at": FAR_AHEAD,
        **changes,
    }
    answer = client.post("/tokens", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["token"])


def with_token(app: Flask, token: str) -> FlaskClient:
    """A client that sends a token with every request."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client
