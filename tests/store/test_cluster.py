"""The store on a cluster: the same methods do the same, wherever the keys are.

Tests ``app.store.cluster_steps``, ``app.store.cluster_plans``, ``app.store.cluster_parts``,
``app.store.cluster_pipeline`` and ``app.store.cluster_connections``, too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from app.errors import ShardUnavailable, StoreUnavailable
from app.store import keys
from app.store.cluster import ClusterClient
from app.store.cluster_pipeline import ClusterPipeline
from app.store.connecting import connect
from app.store.pools import make_pool
from app.store.scripts import Scripts
from tests.support.cluster import Cluster
from tests.support.cluster_nodes import Node
from tests.support.ports import free_port
from tests.support.wait import wait_until

KEYS = [f"{{{number}}}" for number in range(12)]
"""They are on all nodes."""

HERE = key_slot(b"{0}")


@pytest.fixture
def client(cluster: Cluster) -> Iterator[ClusterClient]:
    with connect(cluster.url) as made:
        assert isinstance(made, ClusterClient)
        assert len({made.node_of(key.encode()) for key in KEYS}) == 3
        yield made


def another(cluster: Cluster, node: Node) -> Node:
    return next(one for one in cluster.primaries() if one is not node)


def test_commands_go_to_the_node_of_their_key(client: ClusterClient) -> None:
    for key in KEYS:
        assert client.set(key, key)
        assert client.hset(f"{key}h", mapping={"a": "1"}) == 1
    assert [client.get(key) for key in KEYS] == [key.encode() for key in KEYS]
    assert client.direct("HGETALL", b"{3}h") == [b"a", b"1"]
    assert client.hgetall("{3}h") == {b"a": b"1"}


def test_commands_with_many_keys_are_put_together_again(client: ClusterClient) -> None:
    for key in KEYS:
        client.set(key, key)
    assert client.mget([*KEYS, "none"]) == [*(key.encode() for key in KEYS), None]
    assert client.exists(*KEYS, "none") == len(KEYS)
    assert sorted(client.scan_iter("{*", count=2)) == sorted(key.encode() for key in KEYS)
    assert client.delete(*KEYS[:5]) == 5
    assert client.unlink(*KEYS) == len(KEYS) - 5


def test_many_are_read_in_order(client: ClusterClient) -> None:
    for number, key in enumerate(KEYS):
        client.hset(key, "a", number)
    found = client.read_each("HGET", [key.encode() for key in KEYS], "a")
    assert found == [b"%d" % number for number in range(len(KEYS))]
    client.set("{text}", "")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        client.read_each("HGET", [b"{0}", b"{text}", b"{1}"], "a")
    assert client.direct("ECHO", "second") == b"second"


def test_pipelines_answer_in_order(client: ClusterClient) -> None:
    with client.pipeline(transaction=False) as pipe:
        for key in KEYS:
            pipe.hset(key, "a", key)
            pipe.hgetall(key)
        answers = pipe.execute()
    assert answers == [one for key in KEYS for one in (1, {b"a": key.encode()})]
    with client.pipeline(transaction=False) as pipe:
        pipe.get("{0}").get("{none}")
        assert isinstance(pipe.execute(raise_on_error=False)[0], redis.exceptions.ResponseError)
        pipe.get("{none}").get("{0}")
        with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
            pipe.execute()


def test_a_transaction_is_in_one_slot(client: ClusterClient) -> None:
    with client.pipeline() as pipe:
        pipe.set("{a}1", "1").incr("{a}1").hgetall("{a}2")
        assert pipe.execute() == [True, 2, {}]
        pipe.set("{a}1", "1").set("{b}1", "1")
        with pytest.raises(redis.exceptions.CrossSlotTransactionError, match="one hash tag"):
            pipe.execute()
    assert client.get("{a}1") == b"2"


def test_a_watched_key_stops_a_transaction(client: ClusterClient) -> None:
    with client.pipeline() as pipe:
        for is_changed in (False, True):
            pipe.watch("{a}")
            assert pipe.get("{a}") is None
            pipe.multi()
            pipe.set("{a}1", "1")
            if is_changed:
                client.set("{a}", "other")
                with pytest.raises(redis.exceptions.WatchError):
                    pipe.execute()
            else:
                assert pipe.execute() == [True]


def test_keys_that_move_while_they_are_watched_are_on_a_shard_that_is_away(
    cluster: Cluster, client: ClusterClient
) -> None:
    """Before they are read, and when they are written: nobody follows them."""
    source = cluster.primary_of(HERE)
    to = another(cluster, source)
    client.set("{0}a", "1")
    client.set("{0}b", "1")

    def change(pipe: ClusterPipeline, *watched: str) -> None:
        pipe.watch(*watched)  # type: ignore[no-untyped-call]
        pipe.multi()
        pipe.set("{0}a", "2").execute()

    to.ask("CLUSTER", "SETSLOT", HERE, "IMPORTING", source.id)
    source.ask("CLUSTER", "SETSLOT", HERE, "MIGRATING", to.id)
    try:
        source.ask("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", "{0}a")
        for watched in (["{0}a"], ["{0}a", "{0}b"], ["{0}b"]):
            with client.pipeline() as pipe, pytest.raises(ShardUnavailable):
                change(pipe, *watched)
    finally:
        source.ask("CLUSTER", "SETSLOT", HERE, "STABLE")
        to.ask("MIGRATE", "127.0.0.1", source.port, "", 0, 5_000, "KEYS", "{0}a")
        to.ask("CLUSTER", "SETSLOT", HERE, "STABLE")
    with client.pipeline() as pipe:
        change(pipe, "{0}a")
    assert client.get("{0}a") == b"2"


def test_what_goes_together_may_be_on_any_node(client: ClusterClient) -> None:
    """MULTI is cut by slot; its answers are where they belong."""
    commands = [
        ("SET", "{0}", "x"),
        ("MULTI",),
        *(("HSET", f"{key}h", "a", "1") for key in KEYS),
        ("EXEC",),
        ("HGET", "{0}", "a"),
    ]
    done, began, *_, exec_answer, refused = client.together(commands)
    assert (done, began, exec_answer) == (b"OK", b"OK", [1] * len(KEYS))
    assert isinstance(refused, redis.exceptions.ResponseError)
    assert client.together([]) == []


def test_scripts_run_where_their_keys_are(client: ClusterClient) -> None:
    """Also where a node has forgotten them."""
    scripts = Scripts(client)
    calls = [([keys.leases(at)], [keys.prefix(at), 1, 1]) for at in range(12)]
    assert scripts.each("release_leases", calls) == [[0]] * 12
    client.script_flush()
    assert scripts("release_leases", *calls[3]) == [0]


def test_what_is_published_is_heard_everywhere(client: ClusterClient) -> None:
    heard = [client.pubsub() for _ in range(2)]
    for one in heard:
        one.subscribe("news")
        assert one.get_message(timeout=5)
    client.publish("news", "x")
    assert [one.get_message(timeout=5)["data"] for one in heard] == [b"x", b"x"]
    for one in heard:
        one.close()


@pytest.mark.parametrize("atomically", [False, True], ids=["by-key", "at-once"])
def test_slots_may_move_while_they_are_used(
    cluster: Cluster, client: ClusterClient, *, atomically: bool
) -> None:
    """``ASK``, ``TRYAGAIN`` and ``MOVED`` are the client's to follow; nothing is lost or refused."""
    source, stop, done = cluster.primary_of(HERE), threading.Event(), [0, 0]

    def write() -> None:
        with connect(cluster.url) as writer:
            while not stop.is_set():
                done[0] += 1
                writer.incr(f"{{0}}{done[0] % 100}")
                with writer.pipeline(transaction=False) as pipe:
                    assert pipe.incr("{0}all").incr("{5}").execute()
                some = writer.read_each("GET", [b"{0}%d" % n for n in range(100)])
                assert sum(int(one or 0) for one in some) == done[0]
                done[1] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        cluster.move_slots([HERE], another(cluster, source), atomically=atomically)
        cluster.move_slots([HERE], source, atomically=atomically)
    finally:
        stop.set()
        thread.join()
    assert done[0] == done[1] > 0
    assert int(client.get("{0}all") or 0) == done[0]
    assert sum(int(one or 0) for one in client.mget([f"{{0}}{n}" for n in range(100)])) == done[0]


def test_a_shard_that_is_dead_takes_only_its_own_with_it(cluster: Cluster) -> None:
    client = connect(cluster.url, retries=0)
    for key in KEYS:
        client.set(key, "1")
    node = cluster.primary_of(HERE)
    lost = [client.node_of(key.encode()) == node.address for key in KEYS]
    cluster.kill(node)
    with pytest.raises(ShardUnavailable) as caught:
        client.get("{0}")
    assert caught.value.node == node.address
    answers = client.together([("GET", key) for key in KEYS])
    assert [isinstance(one, ShardUnavailable) for one in answers] == lost
    pipe = client.pipeline(transaction=False)
    for key in KEYS:
        pipe.get(key)
    with pytest.raises(ShardUnavailable):
        pipe.execute()
    assert client.time()
    client.publish("news", "")
    cluster.up()
    wait_until(lambda: client.ping() and client.set("{0}", "1"), "it is back")


def test_one_that_is_at_its_end_leaves_no_answer_to_the_next(
    client: ClusterClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal may cut a call off."""
    client.set("{0}", "first")
    connection = client.connection_to(client.topology.serving(HERE))

    def interrupted() -> None:
        raise KeyboardInterrupt

    for ask in (lambda: client.direct("GET", "{0}"), lambda: client.read_each("GET", [b"{0}"])):
        with monkeypatch.context() as patched:
            patched.setattr(connection, "read_response", interrupted)
            with pytest.raises(KeyboardInterrupt):
                ask()
        assert client.direct("EXISTS", "{0}") == 1


def test_a_pool_for_one_key_goes_after_its_slot(cluster: Cluster) -> None:
    """For who knows nothing of clusters."""
    plain = redis.Redis.from_pool(make_pool(cluster.url, key=b"{0}", retry=Retry(NoBackoff(), 1)))
    plain.set("{0}", "1")
    source = cluster.primary_of(HERE)
    cluster.move_slots([HERE], another(cluster, source), atomically=True)
    assert plain.get("{0}") == b"1"
    plain.close()


def test_a_cluster_that_is_away_is_a_store_that_is_away() -> None:
    client = connect(f"redis+cluster://127.0.0.1:{free_port()}", retries=0)
    asked = [
        lambda: client.get("a"),
        lambda: client.together([("GET", "a")]),
        lambda: client.pipeline().get("a").execute(),
        lambda: client.pipeline(transaction=False).get("a").execute(),
        lambda: list(client.scan_iter()),
        lambda: client.mget(["a"]),
        client.time,
    ]
    for ask in asked:
        with pytest.raises(StoreUnavailable):
            ask()
