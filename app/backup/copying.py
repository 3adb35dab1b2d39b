"""Everything of a store that nobody writes to, copied into another server, key by key.

Each type of key is read and written with ordinary commands, a bounded number of members at a time:
servers of different kinds and versions do not read each other's dumps. What ends by itself ends
when it would have ended.

With fewer partitions, those that there are no more are united with those that are left, see
``folding``. With more, keys stay where they are. A cluster has some things in other places than one
server: see ``spreading``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from app.backup.folding import How, how_united, united
from app.backup.spreading import gathered, is_list, spread, spread_members
from app.store.connection import StoreClient

KEYS_AT_ONCE = 500
MEMBERS_AT_ONCE = 2_000
"""Members of a key that one command reads or writes."""

HOLD_EVERY_S = 5.0

_PASSED_OVER = re.compile(
    rb"qh:(meta|drains|\{shares\}(:places)?|sweep|\{watch\}:.+|\{archive\}:failing|\{processes\}(:facts)?|\{live\}:.+|\{limits\}:.+|\{alerts\}:leader"
    rb"|\{flows(:\d+)?\}:answer:.+|\{imports\}:held:.+|\{audit\}:(done|settled):.+|\{\d+\}:(claim|held):.+|\{\d+\}:(sweep|mover))",
    re.DOTALL,
)
"""What is of processes that have ended, and what ends within minutes anyway."""

_OF_PARTITION = re.compile(rb"qh:\{(\d+)\}:")

FEW = 256
"""A key of so many members is read at once."""

_WHOLE: dict[str, tuple[str, str, tuple[str | int, ...]]] = {
    "string": ("", "GET", ()),
    "hash": ("HLEN", "HGETALL", ()),
    "set": ("SCARD", "SMEMBERS", ()),
    "zset": ("ZCARD", "ZRANGE", (0, -1, "WITHSCORES")),
}
"""By type: what counts the members of a key, and what reads all of them."""

_SCANS = {"hash": ("HSCAN", "HSET"), "set": ("SSCAN", "SADD"), "zset": ("ZSCAN", "ZADD")}
"""By type: what reads some of many members, and what writes them."""

Command = tuple[Any, ...]


class StoreCopy:
    """Copies one store into another."""

    def __init__(
        self,
        source: StoreClient,
        target: StoreClient,
        partitions: int,
        former: int,
        hold: Callable[[], object],
    ) -> None:
        """``former`` is how many partitions the source has; ``hold`` is called now and then."""
        self._source = source
        self._target = target
        self._partitions = partitions
        self._former = former
        self._folds = partitions < former
        self._hold = hold
        self._held_at = time.monotonic()

    def run(self) -> int:
        """Copy everything but ``qh:meta``; returns how many keys were copied."""
        copied = 0
        cursor = 0
        while True:
            cursor, found = cast(
                "tuple[int, list[bytes]]",
                self._source.scan(cursor, match="qh:*", count=KEYS_AT_ONCE),
            )
            some = [(key, place) for key in found if (place := self._place(key)) is not None]
            self._copy(some)
            copied += len(some)
            if not cursor:
                return copied

    def _place(self, key: bytes) -> bytes | None:
        """What the key is called in the other store; ``None``: it stays behind."""
        if _PASSED_OVER.fullmatch(key):
            return None
        found = _OF_PARTITION.match(key)
        if found and int(found[1]) >= self._former:  # the canary's: beyond those of events
            return None
        place = gathered(key)
        if self._target.is_cluster:
            place = spread(place)
        if not self._folds:
            return place
        is_left = how_united(key) in (How.ANEW, How.APART)
        return None if is_left else united(place, self._partitions)

    def _copy(self, some: Sequence[tuple[bytes, bytes]]) -> None:
        pipe = self._source.pipeline(transaction=False)
        for key, _ in some:
            pipe.type(key)
            pipe.pttl(key)
        facts = pipe.execute()
        kinds = [kind.decode() for kind in facts[::2]]
        small = self._small([key for key, _ in some], kinds)
        written: list[Command] = []
        size = 0
        for (key, place), kind, left_ms in zip(some, kinds, facts[1::2], strict=True):
            for command in self._commands(kind, key, place, small.get(key)):
                written.append(command)
                size += len(command)
                if size >= MEMBERS_AT_ONCE:
                    self._write(written)
                    written, size = [], 0
            if int(left_ms) >= 0:
                written.append(("PEXPIRE", place, max(int(left_ms), 1)))
        self._write(written)

    def _small(self, some: Sequence[bytes], kinds: Sequence[str]) -> dict[bytes, Any]:
        """What is in those keys that have few members, in two round trips for each type."""
        found: dict[bytes, Any] = {}
        for kind, (count, whole, rest) in _WHOLE.items():
            few = [key for key, one in zip(some, kinds, strict=True) if one == kind]
            if count:
                sizes = self._source.read_each(count, few)
                few = [key for key, size in zip(few, sizes, strict=True) if size <= FEW]
            found |= zip(few, self._source.read_each(whole, few, *rest), strict=True)
        return found

    def _commands(self, kind: str, key: bytes, place: bytes, whole: Any) -> Iterator[Command]:
        """What writes a key as it is; one that has ended meanwhile has nothing."""
        if kind == "stream":
            yield from self._entries(key, place)
        elif kind == "string" and whole is not None:
            yield ("SET", place, whole)
        elif kind in _SCANS:
            scan, write = _SCANS[kind]
            how = how_united(key) if self._folds else How.UNION
            for members in self._members(scan, key) if whole is None else [whole]:
                if self._target.is_cluster and is_list(place):
                    for one, some in spread_members(place, [*_pairs(members)]):
                        yield (write, one, *(word for pair in some for word in pair[::-1]))
                elif how is How.SUM:
                    yield from (("HINCRBY", place, *pair) for pair in _pairs(members))
                elif kind == "zset" and members:
                    earliest = ("LT",) if how is How.EARLIEST else ()
                    yield (write, place, *earliest, *_swapped(members))
                elif members:
                    yield (write, place, *members)

    def _members(self, command: str, key: bytes) -> Iterator[list[bytes]]:
        cursor = b"0"
        while True:
            reply = self._source.direct(command, key, cursor, "COUNT", MEMBERS_AT_ONCE // 2)
            cursor, some = cast("tuple[bytes, list[bytes]]", tuple(reply))
            if some:
                yield some
            if cursor == b"0":
                return

    def _entries(self, key: bytes, place: bytes) -> Iterator[Command]:
        after = b"-"
        while rows := self._source.direct("XRANGE", key, after, "+", "COUNT", MEMBERS_AT_ONCE):
            for entry_id, fields in rows:
                yield ("XADD", place, entry_id, *fields)
            after = b"(" + rows[-1][0]

    def _write(self, commands: Iterable[Command]) -> None:
        pipe = self._target.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        pipe.execute()
        if time.monotonic() > self._held_at + HOLD_EVERY_S:
            self._hold()
            self._held_at = time.monotonic()


def _pairs(members: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(members[::2], members[1::2], strict=True)


def _swapped(members: Sequence[bytes]) -> Iterator[bytes]:
    """Members and scores in the order in which they are written: scores come first."""
    for member, score in _pairs(members):
        yield score
        yield member
