"""The application on its real services, which work on a fake store at a moment that stands still."""

from __future__ import annotations

from typing import Any

import pytest

from app.config import Settings
from app.errors import StoreUnavailable
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.fakes import MASTER_TOKEN
from tests.support.clock import FakeClock
from tests.support.fake_store import fake_client


class NoQueue:
    """RQ is away; see ``ReplanQueue`` and ``RedeliveryQueue``."""

    def enqueue_replan(self, name: str) -> None:
        raise StoreUnavailable

    def enqueue_redelivery(self, job_id: str) -> None:
        raise StoreUnavailable


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def services(clock) -> Services:
    settings = Settings(
        master_token=MASTER_TOKEN,
        jwt_secret="jwt-secret-for-tests-of-32-bytes!",
        signing_secret="signing-secret-for-tests",
    )
    queue = NoQueue()
    doubles = Doubles(store=fake_client(), clock=clock, drain_queue=queue, upkeep_queue=queue)
    return build_services(settings, doubles)


@pytest.fixture
def an_event() -> dict[str, Any]:
    """What a client posts, for a time on the first day."""
    return {
        "name": "invoice run",
        "start_time": "2026-01-02T09:00:00Z",
        "webhook": "https://example.com/hook",
    }
