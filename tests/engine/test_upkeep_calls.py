"""The loop that has upkeep done: it sleeps until something is due, and loses no job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest

from app.engine.upkeep_calls import (
    MAX_SLEEP_S,
    PAUSE_S,
    RECOVERY_LOOK_S,
    RUNNING_LOOK_S,
    UpkeepCalls,
)
from app.errors import BrokerUnavailable, StoreUnavailable
from app.wiring.services import Services
from tests.support.wait import wait_until

NOW_S = 1_800_000_000.0


class FakePeriodic:
    """One job that comes every ``every_s``."""

    def __init__(self, due_s: float = NOW_S, every_s: float = 3.0) -> None:
        self.due_s, self.every_s = due_s, every_s
        self.enqueued = self.registered = 0
        self.held = self.away = False

    def register(self, now: datetime) -> float:
        self.registered += 1
        if self.away:
            raise BrokerUnavailable
        assert now.tzinfo is None
        return self.due_s

    def enqueue_due(self) -> None:
        if not self.held:
            self.enqueued += 1
            self.due_s += self.every_s


class FakeListener:
    """Notes how long it was asked to wait, and ends the loop."""

    def __init__(self, stop: threading.Event, errors: list[Exception] | None = None) -> None:
        self.stop, self.errors = stop, errors or []
        self.waited: list[float] = []

    def wait(self, timeout_s: float) -> bool:
        if self.errors:
            raise self.errors.pop()
        self.waited.append(timeout_s)
        self.stop.set()
        return False


class FakeRecovery:
    """Notes how often it was looked and called for."""

    def __init__(self) -> None:
        self.is_needed = False
        self.looked = self.called = 0

    def look(self) -> bool:
        self.looked += 1
        return self.is_needed

    def call(self) -> None:
        self.called += 1


def calls(
    periodic: FakePeriodic, *waiting: Callable[[], bool], recovery: FakeRecovery | None = None
) -> UpkeepCalls:
    recovery = recovery or FakeRecovery()
    listener = FakeListener(threading.Event())
    return UpkeepCalls(periodic, recovery.call, recovery.look, waiting, listener)  # type: ignore[arg-type]


def test_it_sleeps_until_a_periodic_job_is_due() -> None:
    periodic = FakePeriodic()
    loop = calls(periodic)
    assert loop.look(NOW_S) == 3.0
    assert periodic.enqueued == 1
    assert loop.look(NOW_S + 1) == 2.0, "a wake-up in between"
    assert (periodic.enqueued, periodic.registered) == (1, 2), "nothing is asked for it"
    assert loop.look(NOW_S + 3) == RECOVERY_LOOK_S - 3.0, "then it looks for leftovers"
    assert periodic.enqueued == 2


@pytest.mark.parametrize(("ahead_s", "sleep_s"), [(0.2, PAUSE_S), (60.0, MAX_SLEEP_S)])
def test_it_looks_neither_all_the_time_nor_hardly_ever(ahead_s: float, sleep_s: float) -> None:
    assert calls(FakePeriodic(NOW_S + ahead_s)).look(NOW_S) == sleep_s


def test_what_another_scheduler_holds_is_looked_at_again() -> None:
    periodic = FakePeriodic()
    periodic.held = True
    loop = calls(periodic)
    assert loop.look(NOW_S) == PAUSE_S
    periodic.held = False
    loop.look(NOW_S + PAUSE_S)
    assert periodic.enqueued == 1


def test_while_a_job_runs_it_looks_often_and_at_every_kind() -> None:
    asked: list[str] = []

    def one() -> bool:
        asked.append("one")
        return True

    def other() -> bool:
        asked.append("other")
        return False

    assert calls(FakePeriodic(), one, other).look(NOW_S) == RUNNING_LOOK_S
    assert asked == ["one", "other"]


def test_a_recovery_is_called_for_when_there_is_something_to_recover() -> None:
    recovery = FakeRecovery()
    loop = calls(FakePeriodic(every_s=60), recovery=recovery)
    assert loop.look(NOW_S) == RECOVERY_LOOK_S
    recovery.is_needed = True
    loop.look(NOW_S + 1)
    assert (recovery.looked, recovery.called) == (1, 0), "a wake-up in between"
    loop.look(NOW_S + RECOVERY_LOOK_S)
    assert (recovery.looked, recovery.called) == (2, 1)


def test_a_clock_that_is_put_back_puts_nothing_off() -> None:
    periodic, recovery = FakePeriodic(), FakeRecovery()
    loop = calls(periodic, recovery=recovery)
    loop.look(NOW_S)
    periodic.due_s = NOW_S - 3_600
    assert loop.look(NOW_S - 3_600) <= MAX_SLEEP_S
    assert (periodic.enqueued, recovery.looked) == (2, 2)


def test_a_broker_that_is_away_is_left_alone_for_a_moment() -> None:
    periodic = FakePeriodic()
    periodic.away = True
    loop = calls(periodic)
    with pytest.raises(BrokerUnavailable):
        loop.look(NOW_S)
    loop.look(NOW_S + PAUSE_S / 2)
    assert periodic.registered == 1


def test_the_loop_outlives_its_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.upkeep_calls.PAUSE_S", 0.001)
    stop = threading.Event()
    listener = FakeListener(stop, [StoreUnavailable(), BrokerUnavailable()])
    recovery = FakeRecovery()
    periodic = FakePeriodic(NOW_S**2)
    loop = UpkeepCalls(periodic, recovery.call, recovery.look, (), listener)  # type: ignore[arg-type]
    loop.run(stop)
    loop.finish()
    assert listener.waited == [pytest.approx(MAX_SLEEP_S, abs=1)]


def test_a_job_that_is_begun_wakes_it(services: Services) -> None:
    listener = services.storage.coordination.job_listener()
    assert listener.wait(0), "it may have missed something before"
    while listener.wait(0):
        pass
    script, keys = services.storage.scripts, [b"qh:{retries}:%d" % n for n in range(6)]
    script("save_job", keys, [b"job", b"", b"stamp", 1, 2, b"", b"{}"])
    wait_until(lambda: listener.wait(0.1), "it is heard")
    listener.close()
