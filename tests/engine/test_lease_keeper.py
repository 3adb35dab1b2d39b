"""A drain's leases and its sign of life are renewed in time, and sending never waits for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, cast

import pytest

from app.domain import ids
from app.engine.background import Background, at_once
from app.engine.lease_keeper import (
    ALIVE_MS,
    BATCH,
    RETIRE_EARLY_MS,
    STORE_RETRY_MS,
    LeaseKeeper,
)
from app.errors import StoreUnavailable
from app.store.calls import Deferral
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS
from tests.support.wait import wait_until

LEASE_MS = 30_000


class Store:
    """Notes what is asked of it; fails if told to."""

    def __init__(self) -> None:
        self.renewed: list[tuple[list[tuple[bytes, bytes]], int]] = []
        self.alive: dict[str, int] = {}
        self.is_away = False

    def renew(self, held: Sequence[tuple[bytes, bytes]], deadline_ms: int) -> None:
        """See ``WorkStore.renew``."""
        self._answer()
        self.renewed.append((list(held), deadline_ms))

    def drain_alive(self, drain: str, until_ms: int) -> None:
        """See ``Coordination.drain_alive``."""
        self._answer()
        self.alive[drain] = until_ms

    def drain_gone(self, drain: str) -> None:
        """See ``Coordination.drain_gone``."""
        self._answer()
        self.alive.pop(drain, None)

    def _answer(self) -> None:
        if self.is_away:
            raise StoreUnavailable


class Later:
    """Does work when told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, work: Callable[[], Any], /) -> Future[Any]:
        """See ``Background.submit``."""
        future: Future[Any] = Future()
        self.waiting.append((work, future))
        return future

    def work(self) -> None:
        """Do what has been waiting."""
        for work, future in self.waiting:
            future.set_result(work())
        self.waiting = []


def keeper(store: Store, submit: Any = at_once) -> LeaseKeeper:
    made = LeaseKeeper(cast("Any", store), cast("Any", store), submit, drain="d", lease_ms=LEASE_MS)
    made.announce(NOW_MS + 60_000)
    return made


@pytest.fixture
def store() -> Store:
    return Store()


def held(*numbers: int) -> list[tuple[bytes, bytes]]:
    return [(one.occurrence_id, one.token) for one in map(a_claim, numbers)]


def test_leases_are_renewed_three_times_in_a_heartbeats_time(store: Store) -> None:
    """Until what was done under them is written."""
    leases = keeper(store)
    leases.keep([a_claim(1), a_claim(2)])
    leases.step(NOW_MS)
    leases.step(NOW_MS + ALIVE_MS // 3 - 1)
    assert store.renewed == [(held(1, 2), NOW_MS + LEASE_MS)]
    assert store.alive == {"d": NOW_MS + ALIVE_MS}
    one = a_claim(1)
    leases.forget(Deferral(one.occurrence_id, one.token, NOW_MS, ""))
    leases.step(NOW_MS + ALIVE_MS // 3)
    assert store.renewed[1:] == [(held(2), NOW_MS + ALIVE_MS // 3 + LEASE_MS)]


def test_many_leases_are_renewed_in_several_calls(store: Store) -> None:
    leases = keeper(store)
    numbers = range(2 * BATCH + 1)
    leases.keep([a_claim(number) for number in numbers])
    leases.step(NOW_MS)
    assert [len(renewed) for renewed, _ in store.renewed] == [BATCH, BATCH, 1]
    assert [one for renewed, _ in store.renewed for one in renewed] == held(*numbers)


def test_partitions_are_not_mixed_in_the_calls(store: Store) -> None:
    """Each call to the store is for one: a batch of eight would take as many."""
    leases = keeper(store)
    leases.keep([a_claim((number % 8 << 64) + number) for number in range(4 * BATCH)])
    leases.step(NOW_MS)
    asked = [
        {ids.partition_of_occurrence(one) for one, _ in renewed} for renewed, _ in store.renewed
    ]
    assert [len(partitions) for partitions in asked] == [2, 2, 2, 2]
    assert len(set().union(*asked)) == 8


def test_nothing_waits_for_a_slow_store_and_one_renewal_is_under_way(store: Store) -> None:
    """What is claimed meanwhile is in the next."""
    later = Later()
    leases = keeper(store, later.submit)
    leases.keep([a_claim(1)])
    for after_ms in range(0, 5 * ALIVE_MS, 100):
        leases.step(NOW_MS + after_ms)
    leases.keep([a_claim(2)])
    assert len(later.waiting) == 1
    later.work()
    leases.step(NOW_MS + 5 * ALIVE_MS)
    later.work()
    assert [renewed for renewed, _ in store.renewed] == [held(1), held(1, 2)]


def test_a_store_that_was_away_is_asked_again_soon(store: Store) -> None:
    leases = keeper(store)
    leases.keep([a_claim(1)])
    store.is_away = True
    leases.step(NOW_MS)
    leases.step(NOW_MS + 1)
    store.is_away = False
    leases.step(NOW_MS + STORE_RETRY_MS)
    assert store.renewed == []
    leases.step(NOW_MS + 1 + STORE_RETRY_MS)
    assert [renewed for renewed, _ in store.renewed] == [held(1)]


def test_a_fault_in_a_renewal_is_not_hidden(store: Store) -> None:
    leases = keeper(store)
    store.renew = None  # type: ignore[assignment,method-assign]
    leases.keep([a_claim(1)])
    leases.step(NOW_MS)
    with pytest.raises(TypeError):
        leases.step(NOW_MS + 1)


def test_a_drain_retires_early_and_keeps_its_leases(store: Store) -> None:
    leases = keeper(store)
    leases.announce(NOW_MS + RETIRE_EARLY_MS)
    leases.keep([a_claim(1)])
    leases.step(NOW_MS)
    assert store.alive == {}
    assert len(store.renewed) == 1


class Share:
    """In place of a share of some of the partitions."""

    is_shared = True

    def __init__(self) -> None:
        self.renewed: list[tuple[int, int]] = []
        self.due = False

    def is_due(self, _now_ms: int) -> bool:
        return self.due

    def renew(self, now_ms: int, alive_until_ms: int) -> None:
        self.renewed.append((now_ms - NOW_MS, alive_until_ms - NOW_MS))
        self.due = False

    def join(self) -> None:
        self.due = True


def test_a_share_is_renewed_with_the_sign_of_life_and_by_itself_when_drains_come_or_go(
    store: Store,
) -> None:
    """The leases of occurrences are renewed no more often for that."""
    share = Share()
    leases = LeaseKeeper(
        cast("Any", store), cast("Any", store), at_once, drain="d", lease_ms=LEASE_MS,
        share=cast("Any", share),
    )  # fmt: skip
    leases.announce(NOW_MS + 60_000)
    leases.keep([a_claim(1)])
    for after_ms in range(200):
        share.due |= after_ms == 100
        leases.step(NOW_MS + after_ms)
    assert share.renewed == [(0, ALIVE_MS), (100, 100 + ALIVE_MS)]
    assert (store.alive, len(store.renewed)) == ({}, 1)
    share.is_shared = False
    leases.step(NOW_MS + ALIVE_MS)
    assert (len(share.renewed), len(store.alive)) == (2, 1), "a single partition is not shared"


def test_no_sign_of_life_comes_after_the_sign_off(store: Store) -> None:
    """One that is under way ends first; an outage then is no fault of the drain's."""
    background = Background()
    leases = keeper(store, background.submit)
    try:
        for _ in range(200):
            leases.announce(NOW_MS + 60_000)
            leases.step(NOW_MS)
            leases.sign_off()
            assert store.alive == {}
            wait_until(lambda: leases._renewal is None or leases._renewal.done(), "it has ended")
        store.is_away = True
        leases.announce(NOW_MS + 60_000)
        leases.step(NOW_MS)
        leases.sign_off()
    finally:
        background.close()
