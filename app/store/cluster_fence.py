"""Whether what a request has written to a cluster is on replicas, or on disk; see ``durability``.

Each node has an order of its own for its writes. So there is a fence on each node that this process
has written to since the beginning, whoever did: requests share what they write. All nodes are asked
at once. One that was silent at the beginning, and was written to nevertheless, is not known to be
safe; nor is one whose connection broke in between, or whose slots are another's by now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import redis
from redis.crc import key_slot

from app.domain.durability import Durability
from app.errors import StoreUnavailable
from app.store import durability
from app.store.nodes import Node
from app.store.topology import NotServed, Topology

_LOOKED_AT = 10_000
"""Keys that are looked at to find one in a slot of a node; with three nodes, the third will do."""


class ClusterFence:
    """What is written between its making and ``is_safe``, by whomever here, is before it."""

    def __init__(
        self,
        places: Topology,
        connection_to: Callable[[Node], Any],
        kinds: Collection[Durability],
        replicas: int,
    ) -> None:
        """See that the nodes that answer can do what is asked for, before anything is written.

        Raises ``StoreUnavailable`` if one has fewer replicas, ``InvalidInput`` if it never can.
        """
        self._places, self._connection_to = places, connection_to
        self._kinds, self._replicas = kinds, replicas
        self._written: set[Node] = set()
        self._sockets: dict[Node, Any] = {}
        try:
            nodes = list(places.primaries)
        except redis.exceptions.RedisError as error:
            raise StoreUnavailable from error
        looks = durability.questions_of(kinds, replicas, durability.LOOK_MS)
        found = self._asked(dict.fromkeys(nodes, looks))
        missing = [node for node in nodes if node not in found]
        found |= self._asked(dict.fromkeys(missing, looks))  # one from before a restart fails once
        for node, answers in found.items():
            durability.require_able(answers, kinds, replicas)
            self._sockets[node] = connection_to(node)._sock  # noqa: SLF001 - as in ``Fence``
        if not found:
            raise StoreUnavailable
        places.writes.follow(self)

    def wrote(self, node: Node) -> None:
        """Learn that a node is written to."""
        self._written.add(node)

    def is_safe(self) -> bool:
        """Whether all that was written is where it was to be; waits ``WAIT_MS`` for that."""
        self._places.writes.leave(self)
        written = list(self._written)
        try:
            keys = {node: self._key_on(node) for node in written}
            if not all(map(self._is_as_it_was, written)):
                return False
            waits = durability.questions_of(self._kinds, self._replicas, durability.WAIT_MS)
            found = self._asked({node: [_fence(key), *waits] for node, key in keys.items()})
            is_reached = len(found) == len(written) and all(
                durability.have_reached(one, self._kinds, self._replicas) for one in found.values()
            )
            if is_reached and written:
                self._places.refresh(within_s=0)  # a node that nobody follows any more hears late
            return is_reached and all(
                self._places.serving(key_slot(key)) is node for node, key in keys.items()
            )
        except redis.exceptions.RedisError:
            return False

    def _key_on(self, node: Node) -> bytes:
        """A fence's key that is in a slot of a node. Raises a ``RedisError`` if there is none."""
        for number in range(_LOOKED_AT):
            key = b"qh:fence:{%d}" % number
            with suppress(NotServed):
                if self._places.serving(key_slot(key)) is node:
                    return key
        raise NotServed(node, -1)

    def _is_as_it_was(self, node: Node) -> bool:
        sock = self._sockets.get(node)
        return sock is not None and self._connection_to(node)._sock is sock  # noqa: SLF001

    def _asked(self, asked: Mapping[Node, Sequence[tuple[Any, ...]]]) -> dict[Node, list[Any]]:
        """Send each node its commands, then read the answers; who is silent is left out."""
        sent: list[tuple[Node, Any, int]] = []
        found: dict[Node, list[Any]] = {}
        try:
            for node, commands in asked.items():
                connection = self._connection_to(node)
                sent.append((node, connection, len(commands)))
                try:
                    connection.send_packed_command(
                        connection.pack_commands(commands), check_health=False
                    )
                except (redis.exceptions.RedisError, OSError):
                    sent.pop()
                    connection.disconnect()
            while sent:
                node, connection, count = sent[0]
                try:
                    found[node] = [_answer(connection) for _ in range(count)]
                except (redis.exceptions.RedisError, OSError):
                    connection.disconnect()
                sent.pop(0)
        except BaseException:  # cut off: an answer that is yet to come is not another's
            for _, connection, _ in sent:
                connection.disconnect()
            raise
        return found


def _fence(key: bytes) -> tuple[bytes | str, ...]:
    return ("SET", key, "", "EX", str(durability.KEEP_S))


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.exceptions.ResponseError as error:
        return error
