"""Connections to nodes of a cluster: to a given one, to who serves a slot, or to any."""

from __future__ import annotations

from typing import Any

import redis

from app.store.nodes import Node
from app.store.topology import Topology


class _InCluster:
    """It asks where to go each time that it connects, and is cut off when that changes."""

    topology: Topology
    node: Node | None = None

    def __init__(
        self, *, topology: Topology, place: Node | int | None = None, **kwargs: Any
    ) -> None:
        """``place``: a node, a slot, or ``None`` for any node that answers."""
        self.topology, self.place = topology, place
        super().__init__(**kwargs)

    def _connect(self) -> Any:
        place, topology = self.place, self.topology
        if isinstance(place, Node):
            node = place
        else:
            node = topology.any() if place is None else topology.serving(place)
        self.host, self.port = node.address
        sock = super()._connect()  # type: ignore[misc]
        self._sock = sock  # first: who learns of a move right behind the next line cuts this off
        topology.follow(self, node)
        return sock


class ClusterConnection(_InCluster, redis.Connection):
    """A connection to a node."""


class ClusterTlsConnection(_InCluster, redis.SSLConnection):
    """The same with TLS."""


class _AfterItsSlot:
    """It goes after its slot: who has it from a pool knows nothing of clusters."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer; a slot that has moved is as a connection that has broken."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.exceptions.MovedError as error:
            node: Any = vars(self)["node"]
            vars(self)["topology"].moved(node, error)
            self.disconnect()  # type: ignore[attr-defined]
            raise redis.exceptions.ConnectionError("the slot is elsewhere by now") from error


class FollowingConnection(_AfterItsSlot, ClusterConnection):
    """A connection to whoever serves a slot."""


class FollowingTlsConnection(_AfterItsSlot, ClusterTlsConnection):
    """The same with TLS."""
