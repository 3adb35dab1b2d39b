"""A drain's share in flows: lets through what they allow, holds it until its moment, ends it.

Who is let through is decided in the store, one place for all drains, so that rate, concurrency and
order hold exactly over all of them. What must wait stays in the store and costs nobody anything
until its flow has room again: then whoever made the room, or sees that the time has come, goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from app.domain import ids
from app.engine.delay_queue import DelayQueue
from app.errors import StoreUnavailable
from app.store.calls import Deferral, Record, lease_token
from app.store.claims import Claim
from app.store.flow_gate import FlowGate, Member, Over, Turn
from app.store.work import BATCH

log = logging.getLogger(__name__)

LOOK_MS = 500
"""How often to look for flows at least; another drain may have died with what it was to wake."""

AHEAD_MS = 100
"""Starts are given out so far ahead: the smaller, the less is lost with a drain that dies."""

FLOWS, EACH = 64, 64
"""How many flows one look serves, and how many occurrences of each."""

STUCK_MS = 5_000
"""When to look at a flow again in which all that is allowed is under way: the drain that ends one
looks at once, unless it has died."""

PAUSED_MS = 60_000
FULL_MS = 10

_OPEN = ("retrying", "dispatched")


class FlowClaimer:
    """What one drain has in hand of flows."""

    def __init__(self, gate: FlowGate, partitions: int, worker: bytes, lease_ms: int) -> None:
        self._gate = gate
        self._partitions = partitions
        self._worker = worker + b"f"
        self._lease_ms = lease_ms
        self._number = 0
        self._held: dict[bytes, tuple[bytes, bytes]] = {}
        self._kept: list[tuple[bytes, bytes, int]] = []
        self._until_ms = 0
        self._first: dict[bytes, Member] = {}
        self._over: list[Over] = []
        self._soon = DelayQueue()
        self._fresh: list[Claim] = []
        self._next_keep_ms = 0
        self._look_ms = 0

    @property
    def wake_ms(self) -> int:
        """When to call ``take`` or ``due`` again, ms UTC."""
        soon_ms = self._soon.next_ms
        return self._look_ms if soon_ms is None else min(self._look_ms, soon_ms)

    @property
    def holding(self) -> int:
        """How many claims wait for their moment."""
        return len(self._soon)

    def rest(self, until_ms: int) -> None:
        """Look no earlier: the store is away."""
        self._look_ms = until_ms

    def look_at(self, ms: int) -> None:
        """Have flows looked at by this moment."""
        self._look_ms = min(self._look_ms, ms)

    def written(
        self, counted: Sequence[Record | Deferral], sent: Sequence[Record | Deferral]
    ) -> None:
        """Learn which attempts are over. Those that did not count give up their places alone."""
        if not self._held:
            return
        ended = {
            one.occurrence_id
            for one in counted
            if isinstance(one, Record) and one.verdict not in _OPEN
        }
        for item in sent:
            flow, token = self._held.get(item.occurrence_id, (b"", b""))
            if token == item.token:
                del self._held[item.occurrence_id]
                waits_ms = _acknowledged_by(item)
                if waits_ms is None:
                    self._end(flow, item.occurrence_id, ended=item.occurrence_id in ended)
                else:
                    self._kept.append((flow, item.occurrence_id, waits_ms))

    def due(self, now_ms: int) -> list[Claim]:
        """Return the claims whose moment has come."""
        return self._soon.due(now_ms)

    def clear(self) -> list[Claim]:
        """Give up what waits for its moment."""
        return self._soon.clear()

    def keep(self, now_ms: int) -> None:
        """Tell the flows what is over and what is still under way. Raises ``StoreUnavailable``."""
        while self._kept:
            flow, occurrence_id, until_ms = self._kept[-1]
            self._gate.renew({flow: [occurrence_id]}, until_ms)
            self._kept.pop()
        if self._over:
            self._gate.end(self._over, now_ms)
            self._over = []
            self._look_ms = now_ms
        if self._held and now_ms >= self._next_keep_ms:
            held: dict[bytes, list[bytes]] = {}
            for occurrence_id, (flow, _) in self._held.items():
                held.setdefault(flow, []).append(occurrence_id)
            self._until_ms = max(self._until_ms, now_ms + self._lease_ms)
            self._gate.renew(held, now_ms + self._lease_ms)
            self._next_keep_ms = now_ms + self._lease_ms // 3

    def fresh(self) -> list[Claim]:
        """Return what ``take`` has claimed; ``due`` has it when it may be sent."""
        claimed, self._fresh = self._fresh, []
        return claimed

    def take(self, now_ms: int, room: int) -> None:
        """Claim what flows allow, at most ``room``. Raises ``StoreUnavailable``."""
        if now_ms < self._look_ms:
            return
        if room <= 0:
            self._look_ms = now_ms + FULL_MS
            return
        self._look_ms = now_ms + LOOK_MS
        waiting = self._gate.peek(now_ms, FLOWS, EACH, now_ms + STUCK_MS)
        if not waiting:
            return
        if len(waiting) == FLOWS:
            self.look_at(now_ms)
        share = max(min(room, BATCH) // len(waiting), 1)
        waiting = {flow: self._in_turn(flow, members)[:share] for flow, members in waiting.items()}
        deadline_ms = now_ms + self._lease_ms
        self._until_ms = max(self._until_ms, deadline_ms)
        self._number += 1
        turns = self._gate.take(
            self._worker,
            self._number,
            waiting,
            now_ms=now_ms,
            ahead_ms=AHEAD_MS,
            deadline_ms=deadline_ms,
        )
        looks = {
            flow: self._look_again(flow, turn, now_ms)
            for flow, turn in zip(waiting, turns, strict=True)
        }
        starts = _starts(waiting, turns)
        self._claim(starts, looks, now_ms, deadline_ms)

    def close(self, now_ms: int) -> None:
        """Say what is over; the store being away, the rest ends with its deadline."""
        try:
            self.keep(now_ms)
        except StoreUnavailable:
            log.warning("the store is away; flows go on when leases have ended")

    def _look_again(self, flow: bytes, turn: Turn, now_ms: int) -> int:
        if turn.after is not None:
            standing = self._gate.standing(flow, turn.after)
            if standing.has_ended:
                # Whoever was to say so has died, or it ended without an attempt.
                self._end(flow, turn.after, ended=True)
                return now_ms
            if standing.waiting is not None:
                # Its retry is due, but others come before it in the order of their times.
                self._first[flow] = standing.waiting
                self.look_at(now_ms)
                return now_ms
        look_ms = now_ms + (PAUSED_MS if turn.paused else STUCK_MS)
        if turn.look_ms is not None:
            look_ms = turn.look_ms
            self.look_at(look_ms)
        return look_ms

    def _claim(
        self,
        starts: Mapping[bytes, Mapping[Member, int]],
        looks: Mapping[bytes, int],
        now_ms: int,
        deadline_ms: int,
    ) -> None:
        token = lease_token(self._worker, self._number)
        let_through = {one[16:]: flow for flow, members in starts.items() for one in members}
        moments = {one[16:]: at for members in starts.values() for one, at in members.items()}
        for partition in range(self._partitions):
            claims = self._gate.claim(
                partition,
                _of_partition(partition, starts),
                looks,
                token,
                now_ms=now_ms,
                deadline_ms=deadline_ms,
            )
            for claim in claims:
                if claim.held:  # the one before it is not over: another may have its place
                    continue
                claim.start_ms = moments[claim.occurrence_id]
                self._held[claim.occurrence_id] = (let_through.pop(claim.occurrence_id), token)
                self._soon.add(claim.start_ms, claim)
            self._fresh += claims
        for occurrence_id, flow in let_through.items():
            # Cancelled in between, moved elsewhere or held: it has not begun.
            self._end(flow, occurrence_id, ended=True)

    def _in_turn(self, flow: bytes, members: list[Member]) -> list[Member]:
        """The order in which to ask for them: first what a strict flow waits for."""
        first = self._first.pop(flow, None)
        return members if first is None else [first, *(one for one in members if one != first)]

    def _end(self, flow: bytes, occurrence_id: bytes, *, ended: bool) -> None:
        self._over.append(Over(flow, occurrence_id, ended, self._until_ms))


def _acknowledged_by(item: Record | Deferral) -> int | None:
    """Until when a receiver may acknowledge, ms UTC, if it will: it is at work until then."""
    waits = isinstance(item, Record) and item.verdict == "dispatched"
    return item.next_attempt_ms if isinstance(item, Record) and waits else None


def _of_partition(
    partition: int, starts: Mapping[bytes, Iterable[Member]]
) -> dict[bytes, list[Member]]:
    return {
        flow: [one for one in members if ids.partition_of_occurrence(one[16:]) == partition]
        for flow, members in starts.items()
    }


def _starts(
    waiting: Mapping[bytes, Sequence[Member]], turns: Sequence[Turn]
) -> dict[bytes, dict[Member, int]]:
    """By flow, the members that were let through and when each may start."""
    return {
        flow: {
            member: start
            for member, start in zip(members, turn.starts, strict=True)
            if start is not None
        }
        for (flow, members), turn in zip(waiting.items(), turns, strict=True)
    }
