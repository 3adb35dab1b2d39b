"""Runs commands on the nodes of a cluster: all are written to all nodes before an answer is read.

A step is what goes to one slot, or to one node, in one piece: a command, or several between MULTI
and EXEC. A step that a node sends elsewhere, or that got no answer, is sent again, within the
patience that one server has too; so every step may run twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import redis

from app.store.audit_intents import doubt
from app.store.nodes import Node
from app.store.topology import NotServed, Topology

FIRST_PAUSE_S = 0.05
MOST_HOPS = 8
"""How often a step is sent elsewhere: while slots are moved, nodes point to each other."""

NO_ANSWER = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)
NOT_NOW = (redis.exceptions.TryAgainError, redis.exceptions.ClusterDownError)
SLOT_MOVES = (redis.exceptions.TryAgainError, redis.exceptions.AskError)
"""A node refuses what is in one slot, and serves the rest."""

Commands = Sequence[Sequence[Any]]


class NodeStep:
    """Commands for one slot or one node, and what was answered."""

    __slots__ = ("answers", "commands", "fault", "node", "only", "packed", "slot")

    def __init__(self, slot: int | None, commands: Commands, only: Node | None = None) -> None:
        """``only``: the one node that it is for. Without a slot too, any node will do."""
        self.slot, self.commands, self.only = slot, commands, only
        self.packed: bytes | None = None
        """The commands as the protocol has them, of one that reads many keys of a node.

        The answers for some of them may be that they are elsewhere.
        """
        self.node: Node | None = None
        """Where it was sent last."""
        self.answers: list[Any] = []
        self.fault: Exception | None = None
        """Why it has no answers."""

    @property
    def refusals(self) -> Iterator[Exception]:
        """The errors among the answers, and that of a script that waits for its slot."""
        for one in self.answers:
            if isinstance(one, Exception):
                yield one
            elif isinstance(one, list) and self.runs_scripts:
                yield from (each for each in one if isinstance(each, NOT_NOW))

    @property
    def runs_scripts(self) -> bool:
        """Whether it may run a script: that is never sent after keys that move (``slot_moves``)."""
        return self.packed is None and any(one[0][:4] == "EVAL" for one in self.commands)


class StepStore(Protocol):
    """What steps are run on: the client of a cluster."""

    connection_pool: redis.ConnectionPool

    @property
    def topology(self) -> Topology:
        """Which node serves what."""

    @property
    def primaries(self) -> tuple[Node, ...]:
        """The nodes that serve slots, in the order of these."""

    def serving(self, key: bytes) -> Node:
        """The node that serves a key."""

    def run(self, steps: Sequence[NodeStep]) -> Any:
        """Run steps, within the patience of the client."""

    def direct(self, *command: Any) -> Any:
        """Run a command by itself."""

    def node_of(self, key: bytes) -> str:
        """Host and port of the node that serves a key."""

    def pool_at(self, slot: int) -> redis.ConnectionPool:
        """Make a pool of connections to the node that serves a slot."""


class StepRunner:
    """Sends steps on connections that are one thread's own."""

    def __init__(
        self, topology: Topology, connection_to: Callable[[Node], Any], retries: int
    ) -> None:
        self._topology = topology
        self._connection_to = connection_to
        self._retries = retries

    def run(
        self, steps: Sequence[NodeStep], before: Commands = (), *, failures: int = 0
    ) -> list[Any]:
        """Run steps; each then has its answers, or a ``fault``.

        ``before`` is sent to every node that gets a step, ahead of it; returns the answers of one
        node to that. ``failures``: how often they were tried. Raises what is no ``RedisError``.
        """
        hops, waiting, asking = 0, list(steps), set[NodeStep]()
        heard: list[Any] = []
        if failures:
            self._pause(failures)
        while waiting:
            heard = self._round(waiting, before, asking) or heard
            redirected, failed = self._judge(waiting, asking)
            hops += bool(redirected)
            if hops > MOST_HOPS:
                failed, redirected = [*failed, *redirected], []
            if failed and failures < self._retries:
                failures += 1
                self._pause(failures)
                redirected, failed = [*redirected, *failed], []
            waiting = redirected
        return heard

    def _pause(self, failures: int) -> None:
        """Wait a moment, then ask who serves what now."""
        doubt()
        time.sleep(FIRST_PAUSE_S * 2 ** (failures - 1))
        try:
            self._topology.refresh()
        except redis.exceptions.RedisError:
            return  # the next round says why

    def _round(
        self, steps: Sequence[NodeStep], before: Commands, asking: set[NodeStep]
    ) -> list[Any]:
        sent: list[tuple[Any, list[NodeStep]]] = []
        heard: list[Any] = []
        try:
            for node, some in self._placed(steps, asking).items():
                connection = self._connection_to(node)
                self._note_writes(node, some)
                sent.append((connection, some))
                try:
                    connection.send_packed_command(
                        [_packed(connection, before, some, asking)], check_health=False
                    )
                except NO_ANSWER as error:
                    sent.pop()
                    self._lost(connection, some, error)
            for number, (connection, some) in enumerate(sent):
                try:
                    heard = [_answer(connection) for _ in before]
                    for step in some:
                        if step in asking:
                            _answer(connection)
                        step.answers = [_answer(connection) for _ in step.commands]
                except NO_ANSWER as error:
                    self._lost(connection, [step for step in some if not step.answers], error)
                sent[number] = (connection, [])
        except BaseException:
            # Cut off by a signal: answers that are yet to come must not be read as others'.
            for connection, _ in sent:
                connection.disconnect()
            raise
        return heard

    def _note_writes(self, node: Node, steps: Iterable[NodeStep]) -> None:
        writes = self._topology.writes
        for step in steps if writes.followers else ():
            for command in step.commands if step.packed is None else ():  # (that only reads)
                writes.note(node, command)

    def _lost(self, connection: Any, steps: Iterable[NodeStep], error: Exception) -> None:
        connection.disconnect()
        for step in steps:
            step.fault = error
            if step.node is not None:
                self._topology.lost(step.node, error)

    def _placed(
        self, steps: Sequence[NodeStep], asking: set[NodeStep]
    ) -> dict[Node, list[NodeStep]]:
        placed: dict[Node, list[NodeStep]] = {}
        for step in steps:
            step.answers, step.fault = [], None
            try:
                if step not in asking:
                    step.node = self._node_of(step)
            except redis.exceptions.RedisError as error:
                step.fault = error
                step.node = error.node if isinstance(error, NotServed) else None
                continue
            placed.setdefault(step.node, []).append(step)  # type: ignore[arg-type]
        return placed

    def _node_of(self, step: NodeStep) -> Node:
        if step.only is not None:
            if step.only.is_left_alone:
                raise NotServed(step.only, -1)
            return step.only
        return self._topology.any() if step.slot is None else self._topology.serving(step.slot)

    def _judge(
        self, steps: Sequence[NodeStep], asking: set[NodeStep]
    ) -> tuple[list[NodeStep], list[NodeStep]]:
        """The steps that are to go elsewhere, and those that have failed."""
        redirected: list[NodeStep] = []
        failed: list[NodeStep] = []
        for step in steps:
            asking.discard(step)
            if isinstance(step.fault, NotServed) and step.fault.node:
                continue  # it is known to be away: whoever waits is told when it is back
            if step.fault is not None:
                is_for_any = step.slot is None and step.only is None and step.node is not None
                (redirected if is_for_any and self._topology.has_other else failed).append(step)
                continue
            if step.packed is not None:
                continue  # each of its keys may be elsewhere: who made it asks for them
            for refusal in step.refusals:
                if isinstance(refusal, redis.exceptions.MovedError):
                    self._topology.moved(step.node, refusal)  # type: ignore[arg-type]
                    redirected.append(step)
                elif isinstance(refusal, redis.exceptions.AskError) and step.runs_scripts:
                    failed.append(step)
                elif isinstance(refusal, redis.exceptions.AskError):
                    step.node = self._topology.told_by(step.node, refusal)  # type: ignore[arg-type]
                    asking.add(step)
                    redirected.append(step)
                elif isinstance(refusal, NOT_NOW):
                    failed.append(step)
                else:
                    continue
                break
        return redirected, failed


def raised(answer: Any) -> Any:
    """An answer, or the error that it is."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _packed(
    connection: Any, before: Commands, some: Sequence[NodeStep], asking: set[NodeStep]
) -> bytes:
    pieces: list[bytes] = []
    for command in before:
        pieces += connection.pack_command(*command)
    for step in some:
        if step in asking:
            pieces += connection.pack_command("ASKING")
        if step.packed is not None:
            pieces.append(step.packed)
            continue
        for command in step.commands:
            pieces += connection.pack_command(*command)
    return b"".join(pieces)


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.exceptions.ResponseError as error:
        return error
