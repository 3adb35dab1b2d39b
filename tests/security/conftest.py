"""The application as each attacker meets it, on a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.domain.targets import TargetPolicy
from app.domain.times import to_rfc3339
from app.factory import create_app
from app.store.connection import StoreClient
from app.wiring.doubles import Doubles
from app.wiring.services import build_services
from tests.support.clock import FakeClock
from tests.support.services import FakeDrains, FakeUpkeep

MASTER_TOKEN = "qhr_the-master-token-of-the-security-tests"
SECRETS = {
    "master_token": MASTER_TOKEN,
    "jwt_secret": "the-jwt-secret-of-the-security-tests",
    "signing_secret": "whsec_dGhlIHNlcnZpY2UncyBzaWduaW5nIHNlY3JldA==",
    "signing_private_key": "whsk_dGhlIHByaXZhdGUga2V5IG9mIHRoZXNlIHRlc3RzLi4=",
    "encryption_key": "the-encryption-key-of-the-security-tests",
}
DAY_MS = 86_400_000
SECOND_MS = 1_000
NOW_MS = 1_893_456_000_000
"""2030-01-01T00:00:00Z: ahead of the store's own clock, by which entries end."""


@dataclass
class Process:
    """One API process."""

    settings: Settings
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW_MS))
    store: StoreClient | None = None

    def __post_init__(self) -> None:
        doubles = Doubles(
            store=self.store,
            clock=self.clock,
            drain_queue=FakeDrains(),
            upkeep_queue=FakeUpkeep(),
        )
        self.services = build_services(self.settings, doubles)
        self.app: Flask = create_app(self.services)

    def client(self, token: str | None = MASTER_TOKEN) -> FlaskClient:
        client = self.app.test_client()
        if token is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def mint(self, **fields: Any) -> str:
        body = {
            "type": "jwt",
            "sub": "somebody",
            "access": "read_write",
            "scope": ["red"],
            "expires_at": to_rfc3339(NOW_MS + DAY_MS),
            **fields,
        }
        answer = self.client().post("/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json["token"])


@pytest.fixture
def start(store_url: str) -> Iterator[Callable[..., Process]]:
    """Starts processes on one store; settings may differ."""
    started: list[Process] = []

    def make(**settings: Any) -> Process:
        values: dict[str, Any] = {
            **SECRETS,
            "redis_url": store_url,
            "allow_private_targets": TargetPolicy(allow_all=True),
            **settings,
        }
        process = Process(Settings(**values))
        started.append(process)
        return process

    yield make
    for process in started:
        process.services.storage.client.close()


@pytest.fixture
def process(start) -> Process:
    return start()


@pytest.fixture
def admin(process) -> FlaskClient:
    return process.client()


@pytest.fixture
def event() -> dict[str, Any]:
    """What a client posts."""
    return {
        "name": "invoice run",
        "start_time": "2030-01-02T09:00:00Z",
        "webhook": "https://example.com/hook",
        "tags": ["red"],
    }
