"""The canary goes the way of all events to this instance itself, and nobody else sees it.

Tests ``app.store.canary``, ``app.delivery.actions.canary``, ``app.wiring.canary`` and the part of
``app.engine.senders`` that sends it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.config import Settings
from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import CANARY_PATH
from app.engine import canary as module
from app.factory import create_app
from app.services.queries import EventQuery
from app.store import keys
from app.store.canary import CanaryFigures, CanaryStore
from app.wiring.canary import canary_sender, canary_target
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.api.application import settings_for
from tests.support.receiver import Receiver, Reply
from tests.support.services import FakeDrains, FakeUpkeep

PATIENCE_MS = 20_000


class Until(threading.Event):
    """Tells a drain to stop once a condition holds."""

    def __init__(self, done: Callable[[], bool]) -> None:
        super().__init__()
        self.done = done

    def is_set(self) -> bool:
        return self.done()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def engine(store_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One that may send nothing to this machine, but for the canary, to a receiver there."""
    monkeypatch.setattr(module, "AHEAD_MS", 0)
    queues = Doubles(drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    settings = settings_for(store_url, canary_ms=60_000, canary_url=receiver.url(""))
    made = build_engine(settings, queues)
    yield made
    made.close()


@pytest.fixture
def canaries(engine: Engine) -> CanaryStore:
    return CanaryStore(engine.services.storage.client)


def deliver(engine: Engine) -> None:
    """Send a canary, and have it delivered and recorded."""
    partition = engine.services.settings.partitions
    ended = keys.ended(partition).decode(), keys.endings(partition).decode()
    client = engine.services.storage.client

    def is_recorded() -> bool:
        return any(client.zcard(one) if one == ended[0] else client.exists(one) for one in ended)

    canary_sender(engine.services.storage).send()
    drain = engine.drains.new_drain()
    try:
        drain.run(time.time_ns() // 1_000_000 + PATIENCE_MS, Until(is_recorded))
    finally:
        drain.close(threading.Event())
    assert is_recorded()


def test_it_is_delivered_signed_and_taken_once(
    engine: Engine, receiver: Receiver, canaries: CanaryStore
) -> None:
    """What arrives is what the API takes; what arrives again counts no more."""
    deliver(engine)
    (request,) = receiver.requests_to(CANARY_PATH)
    client = create_app(engine.services).test_client()
    assert canaries.figures() == CanaryFigures(sent=1)
    for _ in range(2):
        answer = client.post(CANARY_PATH, data=request.body, headers=dict(request.headers))
        assert answer.status_code == 204, answer.text
    found = canaries.figures()
    assert (found.sent, found.arrived) == (1, 1)
    assert 0 <= found.lateness_ms < PATIENCE_MS
    assert abs(engine.services.clock.now_ms() - found.arrived_ms) < PATIENCE_MS


def test_nobody_sees_it_and_nothing_of_it_is_left(engine: Engine, receiver: Receiver) -> None:
    """No list, no count and no quota; however many there were, the store has the last one."""
    services = engine.services
    prefix = keys.prefix(services.settings.partitions)
    sizes = []
    for status in (200, 500, 200):
        receiver.reply(CANARY_PATH, Reply(status))
        deliver(engine)
        found = services.storage.client.scan_iter(prefix + b"*", 1_000)
        sizes.append(len([one for one in found if b":claim:" not in one]))
    assert sizes[0] == sizes[1] == sizes[2]
    assert len(receiver.requests_to(CANARY_PATH)) == 3
    assert services.events.list(EventQuery(limit=10), MASTER).items == ()
    figures = services.storage.figures
    assert (figures.events(), set(figures.occurrences_by_status().values())) == (0, {0})
    assert services.storage.client.keys("owned:*") == []


def test_of_several_processes_one_sends_it(canaries: CanaryStore) -> None:
    assert [canaries.take_turn(60_000) for _ in range(3)] == [True, False, False]


def test_any_other_is_none(canaries: CanaryStore) -> None:
    assert not canaries.arrives("x", 1)
    canaries.sends(b"e" * 16, "x", 5)
    assert not canaries.arrives("y", 7)
    assert canaries.arrives("x", 7)
    canaries.sends(b"f" * 16, "y", 70)
    assert not canaries.arrives("x", 80), "one of before, repeated"
    assert canaries.figures() == CanaryFigures(2, 1, 7, 2)


def test_one_that_waits_is_removed_when_the_next_is_sent(engine: Engine) -> None:
    """No worker is there: they do not pile up."""
    storage = engine.services.storage
    for _ in range(3):
        canary_sender(storage).send()
    partition = engine.services.settings.partitions
    assert storage.client.zcard(keys.prefix(partition).decode() + "occurrences:scheduled") == 1
    assert storage.client.zcard(keys.prefix(partition).decode() + "occurrences:cancelled") == 0
    (head,) = storage.work.heads()[partition:]
    assert head.due_ms is not None


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, "http://127.0.0.1:8080/canary"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8080/canary"),
        ({"host": "::1", "port": 9_000}, "http://[::1]:9000/canary"),
        ({"public_url": "https://q.example/below"}, "https://q.example/below/canary"),
        (
            {"public_url": "https://q.example", "canary_url": "http://web:80"},
            "http://web:80/canary",
        ),
    ],
)
def test_where_it_is_sent(changes: dict[str, object], target: str) -> None:
    assert canary_target(Settings(**changes)) == target  # type: ignore[arg-type]


def test_its_partition_is_beyond_those_of_events(engine: Engine) -> None:
    storage = engine.services.storage
    assert storage.work.partitions == storage.settings.partitions + 1
    canary_sender(storage).send()
    last = CanaryStore(storage.client).last_event()
    assert last is not None
    assert ids.partition_of_event(last) == storage.settings.partitions
