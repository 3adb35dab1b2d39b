"""StoreClock: the store's time between looks at it, and whose answer is believed."""

from __future__ import annotations

from typing import cast

import pytest

from app.engine import store_clock
from app.engine.store_clock import FOLLOW_EVERY_NS, StoreClock
from app.errors import StoreUnavailable
from app.store.coordination import Coordination

MS_NS = 1_000_000
AHEAD_US = 5_000_000
"""The store's clock is so far ahead of this host's."""


class Host:
    """This host's two clocks, in place of the module ``time``."""

    def __init__(self) -> None:
        self.ns = 7_000 * MS_NS

    def monotonic_ns(self) -> int:
        return self.ns

    def time_ns(self) -> int:
        return self.ns + 1_000_000 * MS_NS

    def store_us(self) -> int:
        """What the store's clock shows now."""
        return self.time_ns() // 1_000 + AHEAD_US


class Store:
    """Reads its clock as soon as it is asked; its answers take so many milliseconds, in turn."""

    def __init__(self, host: Host, *took_ms: int) -> None:
        self.host = host
        self.took_ms = list(took_ms)
        self.asked = 0
        self.away = False

    def time_us(self) -> int:
        self.asked += 1
        if self.away:
            raise StoreUnavailable
        reading_us = self.host.store_us()
        self.host.ns += self.took_ms[self.asked % len(self.took_ms) - 1] * MS_NS
        return reading_us


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(store_clock, "time", host)
    return host


def clock_of(store: Store) -> StoreClock:
    return StoreClock(cast("Coordination", store))


@pytest.mark.parametrize("took_ms", [(9, 1, 30), (1, 30, 9), (30, 9, 1)])
def test_of_three_answers_the_quickest_is_believed(host: Host, took_ms: tuple[int, ...]) -> None:
    """How far an answer may be behind is how long it took."""
    clock = clock_of(Store(host, *took_ms))
    assert clock.now_us() == host.store_us() - 1_000
    assert clock.now_ms() == (host.store_us() - 1_000) // 1_000


def test_between_looks_it_goes_on_by_itself_and_a_minute_later_looks_again(host: Host) -> None:
    store = Store(host, 2)
    clock = clock_of(store)
    clock.now_us()
    assert store.asked == 3
    host.ns += FOLLOW_EVERY_NS - 10 * MS_NS
    assert clock.now_us() == host.store_us() - 2_000
    assert store.asked == 3
    host.ns += 10 * MS_NS
    clock.now_us()
    assert store.asked == 6


def test_until_the_store_answers_the_hosts_clock_serves_and_it_is_asked_again_in_a_second(
    host: Host,
) -> None:
    store = Store(host, 0)
    store.away = True
    clock = clock_of(store)
    assert clock.now_us() == host.time_ns() // 1_000
    host.ns += 999 * MS_NS
    assert clock.now_us() == host.time_ns() // 1_000
    assert store.asked == 1
    store.away = False
    host.ns += MS_NS
    assert clock.now_us() == host.store_us()


def test_a_store_that_goes_away_leaves_the_time_as_it_was_known(host: Host) -> None:
    store = Store(host, 1)
    clock = clock_of(store)
    clock.now_us()
    store.away = True
    host.ns += 2 * FOLLOW_EVERY_NS
    assert clock.now_us() == host.store_us() - 1_000


def test_it_says_how_far_the_hosts_clock_is_from_the_stores(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one that is set while the process runs, at once."""
    clock = clock_of(Store(host, 0))
    assert clock.offset_s() == -AHEAD_US / 1_000_000
    ahead_ns = host.ns + 1_000_000 * MS_NS + 3_600 * 1_000 * MS_NS
    monkeypatch.setattr(host, "time_ns", lambda: ahead_ns)
    assert clock.offset_s() == 3_600 - AHEAD_US / 1_000_000
