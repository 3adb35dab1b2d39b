"""One node of a cluster of tests: its process, and what it says of itself and the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.processes import Program
from tests.support.sentinels import answers

SLOTS = 16_384
ANSWER_S = 2.0
"""How long a node may take to answer what a test asks it."""


@dataclass
class Node:
    """One server of the cluster."""

    port: int
    bus_port: int
    program: Program
    id: str = ""
    paused: bool = False
    cut_off: bool = False
    tls_port: int | None = None

    @property
    def client_port(self) -> int:
        """The port that clients, and other nodes, are told."""
        return self.tls_port or self.port

    @property
    def address(self) -> str:
        """``host:port``, as its clients write it."""
        return f"127.0.0.1:{self.port}"

    @property
    def serving(self) -> bool:
        """Whether it runs, is not paused and hears the others."""
        return self.program.running and not self.paused and not self.cut_off

    @contextmanager
    def client(self, **more: Any) -> Iterator[redis.Redis]:
        """A plain client of this node alone, as the default user; it tries once."""
        once = Retry(NoBackoff(), 0)
        options: dict[str, Any] = {
            "port": self.port,
            "socket_timeout": ANSWER_S,
            "protocol": 2,
            "retry": once,
        }
        with redis.Redis(**options | more) as client:
            yield client

    def ask(self, *command: object, decode: bool = True) -> Any:
        """Answer one command, texts decoded unless they may be any bytes, such as keys."""
        with self.client(decode_responses=decode) as client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class View:
    """What one node says of itself: its role, its slots and their epoch."""

    node: Node
    primary: bool
    epoch: int
    slots: frozenset[int] = field(repr=False)


@dataclass(frozen=True)
class Line:
    """A line of ``CLUSTER NODES``."""

    id: str
    flags: frozenset[str]
    follows: str
    epoch: int
    slots: tuple[str, ...]


def lines_of(node: Node) -> list[Line]:
    """The cluster as a node sees it."""
    found = []
    for line in node.ask("CLUSTER", "NODES").splitlines():
        own_id, _, flags, follows, _, _, epoch, _, *slots = line.split()
        found.append(Line(own_id, frozenset(flags.split(",")), follows, int(epoch), tuple(slots)))
    return found


def view_of(node: Node) -> View:
    """What a node says of itself."""
    line = next(line for line in lines_of(node) if "myself" in line.flags)
    slots: set[int] = set()
    for some in line.slots:
        if not some.startswith("["):  # a slot that is on its way
            first, _, last = some.partition("-")
            slots.update(range(int(first), int(last or first) + 1))
    return View(node, "master" in line.flags, line.epoch, frozenset(slots))


def missed_by(node: Node) -> list[str]:
    """The nodes that a node takes for silent."""
    return [line.id for line in lines_of(node) if "fail?" in line.flags]


def knows(node: Node, other: Node) -> bool:
    """Whether a node has met another."""
    return any(line.id == other.id for line in lines_of(node))


def info_of(node: Node) -> dict[str, Any]:
    """Its ``INFO replication``, and as ``cluster`` its ``CLUSTER INFO``."""
    with node.client() as client:
        return client.info("replication") | {"cluster": node.ask("CLUSTER", "INFO")}


def unwell(node: Node, info: Mapping[str, Any]) -> Iterator[str]:
    """What a node says of itself that is not as it should be."""
    if "cluster_state:ok" not in info["cluster"]:
        yield f"{node.address} has no cluster"
    if f"cluster_slots_assigned:{SLOTS}" not in info["cluster"]:
        yield f"{node.address} does not know all slots"
    if info["role"] == "slave" and info["master_link_status"] != "up":
        yield f"{node.address} does not follow"


def node_has_begun(node: Node) -> bool:
    """Whether it answers by now, or has ended already."""
    return answers(node.port) or not node.program.running
