"""Processes are counted while they say that they are there, whatever becomes of RQ.

Tests ``app.store.processes`` and ``app.wiring.own_process``, too.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from app.domain.process import UP, ProcessFacts, process_from_json
from app.services import processes as module
from app.services.processes import ALIVE_MS, DOUBT_S, EVERY_S, ProcessService, Silence
from app.store import keys
from app.store.connection import StoreClient
from app.store.processes import FORGET_AFTER_MS, ProcessStore
from app.wiring.services import Services
from tests.support.clock import FakeClock
from tests.support.wait import wait_until


@pytest.fixture
def worker(services: Services, clock: FakeClock) -> ProcessService:
    return ProcessService(services.storage.processes, clock, ProcessFacts("deliver", "host", 7))


def test_what_a_process_says_of_itself_is_read_as_it_was_said(services: Services) -> None:
    own = services.processes.own
    services.processes.announce()
    (read,) = services.processes.alive()
    assert replace(read, gauges={}, partitions=0) == own
    assert read.partitions == services.settings.partitions
    assert read.gauges["open_files"] >= 3
    assert own.known_keys == {own.key}
    assert process_from_json("{}") == ProcessFacts("", "", 0)


def test_one_that_falls_silent_counts_no_more_after_ten_seconds(
    services: Services, worker: ProcessService, clock: FakeClock
) -> None:
    worker.announce()
    assert services.processes.workers() == 1
    clock.advance(ALIVE_MS)
    assert services.processes.workers() == 1
    clock.advance(1)
    assert services.processes.workers() == 0


def test_the_others_of_a_role_are_counted_without_oneself(
    services: Services, worker: ProcessService
) -> None:
    services.processes.announce()
    worker.announce()
    assert worker.others("deliver") == 0
    assert services.processes.others("deliver") == 1


def test_one_that_is_told_to_stop_says_so(services: Services, worker: ProcessService) -> None:
    stop = threading.Event()
    thread = worker.start(stop)
    wait_until(services.processes.workers, "it is there")
    stop.set()
    thread.join(10)
    assert services.processes.workers() == 0


def test_those_that_were_killed_leave_nothing_behind_for_long(
    services: Services, worker: ProcessService, clock: FakeClock
) -> None:
    worker.announce()
    store = ProcessStore(StoreClient.from_url(services.settings.redis_url))  # type: ignore[arg-type]
    assert store.forget_silent(clock.now_ms() + ALIVE_MS + FORGET_AFTER_MS - 1) == 0
    assert store.forget_silent(clock.now_ms() + ALIVE_MS + FORGET_AFTER_MS) == 1
    client = services.storage.client
    assert not client.exists(keys.PROCESSES, keys.PROCESS_FACTS)
    store._client.close()


def test_one_is_alive_until_it_is_gone_or_silent(
    services: Services, worker: ProcessService, clock: FakeClock
) -> None:
    """Oneself always is; one that was seen to end is gone at once."""
    mine = services.processes
    assert mine.is_alive(mine.name)
    assert not mine.is_alive(worker.name)
    worker.announce()
    assert mine.is_alive(worker.name)
    clock.advance(ALIVE_MS + 1)
    assert not mine.is_alive(worker.name)
    worker.announce()
    mine.bury([worker.name, "0" * 16])
    assert not mine.is_alive(worker.name)


def test_a_process_may_be_given_its_name(monkeypatch, services: Services) -> None:
    monkeypatch.setattr(module, "_given", [])
    facts = ProcessFacts("web", "host", 7)

    def name() -> str:
        return ProcessService(services.storage.processes, services.clock, facts).name

    assert name() != name()
    module.name_process("0123456789abcdef")
    assert name() == name() == "0123456789abcdef"


def test_the_dead_are_told_from_those_that_ended_and_from_those_of_before(
    services: Services, worker: ProcessService, clock: FakeClock
) -> None:
    """An instance that is started after it was killed does not miss its processes of before."""
    worker.announce()
    assert services.processes.seen().died(3_600) == frozenset()
    clock.advance(ALIVE_MS + 5_000)
    seen = services.processes.seen()
    assert seen.alive == ()
    assert seen.died(16) == {"deliver"}
    assert seen.died(14) == frozenset()
    worker.announce()
    services.storage.processes.gone(worker.name)
    assert services.processes.seen().died(3_600) == frozenset()


def test_an_instance_is_as_old_as_its_oldest_process(services: Services) -> None:
    old = ProcessFacts("deliver", "host", 7, gauges={UP: 90.0})
    services.storage.processes.announce("old", old.to_json(), services.clock.now_ms() + 1)
    services.processes.announce()
    seen = services.processes.seen()
    assert seen.up_s(0) == 90
    assert seen.up_s(100) == 100


def test_a_store_that_was_silent_kills_nobody(
    services: Services, worker: ProcessService, clock: FakeClock
) -> None:
    """Until the others can have spoken again; after that one that has not is dead."""
    now_s = [100.0]
    looking = replace(worker, name="looking", silence=Silence(lambda: now_s[0]))

    def passes(seconds: float) -> None:
        now_s[0] += seconds
        clock.advance(int(seconds * 1_000))

    worker.announce()
    looking.announce()
    passes(ALIVE_MS / 1000 + 3)
    assert len(looking.seen().alive) == 2
    looking.announce()
    assert len(looking.seen().alive) == 2
    passes(EVERY_S)
    looking.announce()
    assert len(looking.seen().alive) == 2
    passes(EVERY_S)
    looking.announce()
    assert looking.seen().died(3_600) == {"deliver"}


@pytest.mark.parametrize(
    ("gap_s", "excused_ms"), [(EVERY_S, 0), (EVERY_S + DOUBT_S, 0), (10, 6_000), (1e6, 60_000)]
)
def test_a_silence_excuses_for_as_long_as_it_was_unusual(gap_s: float, excused_ms: int) -> None:
    now_s = [100.0]
    silence = Silence(lambda: now_s[0])
    assert silence.excuses_ms() == 0
    silence.spoke()
    now_s[0] += gap_s
    assert silence.excuses_ms() == excused_ms
    silence.spoke()
    assert silence.excuses_ms() == excused_ms
    for _ in range(3):
        now_s[0] += EVERY_S
        silence.spoke()
    assert silence.excuses_ms() == 0
