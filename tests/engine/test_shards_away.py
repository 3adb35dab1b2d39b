"""While a shard of a cluster is away, upkeep and alerts go on with the partitions of the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.config import Settings
from app.domain.access import MASTER
from app.domain.alerts import AlertType, Condition
from app.domain.event import Event, EventStatus
from app.domain.ids import partition_of_event, to_text
from app.engine import upkeep as module
from app.engine.alert_watch import SETTLED_MS
from app.services.queries import EventChanges
from app.wiring.alert_runner import alert_runner
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine
from app.wiring.services import Services, build_services
from tests.engine.test_alert_watch import attempt  # noqa: F401 - a fixture
from tests.services.test_alerts import FakeNotifier
from tests.support.clock import FakeClock
from tests.support.services import HOUR_MS, FakeDrains, FakeUpkeep
from tests.support.shards import ODD, TwoShards

PARTITIONS = 4


@pytest.fixture
def services(
    store_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    partitions = itertools.cycle(range(PARTITIONS))
    monkeypatch.setattr("app.store.shards.random.randrange", lambda _count: next(partitions))
    monkeypatch.setattr(module, "STALL_S", 0.0)
    settings = Settings(
        redis_url=store_url,
        partitions=PARTITIONS,
        jwt_secret="j" * 32,
        signing_secret="s" * 32,
    )
    doubles = Doubles(clock=clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    made = build_services(settings, doubles)
    yield made
    made.storage.client.close()


@pytest.fixture
def shards(services: Services) -> TwoShards:
    return TwoShards(services.storage.client)


def is_there(event: Event) -> bool:
    return partition_of_event(event.id) % 2 == 0


def test_upkeep_does_in_the_others_what_it_has_to(
    services: Services, shards: TwoShards, clock: FakeClock, create: Callable[..., Event]
) -> None:
    """Pauses end, leases of the dead are released, old events go: there at once, here later."""
    paused = [create(start_time=clock.ms + 9 * HOUR_MS) for _ in range(PARTITIONS)]
    for one in paused:
        services.actions.pause(to_text(one.id), MASTER, clock.ms + HOUR_MS // 2, None)
    old = [create(status=EventStatus.INACTIVE) for _ in range(PARTITIONS)]
    due = [create(start_time=clock.ms + 1) for _ in range(PARTITIONS)]
    clock.advance(2)
    work = services.storage.work
    for partition in range(PARTITIONS):
        work.claim(partition, b"dead", 1, now_ms=clock.ms, limit=9, lease_ms=9)
    clock.advance(services.settings.retention_events_ms + HOUR_MS)
    upkeep = Engine(services).upkeep

    def run() -> None:
        upkeep.recover()
        upkeep.reconcile()
        upkeep.retain()

    def left() -> tuple[set[int], set[int], set[int]]:
        """The partitions in which something of each kind is yet to be done."""
        events = [
            services.storage.events.get_many([one.id for one in some]) for some in (paused, old)
        ]
        statuses = [one for one in events[0] if one and one.status is EventStatus.PAUSED]
        return (
            {partition_of_event(one.id) for one in statuses},
            {partition_of_event(one.id) for one in events[1] if one},
            {number for number, head in enumerate(work.heads()) if head.lease_ms is not None},
        )

    everywhere = set(range(PARTITIONS))
    assert left() == (everywhere, everywhere, everywhere)
    shards.away = ODD
    run()
    shards.away = None
    assert left() == ({1, 3}, {1, 3}, {1, 3})
    assert services.storage.client.hlen("qh:{watch}:runs") == 3, "they have run"
    run()
    assert left() == (set(), set(), set())
    assert due


def test_what_was_counted_in_the_others_is_rolled_up(
    services: Services,
    shards: TwoShards,
    clock: FakeClock,
    create: Callable[..., Event],
    attempt: Any,  # noqa: F811
) -> None:
    for _ in range(PARTITIONS):
        create(start_time=clock.ms + 1)
    clock.advance(2)
    attempt("failed")
    shards.away = ODD
    there = services.figures.roll_ups.add()
    assert there > 0
    shards.away = None
    assert services.figures.roll_ups.add() == there, "as much was counted on the other node"
    assert services.figures.roll_ups.add() == 0


def test_alerts_tell_of_a_shard_that_is_away(
    services: Services,
    shards: TwoShards,
    clock: FakeClock,
    attempt: Any,  # noqa: F811
) -> None:
    """And of what has failed in the others; of the rest when it is back."""
    runner = alert_runner(services.storage, lambda: services.identity)
    notifier = FakeNotifier()
    runner._sending = replace(runner._sending, notifier=notifier)
    given = {
        "name": "on call",
        "type": AlertType.SLACK,
        "on": (Condition.DEAD_LETTER, Condition.FAILING, Condition.SERIES_ENDED, Condition.LAG),
        "url": "https://chat.example/x",
    }
    alert = services.alerts.create(given, MASTER).alert.id
    runner.step()
    for number in range(PARTITIONS):
        changes = {"name": f"event {number}", "webhook": "https://example.com/"}
        services.events.create(EventChanges({**changes, "start_time": clock.ms + 1}), MASTER)
    clock.advance(2)
    attempt("failed")
    clock.advance(SETTLED_MS + 1)
    shards.away = ODD

    def told() -> set[str]:
        group = services.storage.alerts.groups().get(alert)
        parts = () if group is None else group.parts
        return {one.name for part in parts for one in part.first}

    runner.step()
    assert told() == {"event 0", "event 2"}
    shards.away = None
    runner.step()
    assert told() == {f"event {number}" for number in range(PARTITIONS)}
