"""Services on a real store, with a clock that stands still and queues that only remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.config import Settings
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.event import Event
from app.errors import StoreUnavailable
from app.services.queries import EventChanges
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock

HOUR_MS = 3_600_000


class FakeDrains:
    """Counts what was called for; see ``DrainQueue``."""

    def __init__(self) -> None:
        self.enqueued = 0

    def enqueue_drain(self) -> None:
        self.enqueued += 1

    def waiting(self) -> int:
        return self.enqueued


class FakeUpkeep:
    """Remembers what was called for; see ``ReplanQueue`` and ``RedeliveryQueue``."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.redeliveries: list[str] = []
        self.continued = 0
        self.repairs = self.recoveries = 0
        self.away = False

    def enqueue_replan(self, name: str) -> None:
        if self.away:
            raise StoreUnavailable
        self.names.append(name)

    def enqueue_repair(self) -> None:
        if self.away:
            raise StoreUnavailable
        self.repairs += 1

    def enqueue_recovery(self) -> None:
        if self.away:
            raise StoreUnavailable
        self.recoveries += 1

    def enqueue_redelivery(self, job_id: str) -> None:
        if self.away:
            raise StoreUnavailable
        self.redeliveries.append(job_id)

    def enqueue_waiting_redeliveries(self) -> None:
        if self.away:
            raise StoreUnavailable
        self.continued += 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
def services(
    request: pytest.FixtureRequest, store_url: str, clock: FakeClock
) -> Iterator[Services]:
    settings = Settings(
        redis_url=store_url,
        partitions=request.param,
        jwt_secret="j" * 32,
        signing_secret="s" * 32,
    )
    doubles = Doubles(clock=clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    made = build_services(settings, doubles)
    yield made
    made.storage.client.close()


@pytest.fixture
def engine(services: Services) -> Engine:
    """What workers do with these services."""
    return Engine(services)


@pytest.fixture
def create(services: Services) -> Callable[..., Event]:
    def make(**given: Any) -> Event:
        defaults = {
            "name": "an event",
            "start_time": NOW_MS + HOUR_MS,
            "action": webhook("https://example.com/hook"),
            "tags": ("red", "blue"),
        }
        return services.events.create(EventChanges({**defaults, **given}), MASTER)

    return make
