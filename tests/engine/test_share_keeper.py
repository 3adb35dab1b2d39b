"""Drains that come, go, die and stall: every partition is served, and soon by no more than it needs.

``now`` is passed in; the leases are those of a real store.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.partition_count import PartitionCount
from app.engine.lease_keeper import ALIVE_MS
from app.engine.share_keeper import LEASE_MS, OVERLAP_MS, ShareKeeper
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.partition_leases import PartitionLeases
from app.store.scripts import Scripts
from tests.support.clock import NOW_MS

BEAT_MS = ALIVE_MS // 3
PARTITIONS = 5


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as made:
        yield made


def keepers(client: StoreClient, *names: str, partitions: int = 4) -> list[ShareKeeper]:
    leases = PartitionLeases(client, Scripts(client))
    return [ShareKeeper(leases, name, partitions) for name in names]


def test_who_knows_of_no_share_serves_all(client: StoreClient) -> None:
    (one,) = keepers(client, "a")
    assert one.served(NOW_MS) == (0, 1, 2, 3)


def test_one_that_comes_has_its_share_at_once_and_the_others_keep_theirs_for_a_while(
    client: StoreClient,
) -> None:
    """So no partition is without a drain in between."""
    first, second = keepers(client, "a", "b")
    first.renew(NOW_MS, 0)
    assert first.served(NOW_MS) == (0, 1, 2, 3)
    second.renew(NOW_MS, 0)
    assert second.served(NOW_MS) == (1, 3)
    first.renew(NOW_MS + 9, 0)
    assert first.served(NOW_MS + 9 + OVERLAP_MS - 1) == (0, 1, 2, 3)
    assert first.served(NOW_MS + 9 + OVERLAP_MS) == (0, 2)


def test_what_one_that_leaves_has_served_is_served_as_soon_as_the_others_hear_of_it(
    client: StoreClient,
) -> None:
    first, second = keepers(client, "a", "b")
    for one in (first, second, first):
        one.renew(NOW_MS, 0)
    second.leave()
    assert second.look_ms == 0
    second.renew(NOW_MS, 0)
    first.wake()
    first.renew(NOW_MS + 1, 0)
    assert first.served(NOW_MS + 1) == (0, 1, 2, 3)
    second.join()
    second.renew(NOW_MS + 2, 0)
    assert second.served(NOW_MS + 2) == (1, 3)


def test_drains_hear_of_each_that_comes_goes_or_is_missed(client: StoreClient) -> None:
    """And of nothing else: nobody is woken by a lease that is renewed."""
    first, second = keepers(client, "a", "b")
    channel = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    channel.subscribe("qh:wake:shares")
    channel.get_message(timeout=5)

    def told() -> bool:
        return channel.get_message(timeout=0.05) is not None

    first.renew(NOW_MS, 0)
    assert told()
    first.renew(NOW_MS + 1, 0)
    assert not told()
    second.renew(NOW_MS + 1, 0)
    assert told()
    first.renew(NOW_MS + LEASE_MS + 1, 0)
    assert told(), "the second one's lease has ended"
    first.close()
    assert told()
    channel.close()


def test_a_store_that_has_forgotten_the_script_is_told_it_and_one_round_trip_has_the_sign_of_life(
    client: StoreClient,
) -> None:
    (one,) = keepers(client, "a")
    client.script_flush()
    for _ in range(2):
        one.renew(NOW_MS, NOW_MS + ALIVE_MS)
        assert client.zrange("qh:drains", 0, -1, withscores=True) == [(b"a", NOW_MS + ALIVE_MS)]
        assert len(one.served(NOW_MS)) == 4


def test_who_can_not_renew_serves_all_once_its_lease_has_ended(client: StoreClient) -> None:
    """The others may be gone, or may serve the same: each occurrence has a lease of its own."""
    first, second = keepers(client, "a", "b")
    second.renew(NOW_MS, 0)
    first.renew(NOW_MS, 0)
    assert first.served(NOW_MS + LEASE_MS - 1) == (0, 2)
    assert first.served(NOW_MS + LEASE_MS) == (0, 1, 2, 3)


def test_more_partitions_go_with_the_first(client: StoreClient) -> None:
    leases = PartitionLeases(client, Scripts(client))
    made = [ShareKeeper(leases, name, 2, with_first=1) for name in ("a", "b")]
    for one in made[::-1]:
        one.renew(NOW_MS, 0)
    assert [one.served(NOW_MS) for one in made] == [(0, 2), (0, 1, 2)]
    made[1].renew(NOW_MS, 0)
    assert made[1].served(NOW_MS + OVERLAP_MS) == (1,)


class Drains(RuleBasedStateMachine):
    """Drains whose loops run every ``TICK_MS``; they hear of some changes, and of others not."""

    TICK_MS = 50
    client: StoreClient

    def __init__(self) -> None:
        super().__init__()
        self.client.delete("qh:{shares}", "qh:{shares}:places", "qh:drains")
        self.leases = PartitionLeases(self.client, Scripts(self.client))
        self.now_ms = NOW_MS
        self.made = 0
        self.alive: dict[ShareKeeper, int] = {}
        """Each with when its next heartbeat is due."""
        self.suspended: dict[ShareKeeper, int] = {}
        self.changed_ms = self.silent_ms = NOW_MS
        """When drains have come or gone last, and when one has fallen silent."""
        self.unserved_ms = dict.fromkeys(range(PARTITIONS), NOW_MS)
        self.come()

    @rule()
    def come(self) -> None:
        self.made += 1
        name = f"{self.made * 7919 % 100:02}"
        self.alive[ShareKeeper(self.leases, name, PARTITIONS)] = 0
        self._change()

    @precondition(lambda self: len(self.alive) > 1)
    @rule(at=st.integers(0, 9), hears=st.booleans())
    def leave(self, at: int, hears: bool) -> None:
        self._take(at).close()
        for one in self.alive if hears else ():
            one.wake()
        self._change()

    @precondition(lambda self: len(self.alive) > 1)
    @rule(at=st.integers(0, 9), comes_back=st.booleans())
    def fall_silent(self, at: int, comes_back: bool) -> None:
        """Killed, or suspended."""
        one = self._take(at)
        if comes_back:
            self.suspended[one] = 0
        self.silent_ms = self.now_ms
        self._change()

    @precondition(lambda self: self.suspended)
    @rule()
    def go_on(self) -> None:
        self.alive |= self.suspended
        self.suspended = {}
        self._change()

    @rule(ticks=st.integers(1, 60))
    def pass_time(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now_ms += self.TICK_MS
            for one, beat_ms in self.alive.items():
                if self.now_ms >= min(beat_ms, one.look_ms):
                    one.renew(self.now_ms, 0)
                    self.alive[one] = self.now_ms + BEAT_MS
            served = {partition for one in self.alive for partition in one.served(self.now_ms)}
            for partition in served:
                self.unserved_ms[partition] = self.now_ms
            self.none_waits_for_longer_than_the_lease()

    @invariant()
    def none_waits_for_longer_than_the_lease(self) -> None:
        """What a dead drain had may go to one that dies as well: then its lease counts, too."""
        longest = self.now_ms - max(min(self.unserved_ms.values()), self.silent_ms)
        assert longest <= LEASE_MS + self.TICK_MS, f"{longest} ms"

    @invariant()
    def two_seconds_after_a_change_each_has_its_share(self) -> None:
        if self.now_ms < self.changed_ms + 2_000:
            return
        shares = [one._share(one._rank) for one in self.alive]
        assert sum(map(len, shares)) == max(len(shares), PARTITIONS)
        assert set().union(*shares) == set(range(PARTITIONS))
        if self.now_ms >= self.changed_ms + 2_000 + OVERLAP_MS:
            assert [one.served(self.now_ms) for one in self.alive] == shares

    def _take(self, at: int) -> ShareKeeper:
        one = list(self.alive)[at % len(self.alive)]
        del self.alive[one]
        return one

    def _change(self) -> None:
        self.changed_ms = self.now_ms


def test_whatever_becomes_of_drains_no_partition_waits_and_the_shares_are_even(
    client: StoreClient,
) -> None:
    machine = type("Machine", (Drains,), {"client": client})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )


def test_a_store_that_gets_more_partitions_has_all_of_them_served(client: StoreClient) -> None:
    count = PartitionCount(1)
    leases = PartitionLeases(client, Scripts(client))
    first, second = (ShareKeeper(leases, name, count) for name in "ab")
    assert (first.is_shared, first.served(NOW_MS), second.served(NOW_MS)) == (False, (0,), (0,))
    count.follow(3, 3)
    assert first.is_shared
    assert first.served(NOW_MS) == (0, 1, 2)
    for one in (second, first):
        one.renew(NOW_MS, 0)
    assert (first.served(NOW_MS), second.served(NOW_MS)) == ((0, 2), (0, 1, 2))
    count.follow(4, 4)
    assert first.served(NOW_MS) == (0, 2)
    assert second.served(NOW_MS) == (0, 1, 2, 3)
