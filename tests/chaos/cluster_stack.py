"""All of Qhronos on a cluster as its store, and a plain server as its broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from app.domain import ids
from app.store.connecting import connect
from tests.support.cluster import Cluster
from tests.support.cluster_nodes import Node
from tests.support.invariants import snapshot
from tests.support.stack import Stack, StoreServer

SAFE = ("--appendonly", "yes", "--appendfsync", "everysec")


class ClusterStore:
    """Stands in for the one server of a stack."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def url(self) -> str:
        return self._cluster.url

    def start(self) -> None:
        self._cluster.up()

    def kill(self) -> None:
        for node in self._cluster.nodes:
            self._cluster.kill(node)

    def release(self) -> None:
        """Nothing is held."""


class ClusterStack(Stack):
    """Its store is a cluster; every process runs through all that becomes of it."""

    def __init__(self, *, primaries: int = 3, replicas: int = 3, **more: Any) -> None:
        """``more`` is as with any stack."""
        super().__init__(**{"PARTITIONS": "6"} | more)
        self.cluster = Cluster(Path(self.directory), *SAFE, primaries=primaries, replicas=replicas)
        self.store = ClusterStore(self.cluster)  # type: ignore[assignment]
        home = self.directory / "broker"
        home.mkdir()
        self.broker = StoreServer(home)

    def up(self) -> None:
        """Start the broker, then all else as of any stack."""
        self.broker.start()
        super().up()

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its processes."""
        return super().environ | {"QHRONOS_BROKER_URL": self.broker.url}

    def kill_all(self) -> None:
        """Kill every process, the broker too."""
        super().kill_all()
        self.broker.kill()
        self.broker.release()

    def redis(self) -> redis.Redis:
        """A client of the whole cluster, as the product has it."""
        return connect(self.cluster.url)

    def snapshot(self) -> dict[bytes, Any]:
        """Read every key of every primary."""
        found: dict[bytes, Any] = {}
        for node in self.cluster.primaries():
            with node.client() as client:
                found |= snapshot(client)
        return found

    def node_of(self, partition: int) -> Node:
        """The primary that has a partition."""
        return self.cluster.primary_of(key_slot(b"{%d}" % partition))

    def one_of_each(self, make: Callable[[], str]) -> dict[int, str]:
        """Make events until each partition has one; their ids."""
        found: dict[int, str] = {}
        while len(found) < self.partitions:
            event_id = make()
            raw = ids.from_text(event_id, version=7)
            assert raw is not None
            found.setdefault(ids.named_in_event(raw), event_id)
        return found
