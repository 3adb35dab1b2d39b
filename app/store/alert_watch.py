"""What whoever looks for alerts knows: how far it has read, and which conditions hold.

The hash ``qh:{alerts}:watch`` has a field for each of these, and a moment, ms UTC::

    ended:<partition>, inactive:<partition>, aside    up to where an index was read
    failing:<event>, breaker:<target>, lag:<alert>    since when a condition holds

One process at a time leads, under a lease. What it has found is written in one step with what it
knows now, and only if it still leads: so a crash loses nothing, and repeats nothing that was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from redis.exceptions import RedisError, WatchError

from app.domain.alert_groups import AlertGroup, Sends
from app.store.alert_keys import GROUPS, LEADER, SENDS, WATCH
from app.store.alerts import dump_sends
from app.store.codec import dump_json
from app.store.connection import StoreClient, translate

_WATCH, _GROUPS, _SENDS = WATCH.decode(), GROUPS.decode(), SENDS.decode()

LEASE_MS = 30_000
"""How long a leader that shows no sign of life is waited for."""


@dataclass(slots=True)
class Change:
    """What is known now and was not before."""

    known: dict[str, int] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)


def beginning(known: Mapping[str, int], name: str, settled_ms: int) -> int:
    """Up to where an index was read; ``settled_ms``, if none of its kind has been read.

    In a partition that is new something may have ended since others were read last.
    """
    if name in known:
        return known[name]
    kind = name.partition(":")[0] + ":"
    return min((ms for one, ms in known.items() if one.startswith(kind)), default=settled_ms)


class AlertWatchStore:
    """Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def lead(self, process: bytes) -> bool:
        """Lead from now on, or go on; returns whether this process does."""
        if self._client.set(LEADER, process, nx=True, px=LEASE_MS):
            return True
        if self._client.get(LEADER) != process:
            return False
        return bool(self._client.set(LEADER, process, xx=True, px=LEASE_MS))

    def leave(self, process: bytes) -> None:
        """Let another process lead at once."""
        if self._client.get(LEADER) == process:
            self._client.delete(LEADER)

    def known(self) -> dict[str, int]:
        """Read all that is known."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(_WATCH))
        return {name.decode(): int(moment) for name, moment in rows.items()}

    def read_until(self, partitions: int) -> dict[int, int]:
        """Up to which moment what has ended was read, by partition, where an alert asks for it."""
        names = [f"ended:{partition}" for partition in range(partitions)]
        found = cast("list[bytes | None]", self._client.hmget(_WATCH, names))
        return {number: int(moment) for number, moment in enumerate(found) if moment is not None}

    def is_known(self) -> bool:
        """Whether anything is known: there were alerts."""
        return bool(self._client.exists(WATCH))

    def clear(self) -> None:
        """Forget everything: there are no alerts."""
        self._client.delete(WATCH, GROUPS, SENDS)

    def commit(self, process: bytes, change: Change, groups: Mapping[str, AlertGroup]) -> bool:
        """Write what was found, with what is known now; returns ``False`` if another leads."""

        def write(pipe: Any) -> None:
            if change.known:
                pipe.hset(_WATCH, mapping=change.known)
            if change.forgotten:
                pipe.hdel(_WATCH, *change.forgotten)
            if groups:
                texts = {one: dump_json(group.dump()).decode() for one, group in groups.items()}
                pipe.hset(_GROUPS, mapping=texts)

        return self._as_leader(process, write)

    def note(self, process: bytes, sends: Mapping[str, Sends], told: Sequence[str]) -> bool:
        """Note what became of notifications, and forget what was ``told``, by alert."""

        def write(pipe: Any) -> None:
            if sends:
                texts = {one: dump_sends(state).decode() for one, state in sends.items()}
                pipe.hset(_SENDS, mapping=texts)
            if told:
                pipe.hdel(_GROUPS, *told)

        return self._as_leader(process, write)

    def _as_leader(self, process: bytes, write: Callable[[Any], None]) -> bool:
        with self._client.pipeline() as pipe:
            try:
                pipe.watch(LEADER)  # type: ignore[no-untyped-call]
                if pipe.get(LEADER) != process:
                    return False
                pipe.multi()
                write(pipe)
                pipe.pexpire(LEADER, LEASE_MS)
                pipe.execute()
            except WatchError:
                return False
            except RedisError as error:
                raise translate(error, self._client.connection_pool) from error
        return True
