"""What processes on one store agree on."""

from __future__ import annotations

from app.domain import ids
from app.store.coordination import Coordination, Wakes
from app.store.partition_leases import PartitionLeases
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.store.test_scripts import saved
from tests.support.clock import NOW_MS
from tests.support.wait import wait_until


def test_all_processes_on_one_store_bear_one_name(stores: Stores) -> None:
    """And those on another store another."""
    name = stores.coordination.instance()
    assert Coordination(stores.client).instance() == name
    assert len(bytes.fromhex(name)) == 8
    stores.client.flushdb()
    assert stores.coordination.instance() != name


def test_a_drain_hears_where_something_nearer_has_come_up_and_when_drains_come_or_go(
    stores: Stores,
) -> None:
    """What it may have missed before its subscription counts as both."""
    listener = stores.coordination.drain_listener()

    def heard() -> Wakes:
        found: list[Wakes] = []
        wait_until(lambda: (news := listener.news()) and found.append(news) is None, "news")
        return found[-1]

    assert heard() == Wakes(set(), anywhere=True, shares=True)
    wait_until(lambda: listener.news() is None, "the subscriptions are confirmed")
    event = saved(stores)
    assert heard().partitions == {ids.partition_of_event(event.id)}
    stores.client.publish("qh:wake", "1")
    assert heard() == Wakes(set(), anywhere=True, shares=False)
    PartitionLeases(stores.client, Scripts(stores.client)).renew("d", NOW_MS, NOW_MS + 1, 0)
    assert heard() == Wakes(set(), anywhere=False, shares=True)
    listener.close()
