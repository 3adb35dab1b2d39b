"""The scheduler: enqueues drains in time, no more than are missing, with a backoff."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain import ids
from app.domain.event import Event
from app.domain.options import DEFAULT_ACK_MS
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of
from app.engine.scheduler import LEAD_MS, Scheduler
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.services import HOUR_MS, FakeDrains

DUE = NOW_MS + HOUR_MS


@pytest.fixture
def drains() -> FakeDrains:
    return FakeDrains()


@pytest.fixture
def scheduler(services: Services, drains: FakeDrains, clock: FakeClock) -> Scheduler:
    storage = services.storage
    return Scheduler(storage.work, storage.coordination, drains, clock, lambda: 3)


def test_with_nothing_scheduled_no_drain_is_enqueued(scheduler, drains) -> None:
    assert scheduler.look(NOW_MS) is None
    assert drains.enqueued == 0


def test_a_drain_is_enqueued_ahead_of_the_due_time(
    scheduler, drains, create: Callable[..., Event]
) -> None:
    create()
    assert scheduler.look(DUE - LEAD_MS - 1) == DUE
    assert drains.enqueued == 0
    assert scheduler.look(DUE - LEAD_MS) == DUE
    assert drains.enqueued == 1


def test_a_drain_is_enqueued_ahead_of_a_deadline_to_acknowledge(
    services, scheduler, drains, create: Callable[..., Event]
) -> None:
    partition = ids.partition_of_event(create(start_time=NOW_MS).id)
    (claimed,) = services.storage.work.claim(
        partition, b"w", 1, now_ms=NOW_MS, limit=1, lease_ms=HOUR_MS
    )
    answer = Outcome(Timings(0, 0, 0), 202, ack_required=True)
    record, _ = record_of(claimed, answer, NOW_MS, 0.5)
    services.storage.work.record([record], NOW_MS)
    assert scheduler.look(NOW_MS) == NOW_MS + DEFAULT_ACK_MS
    assert drains.enqueued == 0
    scheduler.look(NOW_MS + DEFAULT_ACK_MS - LEAD_MS)
    assert drains.enqueued == 1


def test_one_that_waits_or_is_at_work_is_enough(
    services, scheduler, drains, create: Callable[..., Event]
) -> None:
    create()
    scheduler.look(DUE)
    scheduler.look(DUE)
    assert drains.enqueued == 1
    drains.enqueued = 0
    services.storage.coordination.drain_alive("one", DUE + 5_000)
    scheduler.look(DUE + 1_000)
    assert drains.enqueued == 0
    scheduler.look(DUE + 5_001)
    assert drains.enqueued == 1


def test_a_backlog_gets_a_drain_of_every_worker(
    scheduler, drains, create: Callable[..., Event]
) -> None:
    for _ in range(201):
        create()
    scheduler.look(DUE)
    assert drains.enqueued == 3


def test_a_lease_that_expires_gets_a_drain(
    services, scheduler, drains, create: Callable[..., Event]
) -> None:
    create()
    for partition in range(services.settings.partitions):
        services.storage.work.claim(partition, b"w", 1, now_ms=DUE, limit=9, lease_ms=30_000)
    assert scheduler.look(DUE + 1) == DUE + 30_000
    assert drains.enqueued == 0
    scheduler.look(DUE + 30_000)
    assert drains.enqueued == 1


def test_drains_that_fail_at_once_are_enqueued_with_a_backoff(
    scheduler, drains, create: Callable[..., Event]
) -> None:
    """A worker that can't drain must not fill RQ with failures."""
    create()
    called = 0
    for now_ms in range(DUE, DUE + 60_000, 200):
        scheduler.look(now_ms)
        called += drains.enqueued
        drains.enqueued = 0
    assert 5 < called < 15
