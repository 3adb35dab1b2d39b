"""One application for all rows, on a real store with one of each in it: no row changes a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from app.domain.targets import TargetPolicy
from app.factory import create_app
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import MASTER_TOKEN, settings_for, with_token
from tests.api.hostile.refusals import EVENT
from tests.support.clock import FakeClock
from tests.support.invariants import snapshot
from tests.support.services import FakeDrains, FakeUpkeep

NOW_MS = 1_900_000_000_000
"""2030-03-17T17:46:40Z: ahead of the store's own clock, by which entries end."""


@pytest.fixture(scope="module")
def store(store_server: str) -> Iterator[redis.Redis]:
    """A plain client of an empty store."""
    with redis.Redis.from_url(store_server) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="module")
def services(store_server: str, store: redis.Redis) -> Iterator[Services]:
    settings = settings_for(store_server, allow_private_targets=TargetPolicy())
    doubles = Doubles(clock=FakeClock(NOW_MS), drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    made = build_services(settings, doubles)
    yield made
    made.storage.client.close()


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    """A client with the master token."""
    return with_token(create_app(services), MASTER_TOKEN)


@pytest.fixture(scope="module")
def stored(client: FlaskClient) -> dict[str, Any]:
    """An event with all that an event can have, as it is answered; beside it one of each."""

    def ask(method: str, path: str, body: Any) -> Any:
        answer = client.open(path, method=method, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json

    token = {"type": "jwt", "sub": "user1", "access": "read", "scope": ["billing"]}
    ask("POST", "/tokens", {**token, "expires_at": "2030-06-01T00:00:00Z"})
    ask("PUT", "/calendars/days", {"dates": ["2031-12-24"]})
    slack = {"name": "a", "type": "slack", "on": ["lag"], "url": "https://example.com/hook"}
    ask("POST", "/alerts", slack)
    ask("PUT", "/flows/acme", {"rate": "10/s"})
    event = {
        **EVENT,
        "tags": ["billing"],
        "schedule": {"frequency": "daily"},
        "hmac_secret": "the secret of this event",
        "headers": {"X-A": "1"},
        "calendars": ["days"],
        "flow": {"key": "acme"},
    }
    made: dict[str, Any] = ask("POST", "/events", event)
    ask("POST", f"/events/{made['id']}/trigger", None)
    return made


@pytest.fixture(autouse=True)
def _nothing_happens(store: redis.Redis, stored: dict[str, Any]) -> Iterator[None]:
    """Whatever is refused: every key is what it was."""
    before = snapshot(store)
    assert len(before) > 20
    yield
    assert snapshot(store) == before
