"""A store that stands in for a cluster of two nodes, of which one may be away.

The even partitions are on the node ``even:1``, the odd ones on ``odd:1``. What is in no partition is
always there. A real cluster is started by ``tests.support.cluster``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.errors import ShardUnavailable
from app.store.connection import StoreClient

EVEN, ODD = "even:1", "odd:1"
_CONTROL = ("SCRIPT LOAD", "MULTI", "EXEC")
_PARTITION = re.compile(rb"qh:\{(\d+)\}")


class TwoShards:
    """Has a client behave as one of a cluster; ``away`` is the node that does not answer."""

    def __init__(self, client: StoreClient) -> None:
        self.away: str | None = None
        self.asked = 0
        """How many round trips there were that found it away."""

        made: Any = client
        made.node_of = self._node_of
        for name in ("direct", "read_each"):
            setattr(made, name, self._guarded(getattr(client, name)))
        send = client.together
        made.together = lambda commands: self._together(send, commands)
        open_pipeline = client.pipeline

        def pipeline(*args: Any, **kwargs: Any) -> Any:
            opened: Any = open_pipeline(*args, **kwargs)
            execute = opened.execute

            def guarded(*rest: Any, **more: Any) -> Any:
                self._look(part for words, _ in opened.command_stack for part in words)
                return execute(*rest, **more)

            opened.execute = guarded
            return opened

        made.pipeline = pipeline

    def _node_of(self, key: bytes) -> str:
        return self.of(key) or EVEN

    def of(self, key: bytes) -> str | None:
        """The node that has a key; ``None``: it is in no partition."""
        found = _PARTITION.match(key)
        return None if found is None else (EVEN, ODD)[int(found[1]) % 2]

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any) -> Any:
            given = [list(one) if not isinstance(one, bytes | str | int) else one for one in args]
            self._look(_flat(given))
            return call(*given)

        return guarded

    def _together(
        self, send: Callable[[Sequence[Any]], list[Any]], commands: Sequence[Sequence[Any]]
    ) -> list[Any]:
        """Answer errors for what is away, also within what is to be one step."""
        there = [not self._is_away(one) for one in commands]
        self.asked += there.count(False)
        if self.away and not any(
            is_there and one[0] not in _CONTROL
            for one, is_there in zip(commands, there, strict=True)
        ):
            raise ShardUnavailable(self.away)
        heard = iter(send([one for one, is_there in zip(commands, there, strict=True) if is_there]))
        replies: list[Any] = []
        begun: int | None = None
        for at, is_there in enumerate(there):
            replies.append(next(heard) if is_there else ShardUnavailable(self.away or ""))
            if commands[at][0] == "MULTI":
                begun = at + 1
            elif commands[at][0] == "EXEC" and begun is not None:
                done = iter(replies[at])
                replies[at] = [
                    next(done) if there[number] else replies[number] for number in range(begun, at)
                ]
        return replies

    def _is_away(self, command: Sequence[Any]) -> bool:
        raws = [one.encode() if isinstance(one, str) else one for one in command]
        return any(
            isinstance(raw, bytes) and self.away is not None and self.of(raw) == self.away
            for raw in raws
        )

    def _look(self, words: Iterable[Any]) -> None:
        for word in words:
            raw = word.encode() if isinstance(word, str) else word
            if isinstance(raw, bytes) and self.away and self.of(raw) == self.away:
                self.asked += 1
                raise ShardUnavailable(self.away)


def _flat(words: Iterable[Any]) -> Iterable[Any]:
    for word in words:
        if isinstance(word, bytes | str | int):
            yield word
        else:
            yield from _flat(word)
