"""Flows of partitions that another drain serves, and has no time for, on a real store."""

from __future__ import annotations

import math
import select
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.ids import partition_of_event
from app.engine.claim_times import HELP_AFTER_MS
from app.engine.drain import Drain
from app.engine.shard_claimer import ShardClaimer
from app.services.queries import EventChanges
from app.store.partition_leases import PartitionLeases
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.engine.engines import engine_with
from tests.engine.test_drain import LEASE_MS, LONG_MS, HeldSender, run_until
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(int(time.time() * 1_000))


@pytest.fixture
def sender() -> HeldSender:
    return HeldSender()


@pytest.fixture
def engine(store_url: str, clock: FakeClock, sender: HeldSender) -> Iterator[Engine]:
    with engine_with(store_url, clock, sender, partitions=2, lease_ms=LEASE_MS) as made:
        yield made


@pytest.fixture
def drain(engine: Engine) -> Iterator[Drain]:
    made = engine.drains.new_drain()
    yield made
    made.close(threading.Event())


def make_in_flow(services: Services, clock: FakeClock, partition: int) -> None:
    """Make an event of a flow, due in a second. Its flow's name says in which partition it is."""
    for number in range(50):
        given = {
            "name": "an event",
            "start_time": clock.ms + 1_000,
            "action": webhook("https://example.com/hook"),
            "flow": {"key": f"flow-{number}"},
        }
        event = services.events.create(EventChanges(given), MASTER)
        if partition_of_event(event.id) == partition:
            return
        services.events.delete(ids.to_text(event.id), MASTER, None)
    pytest.fail("no flow is in this partition")


def served(drain: Drain, clock: FakeClock) -> Sequence[int]:
    """The partitions that a drain serves."""
    claimer = drain._claimer
    return claimer.own(clock.ms) if isinstance(claimer, ShardClaimer) else claimer._times.own


def test_a_drain_helps_with_late_flows_of_another(
    engine: Engine,
    clock: FakeClock,
    sender: HeldSender,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other one renews its lease, and has more to do than it can."""

    def pass_time(readable: Sequence[int], _writable: object, wait_ms: float) -> None:
        """Time passes while nothing is heard of the store; no longer than a look takes to come."""
        if not select.select(readable, (), (), 0.005)[0]:
            clock.advance(min(math.ceil(wait_ms), 50))

    monkeypatch.setattr("app.engine.drain.wait_for", pass_time)
    services, storage = engine.services, engine.services.storage
    leases = PartitionLeases(storage.client, storage.scripts)
    leases.renew("another", clock.ms, clock.ms + LONG_MS, clock.ms + LONG_MS)
    run_until(drain, clock, lambda: len(served(drain, clock)) == 1)
    (own,) = served(drain, clock)
    make_in_flow(services, clock, 1 - own)
    clock.advance(1_000)
    due_ms = clock.ms
    run_until(drain, clock, lambda: clock.ms > due_ms + HELP_AFTER_MS // 2)
    assert sender.started == [], "the other one has had no time for it"
    run_until(drain, clock, lambda: len(sender.started) == 1)
