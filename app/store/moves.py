"""Events go from one partition to another, each whole or not at all, while all works with them.

An event, its place in the indexes of events, and its scheduled occurrence go. What has ended of it
stays behind (see ``homecoming``). That takes four scripts, of one partition each::

    read_moving   where it is     all there is of it, if nothing of it is under way
    expect_event  where it goes   it is listed there, and all there is of it is kept
    leave_event   where it is     if it is still as it was read, it leaves, and leads to the other
    open_event    where it goes   it is there, and its occurrence is due

So it is in one partition at a time, and lists have it at every moment, at some in both; reads show
it once. Whoever changes it before it has left has changed the event, and it is read again. Whoever
is led to it before it is there opens it (``whereabouts``). A mover may be killed between any two of
these: ``settle`` opens what has left, and forgets what has not. No mover that was held up goes on
after that, since each has a token in the partitions out of which it moves.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.errors import StoreUnavailable
from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.durability import AnyFence
from app.store.fields import EventField
from app.store.raises import Raise
from app.store.reading import read_hashes
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.sweep import EventSweep
from app.store.terms import host_terms
from app.store.whereabouts import forget_left, open_call

TOGETHER = 32
"""How many events go in the same four round trips: so none is away for more than some 10 ms."""

MOVER_MS = 3_600_000
"""How long a token stands; each batch renews it."""

SLICE = 500
"""How many events are looked at in one step."""

STAYS, BUSY, MOVED, GONE = "stays", "busy", "moved", "gone"

_GOING_ON = (EventStatus.ACTIVE, EventStatus.PAUSED)
_FIELDS = (*codec.EVENT_FIELDS, EventField.TERMS)


class Fenced(Exception):
    """Another mover has begun since, or somebody has settled what this one had begun."""


@dataclass(frozen=True, slots=True)
class _Going:
    """An event on its way."""

    event_id: bytes
    occurrence_id: bytes
    terms: bytes
    packed: bytes = b""


@dataclass(slots=True)
class MoveStore:
    """Moves events. Every call raises ``StoreUnavailable``, and may be repeated."""

    client: StoreClient
    scripts: Scripts
    fence: Callable[[], AnyFence] | None = None
    """Makes what knows whether all that is written from then on is on replicas. On a cluster a
    failover may lose what one node took last: without it an event could be lost or be there twice,
    as the other node has its part."""

    token: bytes = field(default_factory=lambda: secrets.token_hex(8).encode())

    def begin(self, partition: int) -> None:
        """Be the one who moves events out of a partition; whoever did so before stops."""
        self.client.set(keys.mover(partition), self.token, px=MOVER_MS)

    def count(self, partitions: Iterable[int]) -> int:
        """How many events partitions have that may go."""
        places = [keys.events(one, status) for one in partitions for status in _GOING_ON]
        return sum(self.client.read_each("ZCARD", places))

    def candidates(self, partition: int, plan: Raise) -> Iterator[tuple[int, list[bytes]]]:
        """Events of a partition that are to go, some at a time, with how many were looked at."""
        sweep = EventSweep(self.client)
        for status in _GOING_ON:
            cursor = ""
            while True:
                found = sweep.events(partition, status, cursor, SLICE)
                chosen = [one for one in found.suspects if plan.target(one) is not None]
                yield len(found.suspects), chosen
                cursor = found.cursor
                if not cursor:
                    break

    def move(
        self, partition: int, target: int, event_ids: Sequence[bytes], now_ms: int
    ) -> dict[bytes, str]:
        """Move events from one partition to another; says what became of each.

        ``moved``; ``stays``: it has ended meanwhile, or a key or a flow binds it; ``busy``: an
        attempt of it is under way, or it was changed just now; ``gone``: it was deleted. Raises
        ``Fenced``.
        """
        self.client.pexpire(keys.mover(partition).decode(), MOVER_MS)
        words = dict.fromkeys(event_ids, GONE)
        read = self._read(partition, event_ids)
        going: list[_Going] = []
        replies = self.scripts.read("read_moving", [_read_call(partition, one) for one in read])
        for one, reply in zip(read, replies, strict=True):
            words[one.event_id] = reply[0].decode()
            if reply[0] == b"moves":
                going.append(replace(one, packed=reply[1]))
        fence = None if self.fence is None else self.fence()
        begun = b"%d %d %s" % (partition, now_ms, secrets.token_hex(4).encode())
        calls = [_expect_call(target, one, begun) for one in going]
        expected = self.scripts.each("expect_event", calls)
        going = [one for one, is_new in zip(going, expected, strict=True) if is_new]
        _require_safe(fence)
        calls = [_leave_call(partition, target, one, self.token) for one in going]
        answers = dict(zip(going, self.scripts.each("leave_event", calls), strict=True))
        left = [one.event_id for one, word in answers.items() if word == b"left"]
        stayed = [one.event_id for one, word in answers.items() if word != b"left"]
        _require_safe(fence)
        self.scripts.each("open_event", [open_call(target, one) for one in left])
        self.scripts.each("drop_event", [_drop_call(target, one, begun) for one in stayed])
        words |= {one.event_id: word.decode() for one, word in answers.items()}
        words |= dict.fromkeys(left, MOVED)
        if "fenced" in words.values():
            raise Fenced
        changed = ("moves", "changed")
        return {one: BUSY if word in changed else word for one, word in words.items()}

    def settle(self, partition: int, before_ms: int | None = None) -> int:
        """End what movers had begun before a moment, and have not ended: they were killed.

        Of the events that are expected in a partition, those that have left are there from now on;
        the others stay where they are. Returns how many there were.
        """
        kept = cast("dict[bytes, bytes]", self.client.hgetall(keys.expected(partition).decode()))
        begun = {one: _begun(raw) for one, raw in kept.items()}
        sources: dict[bytes, int] = {}
        for one, text in begun.items():
            where, since_ms, _ = text.split()
            if before_ms is None or int(since_ms) < before_ms:
                sources[one] = int(where)
        for source in set(sources.values()):
            self.client.set(keys.mover(source), self.token, px=MOVER_MS)
        rows = read_hashes(
            self.client,
            [keys.event(source, one) for one, source in sources.items()],
            (EventField.MOVED,),
        )
        here = b"%d" % partition
        for one, (moved,) in zip(sources, rows, strict=True):
            if moved == here:
                self.scripts("open_event", *open_call(partition, one))
            else:
                self.scripts("drop_event", *_drop_call(partition, one, begun[one]))
        return len(sources)

    def forget_deleted(self, partition: int, limit: int) -> int:
        """Have no partition lead to events that were deleted in this one; returns how many."""
        _, found = self.client.hscan(keys.left(partition).decode(), 0, count=limit)
        forget_left(self.client, partition, [*found])
        return len(found)

    def _read(self, partition: int, event_ids: Sequence[bytes]) -> list[_Going]:
        places = [keys.event(partition, one) for one in event_ids]
        rows = read_hashes(self.client, places, _FIELDS)
        read = []
        for event_id, row in zip(event_ids, rows, strict=True):
            event = codec.event_from_row(event_id, row[:-1])
            if event is not None:
                terms = host_terms(event.action.target) + (row[-1] or b"")
                read.append(_Going(event_id, _scheduled(event), terms))
        return read


def _require_safe(fence: AnyFence | None) -> None:
    """Raise ``StoreUnavailable`` unless what was written is on replicas, if that is asked for.

    What is on its way then is ended by the next run, or by upkeep.
    """
    if fence is not None and not fence.is_safe():
        raise StoreUnavailable("It is not known whether what was moved is on replicas.")


def _read_call(partition: int, one: _Going) -> ScriptCall:
    prefix = keys.prefix(partition)
    return [keys.event(partition, one.event_id)], [prefix, one.event_id, one.occurrence_id]


def _expect_call(target: int, one: _Going, begun: bytes) -> ScriptCall:
    places = [keys.event(target, one.event_id), keys.expected(target)]
    return places, [keys.prefix(target), one.event_id, one.packed, one.terms, begun]


def _leave_call(partition: int, target: int, one: _Going, token: bytes) -> ScriptCall:
    places = [keys.event(partition, one.event_id), keys.mover(partition)]
    head: list[Argument] = [keys.prefix(partition), one.event_id, one.occurrence_id]
    return places, [*head, one.packed, one.terms, target, token]


def _scheduled(event: Event) -> bytes:
    return b"" if event.next_ms is None else ids.occurrence_id(event.id, event.next_ms)


def _drop_call(partition: int, event_id: bytes, begun: bytes) -> ScriptCall:
    return [keys.expected(partition)], [keys.prefix(partition), event_id, begun]


def _begun(raw: bytes) -> bytes:
    """From which partition an event is expected, since when (ms UTC), and a mark of that attempt.

    By the mark, whoever was held up drops nothing that was begun anew meanwhile. This comes first
    of what ``expect_event`` keeps, as MessagePack has a short text: it has at most 31 bytes.
    """
    return raw[2 : 2 + (raw[1] & 0x1F)]
