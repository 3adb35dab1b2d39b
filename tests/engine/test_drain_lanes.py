"""A drain whose one tenant has a thousand occurrences due: another's wait for a few requests only.

Counted are requests, not time: the clock moves a millisecond with each turn of the drain. It may
take the store several turns to answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from app.domain.access import Access
from app.domain.action import webhook
from app.domain.outcome import Outcome, Timings
from app.engine.claimer import OTHERS_MS
from app.engine.drain import STARTED, Drain
from app.services.queries import EventChanges
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.engine.engines import engine_with
from tests.engine.test_drain import Until
from tests.support.clock import FakeClock

CONCURRENCY = 32
MANY = 1_000
ATTACKER, OTHER = (Access(sub, "read_write", frozenset([sub])) for sub in ("attacker", "other"))
SERIES = {"schedule": {"every": "1h"}}


class AnsweringSender:
    """Answers what it was given, a few requests in each turn."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.under_way: list[Any] = []

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def start(self, token: Any, request: Any, *, due_us: int, now_us: int) -> None:
        self.names.append(token.claim.definition.name)
        self.under_way.append(token)

    def poll(self, max_wait_ms: float, also: Sequence[int] = ()) -> list[tuple[Any, Outcome]]:
        time.sleep(0.001)
        ended, self.under_way = self.under_way[:STARTED], self.under_way[STARTED:]
        return [(one, Outcome(Timings(0, 0, 0), 200)) for one in ended]

    def abandon(self) -> list[Any]:
        abandoned, self.under_way = self.under_way, []
        return abandoned

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def sender() -> AnsweringSender:
    return AnsweringSender()


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
def engine(
    request: pytest.FixtureRequest, store_url: str, clock: FakeClock, sender: AnsweringSender
) -> Iterator[Engine]:
    with engine_with(
        store_url, clock, sender, partitions=request.param, delivery_concurrency=CONCURRENCY
    ) as made:
        yield made


@pytest.fixture
def services(engine: Engine) -> Services:
    return engine.services


@pytest.fixture
def drain(engine: Engine) -> Iterator[Drain]:
    made = engine.drains.new_drain()
    yield made
    made.close(threading.Event())


def create(
    services: Services, access: Access, due_ms: int, targets: int = 1, count: int = 1, **fields: Any
) -> None:
    for number in range(count):
        given = {
            "name": access.subject,
            "tags": [access.subject],
            "start_time": due_ms,
            "action": webhook(f"https://{access.subject}-{number % targets}.example.com/hook"),
            **fields,
        }
        services.events.create(EventChanges(given), access)


def run_until(drain: Drain, clock: FakeClock, done: Callable[[], bool]) -> None:
    def turn() -> bool:
        clock.advance(1)
        return done()

    drain.run(clock.ms + 3_600_000, Until(turn))
    assert done(), "the drain did not get there"


@pytest.mark.parametrize("targets", [1, 200], ids=["one target", "many targets"])
@pytest.mark.parametrize("fields", [{}, SERIES], ids=["one-time", "recurring"])
def test_what_is_due_a_little_later_waits_for_a_few_requests(
    services: Services,
    clock: FakeClock,
    sender: AnsweringSender,
    drain: Drain,
    targets: int,
    fields: dict[str, Any],
) -> None:
    due_ms = clock.ms + 1_000
    create(services, ATTACKER, due_ms, targets, MANY, **fields)
    create(services, OTHER, due_ms + 3, **fields)
    clock.advance(960)
    run_until(drain, clock, lambda: "other" in sender.names)
    assert sender.names.index("other") < 10 * STARTED
    run_until(drain, clock, lambda: len(sender.names) == MANY + 1)


def test_what_comes_while_the_drain_is_full_of_another_waits_for_a_few_requests(
    services: Services, clock: FakeClock, sender: AnsweringSender, drain: Drain
) -> None:
    """The backlog of one tenant is claimed as far as the drain takes it, and all is late."""
    create(services, ATTACKER, clock.ms + 1_000, 1, MANY)
    clock.advance(2_000)
    run_until(drain, clock, lambda: len(sender.names) >= 100)
    for _ in range(3):
        sender.names.clear()
        create(services, OTHER, clock.ms + 1)
        run_until(drain, clock, lambda: "other" in sender.names)
        assert sender.names.index("other") < 5 * OTHERS_MS * STARTED
    assert services.storage.work.backlog(clock.ms) > 0


def test_every_series_goes_on(services: Services, clock: FakeClock, drain: Drain) -> None:
    """Successors are planned in slices; none is forgotten when the drain ends in between."""
    create(services, ATTACKER, clock.ms + 1_000, 1, 300, **SERIES)
    create(services, OTHER, clock.ms + 1_001, 1, 5, **SERIES)
    clock.advance(2_000)
    work, channel = services.storage.work, drain._claimer._channel
    run_until(drain, clock, lambda: not work.backlog(clock.ms) and not channel.busy)
    drain.close(threading.Event())
    partitions = range(work.partitions)
    assert [len(work.unscheduled(p, clock.ms, 1_000)) for p in partitions] == [0] * len(partitions)
    assert work.backlog(clock.ms + 3_600_000) >= 305


@pytest.mark.parametrize("given", [{}, {"flow": {"key": "own"}}], ids=["plain", "in flows"])
def test_a_long_backlog_is_sent_by_the_weights_of_tenants(
    store_url: str, clock: FakeClock, sender: AnsweringSender, given: dict[str, Any]
) -> None:
    weights = (("attacker", 1), ("other", 4))
    with engine_with(
        store_url, clock, sender, tenant_weights=weights, delivery_concurrency=CONCURRENCY
    ) as engine:
        for access in (ATTACKER, OTHER):
            create(engine.services, access, clock.ms + 1_000, 1, 300, **given)
        clock.advance(2_000)
        drain = engine.drains.new_drain()
        run_until(drain, clock, lambda: len(sender.names) >= 300)
        drain.close(threading.Event())
    assert 3 < sender.names[:300].count("other") / sender.names[:300].count("attacker") < 5
