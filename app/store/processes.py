"""Which processes are alive: each says so every few seconds, and what others have to know of it."""

from __future__ import annotations

from typing import NamedTuple, cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.growth import FIELDS, PartitionNumbers, read_numbers
from app.store.meta_field import MetaField

FORGET_AFTER_MS = 60_000
"""How long after its last sign of life a process is forgotten."""


class Heard(NamedTuple):
    """What a process that says that it is alive hears of the store."""

    restored: str
    """Which restored backup it is; empty: none was restored."""

    numbers: PartitionNumbers


class ProcessStore:
    """Signs of life, with what each process says of itself as opaque JSON."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def announce(self, name: str, facts: str, until_ms: int) -> Heard:
        """Say that a process is alive until a moment; it says so again before."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zadd(keys.PROCESSES, {name: until_ms})
        pipe.hset(keys.PROCESS_FACTS.decode(), name, facts)
        pipe.hmget(keys.META.decode(), [MetaField.RESTORED, *FIELDS])
        restored, *numbers = cast("list[bytes | None]", pipe.execute()[-1])
        return Heard((restored or b"").decode(), read_numbers(numbers))

    def gone(self, name: str) -> None:
        """Say that a process has ended."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zrem(keys.PROCESSES, name)
        pipe.hdel(keys.PROCESS_FACTS.decode(), name)
        pipe.execute()

    def alive(self, now_ms: int) -> dict[str, bytes]:
        """Return what each process says of itself, by its name."""
        return {
            name: facts for name, (until_ms, facts) in self.known().items() if until_ms >= now_ms
        }

    def known(self) -> dict[str, tuple[int, bytes]]:
        """Return until when each process counts as alive and what it says, also those that died.

        Those that ended in order are not among them.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.zrange(keys.PROCESSES, 0, -1, withscores=True)
        pipe.hgetall(keys.PROCESS_FACTS.decode())
        names, facts = cast("tuple[list[tuple[bytes, float]], dict[bytes, bytes]]", pipe.execute())
        return {
            name.decode(): (int(until_ms), facts[name]) for name, until_ms in names if name in facts
        }

    def is_alive(self, name: str, now_ms: int) -> bool:
        """Whether a process has said so lately, and has not ended since."""
        until_ms = self._client.zscore(keys.PROCESSES, name)
        return until_ms is not None and until_ms >= now_ms

    def forget_silent(self, now_ms: int) -> int:
        """Forget those that fell silent a while ago; returns how many."""
        silent = self._client.zrangebyscore(keys.PROCESSES, "-inf", now_ms - FORGET_AFTER_MS)
        for name in cast("list[bytes]", silent):
            self.gone(name.decode())
        return len(cast("list[bytes]", silent))
