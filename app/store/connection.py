"""Connections: one factory for every client, and one place where the client's errors end.

redis-py's defaults differ by constructor (retries, time-outs), so all are given here.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Self

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import Pipeline

from app.domain.durability import Durability
from app.errors import StoreUnavailable
from app.metrics.registry import Registry
from app.store.audit_intents import ahead_of, doubt
from app.store.causes import Server
from app.store.durability import AnyFence, Fence
from app.store.outages import OUTAGES
from app.store.pools import primary_of
from app.store.round_trips import PIPELINE, Answered, measuring, unmeasured
from app.store.wire import ask, ask_together, part, read_all

STORE_VARIABLE = "QHRONOS_REDIS_URL"
SOCKET_TIMEOUT_S = 5.0
FIRST_PAUSE_S = 0.05
RETRIES = 2
"""A request waits for a restarting store for a moment, then says that it is away."""

STORE_RETRY_MS = 250
"""How long a drain leaves a store alone that does not answer."""

_AWAY = (
    redis.exceptions.ConnectionError,  # also BusyLoadingError, AuthenticationError
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
    redis.exceptions.NoPermissionError,
    redis.exceptions.InvalidResponse,
)
_AWAY_WORDS = re.compile(
    r"(?:^|caused error: |: -)"
    r"(?:MISCONF|BUSY|NOREPLICAS|MASTERDOWN|UNKILLABLE|OOM|READONLY|LOADING|DENIED"
    r"|ACL failure|DB index)\b"
)
"""Replies for which the client has no class of its own: by their first word, after what a pipeline
puts before it, or after what a script does on servers before Redis 7."""


def translate(error: redis.exceptions.RedisError, pool: redis.ConnectionPool) -> Exception:
    """``StoreUnavailable`` for an error that says that the store is away; else the error itself.

    The log says why it is away.
    """
    if is_away(error):
        OUTAGES.tell(error, Server.of(STORE_VARIABLE, pool))
        return StoreUnavailable()
    return error


def is_away(error: redis.exceptions.RedisError) -> bool:
    """Whether an error says that the store is away."""
    return isinstance(error, _AWAY) or bool(_AWAY_WORDS.search(str(error)))


class Pauses(ExponentialWithJitterBackoff):
    """How long the client waits before it repeats a command."""

    def compute(self, failures: int) -> float:
        """Seconds; see ``ExponentialWithJitterBackoff``."""
        doubt()
        return super().compute(failures)


class StorePipeline(Pipeline):
    """A pipeline whose failures speak the service's language."""

    answered: Answered = staticmethod(unmeasured)
    """Told of each round trip."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send the commands; raises ``StoreUnavailable`` if the store is away."""
        began_s, is_any = time.monotonic(), bool(self.command_stack)
        replies = self._execute(raise_on_error=raise_on_error)
        if is_any:
            self.answered(PIPELINE, began_s)
        return replies

    def _execute(self, *, raise_on_error: bool) -> list[Any]:
        ahead = next(filter(None, (ahead_of(args[0]) for args, _ in self.command_stack)), None)
        # (The client's class has a method of the attribute's name.)
        is_whole = bool(vars(self)["transaction"]) or self.explicit_transaction
        try:
            if ahead is not None and is_whole:
                self.command_stack.insert(0, (ahead, {}))
                return super().execute(raise_on_error)[1:]
            if ahead is not None:
                # By itself: if it is refused, the commands that need no memory would not be.
                self.immediate_execute_command(*ahead)  # type: ignore[no-untyped-call]
            return super().execute(raise_on_error)
        except redis.exceptions.RedisError as error:
            raise translate(error, self.connection_pool) from error


class StoreClient(redis.Redis):
    """The store's client. Replies are bytes; ids and JSON go through untouched."""

    answered: Answered = staticmethod(unmeasured)
    """Told of each round trip of plain commands."""

    is_cluster = False
    """Whether it is many servers, of which each has some of the keys."""

    def measured_in(self, registry: Registry) -> Self:
        """Have the round trips of plain commands measured; returns the client."""
        self.answered = measuring(registry)
        return self

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command; raises ``StoreUnavailable`` if the store is away."""
        if args and (ahead := ahead_of(args[0])):
            self.direct(*ahead)
        began_s = time.monotonic()
        try:
            reply = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.exceptions.NoScriptError:
            raise
        except redis.exceptions.RedisError as error:
            raise translate(error, self.connection_pool) from error
        self.answered(str(args[0]), began_s)
        return reply

    def direct(self, *command: Any) -> Any:
        """Run a command that may run twice on this thread's own connection.

        It does without the client's pool and its bookkeeping, which cost three times what the
        command does; for the calls of every request. Replies come as they are sent. Raises
        ``StoreUnavailable``.
        """
        ahead, began_s = ahead_of(command[0]), time.monotonic()
        reply = self._directly(lambda connection: ask(connection, ahead, command))
        if not command[0].startswith("EVAL"):  # who calls a script measures it, under its name
            self.answered(command[0], began_s)
        return reply

    def read_each(self, command: str, keys: Iterable[bytes], *rest: str | int) -> list[Any]:
        """Run a command that only reads for each of several keys, in one round trip and in order.

        As ``direct``; for each key a pipeline costs six times as much of the interpreter.
        """
        begin = b"*%d\r\n%s" % (2 + len(rest), part(command.encode()))
        end = b"".join(part(str(one).encode()) for one in rest)
        asked = [begin + part(key) + end for key in keys]
        if not asked:
            return []
        began_s = time.monotonic()
        replies: list[Any] = self._directly(lambda connection: read_all(connection, asked))
        self.answered(command, began_s)
        return replies

    def together(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Run commands that may run twice, in one write and in order; an answer may be an error.

        As ``direct``. A pipeline writes a few kilobytes at a time, and to each write other threads
        let go of the interpreter.
        """
        for one in commands:
            if (ahead := ahead_of(one[0])) is not None:
                # By itself: if it is refused, the commands that need no memory would not be.
                self.direct(*ahead)
        replies: list[Any] = self._directly(lambda connection: ask_together(connection, commands))
        return replies

    def _directly(self, ask: Callable[[Any], Any]) -> Any:
        for again in range(RETRIES + 1):
            connection = self._own_connection()
            try:
                return ask(connection)
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
                connection.disconnect()
                if again == RETRIES:
                    raise translate(error, self.connection_pool) from error
                doubt()
                time.sleep(FIRST_PAUSE_S * 2**again)
            except redis.exceptions.NoScriptError:
                raise
            except redis.exceptions.RedisError as error:
                raise translate(error, self.connection_pool) from error
            except BaseException:
                # Cut off by a signal: the answer that is yet to come must not be read as another's.
                connection.disconnect()
                raise
        raise StoreUnavailable

    def _own_connection(self) -> Any:
        kept = vars(self)
        threads = kept.get("_threads") or kept.setdefault("_threads", threading.local())
        if not hasattr(threads, "connection"):
            threads.connection = self.new_connection()
        return threads.connection

    def on_move(self, method: Callable[[], None]) -> None:
        """Have a method called when Sentinels have made another server the store."""
        if primary := primary_of(self.connection_pool):
            primary.on_move(method)

    def sentinel_faults(self) -> list[tuple[str, str]]:
        """What is wrong with the store's Sentinels; see ``Primary.faults``."""
        primary = primary_of(self.connection_pool)
        return primary.faults() if primary else []

    def fence(self, kinds: Collection[Durability], replicas: int) -> AnyFence:
        """Begin what has to be safe; see ``Fence``."""
        return Fence(self._own_connection(), primary_of(self.connection_pool), kinds, replicas)

    def on_each(self, *command: str) -> dict[str, Any]:
        """Run a command without a key on every server; returns the answers by host and port.

        With one server it is called "". An answer may be an error.
        """
        try:
            # Without what makes of a refusal a store that is away.
            return {"": super().execute_command(*command)}  # type: ignore[no-untyped-call]
        except redis.exceptions.RedisError as error:
            return {"": error}

    def node_of(self, key: bytes) -> str:  # noqa: ARG002 - one server has them all
        """Host and port of the node of a cluster that has a key; empty: it is no cluster."""
        return ""

    def new_connection(self, key: bytes | None = None) -> Any:  # noqa: ARG002 - as ``node_of``
        """Make a connection that is its caller's own to open and close.

        In a cluster it leads to the node that has ``key``, or else to any. It is not the pool's:
        that counts every connection it ever made, closed or not, and makes no more at its limit.
        """
        pool = self.connection_pool
        return pool.connection_class(**pool.connection_kwargs)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> StorePipeline:
        """Open a pipeline; see ``redis.Redis.pipeline``."""
        pool, callbacks = self.connection_pool, self.response_callbacks
        opened = StorePipeline(pool, callbacks, transaction, shard_hint)
        opened.answered = self.answered
        return opened
