"""Shards: reads without one that is away, places for new events, work that goes on in the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.errors import ShardUnavailable, StoreUnavailable
from app.store import keys
from app.store.connecting import connect
from app.store.left_out import leaving_out, left_out, partitions_there
from app.store.leftovers import Leftovers
from app.store.scripts import Scripts
from app.store.shards import Shards, each_there, if_there, keys_there
from app.store.work import WorkStore
from tests.store.conftest import Stores
from tests.support.cluster import Cluster
from tests.support.shards import EVEN, ODD, TwoShards
from tests.support.wait import wait_until

PARTITIONS = 6


class Known:
    """A client that knows which nodes are away, as that of a cluster does."""

    is_cluster = True

    def __init__(self, *away: str) -> None:
        self.away = away

    def node_of(self, key: bytes) -> str:
        number = int(key.removeprefix(b"qh:{").partition(b"}")[0])
        node = f"node:{number % 3}"
        if node in self.away:
            raise ShardUnavailable(node)
        return node


def shards(*away: str) -> Shards:
    return Shards(Known(*away), PARTITIONS)  # type: ignore[arg-type]


def failing(node: str, until_without: set[int]) -> Callable[[], list[int]]:
    """A read that finds a node away until it leaves its partitions out."""

    def read() -> list[int]:
        if not until_without <= left_out():
            raise ShardUnavailable(node)
        return list(partitions_there(PARTITIONS))

    return read


def test_a_read_that_finds_a_shard_away_is_read_again_without_its_partitions() -> None:
    assert shards().read(failing("node:1", {1, 4})) == [0, 2, 3, 5]
    assert not left_out()


def test_what_is_known_to_be_away_is_not_asked() -> None:
    def read() -> frozenset[int]:
        return left_out()

    assert shards("node:2").read(read) == {2, 5}


@pytest.mark.parametrize("node", ["elsewhere:1", ""])
def test_what_no_partition_explains_fails(node: str) -> None:
    with pytest.raises(ShardUnavailable):
        shards().read(failing(node, {1}))


def test_a_store_of_which_nothing_is_there_fails() -> None:
    away = [f"node:{number}" for number in range(3)]
    asked = []

    def read() -> None:
        asked.append(left_out())
        raise ShardUnavailable(f"node:{len(asked) - 1}")

    with pytest.raises(StoreUnavailable):
        shards(*away).read(read)
    assert asked == [set(), {0, 3}, {0, 1, 3, 4}], "it is asked, so that it says why"


def test_a_new_event_goes_where_a_shard_is() -> None:
    chosen = {shards("node:0", "node:2").any() for _ in range(60)}
    assert chosen == {1, 4}
    everywhere = {shards(*(f"node:{one}" for one in range(3))).any() for _ in range(200)}
    assert everywhere == set(range(PARTITIONS)), "it fails where it is meant to be"


def test_what_is_spread_is_left_out_with_the_partitions_of_its_node() -> None:
    client: Any = Known()
    spread = [b"qh:{%d}:x" % number for number in range(9)]
    assert keys_there(client, spread) == spread
    with leaving_out({1, 4}):
        assert keys_there(client, spread) == [one for at, one in enumerate(spread) if at % 3 != 1]


def test_one_that_is_away_keeps_nobody_from_the_others() -> None:
    done = []

    def do(partition: int) -> int:
        if partition == 1:
            raise ShardUnavailable("node:1")
        done.append(partition)
        return 2

    assert each_there(range(3), do) == 4
    assert done == [0, 2]
    assert if_there(lambda: do(1)) is None


def test_a_store_that_is_one_server_is_not_asked_for_shards(stores: Stores) -> None:
    found = Shards(stores.client, stores.partitions)
    assert found.away() == {}
    assert found.of("") == set(range(stores.partitions))
    assert found.read(left_out) == frozenset()


def test_those_that_take_no_writes_are_named_with_their_partitions(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(store_url)
    found = Shards(client, 4)
    monkeypatch.setattr(client, "is_cluster", True)
    nodes = TwoShards(client)
    assert found.away() == {}
    found.check_writable()
    assert not client.exists(keys.leases(0)), "it changes nothing"
    nodes.away = ODD
    assert found.away() == {ODD: frozenset({1, 3})}
    found.check_writable()
    assert found.node_of(2) == EVEN


def test_a_cluster_is_read_without_a_node_that_has_died(cluster: Cluster) -> None:
    client = connect(cluster.url)
    found = Shards(client, PARTITIONS)
    work = WorkStore(client, Scripts(client), PARTITIONS)
    assert found.read(lambda: (left_out(), work.heads()))[0] == set()
    node = cluster.primaries()[0]
    gone = found.of(node.address)
    assert 0 < len(gone) < PARTITIONS
    cluster.kill(node)
    assert found.read(lambda: (work.heads(), left_out()))[1] == gone
    assert found.away() == {node.address: gone}
    one = keys.prefix(min(gone))
    wait_until(lambda: if_there(lambda: client.node_of(one)) is None, "the client knows of it")
    assert {found.any() for _ in range(60)} == set(range(PARTITIONS)) - gone
    assert found.of(node.address) == gone, "it is still theirs"
    found.check_writable()
    left = Leftovers(client, PARTITIONS)
    assert not left.exist(0, 0)
    client.zadd(keys.leases(next(iter(set(range(PARTITIONS)) - gone))), {b"one": 1})
    assert left.exist(2, 0), "what is on the others is found"
    client.close()
