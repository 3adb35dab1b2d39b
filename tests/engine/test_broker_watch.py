"""A worker delivers uncalled from when the broker falls silent until a drain job runs again."""

from __future__ import annotations

import threading

import pytest

from app.engine.broker_watch import SILENT_S, BrokerWatch
from app.errors import BrokerUnavailable, StoreUnavailable


class World:
    """A broker that may be away, and what the watch does about it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.broker_away = self.store_away = self.served = False
        self.calls = 0
        self.watch = BrokerWatch(
            self.probe, self.is_served, self.uncalled, "the broker", lambda: self.now_s
        )
        self.look()

    def probe(self) -> None:
        if self.broker_away:
            raise BrokerUnavailable

    def is_served(self) -> bool:
        if self.store_away:
            raise StoreUnavailable
        return self.served

    def uncalled(self) -> None:
        self.calls += 1

    def look(self) -> bool:
        self.watch.look()
        return self.watch.away


def test_nothing_is_known_before_it_asks() -> None:
    watch = BrokerWatch(lambda: None, lambda: False, lambda: None)
    assert not watch.away


def test_while_the_broker_answers_nothing_is_done() -> None:
    world = World()
    assert not world.look()
    assert world.calls == 0


def test_away_at_the_first_refusal_and_until_a_drain_job_runs() -> None:
    world = World()
    world.broker_away = True
    assert world.look()
    world.broker_away = False
    assert world.look(), "it is back, and its workers may need seconds to come back to it"
    assert world.calls == 2
    world.served = True
    assert not world.look()
    assert world.calls == 2


def test_a_probe_that_hangs_counts_as_away_too() -> None:
    world = World()
    world.now_s += SILENT_S + 0.01
    assert world.watch.away


def test_a_store_that_is_away_as_well_ends_nothing() -> None:
    world = World()
    world.broker_away = True
    world.look()
    world.broker_away, world.store_away = False, True
    assert world.look()


@pytest.mark.parametrize("times", [1, 5])
def test_one_warning_for_one_outage(times: int, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.broker_away = True
    for _ in range(times):
        world.look()
    assert caplog.text.count("the broker is away") == 1


def test_it_watches_until_told_to_stop() -> None:
    stop, asked = threading.Event(), threading.Event()
    watch = BrokerWatch(asked.set, lambda: True, lambda: None)
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    assert asked.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
