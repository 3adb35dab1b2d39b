"""What tests compare stores by: one server and the nodes of a cluster are read in different ways."""

from __future__ import annotations

import redis

from app.store.connecting import connect
from tests.support import values
from tests.support.cluster import Cluster


def test_both_ways_read_the_same(redis_client: redis.Redis) -> None:
    redis_client.set("text", b"\x00\xff")
    redis_client.hset("hash", mapping={"x": "1", "y": b"\xff"})
    redis_client.zadd("zset", {"m": 1_767_225_600_123, "n": 0.1, "o": float("-inf")})
    redis_client.sadd("set", "q", "r")
    redis_client.xadd("stream", {"k": "v"})
    redis_client.xadd("stream", {"k": "w", "l": "x"})
    names = [b"text", b"hash", b"zset", b"set", b"stream", b"none"]
    found = list(values.values_of(redis_client, names * values.AT_ONCE))
    assert found[: len(names)] == list(values.one_by_one(redis_client, names))
    assert found[len(names) :] == found[: len(names)] * (values.AT_ONCE - 1)
    assert found[1:4] == [
        {b"x": b"1", b"y": b"\xff"},
        {b"m": 1_767_225_600_123.0, b"n": 0.1, b"o": float("-inf")},
        {b"q", b"r"},
    ]


def test_a_node_of_a_cluster_is_read_as_well(cluster: Cluster) -> None:
    """Its keys are in several slots, so no script may have them all."""
    with cluster.primaries()[0].client() as node, connect(cluster.url) as client:
        names = [b"{%d}:value" % number for number in range(30)]
        here = [one for one in names if client.node_of(one) == cluster.primaries()[0].address]
        for one in here:
            client.set(one, one)
        assert len(here) > 1
        assert list(values.values_of(node, here)) == here
