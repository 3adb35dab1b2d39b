"""Pipelines of a cluster: one round trip for each node, or a transaction in one slot."""

from __future__ import annotations

from typing import Any

import redis

from app.errors import ShardUnavailable
from app.store.audit_intents import ahead_of
from app.store.cluster_commands import slot_of
from app.store.cluster_steps import NOT_NOW, NodeStep, StepStore
from app.store.connection import StorePipeline, translate
from app.store.open_intents import note_on_cluster

_MOVES = (redis.exceptions.AskError, *NOT_NOW)
"""A slot moves: keys that are watched are not followed, so who watches them tries again later."""


class ClusterPipeline(StorePipeline):
    """A pipeline whose commands go to the nodes that have their keys."""

    store: StepStore

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command at once: what watches keys, and what reads before MULTI."""
        if self.connection is None:
            slot = slot_of(args)
            self.connection_pool = (
                self.store.connection_pool if slot is None else self.store.pool_at(slot)
            )
        try:
            return super().immediate_execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except _MOVES as error:
            raise ShardUnavailable("") from error

    def reset(self) -> None:  # type: ignore[override]  # as in the client's own class
        """Forget the commands; a connection that watched is closed, as its pool was its own."""
        connection, pool = self.connection, self.connection_pool
        super().reset()
        if connection is not None and pool is not self.store.connection_pool:
            pool.disconnect()
            self.connection_pool = self.store.connection_pool

    def _execute(self, *, raise_on_error: bool) -> list[Any]:
        ahead = next(filter(None, (ahead_of(args[0]) for args, _ in self.command_stack)), None)
        if ahead is not None:
            note_on_cluster(self.store, ahead)  # first the intent, then the writes
        # (The client's class has a method of the attribute's name.)
        is_whole = bool(vars(self)["transaction"]) or self.explicit_transaction
        commands = self.command_stack
        if is_whole and commands:
            self._check_slots(commands)
        if self.watching or self.explicit_transaction:
            self._note_writes(commands)
            try:
                return super()._execute(raise_on_error=raise_on_error)
            except _MOVES as error:
                raise ShardUnavailable("") from error
        try:
            answers = self._in_one_slot(commands) if is_whole else self._on_nodes(commands)
        finally:
            self.reset()
        return self._read(commands, answers, raise_on_error=raise_on_error)

    def _note_writes(self, commands: list[Any]) -> None:
        topology = self.store.topology
        for args, _ in commands if topology.writes.followers else ():
            slot = slot_of(args)
            if slot is None:
                continue
            try:
                topology.writes.note(topology.serving(slot), args)
            except redis.exceptions.RedisError as error:
                raise translate(error, self.connection_pool) from error

    def _check_slots(self, commands: list[Any]) -> None:
        slots = {slot_of(args) for args, _ in commands} - {None}
        if len(slots) > 1:
            names = ", ".join(dict.fromkeys(str(args[0]) for args, _ in commands))
            raise redis.exceptions.CrossSlotTransactionError(
                f"A transaction has to be in one slot of the cluster; this one ({names}) is in "
                f"{len(slots)}: give its keys one hash tag, or take several pipelines."
            )

    def _in_one_slot(self, commands: list[Any]) -> list[Any]:
        if not commands:
            return []
        slot = next((found for args, _ in commands if (found := slot_of(args)) is not None), None)
        step = NodeStep(slot, [("MULTI",), *(args for args, _ in commands), ("EXEC",)])
        self.store.run([step])
        refused = next(iter(step.refusals), None)
        if refused is not None:
            raise refused
        answers: list[Any] = step.answers[-1]
        return answers

    def _on_nodes(self, commands: list[Any]) -> list[Any]:
        steps = [NodeStep(slot_of(args), [args]) for args, _ in commands]
        self.store.run(steps)
        return [step.answers[0] for step in steps]

    def _read(self, commands: list[Any], answers: list[Any], *, raise_on_error: bool) -> list[Any]:
        found: list[Any] = []
        for (args, options), answer in zip(commands, answers, strict=True):
            if isinstance(answer, Exception):
                if raise_on_error:
                    raise answer
                found.append(answer)
                continue
            options.pop("keys", None)
            callbacks: Any = self.response_callbacks
            callback = callbacks.get(args[0])
            found.append(callback(answer, **options) if callback else answer)
        return found
