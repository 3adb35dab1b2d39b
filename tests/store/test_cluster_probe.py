"""A cluster is looked at before a process begins: its nodes, its slots, and its rights on each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.crc import key_slot

from app.store.causes import Heals
from app.store.cluster_probe import probe_store
from app.store.connecting import connect
from app.store.probe import probe
from tests.support.cluster import Cluster
from tests.support.ports import free_port
from tests.support.wait import wait_until

PASSWORD = "hunter-22"
DEPLOY = Path(__file__).parents[2] / "deploy"


def rights() -> list[str]:
    """Those of the store's user in ``deploy/redis.acl``."""
    lines = (DEPLOY / "redis.acl").read_text(encoding="ascii").splitlines()
    words = next(line.split() for line in lines if line.startswith("user qhronos-store "))
    return ["reset", *(f">{PASSWORD}" if one.startswith(">") else one for one in words[2:])]


@pytest.fixture
def user(cluster: Cluster) -> Iterator[str]:
    """A user with these rights on every node."""
    for node in cluster.nodes:
        node.ask("ACL", "SETUSER", "q", *rights())
    yield "q"
    for node in cluster.nodes:
        node.ask("ACL", "DELUSER", "q")


def test_a_cluster_that_is_well_serves(cluster: Cluster) -> None:
    assert probe_store(cluster.url) is None


def test_a_seed_that_is_down_is_logged(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    assert probe_store(f"redis+cluster://127.0.0.1:{port},{cluster.nodes[0].address}") is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"127.0.0.1:{port}" in record.message
    assert record.message.endswith("The other nodes of the cluster serve.")


def test_seeds_that_are_all_down_are_waited_for() -> None:
    cause = probe_store(f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{free_port()}")
    assert cause is not None
    assert cause.heals is Heals.YES
    assert "has nobody who listens there" in cause.sentence


def test_a_cluster_is_told_from_a_server(cluster: Cluster, store_url: str) -> None:
    """Both ways, and for the broker."""
    node = f"redis://{cluster.nodes[0].address}"
    cause = probe_store(node)
    assert cause is not None
    assert cause.heals is Heals.NO
    assert "is a node of a cluster, so write QHRONOS_REDIS_URL as in redis+cluster://" in cause[0]
    cause = probe(node, "QHRONOS_BROKER_URL", runs_scripts=False)
    assert cause is not None
    assert "over which RQ's queues can't be spread: name a server by itself" in cause.sentence
    with redis.Redis.from_url(store_url) as client:
        client.config_set("port", port := free_port())
        cause = probe_store(f"redis+cluster://127.0.0.1:{port}")
        client.config_set("port", 0)
    assert cause is not None
    assert cause.heals is Heals.NO
    assert "is no node of a cluster: begin QHRONOS_REDIS_URL with redis://" in cause.sentence


def test_addresses_that_lead_nowhere_are_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes in containers tell those that they have there."""
    monkeypatch.setattr("app.store.nodes._address", lambda server, _: ("127.66.0.1", server[1]))
    one, other = cluster.nodes[2].address, cluster.nodes[0].address
    cause = probe_store(f"redis+cluster://{one},{other}")
    assert cause is not None
    assert f"{one}, {other} (QHRONOS_REDIS_URL) answers" in cause.sentence
    assert f"127.66.0.1:{cluster.nodes[1].port}" in cause.sentence
    assert "cluster-announce-ip" in cause.sentence
    assert cause.heals is Heals.YES


def test_slots_that_nobody_serves_are_named(cluster: Cluster) -> None:
    node = cluster.primary_of(7)
    node.ask("CLUSTER", "DELSLOTS", 7)
    try:
        cause = probe_store(f"redis+cluster://{node.address}")
    finally:
        node.ask("CLUSTER", "ADDSLOTS", 7)
        wait_until(lambda: node.ask("CLUSTER", "COUNTKEYSINSLOT", 7) == 0, "it is served again")
    assert cause is not None
    assert "is a cluster without nodes for the slots 7: give them to one" in cause.sentence


@pytest.mark.parametrize(
    ("less", "says"),
    [
        ("-cluster|slots", "run CLUSTER|SLOTS"),
        ("-cluster|info", "run CLUSTER|INFO"),
        ("-hset", "run HSET"),
        ("-eval", "run EVAL"),
    ],
)
def test_a_right_that_is_missing_on_a_node_is_named(
    cluster: Cluster, user: str, less: str, says: str
) -> None:
    """A user may have fewer rights on one node than on the others."""
    lacking = cluster.primaries()[-1]
    lacking.ask("ACL", "SETUSER", user, less)
    cause = probe_store(f"redis+cluster://{user}:{PASSWORD}@{cluster.seeds}")
    assert cause is not None
    assert cause.heals is Heals.NO
    where = f"The store at {lacking.address} does not let the user of QHRONOS_REDIS_URL"
    assert cause.sentence.startswith(f"{where} {says}")
    assert PASSWORD not in cause.sentence


def test_the_rights_of_the_file_are_enough_on_a_cluster(cluster: Cluster, user: str) -> None:
    """Also while slots move, key by key."""
    assert probe_store(f"redis+cluster://{user}:{PASSWORD}@{cluster.seeds}") is None
    client = connect(f"redis+cluster://{user}:{PASSWORD}@{cluster.nodes[0].address}")
    client.set("qh:{0}:a", "1")
    slot = key_slot(b"{0}")
    source = cluster.primary_of(slot)
    to = next(one for one in cluster.primaries() if one is not source)
    to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
    assert client.set("qh:{0}:b", "2")  # that is where the slot goes to
    assert to.ask("CLUSTER", "COUNTKEYSINSLOT", slot) == 1
    cluster.move_slots([slot], to)
    assert client.mget(["qh:{0}:a", "qh:{0}:b"]) == [b"1", b"2"]
    client.close()


def test_a_wrong_password_is_named(cluster: Cluster, user: str) -> None:
    cause = probe_store(f"redis+cluster://{user}:wrong@{cluster.seeds}")
    assert cause is not None
    assert cause.heals is Heals.NO
    assert "does not take the user and password of QHRONOS_REDIS_URL" in cause.sentence
