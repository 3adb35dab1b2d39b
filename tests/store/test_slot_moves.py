"""A script on a cluster runs whole or not at all, also while its slot is moved key by key."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from redis.crc import key_slot

from app.errors import ShardUnavailable
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.left_out import left_out, partitions_there
from app.store.scripts import Scripts, all_scripts
from app.store.shards import Shards
from app.store.slot_moves import guarded
from tests.support.cluster import Cluster
from tests.support.cluster_nodes import Node

SLOT = key_slot(b"{0}")
PARTITIONS = 12
SCRIPT = guarded("redis.call('INCR', KEYS[1]) return redis.call('INCR', ARGV[1])")
"""It makes a key itself."""

CALL = (SCRIPT, 1, "qh:{0}:declared", "qh:{0}:made")


@pytest.fixture
def client(cluster: Cluster) -> Iterator[StoreClient]:
    with connect(cluster.url) as made:
        yield made


@pytest.fixture
def source(cluster: Cluster) -> Node:
    return cluster.primary_of(SLOT)


@pytest.fixture
def to(cluster: Cluster, source: Node) -> Node:
    return next(one for one in cluster.primaries() if one is not source)


def begin(source: Node, to: Node) -> None:
    """From now on the slot is on its way."""
    to.ask("CLUSTER", "SETSLOT", SLOT, "IMPORTING", source.id)
    source.ask("CLUSTER", "SETSLOT", SLOT, "MIGRATING", to.id)


def test_it_waits_until_its_slot_has_moved(
    cluster: Cluster, client: StoreClient, source: Node, to: Node
) -> None:
    """Nothing of it is done before, by whichever node."""
    assert client.eval(*CALL) == 1
    begin(source, to)
    for _ in range(2):
        with pytest.raises(ShardUnavailable):
            client.eval(*CALL)
        together = client.together([("MULTI",), ("EVAL", *CALL), ("EXEC",), ("GET", "{5}")])
        assert isinstance(together[2][0], ShardUnavailable)
        client.delete("qh:{0}:made")
    # What it declares is gone as well: the other node would take all of it for new.
    client.delete("qh:{0}:declared")
    with pytest.raises(ShardUnavailable):
        client.eval(*CALL)
    assert client.mget("qh:{0}:declared", "qh:{0}:made") == [None, None]
    cluster.move_slots([SLOT], to)
    assert client.eval(*CALL) == 1
    assert client.mget("qh:{0}:declared", "qh:{0}:made") == [b"1", b"1"]


def test_reads_do_without_the_partition_that_moves_and_no_other(
    cluster: Cluster, client: StoreClient, source: Node, to: Node
) -> None:
    """A script that reads one of its keys there fails, of all that its node has."""
    shards, scripts = Shards(client, PARTITIONS), Scripts(client)
    assert len(shards.of(source.address)) > 1
    missing: list[Collection[int]] = []

    def read() -> None:
        missing.append(left_out())
        for one in partitions_there(PARTITIONS):
            client.zcard(keys.leases(one))
            scripts("release_leases", [keys.leases(one)], [keys.prefix(one), 1, 1])

    begin(source, to)
    try:
        shards.read(read)
        assert missing == [set(), {0}]
    finally:
        cluster.move_slots([SLOT], to)
    missing.clear()
    shards.read(read)
    assert missing == [set()]


def test_every_script_does_so_on_a_cluster_alone(client: StoreClient, store_url: str) -> None:
    scripts = Scripts(client)
    assert scripts("release_leases", [keys.leases(0)], [keys.prefix(0), 1, 1]) == [0]
    for name, text in all_scripts().items():
        assert scripts.text(name).source == guarded(text.source)
    with connect(store_url) as plain:
        assert Scripts(plain).text("release_leases") == all_scripts()["release_leases"]
