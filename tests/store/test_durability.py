"""What is on replicas or on disk is said so, and nothing else, on real servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.domain.durability import Durability
from app.errors import InvalidInput, StoreUnavailable
from app.store import durability
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.pools import primary_of
from tests.support.sentinels import Watched

REPLICATED = {Durability.REPLICATED}
FSYNC = {Durability.FSYNC}


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as path,
        Watched(Path(path), replicas=1, down_after_ms=60_000) as made,
    ):
        yield made


@pytest.fixture
def client(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreClient]:
    monkeypatch.setattr(durability, "WAIT_MS", 300)
    monkeypatch.setattr(durability, "LOOK_MS", 200)
    with connect(watched.url) as made:
        yield made


@pytest.fixture
def admin(watched: Watched) -> Iterator[redis.Redis]:
    with watched.client() as made:
        yield made


def test_what_another_connection_has_written_is_before_the_fence(client: StoreClient) -> None:
    fence = client.fence(REPLICATED, 1)
    client.set("a", "1")  # the pool's, not this thread's own
    assert fence.is_safe()


def test_it_is_not_safe_while_a_replica_hangs(client: StoreClient, admin: redis.Redis) -> None:
    fence = client.fence(REPLICATED, 1)
    replica = connect_replica(admin)
    replica.execute_command("REPLICAOF", "127.0.0.1", "1")  # it stops to follow
    try:
        assert not fence.is_safe()
        with pytest.raises(StoreUnavailable, match="fewer than 1 replicas"):
            client.fence(REPLICATED, 1)
    finally:
        port = admin.connection_pool.connection_kwargs["port"]
        replica.execute_command("REPLICAOF", "127.0.0.1", str(port))
        replica.close()
    assert admin.execute_command("WAIT", 1, 10_000) == 1
    assert client.fence(REPLICATED, 1).is_safe()


def connect_replica(admin: redis.Redis) -> redis.Redis:
    found = admin.info("replication")["slave0"]
    return redis.Redis(port=found["port"], protocol=2)


def test_more_replicas_than_there_are_are_refused_before(client: StoreClient) -> None:
    with pytest.raises(StoreUnavailable, match="fewer than 2 replicas"):
        client.fence(REPLICATED, 2)


def test_a_file_that_is_not_written_is_told_before(client: StoreClient, admin: redis.Redis) -> None:
    admin.config_set("appendonly", "no")
    with pytest.raises(InvalidInput, match="set its appendonly to yes"):
        client.fence(FSYNC, 1)


def test_a_right_that_is_missing_is_told_before(watched: Watched, admin: redis.Redis) -> None:
    admin.execute_command("ACL SETUSER", "hasty", "on", ">pw", "~*", "&*", "+@all", "-wait")
    try:
        with (
            connect(watched.url.replace("://", "://hasty:pw@")) as client,
            pytest.raises(StoreUnavailable, match=r"WAIT.*rights of deploy/redis.acl"),
        ):
            client.fence(REPLICATED, 1)
    finally:
        admin.execute_command("ACL DELUSER", "hasty")


@pytest.mark.parametrize(("policy", "is_safe"), [("always", True), ("no", False)])
def test_it_is_safe_once_it_is_in_the_file(
    client: StoreClient, admin: redis.Redis, policy: str, *, is_safe: bool
) -> None:
    """With ``no`` the server leaves it to its system, and never knows."""
    admin.config_set("appendfsync", policy)
    admin.config_set("appendonly", "yes")
    try:
        fence = client.fence(FSYNC | REPLICATED, 1)
        client.set("a", "1")
        assert fence.is_safe() is is_safe
    finally:
        admin.config_set("appendfsync", "everysec")
        admin.config_set("appendonly", "no")


def test_a_connection_that_broke_in_between_knows_nothing(
    client: StoreClient, admin: redis.Redis
) -> None:
    """The server may have been started anew without what was written before."""
    fence = client.fence(REPLICATED, 1)
    admin.client_kill_filter(_type="normal", skipme=True)
    assert not fence.is_safe()
    fence = client.fence(REPLICATED, 1)
    client._own_connection().disconnect()
    client.direct("PING")  # the thread's own is another one by now
    assert not fence.is_safe()


def test_so_does_one_to_a_server_that_is_the_primary_no_more(
    client: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have replicas still that have not heard of that."""
    fence = client.fence(REPLICATED, 1)
    primary = primary_of(client.connection_pool)
    monkeypatch.setattr(primary, "locate", lambda **_: ("127.0.0.1", 1))
    assert not fence.is_safe()


def test_an_answer_that_was_not_awaited_is_no_other_commands(
    client: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence = client.fence(REPLICATED, 1)

    def is_cut_off(connection: redis.Connection, commands: list[tuple[str, ...]]) -> None:
        connection.send_command(*commands[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(durability, "ask_together", is_cut_off)
    with pytest.raises(KeyboardInterrupt):
        fence.is_safe()
    assert client.direct("ECHO", "mine") == b"mine"
