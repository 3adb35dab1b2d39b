"""A real cluster whose nodes speak TLS to clients and to each other, where a server here can.

All else about TLS is in ``test_cluster_logins``, with a stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis.crc import key_slot

from app.store import keys
from app.store.causes import Heals
from app.store.cluster_probe import probe_store
from app.store.connecting import connect
from app.wiring.engine import Engine
from tests.engine.engines import engine_with
from tests.engine.test_drain import Until
from tests.engine.test_shard_claimer import (
    PARTITIONS,
    QuickSender,
    WallClock,
    completed,
    create,
    run,
)
from tests.support.certificates import Authority
from tests.support.cluster import Cluster
from tests.support.cluster_nodes import view_of
from tests.support.tls_servers import NONE, server_with_tls
from tests.support.wait import wait_until

MANY = 24


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    server = server_with_tls(Authority(tmp_path_factory.mktemp("tls")))
    if server is None:
        pytest.skip(NONE)
    with Cluster(primaries=3, replicas=3, tls=server) as cluster:
        yield cluster


@pytest.fixture
def secured(whole: Cluster) -> Cluster:
    whole.up()
    return whole


@pytest.fixture
def sender() -> QuickSender:
    return QuickSender()


@pytest.fixture
def engine(secured: Cluster, sender: QuickSender) -> Iterator[Engine]:
    with engine_with(
        secured.url, WallClock(), sender, partitions=PARTITIONS, broker_url="redis://127.0.0.1:1"
    ) as made:
        yield made


def test_events_are_delivered_and_a_replica_takes_over(
    secured: Cluster, engine: Engine, sender: QuickSender
) -> None:
    assert secured.url.startswith("rediss+cluster://")
    assert probe_store(secured.url) is None
    create(engine, MANY, 100)
    drain = engine.drains.new_drain()
    run(drain, "all are recorded", lambda: completed(engine).total() == MANY)
    victim = secured.primary_of(key_slot(keys.prefix(0)))
    (replica,) = secured.replicas_of(victim)
    secured.kill(victim)
    wait_until(lambda: view_of(replica).primary, "its replica has taken over")
    create(engine, MANY, 100)
    run(drain, "all are recorded", lambda: completed(engine).total() == 2 * MANY)
    drain.close(Until(lambda: True))
    engine.drains.close()
    assert len(sender.sent_ms) == 2 * MANY


def test_slots_that_move_are_followed(secured: Cluster) -> None:
    """Who is sent to another node goes to the port where it speaks TLS."""
    slot = key_slot(b"a")
    source = secured.primary_of(slot)
    target = next(one for one in secured.primaries() if one is not source)
    with connect(secured.url, retries=0) as client:
        client.set(b"a", "1")
        secured.move_slots([slot], target)
        assert client.get(b"a") == b"1"
        assert client.node_of(b"a") == f"127.0.0.1:{target.tls_port}"


def test_nodes_that_are_not_trusted_are_named(secured: Cluster) -> None:
    cause = probe_store(secured.url.partition("?")[0])
    assert cause is not None
    assert "shows a certificate that is not accepted" in cause.sentence
    assert cause.heals is Heals.NO
