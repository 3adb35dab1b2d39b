"""Which node serves what is learnt from the nodes, and from no one of them alone.

Tests ``app.store.nodes`` and ``app.store.cluster_faults``, too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis
from redis.crc import key_slot

from app.errors import ShardUnavailable
from app.store.cluster import ClusterClient
from app.store.connecting import connect
from app.store.pools import make_pool, topology_of
from app.store.topology import NoCluster, Topology
from tests.support.cluster import Cluster
from tests.support.ports import free_port
from tests.support.wait import wait_until

SLOT = key_slot(b"{a}")


def topology(url: str) -> Topology:
    found = topology_of(make_pool(url))
    assert found is not None
    return found


def test_all_slots_are_known_from_one_seed(cluster: Cluster) -> None:
    """At once, or with the next look, twice a second: a node hears of slots from the others."""
    known = topology(f"redis+cluster://{cluster.nodes[0].address}")
    every = {one.address for one in cluster.nodes}
    wait_until(lambda: {node.name for node in known.primaries} == every, "all are known")
    assert known.serving(SLOT).name == cluster.primary_of(SLOT).address
    assert known.uncovered == []


def test_a_seed_that_is_down_is_passed_over_and_told(cluster: Cluster) -> None:
    port = free_port()
    known = topology(f"redis+cluster://127.0.0.1:{port},{cluster.nodes[0].address}")
    assert len(known.primaries) == 3
    wait_until(lambda: known.silent, "it is known to be silent")
    assert [node.name for node in known.silent] == [f"127.0.0.1:{port}"]


def test_clients_of_a_process_share_what_is_known(cluster: Cluster) -> None:
    assert topology(cluster.url) is topology(cluster.url)


def test_nodes_that_are_all_down_are_no_cluster() -> None:
    with pytest.raises(NoCluster, match="does not answer on any"):
        topology(f"redis+cluster://127.0.0.1:{free_port()}").any()


def test_one_server_is_no_cluster(store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        client.config_set("port", port := free_port())
    try:
        with pytest.raises(NoCluster, match="is no cluster"):
            topology(f"redis+cluster://127.0.0.1:{port}").any()
    finally:
        with redis.Redis.from_url(store_url) as client:
            client.config_set("port", 0)


def test_a_node_that_hangs_is_left_alone_until_it_answers(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it who need not, and who does already waits no longer."""
    monkeypatch.setattr("app.store.pools.NODE_PATIENCE_S", 0.2)
    node, url = cluster.primary_of(SLOT), f"redis+cluster://{cluster.nodes[0].address}"
    client, known = connect(url, timeout_s=60), topology(url)
    client.set("{a}", "1")
    cluster.pause(node)
    serving = known._slots[SLOT]
    assert serving is not None
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.get, "{a}")
        wait_until(lambda: serving.is_left_alone, "it is left alone")
        with pytest.raises(ShardUnavailable):
            waiting.result(timeout=20)
    assert [one.name for one in known.silent] == [node.address]
    assert known.any() is not serving
    cluster.resume(node)
    wait_until(lambda: not serving.is_left_alone, "it is back")
    assert client.get("{a}") == b"1"


def test_who_listens_to_a_node_that_leaves_is_cut_off(cluster: Cluster) -> None:
    """It may run on by itself, without a word of what is published in the cluster."""
    stays, leaves = (one.address for one in cluster.nodes[:2])
    client, known = connect(f"redis+cluster://{stays}"), topology(f"redis+cluster://{stays}")
    assert isinstance(client, ClusterClient)
    listening = client.new_connections([node.name for node in known.primaries])
    for one in listening:
        one.connect()
    view = known._view
    assert view is not None
    left = next(place for _, _, place in view.ranges if leaves.endswith(f":{place[1]}"))
    ranges = [one for one in view.ranges if one[2] != left]
    known._take(replace(view, raw=None, ranges=tuple(ranges)))
    for one in listening:
        if one.port != left[1]:
            assert not one.can_read(timeout=0)
            continue
        with pytest.raises(redis.exceptions.ConnectionError):
            one.can_read(timeout=1)
