"""The flow claimer of a drain: claims what flows allow and tells them what has ended.

The store decides which occurrences of a flow may start. It is one place for all drains, so rate,
concurrency and order hold exactly over all of them. What must wait stays in the store, at no cost
to anybody, until its flow has room again. Then the drain that made the room, or one that sees that
the time has come, claims it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from app.clock import NEVER_MS
from app.domain.weights import EQUAL, LaneWeights
from app.engine.delay_queue import DelayQueue
from app.engine.flow_ends import FlowEnds, acknowledged_by
from app.engine.flow_shares import FlowShares
from app.engine.full_flows import FullFlows
from app.errors import StoreUnavailable
from app.store.calls import BATCH, Deferral, Record, lease_token
from app.store.claims import Claim
from app.store.flow_gate import FlowGate, Waiting
from app.store.flow_looks import EndedAttempt
from app.store.flow_turns import Member, Turn, occurrence_of, of_partitions, starts_of

log = logging.getLogger(__name__)

LOOK_MS = 500
"""How often to look for flows at least: a drain may have died with flows that it was to wake."""

AHEAD_MS = 100
"""How far ahead starts are given out: the less, the less of a flow's rate dies with a drain."""

MAX_FLOWS = 64
MAX_OF_FLOW = 64
"""How many flows one look serves, and how many occurrences of each: one call of the store stays
short."""

STUCK_MS = 5_000
"""When to look again at a flow whose concurrency is used up: the drain that ends a request of it
looks at once, unless that drain has died."""

HEAD_MS = 1_000
"""When to look again at a strict flow whose head waits for its retry: who cancels that tells nobody
in other partitions."""

PAUSED_MS = 60_000
"""When to look again at a paused flow: resuming it wakes it."""

SPACING_MS = 10
"""How long after a look the next one begins for what has fallen due meanwhile: one for each costs
twice as much. What the end of an attempt lets through does not wait."""

FULL_MS = 10
"""When to look again if the drain itself can't take more: a few requests end within that time."""

_OPEN = ("retrying", "dispatched")


class _Started(NamedTuple):
    """An attempt under way: its flow, and the number of a strict flow's turn."""

    flow: bytes
    claim: Claim
    turn: int


class FlowClaimer:
    """The claims of one drain on occurrences in flows."""

    def __init__(
        self, gate: FlowGate, worker: bytes, lease_ms: int, weights: LaneWeights = EQUAL
    ) -> None:
        self._gate = gate
        self._shares = FlowShares(weights)
        self._worker = worker + b"f"
        self._lease_ms = lease_ms
        self._request = 0
        self._started: dict[bytes, _Started] = {}
        self._awaiting_ack: list[tuple[bytes, bytes, int]] = []
        self._until_ms = 0
        self._ask_first: dict[bytes, Member] = {}
        self._ends = FlowEnds()
        self._delayed = DelayQueue()
        self._new: list[Claim] = []
        self._next_renewal_ms = 0
        self._look_ms = 0
        self._full = FullFlows(gate, lease_ms)
        self.own: Collection[int] | None = None  # where to look for flows; none: in all partitions

    @property
    def look_ms(self) -> int:
        """When to call ``claim`` again, ms UTC."""
        return self._look_ms

    @property
    def due_ms(self) -> int | None:
        """When the first claim may be sent, ms UTC."""
        return self._delayed.next_ms

    @property
    def delayed(self) -> int:
        """How many claims are not to be sent yet."""
        return len(self._delayed)

    def pause_until(self, look_ms: int) -> None:
        """Look no earlier, ms UTC: the store is away."""
        self._look_ms = look_ms

    def look_by(self, look_ms: int) -> None:
        """Look no later, ms UTC."""
        self._look_ms = min(self._look_ms, look_ms)

    def handle_written(
        self, counted: Sequence[Record | Deferral], sent: Sequence[Record | Deferral]
    ) -> None:
        """Learn which of the items ``sent`` to the store were ``counted``.

        Each attempt gives its place in the flow back. Its occurrence has ended only if the item
        was counted and says so.
        """
        if not self._started:
            return
        ended = {
            one.occurrence_id
            for one in counted
            if isinstance(one, Record) and one.verdict not in _OPEN
        }
        for item in sent:
            started = self._started.get(item.occurrence_id)
            if started is None or started.claim.token != item.token:
                continue
            del self._started[item.occurrence_id]
            until_ms = acknowledged_by(item)
            if until_ms is None:
                turn = started.turn if item.occurrence_id in ended else None
                is_urgent = started.claim.is_waited_for
                self._end(started.flow, item.occurrence_id, turn, is_urgent=is_urgent)
            else:
                self._awaiting_ack.append((started.flow, item.occurrence_id, until_ms))

    def due(self, now_ms: int) -> list[Claim]:
        """Remove and return the claims that may be sent now."""
        return self._delayed.due(now_ms)

    def clear(self) -> list[Claim]:
        """Remove and return the delayed claims."""
        return self._delayed.clear()

    def report_ms(self, now_ms: int) -> int:
        """When to call ``report`` next, ms UTC: what something may wait for is told at once."""
        if self._awaiting_ack:
            return now_ms
        renewal_ms = self._next_renewal_ms if self._started else NEVER_MS
        return min(self._ends.by_ms(now_ms), renewal_ms)

    def report(self, now_ms: int) -> None:
        """Tell the flows what has ended, and what is in flight. Raises ``StoreUnavailable``."""
        while self._awaiting_ack:
            flow, occurrence_id, until_ms = self._awaiting_ack[-1]
            self._gate.renew({flow: [occurrence_id]}, until_ms)
            # Whoever waits for this place may have to do so for long: from now on it is watched.
            self._gate.wake([flow], now_ms)
            self._awaiting_ack.pop()
            self._look_ms = now_ms
        if self._ends.ended and self._ends.tell(self._gate, now_ms):
            self._look_ms = now_ms
        if self._started and now_ms >= self._next_renewal_ms:
            started: dict[bytes, list[bytes]] = {}
            for occurrence_id, one in self._started.items():
                started.setdefault(one.flow, []).append(occurrence_id)
            self._until_ms = max(self._until_ms, now_ms + self._lease_ms)
            self._gate.renew(started, now_ms + self._lease_ms)
            self._next_renewal_ms = now_ms + self._lease_ms // 3

    def take_new(self) -> list[Claim]:
        """Return what ``claim`` has claimed; ``due`` returns each again when it may be sent."""
        claims, self._new = self._new, []
        for claim in claims:
            if not claim.overlaps:
                self._delayed.add(claim.start_ms, claim)
        return claims

    def claim(self, now_ms: int, room: int) -> None:
        """Claim what flows allow, at most ``room``. Raises ``StoreUnavailable``."""
        if now_ms < self._look_ms:
            return
        if room <= 0:
            self._look_ms = now_ms + FULL_MS
            return
        self._look_ms = now_ms + LOOK_MS
        waiting = self._gate.peek(now_ms, MAX_FLOWS, MAX_OF_FLOW, now_ms + STUCK_MS, self.own)
        if waiting.members:
            self._claim_waiting(waiting, now_ms, room)
        for lapsed in self._full.lapsed(now_ms):
            self._ends.add(lapsed, is_urgent=True)
        if (next_ms := self._full.next_ms) is not None:
            self.look_by(next_ms)

    def close(self, now_ms: int) -> None:
        """Report what has ended; if the store is away, the rest ends with its deadline."""
        try:
            self.report(now_ms)
        except StoreUnavailable:
            log.warning("the store is away; flows continue when their leases have expired")

    def _claim_waiting(self, waiting: Waiting, now_ms: int, room: int) -> None:
        there = waiting.members
        shares = self._shares.of(there, min(room, BATCH), MAX_OF_FLOW)
        if shares.keys() < there.keys() or any(len(w) == MAX_FLOWS for w in waiting.flows.values()):
            self.look_by(now_ms)  # some have not had their turn
        asked = {flow: self._in_order(flow, there[flow])[:most] for flow, most in shares.items()}
        deadline_ms = now_ms + self._lease_ms
        self._until_ms = max(self._until_ms, deadline_ms)
        self._request += 1
        turns = self._gate.take(
            self._worker, self._request, asked,
            now_ms=now_ms, ahead_ms=AHEAD_MS, deadline_ms=deadline_ms,
        )  # fmt: skip
        allowed = dict(zip(asked, turns, strict=True))
        looks = dict.fromkeys(there, now_ms)
        looks |= {flow: self._look_again(flow, turn, now_ms) for flow, turn in allowed.items()}
        full = {flow for flow, turn in allowed.items() if turn.is_full}
        for started in self._started.values() if self._full.learn(asked, full) else ():
            started.claim.is_waited_for |= started.flow in full
        cut = {flow for flow, some in asked.items() if len(some) >= min(shares[flow], MAX_OF_FLOW)}
        for flow in cut | {flow for flow, turn in allowed.items() if None in turn.starts}:
            if (look_ms := allowed[flow].look_ms) is not None:
                self.look_by(look_ms)
        self._lease(waiting, starts_of(asked, turns), allowed, looks, now_ms)

    def _look_again(self, flow: bytes, turn: Turn, now_ms: int) -> int:
        """When a flow is to be looked at again, by whatever drain."""
        if turn.after is not None:
            head = self._gate.head_status(flow, turn.after)
            if head.is_over:
                # The drain that was to report it has died, or it ended without an attempt.
                self._end(flow, turn.after, turn.number)
                return now_ms
            if head.waiting is not None:
                # Its retry is due, but occurrences with earlier times come before it.
                self._ask_first[flow] = head.waiting
                self.look_by(now_ms)
                return now_ms
            if head.awaits_retry:
                return now_ms + HEAD_MS
        if turn.look_ms is None:
            return now_ms + (PAUSED_MS if turn.paused else STUCK_MS)
        return turn.look_ms

    def _lease(
        self,
        waiting: Waiting,
        starts: Mapping[bytes, Mapping[Member, int]],
        turns: Mapping[bytes, Turn],
        looks: Mapping[bytes, int],
        now_ms: int,
    ) -> None:
        token = lease_token(self._worker, self._request)
        allowed = {
            occurrence_of(one): (flow, at)
            for flow, members in starts.items()
            for one, at in members.items()
        }
        chosen = of_partitions(starts)
        for partition in sorted(waiting.flows.keys() | chosen.keys()):
            here = chosen.get(partition, {})
            claims, left = self._gate.claim(
                partition,
                here,
                {flow: looks[flow] for flow in {*waiting.flows.get(partition, ()), *here}},
                token,
                now_ms=now_ms,
                deadline_ms=now_ms + self._lease_ms,
            )
            for claim in claims:
                if claim.overlaps:  # the one before it has not ended: another may have its place
                    continue
                flow, at_ms = allowed.pop(claim.occurrence_id)
                claim.start_ms = max(at_ms, claim.due_ms)
                claim.is_waited_for = flow in self._full
                self._started[claim.occurrence_id] = _Started(flow, claim, turns[flow].number)
            self._new += claims
            for flow in left:  # also what other drains have just put there
                if flow in turns and (look_ms := turns[flow].look_ms) is not None:
                    self.look_by(look_ms + SPACING_MS)
        for occurrence_id, (flow, _) in allowed.items():
            # It was not started: another drain had it meanwhile, or it was cancelled, moved or
            # skipped. The turn may be that of its retry: the next look finds out if it is over.
            self._end(flow, occurrence_id, None)

    def _in_order(self, flow: bytes, members: list[Member]) -> list[Member]:
        """The order to ask for them in: first the occurrence that a strict flow waits for."""
        first = self._ask_first.pop(flow, None)
        return members if first is None else [first, *(one for one in members if one != first)]

    def _end(self, flow: bytes, one: bytes, turn: int | None, *, is_urgent: bool = True) -> None:
        self._ends.add(EndedAttempt(flow, one, turn, self._until_ms), is_urgent=is_urgent)
