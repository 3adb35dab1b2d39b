"""A store that may lose what was accepted is named, by what it says of itself."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import redis

from app.errors import ShardUnavailable, StoreUnavailable
from app.services.problems.problem import ProblemCode
from app.services.problems.store_settings import (
    KEEP_S,
    StoreSettingsCheck,
    problems_of,
    problems_of_all,
)
from app.store.connecting import connect
from app.store.server_state import ServerState, read_states
from tests.support.cluster import Cluster

GOOD = ServerState(
    replica=False,
    policy="noeviction",
    max_bytes=1_000,
    limited=True,
    used_bytes=500,
    append_only=True,
    fsync="always",
    snapshots=False,
)
UNKNOWN = ServerState()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, None, ""),
        ({"fsync": "everysec"}, None, ""),
        ({"fsync": None}, None, ""),
        ({"limited": False, "policy": "allkeys-lru"}, None, ""),
        ({"used_bytes": 900}, None, ""),
        ({"replica": True}, ProblemCode.STORE_REPLICA, "lead to the primary"),
        (
            {"sentinel_faults": [("1 of 3 Sentinels do not answer", "x")]},
            ProblemCode.STORE_SENTINELS,
            "1 of 3 Sentinels do not answer: mend that",
        ),
        ({"policy": "allkeys-lru"}, ProblemCode.STORE_EVICTS, "now allkeys-lru, to noeviction"),
        ({"policy": "volatile-ttl"}, ProblemCode.STORE_EVICTS, "now volatile-ttl"),
        ({"policy": "allkeys-lfu", "evicted": 12}, ProblemCode.STORE_EVICTS, "12 keys away"),
        ({"append_only": False}, ProblemCode.STORE_NOT_DURABLE, "nothing on disk"),
        ({"append_only": False, "snapshots": True}, ProblemCode.STORE_NOT_DURABLE, "snapshots"),
        ({"append_only": False, "snapshots": None}, ProblemCode.STORE_NOT_DURABLE, "no append"),
        ({"fsync": "no"}, ProblemCode.STORE_NOT_DURABLE, "appendfsync no"),
        ({"can_write": False}, ProblemCode.STORE_DISK, "disk with room"),
        ({"used_bytes": 901}, ProblemCode.STORE_MEMORY, "90 % of maxmemory"),
        (
            {"used_bytes": 950, "limited": False},
            ProblemCode.STORE_MEMORY,
            "95 % of the memory of its host",
        ),
    ],
)
def test_each_dangerous_setting_has_its_sentence(
    change: dict[str, object], code: ProblemCode | None, says: str
) -> None:
    found = list(problems_of(dataclasses.replace(GOOD, **change)))  # type: ignore[arg-type]
    assert [problem.code for problem in found] == ([] if code is None else [code])
    assert all(says in problem.message for problem in found)


def test_what_a_server_does_not_say_is_not_held_against_it() -> None:
    assert list(problems_of(UNKNOWN)) == []


def test_the_log_says_what_is_new_and_the_server_is_asked_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    states = [GOOD, *[dataclasses.replace(GOOD, fsync="no")] * 2, GOOD]
    now = [100.0]
    check = StoreSettingsCheck(lambda: {"": states.pop(0)}, lambda: now[0])
    told: list[list[ProblemCode]] = []
    for _ in range(4):
        told.append([problem.code for problem in check()])
        assert check() == check()
        now[0] += KEEP_S
    assert told == [[], *[[ProblemCode.STORE_NOT_DURABLE]] * 2, []]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "appendfsync no" in caplog.messages[0]


def test_while_the_store_is_away_what_was_found_stands() -> None:
    found = [{"": dataclasses.replace(GOOD, fsync="no")}]
    now = [100.0]

    def read() -> dict[str, ServerState]:
        if not found:
            raise StoreUnavailable
        return found.pop()

    check = StoreSettingsCheck(read, lambda: now[0])
    first = check()
    now[0] += KEEP_S
    assert check() == first != ()


def test_each_kind_is_said_once_of_the_nodes_of_a_cluster() -> None:
    """Admins learn which node it is."""
    bad = dataclasses.replace(GOOD, append_only=False)
    full = dataclasses.replace(bad, policy="allkeys-lru")
    evicts, lacks = problems_of_all({"h1:1": GOOD, "h2:1": full, "h3:1": bad})
    assert evicts.message.startswith("When a node of the store is full it throws events away")
    assert evicts.named.startswith("When the node h2:1 of the store is full")
    assert lacks.message.startswith("A node (and 1 more) of the store keeps nothing on disk")
    assert lacks.named.startswith("The node h2:1 (and 1 more) of the store keeps nothing on disk")


def test_each_node_of_a_cluster_is_read(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that answer."""
    client, node = connect(cluster.url, retries=0), cluster.nodes[0]
    node.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        seen = read_states(client)
    finally:
        node.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    policies = {one.address: "noeviction" for one in cluster.nodes}
    assert {name: state.policy for name, state in seen.items()} == policies | {
        node.address: "allkeys-lru"
    }
    on_each = client.on_each
    gone = {node.address: ShardUnavailable(node.address)}
    monkeypatch.setattr(client, "on_each", lambda *command: on_each(*command) | gone)
    assert read_states(client).keys() == policies.keys() - {node.address}


def test_a_real_server_is_read(store_url: str) -> None:
    """What its settings say, by CONFIG or, where that is not allowed, by INFO."""
    client = connect(store_url)
    operator = redis.Redis.from_url(store_url)
    try:
        operator.config_set("maxmemory", 100_000_000)
        operator.config_set("maxmemory-policy", "allkeys-lru")
        seen = read_states(client)[""]
        assert (seen.policy, seen.limited, seen.max_bytes) == ("allkeys-lru", True, 100_000_000)
        assert (seen.append_only, seen.snapshots, seen.replica) == (False, False, False)
        assert seen.fsync == "always"
        assert seen.can_write
        assert 0 < (seen.used_bytes or 0) < 100_000_000
        operator.execute_command(
            "ACL", "SETUSER", "hosted", "on", ">pw", "~*", "&*", "+@all", "-config"
        )
        operator.execute_command(
            "ACL", "SETUSER", "mute", "on", ">pw", "~*", "&*", "+@all", "-config", "-info"
        )
        for user, expected in (
            ("hosted", dataclasses.replace(seen, fsync=None, snapshots=None)),
            ("mute", UNKNOWN),
        ):
            other = connect(store_url.replace("unix://", f"unix://{user}:pw@"))
            assert dataclasses.replace(read_states(other)[""], used_bytes=seen.used_bytes) == (
                dataclasses.replace(expected, used_bytes=seen.used_bytes)
            )
            other.close()
    finally:
        operator.config_set("maxmemory", 0)
        operator.config_set("maxmemory-policy", "noeviction")
        operator.execute_command("ACL", "DELUSER", "hosted", "mute")
        operator.close()
        client.close()
