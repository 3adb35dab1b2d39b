"""Calls the Lua scripts by name.

Scripts are given ``now``; none reads the server's clock. They make the keys of their own partition
from its prefix: all are in the slot of the declared ones. None decodes user data: JSON goes through
as opaque bytes. How they are put together is said in ``script_loader``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import redis

from app.errors import ShardUnavailable, StoreUnavailable
from app.metrics.catalogue import STORE
from app.metrics.family import MICROSECONDS
from app.metrics.registry import Registry
from app.store.connection import StoreClient
from app.store.script_loader import assemble_all
from app.store.slot_moves import guarded

Argument = bytes | str | int

ScriptCall = tuple[Sequence[bytes], Sequence[Argument]]
"""The keys and the arguments of one call."""


TOGETHER = 40
"""Runs of a script in one step: no other client of the store waits for more than two
milliseconds."""


UNMEASURED = "add_metrics"
"""Were it measured, there would always be something new to add."""


class ScriptText(NamedTuple):
    """A script as EVAL and EVALSHA want it."""

    source: str
    sha: str


@cache
def all_scripts(*, on_cluster: bool = False) -> Mapping[str, ScriptText]:
    """Every script by its name. Raises ``ScriptError`` if one is not as it should be."""
    sources = assemble_all(files("app.store") / "lua")
    if on_cluster:
        sources = {name: guarded(source) for name, source in sources.items()}
    return {
        name: ScriptText(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
        for name, text in sources.items()
    }


class Scripts:
    """Every script, ready to call; a lost script cache is refilled by the client."""

    def __init__(self, client: StoreClient, registry: Registry | None = None) -> None:
        self._client = client
        self._texts = all_scripts(on_cluster=client.is_cluster)
        self._registry = Registry() if registry is None else registry

    def answered(self, name: str, since_s: float) -> None:
        """Note that a round trip of a script is over; it began then, on the monotonic clock."""
        if name != UNMEASURED:
            took_us = int((time.monotonic() - since_s) * MICROSECONDS)
            self._registry.observe(STORE, took_us, name)

    def text(self, name: str) -> ScriptText:
        """A script's text and hash."""
        return self._texts[name]

    def each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """As ``many``, for who needs every answer: raises ``StoreUnavailable`` if one fails."""
        return _whole(self.many(name, calls))

    def those_there(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """As ``each``; the answer is ``None`` where the shard of a cluster is away."""
        replies = self.many(name, calls)
        return _whole([None if isinstance(one, ShardUnavailable) else one for one in replies])

    def read(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run a script that only reads once for each call, in one round trip and in order.

        Each run is a step of its own, so other clients wait for one of them at most. Raises
        ``StoreUnavailable`` if one fails.
        """
        if len(calls) <= 1:
            return [self(name, keys, args) for keys, args in calls]
        sha = self.text(name).sha
        began_s = time.monotonic()
        replies = self._client.together(
            [("EVALSHA", sha, len(keys), *keys, *args) for keys, args in calls]
        )
        self.answered(name, began_s)
        for at, (keys, args) in enumerate(calls):
            if isinstance(replies[at], redis.exceptions.NoScriptError):
                replies[at] = self(name, keys, args)
        return _whole(replies)

    def many(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run a script several times in one round trip; an answer may be an exception.

        ``TOGETHER`` of them are one step of the store, which then writes its log once for them;
        other clients' commands may come between these. Raises ``StoreUnavailable`` if the store is
        away.
        """
        if not calls:
            return []
        text = self.text(name)
        # Whatever the store has forgotten, it has forgotten for all calls.
        commands: list[tuple[Argument, ...]] = [("SCRIPT LOAD", text.source)]
        groups = [calls[at : at + TOGETHER] for at in range(0, len(calls), TOGETHER)]
        for some in groups:
            commands.append(("MULTI",))
            commands += [("EVALSHA", text.sha, len(keys), *keys, *args) for keys, args in some]
            commands.append(("EXEC",))
        began_s = time.monotonic()
        replies, at = self._client.together(commands), 1
        self.answered(name, began_s)
        done: list[Any] = []
        for some in groups:
            at += len(some) + 2
            ended = replies[at - 1]
            done += [ended] * len(some) if isinstance(ended, Exception) else ended
        return done

    def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script; raises ``StoreUnavailable`` if the store is away."""
        text = self.text(name)
        began_s = time.monotonic()
        try:
            answer = self._client.direct("EVALSHA", text.sha, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            answer = self._client.direct("EVAL", text.source, len(keys), *keys, *args)
        self.answered(name, began_s)
        return answer


def _whole(replies: list[Any]) -> list[Any]:
    """The replies, if none is an error; else raises ``StoreUnavailable``, of a shard if it is."""
    refused = [reply for reply in replies if isinstance(reply, Exception)]
    if refused:
        raise next((one for one in refused if isinstance(one, StoreUnavailable)), StoreUnavailable)
    return replies
