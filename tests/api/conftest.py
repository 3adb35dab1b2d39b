"""The application on its real services and a real store, at a moment that stands still.

Doubles stand for the clock and for RQ, which is away: what it would be asked for is upkeep's to do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.http.context import attach_services
from app.domain.outcome import Outcome
from app.engine.attempts import record_of
from app.factory import create_app
from app.store.claims import Claim
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import MASTER_TOKEN, settings_for, token_of, with_token
from tests.support.clock import FakeClock
from tests.support.services import FakeDrains, FakeUpkeep


@pytest.fixture
def start_services(store_url: str, clock: FakeClock) -> Iterator[Callable[..., Services]]:
    """Makes the services of one process; settings may differ from those of ``services``."""
    started: list[Services] = []

    def start(**changes: Any) -> Services:
        upkeep = FakeUpkeep()
        upkeep.away = True
        doubles = Doubles(clock=clock, drain_queue=FakeDrains(), upkeep_queue=upkeep)
        started.append(build_services(settings_for(store_url, **changes), doubles))
        return started[-1]

    yield start
    for services in started:
        if services.settings.redis_url:
            services.storage.client.close()


@pytest.fixture
def services(start_services) -> Services:
    return start_services()


@pytest.fixture
def headers_of(services: Services) -> Callable[[str], dict[str, str]]:
    """The headers that would be sent for an event."""

    def read(event_id: str) -> dict[str, str]:
        raw = bytes.fromhex(event_id.replace("-", ""))
        event = services.storage.events.get(raw)
        assert event is not None
        if event.headers is None:
            return {}
        return dict(services.crypto.header_secrets.of(raw, event.headers.encrypted))

    return read


@pytest.fixture
def attempt(services: Services, clock: FakeClock) -> Callable[[Outcome], list[Claim]]:
    """Has all that is due attempted, as a drain would, but nothing is sent: the outcome is given."""
    requests = itertools.count(1)

    def run(outcome: Outcome) -> list[Claim]:
        now_ms = clock.now_ms()
        claims = services.storage.work.claim(
            0, b"worker", next(requests), now_ms=now_ms, limit=99, lease_ms=30_000
        )
        assert claims
        services.successors.schedule(claims, now_ms)
        records = [record_of(one, outcome, now_ms, 0.5)[0] for one in claims]
        assert services.storage.work.record(records, now_ms) == len(records)
        return claims

    return run


@pytest.fixture(scope="session")
def shared_app(store_server: str) -> Flask:
    """The application of all tests that need no settings of their own.

    To make one takes longer than most tests. What it keeps follows from its settings alone;
    everything else is its services', which each test has of its own.
    """
    return create_app(build_services(settings_for(store_server)))


@pytest.fixture
def app(shared_app: Flask, services: Services) -> Flask:
    attach_services(shared_app, services)
    return shared_app


@pytest.fixture
def app_with(start_services) -> Callable[..., Flask]:
    """Makes an application whose settings differ."""
    return lambda **changes: create_app(start_services(**changes))


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client with the master token."""
    return with_token(app, MASTER_TOKEN)


@pytest.fixture
def client_with(app: Flask, client: FlaskClient) -> Callable[..., FlaskClient]:
    """Makes clients whose JWT has the given access and scope."""

    def make(access: str, *scope: str, **changes: Any) -> FlaskClient:
        return with_token(app, token_of(client, access, *scope, **changes))

    return make


@pytest.fixture
def an_event() -> dict[str, Any]:
    """What a client posts: a one-time event on the second day."""
    return {
        "name": "invoice run",
        "start_time": "2026-01-02T09:00:00Z",
        "webhook": "https://example.com/hook",
    }


@pytest.fixture
def created(client: FlaskClient, an_event: dict[str, Any]) -> dict[str, Any]:
    """An event as it was answered on creation."""
    answer = client.post("/events", json={**an_event, "tags": ["billing"]})
    assert answer.status_code == 201, answer.text
    return answer.json
