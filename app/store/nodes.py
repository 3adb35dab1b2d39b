"""Nodes of a cluster, and what they say of it: asked all at once, each on a connection kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

Address = tuple[str, int]

PATIENCE_S = 1.0
"""How long a node may take to connect, and to answer."""

QUESTIONS = (("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
"""What every node is asked."""


@dataclass(frozen=True, slots=True)
class View:
    """What one node knows of the cluster."""

    raw: Any
    """Its answer, to be compared with the next."""

    epoch: int
    """It rises with every failover and every slot that is moved."""

    is_ok: bool
    ranges: tuple[tuple[int, int, Address], ...]
    """First and last slot, and their primary."""

    replicas: tuple[Address, ...]

    def same_as(self, other: View | None) -> bool:
        """Whether another one says the same."""
        return other is not None and self.raw == other.raw


class Node:
    """One server of a cluster."""

    __slots__ = ("_asked", "_silent_until_s", "address", "name", "strikes")

    def __init__(self, host: str, port: int) -> None:
        self.address: Address = (host, port)
        self.name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.strikes = 0
        """How often in a row it did not answer."""
        self._silent_until_s = 0.0
        self._asked: Any = None

    @property
    def is_left_alone(self) -> bool:
        """Whether it is known not to answer, so that nobody has to wait for that."""
        return self._silent_until_s > 0 and time.monotonic() < self._silent_until_s

    def told(self, *, silent: bool, alone_s: float, strikes: int) -> bool:
        """Note whether it answered; returns whether it is left alone from now on."""
        self.strikes = self.strikes + 1 if silent else 0
        self._silent_until_s = time.monotonic() + alone_s if self.strikes >= strikes else 0.0
        return self.strikes == strikes

    def ask(self, kwargs: dict[str, Any]) -> Any:
        """Send the questions; returns the connection on which the answers will come."""
        if self._asked is not None and _has_ended(self._asked):
            self.close()  # the node was restarted: that is no sign that it is away
        if self._asked is None:
            host, port = self.address
            options = dict(kwargs)
            self._asked = options.pop("connection_class")(**options, host=host, port=port)
        packed = self._asked.pack_commands(QUESTIONS)
        self._asked.send_packed_command(packed, check_health=False)
        return self._asked

    def answers(self, kwargs: dict[str, Any]) -> bool:
        """Whether it answers anything, on a connection of its own; anybody may ask."""
        host, port = self.address
        options = dict(kwargs)
        connection = options.pop("connection_class")(**options, host=host, port=port)
        try:
            connection.send_command("PING", check_health=False)
            connection.read_response()
        except redis.exceptions.RedisError as error:
            return not is_silence(error)
        finally:
            connection.disconnect()
        return True

    def close(self) -> None:
        """Close what it was asked with."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.disconnect()


def _has_ended(connection: Any) -> bool:
    """Whether the other side has closed it: nothing comes unasked but that."""
    try:
        return bool(connection.can_read(timeout=0))
    except (redis.exceptions.RedisError, OSError):
        return True


def look_at(
    nodes: Iterable[Node], kwargs: dict[str, Any]
) -> Iterator[tuple[Node, View | Exception]]:
    """Ask nodes, all before the first answer is read; yields each with its view, or with why not.

    ``kwargs`` are of a connection, but for host and port. Who asks has to be alone.
    """
    asked: list[tuple[Node, Any]] = []
    for node in nodes:
        try:
            asked.append((node, node.ask(kwargs)))
        except (redis.exceptions.RedisError, OSError) as error:
            node.close()
            yield node, error
    for node, connection in asked:
        try:
            yield node, _read(connection, node)
        except (redis.exceptions.RedisError, OSError) as error:
            node.close()
            yield node, error


def _read(connection: Any, node: Node) -> View:
    info, slots = connection.read_response(), connection.read_response()
    lines = dict(line.split(b":", 1) for line in info.split() if b":" in line)
    ranges, replicas = [], []
    for first, last, *servers in slots:
        places = [_address(server, node) for server in servers]
        ranges.append((int(first), int(last), places[0]))
        replicas += places[1:]
    return View(
        slots,
        int(lines.get(b"cluster_current_epoch", 0)),
        lines.get(b"cluster_state") == b"ok",
        tuple(ranges),
        tuple(dict.fromkeys(replicas)),
    )


def _address(server: list[Any], node: Node) -> Address:
    """Where a server is. One that knows no name of its own is where it was asked."""
    host = server[0].decode() if isinstance(server[0], bytes) else ""
    return (host if host not in ("", "?") else node.address[0]), int(server[1])


def is_silence(error: Exception) -> bool:
    """Whether an error says that a node does not answer, not that it refuses something."""
    refusing = redis.exceptions.AuthenticationError | redis.exceptions.BusyLoadingError
    kinds = redis.exceptions.ConnectionError | redis.exceptions.TimeoutError | OSError
    return isinstance(error, kinds) and not isinstance(error, refusing)
