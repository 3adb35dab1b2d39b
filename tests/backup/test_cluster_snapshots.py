"""A backup of a cluster has what every node has, and is restored into one server and into another.

Tests ``app.backup.spreading``, too.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.backup.cluster_snapshots import Frames, backup_of, cluster_snapshot, count_nodes
from app.backup.loading import loaded
from app.backup.restoring import restore
from app.backup.sealing import BackupKeys, encrypt
from app.backup.snapshots import describe
from app.backup.spreading import gathered, is_list, spread, spread_members
from app.backup.wording import BackupRefused
from app.domain.access import MASTER
from app.domain.event import Event
from app.errors import ShardUnavailable
from app.store import keys
from app.store.cluster import ClusterClient
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.flow_keys import FlowKeys
from app.store.moves import MOVER_MS, MoveStore
from app.store.open_intents import intents_in
from app.store.scripts import Scripts
from app.store.token_keys import TokenKeys
from app.wiring.services import Services
from tests.backup.test_restoring import events_by_id, fill, services_of, url_of
from tests.support.clock import FakeClock
from tests.support.cluster import Cluster
from tests.support.invariants import broken

PARTITIONS = 4
NO_KEYS = BackupKeys()


def taken(client: StoreClient, path: Path) -> Path:
    """A backup of a store, as the command takes it."""
    with path.open("wb") as file:
        encrypt(backup_of(client, describe(client, "1")), NO_KEYS, file.write)
    return path


def holds(services: Services, events: dict[bytes, Event], partitions: int) -> None:
    """See that a store has everything, and finds it where it looks."""
    services.storage.agreement.migrate()
    assert events_by_id(services) == events
    (flow,) = services.flows.list(MASTER, 10, None).items
    assert flow.limits.concurrency == 1
    assert services.tokens.list(None, 10, None).items
    assert services.storage.tokens.barred_until_s("them") == 5
    assert "".join(services.audit.export()).count("\n") == 1
    assert broken(services.storage.client, partitions) == []


def test_a_backup_of_a_cluster_is_restored_into_a_server_and_into_a_cluster(
    cluster: Cluster, target: StoreClient, tmp_path: Path
) -> None:
    clock = FakeClock()
    source = services_of(cluster.url, PARTITIONS, clock)
    fill(source, clock)
    source.storage.tokens.bar("them", 5)
    events = events_by_id(source)
    file = taken(source.storage.client, tmp_path / "first")
    with loaded(file, NO_KEYS) as backup:
        assert backup.header.nodes == 3
        restore(backup, "first", target, 3)
    holds(services_of(url_of(target), 3, clock), events, 3)
    second = taken(target, tmp_path / "second")
    cluster.flush()
    with loaded(second, NO_KEYS) as backup:
        assert backup.header.nodes == 0
        restore(backup, "second", source.storage.client, 3)
    holds(services_of(cluster.url, 3, clock), events, 3)


def test_without_a_node_there_is_no_backup(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(cluster.url) as client:
        assert isinstance(client, ClusterClient)
        assert count_nodes(client) == 3
        away = {cluster.nodes[0].address: ShardUnavailable(cluster.nodes[0].address)}
        monkeypatch.setattr(client, "on_each", lambda *_: away)
        with pytest.raises(BackupRefused, match="would lack what it has"):
            count_nodes(client)


def test_slots_that_move_meanwhile_are_noticed(cluster: Cluster) -> None:
    first, second, _ = cluster.primaries()
    with connect(cluster.url) as client:
        assert isinstance(client, ClusterClient)
        pieces = cluster_snapshot(client, 3)
        next(pieces)
        cluster.move_slots([min(cluster.views()[0].slots)], second)
        with pytest.raises(BackupRefused, match="moved"):
            list(pieces)
        with pytest.raises(BackupRefused, match="moved"):
            list(cluster_snapshot(client, 2))
    assert first
    assert not [one for one in threading.enumerate() if "_read" in one.name]


def test_events_that_move_meanwhile_are_noticed(cluster: Cluster) -> None:
    """What one node has sent already and another has yet to get would be in neither snapshot."""
    with connect(cluster.url) as client:
        assert isinstance(client, ClusterClient)
        Coordination(client).agree_on_partitions(PARTITIONS)
        moves = MoveStore(client, Scripts(client))
        client.set(keys.mover(2), b"one of before", px=MOVER_MS // 2)
        assert list(cluster_snapshot(client, 3))
        pieces = cluster_snapshot(client, 3)
        next(pieces)
        moves.begin(2)
        with pytest.raises(BackupRefused, match="when 'rebalance' is done"):
            list(pieces)


def test_frames_are_taken_apart_wherever_they_are_cut() -> None:
    stream = b"\0\0\0\0\3abc" + b"\1\0\0\0\2xy" + b"\0\0\0\0\1d"
    for size in range(1, len(stream)):
        found = {0: b"", 1: b""}

        def write(node: int, piece: bytes, found: dict[int, bytes] = found) -> None:
            found[node] += piece

        frames = Frames(2, write)
        for at in range(0, len(stream), size):
            frames.feed(stream[at : at + size])
        assert found == {0: b"abcd", 1: b"xy"}
    with pytest.raises(ValueError, match="7"):
        Frames(2, write).feed(b"\7\0\0\0\1d")


@pytest.mark.parametrize("name", [b"acme/x", b"a:b", b"\xff{1}"])
def test_what_is_spread_is_where_a_cluster_looks_and_comes_back(name: bytes) -> None:
    flows, tokens, text = FlowKeys(is_cluster=True), TokenKeys(is_cluster=True), "a:b"
    assert spread(b"qh:{flows}:flow:" + name) == flows.flow(name)
    assert spread(b"qh:{flows}:busy:" + name) == flows.busy(name)
    assert gathered(flows.busy(name)) == b"qh:{flows}:busy:" + name
    for key, one in (
        (tokens.used(text), b"used"),
        (tokens.revoked(text), b"revoked"),
        (tokens.barred(text), b"barred"),
    ):
        assert spread(b"qh:{tokens}:%b:a:b" % one) == key
        assert gathered(key) == b"qh:{tokens}:%b:a:b" % one
    assert [*spread_members(b"qh:{flows}:used", [(name, b"1")])] == [
        (flows.index(name) + b":used", [(name, b"1")])
    ]
    assert [*spread_members(b"qh:{flows}", [(name, b"0")])] == [(flows.index(name), [(name, b"0")])]


def test_intents_are_where_each_kind_of_store_looks_for_what_was_left_behind() -> None:
    assert spread(b"qh:{audit}:intents") in intents_in(is_cluster=True)
    for one in intents_in(is_cluster=True):
        assert gathered(one) == b"qh:{audit}:intents"


@pytest.mark.parametrize(
    "key", [b"qh:{tokens}", b"qh:{tokens}:of:me", b"qh:{3}:flow:acme", b"qh:meta"]
)
def test_what_is_together_everywhere_stays_so(key: bytes) -> None:
    assert spread(key) == gathered(key) == key
    assert not is_list(key)
