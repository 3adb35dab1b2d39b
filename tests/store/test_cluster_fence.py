"""On a cluster, what was written to any node is safe when that node says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.crc import key_slot

from app.domain.durability import Durability
from app.errors import InvalidInput, StoreUnavailable
from app.store import durability
from app.store.connecting import connect
from app.store.connection import StoreClient
from tests.support.cluster import Cluster

REPLICATED, FSYNC = {Durability.REPLICATED}, {Durability.FSYNC}
KEYS = (b"{a}", b"{b}")
"""One on each node."""


@pytest.fixture(scope="module")
def pairs() -> Iterator[Cluster]:
    """Two primaries, each with a replica."""
    with Cluster(primaries=2, replicas=2, node_timeout_ms=60_000) as made:
        assert len({made.primary_of(key_slot(key)).port for key in KEYS}) == 2
        yield made


@pytest.fixture
def client(pairs: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreClient]:
    monkeypatch.setattr(durability, "WAIT_MS", 300)
    monkeypatch.setattr(durability, "LOOK_MS", 200)
    with connect(pairs.url) as made:
        yield made


def test_what_was_written_to_each_node_is_safe(client: StoreClient) -> None:
    fence = client.fence(REPLICATED, 1)
    client.direct("SET", KEYS[0], "1")
    pipe = client.pipeline(transaction=False)
    pipe.set(KEYS[1], "1")
    pipe.execute()
    assert fence.is_safe()
    assert client.fence(REPLICATED, 1).is_safe()  # nothing was written


def test_a_node_whose_replica_hangs_holds_up_what_was_written_there(
    client: StoreClient, pairs: Cluster
) -> None:
    """And nothing that was written to others alone."""
    (replica,) = pairs.replicas_of(pairs.primary_of(key_slot(KEYS[0])))
    elsewhere, there = client.fence(REPLICATED, 1), client.fence(REPLICATED, 1)
    pairs.pause(replica)
    try:
        client.direct("SET", KEYS[1], "2")
        assert elsewhere.is_safe()
        client.together([("SET", KEYS[0], "2")])
        assert not there.is_safe()
    finally:
        pairs.resume(replica)


def test_who_watches_a_key_is_followed_as_well(client: StoreClient, pairs: Cluster) -> None:
    (replica,) = pairs.replicas_of(pairs.primary_of(key_slot(KEYS[0])))
    fence = client.fence(REPLICATED, 1)
    pairs.pause(replica)
    try:
        pipe = client.pipeline()
        pipe.watch(KEYS[0])  # type: ignore[no-untyped-call]
        pipe.multi()
        pipe.set(KEYS[0], "3")
        pipe.execute()
        assert not fence.is_safe()
    finally:
        pairs.resume(replica)


def test_more_replicas_than_one_has_are_refused_before(client: StoreClient) -> None:
    with pytest.raises(StoreUnavailable, match="fewer than 2 replicas"):
        client.fence(REPLICATED, 2)


def test_a_file_that_is_not_written_is_told_before(client: StoreClient) -> None:
    with pytest.raises(InvalidInput, match="set its appendonly to yes"):
        client.fence(FSYNC, 1)


def test_a_connection_that_broke_in_between_knows_nothing(
    client: StoreClient, pairs: Cluster
) -> None:
    node = pairs.primary_of(key_slot(KEYS[0]))
    fence, other = client.fence(REPLICATED, 1), client.fence(REPLICATED, 1)
    with redis.Redis(port=node.port) as admin:
        admin.client_kill_filter(_type="normal", skipme=True)
    client.direct("SET", KEYS[1], "4")
    assert other.is_safe()
    client.direct("SET", KEYS[0], "4")
    assert not fence.is_safe()


def test_a_slot_that_has_moved_is_not_known_to_be_safe(
    client: StoreClient, pairs: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its primary may be one that the others have given up."""
    fence = client.fence(REPLICATED, 1)
    client.direct("SET", KEYS[0], "5")
    topology = vars(client)["connection_pool"].connection_kwargs["topology"]
    other = topology.serving(key_slot(KEYS[1]))

    def moved(**_: float) -> None:
        monkeypatch.setattr(topology, "serving", lambda _slot: other)

    monkeypatch.setattr(topology, "refresh", moved)
    assert not fence.is_safe()
