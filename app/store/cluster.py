"""The client of a store that is a cluster: each command goes to the node that has its key.

What goes to several nodes is written to all before an answer is read, so it takes as long as the
slowest of them. A node that is away fails what is meant for it, with ``ShardUnavailable``; the rest
goes on.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from app.domain.durability import Durability
from app.errors import ShardUnavailable, StoreUnavailable
from app.store.audit_intents import ahead_of
from app.store.causes import Server
from app.store.cluster_commands import IN_PARTS, ON_EACH, slot_of
from app.store.cluster_fence import ClusterFence
from app.store.cluster_parts import in_parts, middle_of, read_each
from app.store.cluster_pipeline import ClusterPipeline
from app.store.cluster_plans import planned
from app.store.cluster_steps import NO_ANSWER, NOT_NOW, SLOT_MOVES, NodeStep, StepRunner
from app.store.connection import STORE_VARIABLE, StoreClient, is_away
from app.store.nodes import Node
from app.store.open_intents import note_on_cluster
from app.store.outages import OUTAGES
from app.store.topology import NotServed, Topology

_ELSEWHERE = (*NO_ANSWER, redis.exceptions.AskError, *NOT_NOW)
"""What is not the answer yet; ``MovedError`` is one of these."""


class ClusterClient(StoreClient):
    """The same methods as with one server."""

    is_cluster = True
    retries = 0
    """How often a call is tried again."""

    @property
    def topology(self) -> Topology:
        """Which node serves what."""
        found: Topology = self.connection_pool.connection_kwargs["topology"]
        return found

    @property
    def primaries(self) -> tuple[Node, ...]:
        """The nodes that serve slots, in the order of these. Raises ``StoreUnavailable``."""
        try:
            return self.topology.primaries
        except redis.exceptions.RedisError as error:
            raise self._translated(error, None) from error

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command; raises ``StoreUnavailable`` if its node is away."""
        name, began_s = args[0], time.monotonic()
        if name in IN_PARTS:
            self._go_ahead(name)
            return in_parts(self, *args)
        if name in ON_EACH:
            answers = self._each(args).values()
            reply = next((one for one in answers if not isinstance(one, Exception)), None)
            if reply is None:
                raise next(iter(answers))
            self.answered(name, began_s)
        else:
            reply = self.direct(*args)
        options.pop("keys", None)
        return self._meaning(name, reply, **options)

    def _meaning(self, name: str, reply: Any, **options: Any) -> Any:
        callbacks: Any = self.response_callbacks
        callback = None if isinstance(reply, Exception) else callbacks.get(name)
        return callback(reply, **options) if callback else reply

    def direct(self, *command: Any) -> Any:
        """Run a command that may run twice on this thread's own connection to its node."""
        self._go_ahead(command[0])
        began_s = time.monotonic()
        slot, node, connection = slot_of(command), None, None
        try:
            topology = self.topology
            node = topology.any() if slot is None else topology.serving(slot)
            connection = self.connection_to(node)
            topology.writes.note(node, command)
            connection.send_command(*command, check_health=False)
            reply = connection.read_response()
        except _ELSEWHERE as error:
            if isinstance(error, NotServed) and error.node:
                raise self._away(error, error.node) from error
            if node is not None and connection is not None and isinstance(error, NO_ANSWER):
                connection.disconnect()
                topology.lost(node, error)
            if node is not None and isinstance(error, redis.exceptions.MovedError):
                topology.moved(node, error)
            reply = self._again(slot, command, failures=int(isinstance(error, NO_ANSWER)))
        except redis.exceptions.NoScriptError:
            raise
        except redis.exceptions.RedisError as error:
            raise self._translated(error, node) from error
        except BaseException:
            # Cut off by a signal: the answer that is yet to come must not be read as another's.
            if connection is not None:
                connection.disconnect()
            raise
        if not command[0].startswith("EVAL"):
            self.answered(command[0], began_s)
        return reply

    def _go_ahead(self, name: str) -> None:
        """Note the intent by itself, ahead of the write: the two are on different nodes."""
        if (ahead := ahead_of(name)) is not None:
            note_on_cluster(self, ahead)

    def _again(self, slot: int | None, command: Sequence[Any], *, failures: int) -> Any:
        step = NodeStep(slot, [command])
        self.run([step], failures=failures)
        reply = step.answers[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def run(
        self, steps: Sequence[NodeStep], before: Sequence[Any] = (), *, failures: int = 0
    ) -> Any:
        """Run steps; see ``StepRunner.run``.

        The answers of a step whose node is away are ``ShardUnavailable``, one for each command.
        """
        runner = StepRunner(self.topology, self.connection_to, self.retries)
        heard = runner.run(steps, before, failures=failures)
        for step in steps:
            if step.fault is not None:
                step.answers = [self._away(step.fault, step.node)] * len(step.commands)
                continue
            if step.packed is not None:
                continue
            for number, one in enumerate(step.answers):
                if isinstance(one, redis.exceptions.RedisError):
                    step.answers[number] = self._translated(one, step.node, step.slot)
                elif isinstance(one, list) and any(isinstance(each, NOT_NOW) for each in one):
                    waits = next(each for each in one if isinstance(each, NOT_NOW))
                    # EXEC: none has run.
                    step.answers[number] = self._away(waits, step.node, step.slot)
        return heard

    def read_each(self, command: str, keys: Iterable[bytes], *rest: str | int) -> list[Any]:
        """Run a command that only reads for each of several keys, in order; see ``StoreClient``."""
        began_s = time.monotonic()
        found = read_each(self, command, list(keys), rest)
        self.answered(command, began_s)
        return found

    def together(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Run commands that may run twice, in order for each node; an answer may be an error.

        What is between MULTI and EXEC is one step for each slot; EXEC answers for all. SCRIPT LOAD
        goes ahead of all else to each node that gets any of it. Raises ``StoreUnavailable`` if no
        node answers.
        """
        for one in commands:
            self._go_ahead(one[0])
        answers: list[Any] = [None] * len(commands)
        loads = [at for at, one in enumerate(commands) if one[0] == "SCRIPT LOAD"]
        steps, places = planned(commands, answers)
        heard = self.run(steps, [commands[at] for at in loads])
        for step, (members, exec_at) in zip(steps, places, strict=True):
            if exec_at is None:
                answers[members[0]] = step.answers[0]
                continue
            ended = next(iter(step.refusals), step.answers[-1])
            for number, (at, place) in enumerate(members):
                answers[exec_at][place] = ended if isinstance(ended, Exception) else ended[number]
                answers[at] = step.answers[1 + number]
        for at, reply in zip(loads, heard, strict=False):
            answers[at] = reply
        if steps and all(isinstance(step.answers[-1], StoreUnavailable) for step in steps):
            raise steps[0].answers[-1]
        return answers

    def on_each(self, *command: str) -> dict[str, Any]:
        """Run a command on every primary; returns the answers by node, which may be errors."""
        answers = self._each(command)
        return {node: self._meaning(command[0], one) for node, one in answers.items()}

    def _each(self, command: Sequence[Any]) -> dict[str, Any]:
        nodes = self.primaries
        steps = [NodeStep(None, [command], node) for node in nodes]
        self.run(steps)
        return {node.name: step.answers[0] for node, step in zip(nodes, steps, strict=True)}

    def time(self, **_: Any) -> tuple[int, int]:
        """The time of the cluster: that in the middle of its primaries' clocks."""
        return middle_of(list(self.on_each("TIME").values()))

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> ClusterPipeline:
        """Open a pipeline; a transaction has to be in one slot."""
        pool, callbacks = self.connection_pool, self.response_callbacks
        opened = ClusterPipeline(pool, callbacks, transaction, shard_hint)
        opened.store, opened.answered = self, self.answered
        return opened

    def serving(self, key: bytes) -> Node:
        """The node that serves a key. Raises ``StoreUnavailable``."""
        try:
            return self.topology.serving(key_slot(key))
        except redis.exceptions.RedisError as error:
            raise self._translated(error, None) from error

    def node_of(self, key: bytes) -> str:
        """Host and port of the node that serves a key. Raises ``StoreUnavailable``."""
        return self.serving(key).name

    def new_connection(self, key: bytes | None = None) -> Any:
        """Make a connection that is its caller's own, to the node that serves a key, or to any.

        Each time it connects, it goes to the node that serves the key then.
        """
        return self._made(None if key is None else key_slot(key))

    def new_connections(self, nodes: Iterable[str]) -> list[Any]:
        """Make connections to primaries, by their names; each is its caller's own."""
        known = {one.name: one for one in self.primaries}
        return [self._made(known[one]) for one in nodes]

    def pool_at(self, slot: int) -> redis.ConnectionPool:
        """Make a pool of connections to the node that serves a slot; for what watches keys."""
        pool = self.connection_pool
        return redis.ConnectionPool(
            pool.connection_class, **pool.connection_kwargs | {"place": slot}
        )

    def on_move(self, method: Callable[[], None]) -> None:
        """Have a method called when other nodes serve the store."""
        self.topology.on_move(method)

    def fence(self, kinds: Collection[Durability], replicas: int) -> ClusterFence:
        """Begin what has to be safe; see ``ClusterFence``."""
        return ClusterFence(self.topology, self.connection_to, kinds, replicas)

    def _made(self, place: Node | int | None) -> Any:
        pool = self.connection_pool
        retry = Retry(NoBackoff(), 0)  # who calls tries again, and asks who serves before that
        return pool.connection_class(**pool.connection_kwargs | {"place": place, "retry": retry})

    def connection_to(self, node: Node) -> Any:
        """This thread's own connection to a node."""
        kept = vars(self)
        threads = kept.get("_threads") or kept.setdefault("_threads", threading.local())
        try:
            connection = threads.connections.get(node)
        except AttributeError:
            connection, threads.connections = None, {}
        if connection is None:
            connections: dict[Node, Any] = threads.connections
            for one in [one for one in connections if not self.topology.has(one)]:
                connections.pop(one).disconnect()  # it is no node any more
            connection = connections[node] = self._made(node)
        return connection

    def _away(
        self, error: Exception, node: Node | None, slot: int | None = None
    ) -> StoreUnavailable:
        """Say that a node is away, in the log too; without one, that the whole store is."""
        server = Server.of(STORE_VARIABLE, self.connection_pool)
        if node is not None:
            server = dataclasses.replace(server, address=node.name)
        OUTAGES.tell(error, server)
        is_part = node is not None or isinstance(error, NotServed)
        moving, name = slot if isinstance(error, SLOT_MOVES) else None, node.name if node else ""
        found = ShardUnavailable(name, moving) if is_part else StoreUnavailable()
        found.__cause__ = error
        return found

    def _translated(
        self, error: redis.exceptions.RedisError, node: Node | None, slot: int | None = None
    ) -> Exception:
        if isinstance(error, NotServed):
            node = error.node
        lost = isinstance(error, redis.exceptions.AskError)  # nodes point to each other
        return self._away(error, node, slot) if lost or is_away(error) else error


def cluster_client(pool: redis.ConnectionPool, retries: int) -> ClusterClient:
    """Make a client from a pool that leads to a cluster."""
    client: Any = ClusterClient.from_pool(pool)
    client.retries = retries
    made: ClusterClient = client
    return made
