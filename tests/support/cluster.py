"""A Redis or Valkey Cluster of real servers, all on ports of 127.0.0.1.

::

    with Cluster(directory, primaries=3, replicas=3) as cluster:
        connect(cluster.url)
        cluster.kill(cluster.primary_of(key_slot(b"{3}:due")))
        cluster.wait_until_ok()

It is formed as people form one, by ``CLUSTER MEET``, ``ADDSLOTSRANGE`` and ``REPLICATE``, and needs
no other program. A shard that is dead takes only its slots with it (``full_coverage=False``).
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

import redis

from app.runtime.binary import find_server
from tests.support.cluster_nodes import (
    SLOTS,
    Node,
    View,
    info_of,
    knows,
    lines_of,
    missed_by,
    node_has_begun,
    unwell,
    view_of,
)
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.sentinels import answers
from tests.support.tls_servers import ServerWithTls
from tests.support.wait import wait_until

NODE_TIMEOUT_MS = 1_500
"""A node that is silent for so long has failed; short, and longer than a busy machine's stalls."""

_ALL_PACKETS, _NO_PACKET = -2, -1
_REPLICATION = ("psync", "sync", "replconf")
_KEYS_AT_ONCE = 20
_STARTS = 3
"""Another program may take a port between the search for it and the start."""


class Cluster:
    """Servers that share the slots; each may be killed, paused, cut off and started again."""

    def __init__(
        self,
        directory: Path | None = None,
        *options: str,
        primaries: int = 3,
        replicas: int = 0,
        node_timeout_ms: int = NODE_TIMEOUT_MS,
        full_coverage: bool = False,
        login: str = "",
        tls: ServerWithTls | None = None,
    ) -> None:
        """``options`` are of every server; without a directory they get one that ends with them.

        Replicas follow the primaries in turn. ``full_coverage``: a cluster that lacks slots answers
        nothing (the servers' own default). ``login``: ``user:password@`` of the URL. ``tls``: nodes
        speak it to each other and to clients; tests ask each on a port without it.
        """
        self._temporary = None
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="qhronos-")
            directory = Path(self._temporary.name)
        self._directory, self._options = directory, options
        self._primaries, self._replicas = primaries, replicas
        self._timeout_ms, self._login, self._tls = node_timeout_ms, login, tls
        self._coverage = "yes" if full_coverage else "no"
        self._formed = False
        self._started = 0
        self.nodes: list[Node] = []

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.program.kill()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def url(self) -> str:
        """The URL that leads to it, with every node as a seed."""
        if self._tls is None:
            return f"redis+cluster://{self._login}{self.seeds}"
        return f"rediss+cluster://{self._login}{self.seeds}?ssl_ca_certs={self._tls.trusted}"

    @property
    def seeds(self) -> str:
        """Where the nodes are."""
        return ",".join(f"127.0.0.1:{node.client_port}" for node in self.nodes)

    def up(self, timeout: float = 30.0) -> None:
        """Start and resume what does not run, heal what is cut off, wait until all is well."""
        if not self._formed:
            self._form()
        for node in self.nodes:
            if node.paused:
                self.resume(node)
            if not node.program.running:
                self.restart(node, wait=False)
            if node.cut_off:
                self.reconnect(node)
        self.wait_until_ok(timeout)

    def flush(self) -> None:
        """Empty it, wherever the slots are."""
        for view in self.views():
            if view.primary:
                view.node.ask("FLUSHALL", "SYNC")

    def kill(self, node: Node) -> None:
        """End a node with SIGKILL."""
        node.program.kill()
        node.paused = node.cut_off = False

    def pause(self, node: Node) -> None:
        """Stop a node with SIGSTOP: its connections stay open, and nothing answers."""
        node.program.signal_all(signal.SIGSTOP)
        node.paused = True

    def resume(self, node: Node) -> None:
        """Let a paused node go on."""
        node.program.signal_all(signal.SIGCONT)
        node.paused = False

    def restart(self, node: Node, *, wait: bool = True) -> None:
        """End a node as an operator does, if it runs, and start it again on its port."""
        if node.program.running:
            node.program.stop()
        node.paused = node.cut_off = False
        node.program.start()
        wait_until(partial(answers, node.port), "the node answers")
        if wait:
            self.wait_until_ok()

    def cut_off(self, node: Node) -> None:
        """Cut a node off from the other nodes; clients reach it as before.

        It hears nothing of them, so that it serves on until it has missed them for its timeout;
        its replicas are cut off as well.
        """
        node.cut_off = True
        node.ask("ACL", "SETUSER", "default", *(f"-{one}" for one in _REPLICATION))
        node.ask("DEBUG", "DROP-CLUSTER-PACKET-FILTER", _ALL_PACKETS)
        node.ask("CLIENT", "KILL", "TYPE", "replica")

    def reconnect(self, node: Node) -> None:
        """Undo ``cut_off``.

        A node may wait for ever for an answer that was dropped, where others go on to send it
        messages of clients: no real network loses that and keeps the connection. It is restarted.
        """
        node.ask("ACL", "SETUSER", "default", *(f"+{one}" for one in _REPLICATION))
        node.ask("DEBUG", "DROP-CLUSTER-PACKET-FILTER", _NO_PACKET)
        node.cut_off = False
        try:
            patience_s = 3 * self._timeout_ms / 1_000
            wait_until(lambda: not missed_by(node), "it hears the others", patience_s)
        except AssertionError:
            self.restart(node, wait=False)

    def views(self) -> list[View]:
        """What every node that serves says of itself."""
        found = []
        for node in self.nodes:
            if node.serving:
                with suppress(redis.RedisError):
                    found.append(view_of(node))
        return found

    def primary_of(self, slot: int) -> Node:
        """The node that serves a slot; the newest of two that say so."""
        claims = [view for view in self.views() if view.primary and slot in view.slots]
        assert claims, f"no node serves slot {slot}"
        return max(claims, key=lambda view: view.epoch).node

    def primaries(self) -> list[Node]:
        """The nodes that serve slots, in their order in ``nodes``."""
        return [view.node for view in self.views() if view.primary and view.slots]

    def replicas_of(self, node: Node) -> list[Node]:
        """The replicas that follow a primary."""
        lines = node.ask("CLUSTER", "REPLICAS", node.id)
        ids = {line.split()[0] for line in lines}
        return [one for one in self.nodes if one.id in ids]

    def move_slots(self, slots: Iterable[int], to: Node, *, atomically: bool = False) -> None:
        """Move slots with their keys to another primary, while clients go on.

        Key by key, so that clients see ``ASK`` and ``TRYAGAIN``, as ``redis-cli --cluster reshard``
        does; or ``atomically`` by ``CLUSTER MIGRATESLOTS`` (Valkey 9), where they see ``MOVED``.
        """
        by_source: dict[str, list[int]] = {}
        for slot in sorted(slots):
            by_source.setdefault(self.primary_of(slot).id, []).append(slot)
        by_source.pop(to.id, None)
        for source_id, some in by_source.items():
            source = self._node(source_id)
            if atomically:
                _move_at_once(some, source, to)
            else:
                for slot in some:
                    self._move(slot, source, to)

    def wait_until_ok(self, timeout: float = 30.0) -> None:
        """Wait until every node that runs knows all of them, sees no fault, and replicas follow.

        A node that was killed and not started again may be missing.
        """
        try:
            wait_until(lambda: not self._faults(), "the cluster is whole", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self._faults()}") from None

    def log(self) -> str:
        """What all of them have written."""
        return "\n".join(
            f"--- {one.program.name}\n{one.program.output[-6000:]}" for one in self.nodes
        )

    def _form(self) -> None:
        count = self._primaries + self._replicas
        self.nodes = [self._start() for _ in range(count)]
        for node in self.nodes:
            node.id = node.ask("CLUSTER", "MYID")
        leaders = self.nodes[: self._primaries]
        for number, node in enumerate(leaders):
            first = SLOTS * number // self._primaries
            last = SLOTS * (number + 1) // self._primaries - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for one in self.nodes:
            for other in self.nodes:
                if one is not other:
                    one.ask("CLUSTER", "MEET", "127.0.0.1", other.client_port, other.bus_port)
        for number, node in enumerate(self.nodes[self._primaries :]):
            leader = leaders[number % self._primaries]
            wait_until(partial(knows, node, leader), "the replica knows its primary")
            node.ask("CLUSTER", "REPLICATE", leader.id)
        self._formed = True

    def _start(self) -> Node:
        for _ in range(_STARTS):
            node = self._node_on(free_port(), free_port())
            node.program.start()
            wait_until(partial(node_has_begun, node), "the node answers")
            if node.program.running:
                return node
        raise AssertionError(f"no node starts: {node.program.output[-2000:]}")

    def _node_on(self, port: int, bus_port: int) -> Node:
        home = self._directory / f"node-{port}"
        home.mkdir()
        tls, tls_port = self._tls, free_port() if self._tls else None
        argv = [
            str(tls.program if tls else find_server().path),
            *("--port", str(port), "--cluster-port", str(bus_port), "--bind", "127.0.0.1"),
            *("--cluster-enabled", "yes", "--cluster-node-timeout", str(self._timeout_ms)),
            *("--cluster-require-full-coverage", self._coverage),
            *("--cluster-allow-replica-migration", "no", "--cluster-replica-validity-factor", "0"),
            *("--save", "", "--repl-diskless-sync-delay", "0", "--enable-debug-command", "local"),
            *(tls.options(tls_port) if tls and tls_port else ()),
            *self._options,
        ]
        program = Program(f"node-{port}", argv, clean_environ(), cwd=home)
        return Node(port, bus_port, program, tls_port=tls_port)

    def _node(self, node_id: str) -> Node:
        return next(node for node in self.nodes if node.id == node_id)

    def _move(self, slot: int, source: Node, to: Node) -> None:
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
        some = ("CLUSTER", "GETKEYSINSLOT", slot, _KEYS_AT_ONCE)
        while keys := source.ask(*some, decode=False):
            source.ask("MIGRATE", "127.0.0.1", to.client_port, "", 0, 5_000, "KEYS", *keys)
        # First where it goes to: a client that is sent there finds a node that knows it.
        others = [view.node for view in self.views() if view.primary]
        for node in sorted(others, key=lambda one: (one is not to, one is not source)):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id)

    def _faults(self) -> list[str]:
        """What is not well; the first node that does not answer is a fault of its own."""
        serving = [node for node in self.nodes if node.serving]
        try:
            with ThreadPoolExecutor(len(serving)) as threads:
                seen = list(threads.map(lines_of, serving))
                infos = list(threads.map(info_of, serving))
        except redis.RedisError as error:
            return [f"a node does not answer: {error}"]
        faults = [
            fault for node, info in zip(serving, infos, strict=True) for fault in unwell(node, info)
        ]
        away = {node.id for node in self.nodes} - {node.id for node in serving}
        for lines in seen:
            if len(lines) != len(self.nodes):
                faults.append(f"{len(lines)} nodes are known")
            for line in lines:
                if ("fail" in line.flags) is not (line.id in away) or (
                    "fail?" in line.flags and line.id not in away
                ):
                    faults.append(f"{line.id} is {sorted(line.flags)}")
                if "myself" in line.flags and line.follows in away:
                    faults.append("a replica is to take over")
        owners = {
            frozenset((line.id, line.slots) for line in lines if line.slots) for lines in seen
        }
        return faults if len(owners) == 1 else [*faults, "the nodes do not agree on the slots"]


def _move_at_once(slots: Sequence[int], source: Node, to: Node) -> None:
    """By the servers' own migration, which moves slots as a whole."""
    pairs = [one for slot in slots for one in (slot, slot)]
    source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *pairs, "NODE", to.id)

    def has_them() -> bool:
        return view_of(to).slots.issuperset(slots)

    wait_until(has_them, "the slots have moved")
