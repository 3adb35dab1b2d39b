"""The claimer of a drain: claims what is due, never more than the drain can deliver.

What is due within ``AHEAD_MS`` is claimed already and waits in a delay queue: the time that the
store takes to claim and to sync its disk then makes no delivery late. The claimer never waits
itself: ``step`` reads the answer to the last claim call, if it has come, and sends the next.
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
from app.store.claims import Claim, read_claim_answer
from app.store.coordination import WakeListener
from app.store.work import BATCH, WorkStore

log = logging.getLogger(__name__)

MAX_SLEEP_MS = 500
"""How often a drain looks at least: for expired leases, and for wake-ups that got lost."""

STORE_RETRY_MS = 250
"""How long to leave a store alone that does not answer."""

STALL_MS = 1_000
"""If the store or this process was unresponsive for so long, expired leases are left alone for as
long again: their holders are back as well, and renew them first."""

AHEAD_MS = 50
"""How long before its due time an occurrence is claimed. Who changes or deletes its event after
the claim finds its delivery in flight."""

STALLED_FACTOR = 4
"""Claims that wait for stalled targets may be so many times the window."""

MAX_UNWRITTEN = 8_000
"""While more outcomes than this wait to be written, less is claimed. A worker that dies then
repeats no more than so many deliveries, and its memory stays bounded."""


class Claimer:
    """Claims for one drain, partition after partition."""

    def __init__(
        self,
        work: WorkStore,
        successors: Successors,
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
        """``window`` bounds the claims that have no outcome yet.

        ``overdue`` fails what was not acknowledged in time, given a partition and ms UTC.
        """
        self.flows = flows
        self._work = work
        self._successors = successors
        self._listener = listener
        self._channel = channel
        self._clock = clock
        self._lease_ms = lease_ms
        self._window = window
        self._overdue = overdue
        self._unsettled = 0
        self._capacity = window
        self._worker = worker
        self._request = 0
        self._partition = 0
        self._empty_answers = 0
        self._store_retry_ms = 0
        self._last_step_ms = 0
        self._reclaim_from_ms = 0
        self._delayed = DelayQueue()
        self._exact_until_ms = 0
        self.next_look_ms = 0
        """When the next occurrence is due, as far as is known: the drain may sleep until then."""

    @property
    def busy(self) -> bool:
        """Whether a claim call has no answer yet."""
        return self._channel.busy

    @property
    def wake_ms(self) -> int:
        """When ``step`` or ``due`` has something to do that no file descriptor shows, ms UTC."""
        moments = [self.flows.wake_ms]
        if self._delayed.next_ms is not None:
            moments.append(self._delayed.next_ms)
        if not self.busy and self.next_look_ms > self._clock.now_ms():
            moments.append(self.next_look_ms)
        return min(moments)

    @property
    def delayed(self) -> int:
        """How many claims are not due yet."""
        return len(self._delayed) + self.flows.delayed

    @property
    def full(self) -> bool:
        """Whether too many claims have no outcome yet to claim more."""
        # Claims come a quarter of the window at a time: one by one would cost a call each.
        return self._capacity - self._unsettled < self._window // 4

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when the store has answered or woken us."""
        found = (self._channel.fileno(), self._listener.fileno())
        return [fd for fd in found if fd is not None]

    def adjust(self, stalled: int, unwritten: int) -> None:
        """Adjust how much may be claimed.

        ``stalled`` claims wait for stalled targets: so many more may be claimed. ``unwritten``
        outcomes wait to be written: above ``MAX_UNWRITTEN`` so many fewer.
        """
        most = self._window + min(stalled, STALLED_FACTOR * self._window)
        self._capacity = most - max(unwritten - MAX_UNWRITTEN, 0)

    def settle(self, count: int) -> None:
        """Count so many claims as settled: they have an outcome or were deferred."""
        self._unsettled -= count

    def step(self, now_ms: int, *, closing: bool) -> list[Claim]:
        """Return the new claims that are due; claim more unless the drain is closing."""
        if now_ms - self._last_step_ms > STALL_MS:
            self._reclaim_from_ms = now_ms + STALL_MS
        self._last_step_ms = now_ms
        if now_ms < self._store_retry_ms:
            return []
        claims: list[Claim] = []
        try:
            claims = self._receive(now_ms)
            if not closing and not self._channel.busy:
                self._claim(now_ms)
            self._claim_from_flows(now_ms, closing=closing)
        except StoreUnavailable:
            log.warning("the store is away; claiming waits for it")
            self._store_retry_ms = self.next_look_ms = now_ms + STORE_RETRY_MS
            self.flows.pause_until(self._store_retry_ms)
            self._reclaim_from_ms = self._store_retry_ms + STALL_MS
        return claims

    def due(self, now_ms: int) -> list[Claim]:
        """Return the claims that were delayed until now."""
        return self._delayed.due(now_ms) + self.flows.due(now_ms)

    def clear(self) -> list[Claim]:
        """Remove and return the delayed claims."""
        return self._delayed.clear() + self.flows.clear()

    def close(self) -> None:
        """Close the connections; flows learn what has ended."""
        self.flows.close(self._clock.now_ms())
        self._channel.close()
        self._listener.close()

    def _receive(self, now_ms: int) -> list[Claim]:
        answer = self._channel.receive()
        if answer is None:
            return []
        found = read_claim_answer(answer, lease_token(self._worker, self._request), now_ms)
        claims = found.claims
        if found.early_ms or found.flows:
            self.flows.look_by(now_ms)
            self._exact_until_ms = max([self._exact_until_ms, *found.early_ms])
        if any(found):
            self._empty_answers = 0
            self._schedule_successors(claims, now_ms)
            claims = [one for one in claims if not one.overlaps]
            self._unsettled += len(claims)
            for early in (one for one in claims if one.due_ms > now_ms):
                self._delayed.add(early.due_ms, early)
        else:
            self._empty_answers += 1
        self._partition = (self._partition + 1) % self._work.partitions
        return [one for one in claims if one.due_ms <= now_ms]

    def _claim(self, now_ms: int) -> None:
        if self.full:
            return
        if self._listener.heard():
            self.next_look_ms = now_ms
        if self._empty_answers >= self._work.partitions:
            if now_ms < self.next_look_ms:
                return
            self._look_at_heads(now_ms)
            if now_ms < self.next_look_ms:
                return
            self._empty_answers = 0
        self._request += 1
        self._channel.send(
            claim_call(
                self._partition,
                self._worker,
                self._request,
                now_ms=now_ms,
                ahead_ms=self._ahead_ms(now_ms),
                limit=min(self._capacity - self._unsettled, BATCH),
                lease_ms=self._lease_ms,
            )
        )

    def _ahead_ms(self, now_ms: int) -> int:
        """How far ahead to claim: 0 while an occurrence is due soon that can't be claimed early."""
        return AHEAD_MS if now_ms >= self._exact_until_ms else 0

    def _claim_from_flows(self, now_ms: int, *, closing: bool) -> None:
        self.flows.report(now_ms)
        if closing:
            return
        try:
            self.flows.claim(now_ms, self._capacity - self._unsettled)
        finally:
            claims = self.flows.take_new()
            self._unsettled += sum(not claim.overlaps for claim in claims)
            self._schedule_successors(claims, now_ms)

    def _look_at_heads(self, now_ms: int) -> None:
        """Find out when the next is due; deal with expired leases and overdue acknowledgements."""
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
                self.flows.look_by(head.flow_ms)
            if head.ack_ms is not None:
                until = min(until, head.ack_ms)
        self.next_look_ms = until

    def _schedule_successors(self, claims: list[Claim], now_ms: int) -> None:
        try:
            self._successors.schedule(claims, now_ms)
        except StoreUnavailable:
            log.warning("the store is away; successors are scheduled when it is back")
