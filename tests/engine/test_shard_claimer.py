"""A drain on a real cluster: a shard that is away delays only its own partitions.

That is ``app.engine.shard_recorder`` as well, with ``app.store.shard_channel``,
``app.store.places`` and, for flows, ``app.store.reads_there``; they are put together by
``app.wiring.drain_parts`` and ``app.wiring.shard_drains``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from redis.crc import key_slot

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.outcome import Outcome, Timings
from app.engine.drain import Drain
from app.errors import StoreUnavailable
from app.services.queries import EventChanges
from app.store import keys
from app.wiring.engine import Engine
from tests.engine.engines import engine_with
from tests.engine.test_drain import Until
from tests.support.cluster import Cluster
from tests.support.wait import crowding

PARTITIONS = 6
MANY = 24


class WallClock:
    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def now_ms(self) -> int:
        return self.now_us() // 1_000


class QuickSender:
    """Has an answer to all that it has started, as soon as it may; notes when each was sent."""

    def __init__(self) -> None:
        self.sent_ms: dict[bytes, list[float]] = {}
        self.late_ms: dict[bytes, float] = {}
        self.under_way: list[Any] = []
        self.answers = True

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def start(self, token: Any, _request: Any, *, due_us: int, now_us: int) -> None:
        claim = token.claim
        self.sent_ms.setdefault(claim.occurrence_id, []).append(now_us / 1_000)
        self.late_ms[claim.occurrence_id] = (now_us - due_us) / 1_000
        self.under_way.append(token)

    def poll(self, _max_wait_ms: float, _also: Sequence[int] = ()) -> list[tuple[Any, Outcome]]:
        time.sleep(0.001)
        if not self.answers:
            return []
        now_us = time.time_ns() // 1_000
        ended = [(one, Outcome(Timings(now_us, now_us, now_us), 200)) for one in self.under_way]
        self.under_way = []
        return ended

    def abandon(self) -> list[Any]:
        abandoned, self.under_way = self.under_way, []
        return abandoned

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def sender() -> QuickSender:
    return QuickSender()


@pytest.fixture
def engine(cluster: Cluster, sender: QuickSender) -> Iterator[Engine]:
    with engine_with(
        cluster.url, WallClock(), sender, partitions=PARTITIONS, broker_url="redis://127.0.0.1:1"
    ) as made:
        yield made


@pytest.fixture
def drain(engine: Engine) -> Iterator[Drain]:
    made = engine.drains.new_drain()
    yield made
    stop = Until(lambda: True)
    made.close(stop)
    engine.drains.close()


def create(engine: Engine, count: int, ahead_ms: int, **more: Any) -> dict[bytes, int]:
    """Create one-time events; their ids, each with its partition."""
    made = {}
    for _ in range(count):
        given = {
            "name": "an event",
            "start_time": WallClock().now_ms() + ahead_ms,
            "action": webhook("https://example.com/hook"),
            **more,
        }
        event = engine.services.events.create(EventChanges(given), MASTER)
        made[event.id] = ids.partition_of_event(event.id)
    return made


def completed(engine: Engine) -> Counter[int]:
    """How many have been recorded as completed, by partition, as far as that can be read."""
    found: Counter[int] = Counter()
    for partition in range(PARTITIONS):
        try:
            place = keys.occurrences(partition, "completed")
            found[partition] = int(engine.services.storage.client.zcard(place))
        except StoreUnavailable:
            continue
    return found


def run(drain: Drain, what: str, done: Callable[[], bool], timeout_s: float = 30) -> None:
    until = Until(done)
    until.end_s = time.monotonic() + timeout_s
    drain.run(WallClock().now_ms() + 3_600_000, until)
    assert done(), what


def test_a_paused_shard_delays_only_its_partitions_and_its_results_are_kept(
    cluster: Cluster, engine: Engine, drain: Drain, sender: QuickSender
) -> None:
    sender.answers = False
    under_way = create(engine, MANY, 100)
    run(drain, "all are sent", lambda: len(sender.sent_ms) == MANY)
    later = create(engine, MANY, 1_500)
    victim = cluster.primary_of(key_slot(keys.prefix(0)))
    gone = {
        one for one in range(PARTITIONS) if cluster.primary_of(key_slot(keys.prefix(one))) is victim
    }
    there = [one for one in (*under_way.values(), *later.values()) if one not in gone]
    assert gone
    assert len(gone) < PARTITIONS
    cluster.pause(victim)
    sender.answers = True
    await_ms = WallClock().now_ms() + 2_500
    run(drain, "a while", lambda: WallClock().now_ms() > await_ms)
    late = {
        one: ms
        for one, ms in sender.late_ms.items()
        if ids.partition_of_occurrence(one) not in gone
    }
    assert len(late) == len(there)
    assert max(late.values()) <= 250 * crowding()
    cluster.resume(victim)
    run(
        drain,
        "all are recorded",
        lambda: completed(engine).total() == 2 * MANY,
    )
    assert {len(times) for times in sender.sent_ms.values()} == {1}
    assert len(sender.sent_ms) == 2 * MANY


@pytest.mark.parametrize("atomically", [True, False])
def test_partitions_that_move_to_another_node_are_followed(
    cluster: Cluster,
    engine: Engine,
    drain: Drain,
    sender: QuickSender,
    *,
    atomically: bool,
) -> None:
    """Whatever the drain was about to ask or to tell the node that had them, and however."""
    create(engine, MANY, 50)
    run(drain, "all are recorded", lambda: completed(engine).total() == MANY)
    create(engine, MANY, 100)
    sender.answers = False
    run(drain, "all are sent", lambda: len(sender.sent_ms) == 2 * MANY)
    create(engine, MANY, 50)
    slots = {key_slot(keys.prefix(partition)) for partition in (0, 1)}
    source = {slot: cluster.primary_of(slot) for slot in slots}
    target = next(one for one in cluster.primaries() if one is not source[min(slots)])
    try:
        cluster.move_slots(slots, target, atomically=atomically)
        sender.answers = True
        run(drain, "all are recorded", lambda: completed(engine).total() == 3 * MANY)
    finally:
        for slot, node in source.items():  # other tests share the cluster
            cluster.move_slots([slot], node, atomically=True)
    assert {len(times) for times in sender.sent_ms.values()} == {1}
    assert len(sender.sent_ms) == 3 * MANY
