"""The clusters that other tests run on: what is done to them has the effect that is meant."""

from __future__ import annotations

import pytest
import redis
from redis.crc import key_slot

from tests.support.cluster import Cluster
from tests.support.cluster_nodes import SLOTS, Node

SLOT = key_slot(b"{a}")


def test_a_cluster_is_empty_and_serves_all_slots(cluster: Cluster) -> None:
    """Each slot has one primary; every node is in the URL."""
    slots = [slot for view in cluster.views() for slot in view.slots]
    assert sorted(slots) == list(range(SLOTS))
    assert cluster.url == "redis+cluster://" + ",".join(
        f"127.0.0.1:{node.port}" for node in cluster.nodes
    )
    assert _count(cluster) == 0


@pytest.mark.parametrize("atomically", [False, True], ids=["by-key", "at-once"])
def test_slots_move_with_their_keys(cluster: Cluster, *, atomically: bool) -> None:
    """Afterwards the node that had them sends clients on."""
    source = cluster.primary_of(SLOT)
    to = _another(cluster, source)
    with source.client() as client:
        for number in range(50):
            client.set(b"{a}\xff%d" % number, number)
    cluster.move_slots([SLOT, SLOT + 1], to, atomically=atomically)
    cluster.wait_until_ok()
    assert cluster.primary_of(SLOT) is to
    with to.client() as client:
        assert client.get(b"{a}\xff49") == b"49"
        assert client.dbsize() == 50
    with source.client() as client, pytest.raises(redis.exceptions.MovedError):
        client.get(b"{a}\xff49")


def test_a_paused_node_takes_only_its_slots_with_it(cluster: Cluster) -> None:
    """What it has is there again when it goes on."""
    paused = cluster.primary_of(SLOT)
    with paused.client() as client:
        client.set("{a}", 1)
    cluster.pause(paused)
    assert paused not in cluster.primaries()
    with paused.client(socket_timeout=0.1) as client, pytest.raises(redis.TimeoutError):
        client.get("{a}")
    with _another(cluster, paused).client() as client:
        assert client.cluster("INFO")["cluster_state"] == "ok"
    cluster.up()
    with paused.client() as client:
        assert client.get("{a}") == b"1"


def _another(cluster: Cluster, node: Node) -> Node:
    return next(one for one in cluster.primaries() if one is not node)


def _count(cluster: Cluster) -> int:
    total = 0
    for node in cluster.primaries():
        with node.client() as client:
            total += client.dbsize()
    return total
