"""The feeder of a drain: claims what is due, never more than the drain can take on.

What is due within ``AHEAD_MS`` is claimed already, and held until its moment: the time that the
store takes to claim, and to have that on its disk, then makes nothing late. It never waits:
``step`` reads the answer of the last claim, if it is there, and sends the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.clock import Clock
from app.engine.delay_queue import DelayQueue
from app.engine.flow_claimer import FlowClaimer
from app.errors import StoreUnavailable
from app.planning.successors import Successors
from app.store.calls import claim_call, lease_token
from app.store.channel import Channel
from app.store.claims import Claim
from app.store.coordination import WakeListener
from app.store.work import BATCH, WorkStore, claims_of, exact_of

log = logging.getLogger(__name__)

MAX_SLEEP_MS = 500
"""A drain looks again at least so often, for leases that ended and wake-ups that got lost."""

AWAY_PAUSE_MS = 250
"""How long to leave a store alone that does not answer."""

STANDSTILL_MS = 1_000
"""After the store, or this process, stood still for so long, leases that ended meanwhile are left
alone for as long: those who hold them are back as well and renew them first."""

AHEAD_MS = 50
"""How long before its moment an occurrence is claimed. Whoever changes or deletes its event after
that finds a delivery under way."""

STANDING_FACTOR = 4
"""What waits for targets that stand still may be so many times the window."""

UNWRITTEN = 8_000
"""While more than this waits to be written, less is claimed: a worker that dies then repeats no
more than so many deliveries, and what it holds stays within bounds."""


class Claimer:
    """Claims for one drain, partition after partition."""

    def __init__(
        self,
        work: WorkStore,
        series: Successors,
        listener: WakeListener,
        channel: Channel,
        clock: Clock,
        flows: FlowClaimer,
        *,
        worker: bytes,
        lease_ms: int,
        window: int,
        overdue: Callable[[int, int], int],
    ) -> None:
        """``window`` bounds what is claimed and has no outcome yet.

        ``overdue`` deals with what was not acknowledged in time, of a partition at a moment.
        """
        self.flows = flows
        self._work = work
        self._series = series
        self._listener = listener
        self._channel = channel
        self._clock = clock
        self._lease_ms = lease_ms
        self._window = window
        self._overdue = overdue
        self._in_hand = 0
        self._room = window
        self._worker = worker
        self._number = 0
        self._partition = 0
        self._empty = 0
        self._away_until_ms = 0
        self._step_ms = 0
        self._reclaim_from_ms = 0
        self._soon = DelayQueue()
        self._exact_until_ms = 0
        self.next_look_ms = 0
        """When something will be due, as far as is known: what the drain may sleep until."""

    @property
    def busy(self) -> bool:
        """Whether a claim has no answer yet."""
        return self._channel.busy

    @property
    def wake_ms(self) -> int:
        """When there is something to do that no file descriptor tells of, ms UTC."""
        moments = [self.flows.wake_ms]
        if self._soon.next_ms is not None:
            moments.append(self._soon.next_ms)
        if not self.busy and self.next_look_ms > self._clock.now_ms():
            moments.append(self.next_look_ms)
        return min(moments)

    @property
    def holding(self) -> int:
        """How many claims wait for their moment."""
        return len(self._soon) + self.flows.holding

    @property
    def full(self) -> bool:
        """Whether too much is in hand to claim more."""
        # A quarter of the window at once: claiming one by one would cost a call each.
        return self._room - self._in_hand < self._window // 4

    def filenos(self) -> list[int]:
        """What becomes readable when there is something to do."""
        found = (self._channel.fileno(), self._listener.fileno())
        return [fd for fd in found if fd is not None]

    def expect(self, standing: int, unwritten: int) -> None:
        """Say how many of the claims in hand keep nobody busy: so many more may be claimed.

        ``unwritten`` is how many that are not in hand any more wait to be written.
        """
        most = self._window + min(standing, STANDING_FACTOR * self._window)
        self._room = most - max(unwritten - UNWRITTEN, 0)

    def done(self, count: int) -> None:
        """Say that so many claims have been dealt with."""
        self._in_hand -= count

    def step(self, now_ms: int, *, closing: bool) -> list[Claim]:
        """Return what was claimed and is due; claim more unless the drain is closing."""
        if now_ms - self._step_ms > STANDSTILL_MS:
            self._reclaim_from_ms = now_ms + STANDSTILL_MS
        self._step_ms = now_ms
        if now_ms < self._away_until_ms:
            return []
        claims: list[Claim] = []
        try:
            claims = self._receive(now_ms)
            if not closing and not self._channel.busy:
                self._ask(now_ms)
            self._serve_flows(now_ms, closing=closing)
        except StoreUnavailable:
            log.warning("the store is away; claiming waits for it")
            self._away_until_ms = self.next_look_ms = now_ms + AWAY_PAUSE_MS
            self.flows.rest(self._away_until_ms)
            self._reclaim_from_ms = self._away_until_ms + STANDSTILL_MS
        return claims

    def due(self, now_ms: int) -> list[Claim]:
        """Return what was claimed before its moment, which has come."""
        return self._soon.due(now_ms) + self.flows.due(now_ms)

    def clear(self) -> list[Claim]:
        """Give up the claims that wait for their moment."""
        return self._soon.clear() + self.flows.clear()

    def close(self) -> None:
        """Let go of the connections."""
        self.flows.close(self._clock.now_ms())
        self._channel.close()
        self._listener.close()

    def _receive(self, now_ms: int) -> list[Claim]:
        answer = self._channel.receive()
        if answer is None:
            return []
        claims = claims_of(answer, lease_token(self._worker, self._number), now_ms)
        if len(claims) < len(answer):
            self.flows.look_at(now_ms)
            self._exact_until_ms = max([self._exact_until_ms, *exact_of(answer)])
        if answer:
            self._empty = 0
            self._go_on(claims, now_ms)
            claims = [one for one in claims if not one.held]
            self._in_hand += len(claims)
            for early in (one for one in claims if one.due_ms > now_ms):
                self._soon.add(early.due_ms, early)
        else:
            self._empty += 1
        self._partition = (self._partition + 1) % self._work.partitions
        return [one for one in claims if one.due_ms <= now_ms]

    def _ask(self, now_ms: int) -> None:
        if self.full:
            return
        if self._listener.heard():
            self.next_look_ms = now_ms
        if self._empty >= self._work.partitions:
            if now_ms < self.next_look_ms:
                return
            self._look(now_ms)
            if now_ms < self.next_look_ms:
                return
            self._empty = 0
        self._number += 1
        self._channel.send(
            claim_call(
                self._partition,
                self._worker,
                self._number,
                now_ms=now_ms,
                ahead_ms=self._ahead_ms(now_ms),
                limit=min(self._room - self._in_hand, BATCH),
                lease_ms=self._lease_ms,
            )
        )

    def _ahead_ms(self, now_ms: int) -> int:
        """How far ahead to claim: not at all while something waits that can't be claimed before."""
        return AHEAD_MS if now_ms >= self._exact_until_ms else 0

    def _serve_flows(self, now_ms: int, *, closing: bool) -> None:
        self.flows.keep(now_ms)
        if closing:
            return
        try:
            self.flows.take(now_ms, self._room - self._in_hand)
        finally:
            claims = self.flows.fresh()
            self._in_hand += sum(not claim.held for claim in claims)
            self._go_on(claims, now_ms)

    def _look(self, now_ms: int) -> None:
        """Find out when something will be due; deal with leases and waits that have ended."""
        until = now_ms + MAX_SLEEP_MS
        for partition, head in enumerate(self._work.heads()):
            if head.lease_ms is None or head.lease_ms > now_ms:
                pass
            elif now_ms < self._reclaim_from_ms:
                until = min(until, self._reclaim_from_ms)
            else:
                self._work.reclaim_expired(partition, now_ms)
                until = now_ms
            if head.ack_ms is not None and head.ack_ms <= now_ms:
                self._overdue(partition, now_ms)
                until = now_ms
            if head.due_ms is not None:
                until = min(until, head.due_ms - self._ahead_ms(now_ms))
            if head.flow_ms is not None:
                self.flows.look_at(head.flow_ms)
            if head.ack_ms is not None:
                until = min(until, head.ack_ms)
        self.next_look_ms = until

    def _go_on(self, claims: list[Claim], now_ms: int) -> None:
        try:
            self._series.go_on(claims, now_ms)
        except StoreUnavailable:
            log.warning("the store is away; successors are scheduled when it is back")
