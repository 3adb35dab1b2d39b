"""The application around services in memory, and a client that sends the master token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.times import to_rfc3339
from app.factory import create_app
from tests.api.fakes import MASTER_TOKEN, NOW_MS, FakeServices


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def app(services) -> Flask:
    return create_app(services)


@pytest.fixture
def anonymous(app) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


def with_token(app: Flask, token: str) -> FlaskClient:
    """A client that sends a token with every request."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture
def client(app) -> FlaskClient:
    """A client with the master token."""
    return with_token(app, MASTER_TOKEN)


@pytest.fixture
def client_with(app, client) -> Callable[..., FlaskClient]:
    """Makes clients whose JWT has the given access and scope."""

    def make(access: str, *scope: str, **changes: Any) -> FlaskClient:
        body = {
            "type": "jwt",
            "sub": "somebody",
            "access": access,
            "scope": list(scope),
            "expires_at": to_rfc3339(NOW_MS + 3_600_000),
            **changes,
        }
        answer = client.post("/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return with_token(app, answer.json["token"])

    return make


@pytest.fixture
def valid() -> dict[str, Any]:
    """The least that makes an event."""
    return {
        "name": "invoice run",
        "start_time": "2031-01-31T09:00:00Z",
        "webhook": "https://example.com/hook",
    }


@pytest.fixture
def created(client, valid):
    """An event as it was answered on creation."""
    return client.post("/events", json={**valid, "tags": ["billing"]}).json
