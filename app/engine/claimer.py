"""The claimer of a drain: claims what is due, never more than the drain can deliver.

What is due within ``AHEAD_MS`` is claimed already and waits in a delay queue: so the store's time
makes no delivery late. The claimer never waits itself: ``step`` reads the answer to the last claim
call, if it has come, and sends the next. It reads in slices, in turn for each lane.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from app.clock import Clock
from app.domain.ids import lane_of_event
from app.domain.weights import EQUAL, LaneWeights
from app.engine.background import Background
from app.engine.claim_size import ClaimSize
from app.engine.claim_times import OTHERS_MS, ClaimTimes
from app.engine.delay_queue import DelayQueue
from app.engine.fair_queue import FairQueue
from app.engine.flow_steps import FlowSteps
from app.engine.heads import STALL_MS, HeadLooks
from app.engine.share_keeper import ShareKeeper
from app.engine.successor_queue import SuccessorQueue
from app.engine.window import Window
from app.errors import StoreUnavailable
from app.metrics import catalogue
from app.metrics.registry import Registry
from app.store.calls import claim_call, lease_token
from app.store.channel import Channel
from app.store.claims import Claim, is_held_back, note_claimed, read_claim
from app.store.connection import STORE_RETRY_MS
from app.store.coordination import WakeListener
from app.store.work import WorkStore

log = logging.getLogger(__name__)

SLICE = 16
"""How many claims of an answer are read at once: that takes less than a millisecond."""


class _Row(NamedTuple):
    """A claim that was not read yet, under which lease's token, and when it was claimed, ms UTC."""

    row: Sequence[Any]
    token: bytes
    claimed_ms: int


class Claimer:
    """Claims for one drain, partition after partition."""

    def __init__(
        self,
        work: WorkStore,
        successors: SuccessorQueue,
        listener: WakeListener,
        channel: Channel,
        clock: Clock,
        flows: FlowSteps,
        background: Background,
        *,
        worker: bytes,
        lease_ms: int,
        window: Window,
        overdue: Callable[[int, int], int],
        registry: Registry,
        weights: LaneWeights = EQUAL,
        share: ShareKeeper | None = None,
        here: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """``overdue`` fails what was not acknowledged in time, given a partition and ms UTC."""
        self.flows = flows
        self._share = share  # the partitions to serve; ``here`` are those to help with, too
        self._work, self._successors = work, successors
        self._listener = listener
        self._channel = channel
        self._clock = clock
        self._background = background
        self._looks = HeadLooks(work, overdue, background, here)
        self._times = ClaimTimes(work.partitions)
        self._size = ClaimSize()
        self._batches = registry.buckets(catalogue.CLAIMS)
        self._closing = self._refused = False
        self._lease_ms = lease_ms
        self.window = window
        """Its claims that have no outcome yet."""
        self._rows = FairQueue[_Row](weights)
        self._weights = weights.text
        self._worker = worker
        self._request = self._others_ms = 0
        self._partitions: Sequence[int] = ()
        self._asked_ms = self._store_retry_ms = self._last_step_ms = 0
        self._delayed = DelayQueue()

    @property
    def busy(self) -> bool:
        """Whether a claim call has no answer yet, or a successor is not stored."""
        return self._channel.busy or self._successors.busy or self.flows.busy

    @property
    def wake_ms(self) -> int:
        """When ``step`` or ``due`` has something to do that no file descriptor shows, ms UTC."""
        now_ms = self._clock.now_ms()
        moments = [self.flows.wake_ms(now_ms, closing=self._closing)]
        if self._delayed.next_ms is not None:
            moments.append(self._delayed.next_ms)
        if len(self._rows) or self._successors.is_ready(now_ms):
            moments.append(now_ms)
        if not self._closing and not self._channel.busy:
            next_ms = self._others_ms if self._refused or self.window.full else self._times.next_ms
            moments.append(max(next_ms, self._store_retry_ms))
        if not self._closing and self._looks.next_ms is not None:
            moments.append(max(self._looks.next_ms, self._store_retry_ms))
        return min(moments)

    @property
    def delayed(self) -> int:
        """How many claims are not due yet, or not read yet."""
        return len(self._rows) + len(self._delayed) + self.flows.delayed

    @property
    def next_claim(self) -> tuple[Claim | None, int | None]:
        """The claim that falls due next, those in flows aside, and when, ms UTC."""
        return self._delayed.next_claim, self._delayed.next_ms

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when the store has answered or woken us."""
        found = (self._channel.fileno(), self._listener.fileno())
        beside = [self._background.fileno()] if self._looks.busy or self.flows.busy else []
        return [fd for fd in found if fd is not None] + beside + self._successors.filenos()

    def step(self, now_ms: int, *, closing: bool) -> list[Claim]:
        """Return new claims that are due, a slice of them; claim more unless the drain closes."""
        if now_ms - self._last_step_ms > STALL_MS:
            self._looks.spare_leases(now_ms + STALL_MS)
        self._last_step_ms, self._closing = now_ms, closing
        if self._looks.busy or self.flows.busy:
            self._background.hear()
        # (What was claimed before the store went away is under a lease, which is to be renewed.)
        self.count(self.flows.take_new(), now_ms)
        if now_ms < self._store_retry_ms:
            return self._read(now_ms, SLICE)
        try:
            self._receive(now_ms)
            if not closing:
                self._look(now_ms)
            if not closing and not self._channel.busy:
                self._claim(now_ms)
            self.count(self.flows.step(now_ms, self.window.room, closing=closing), now_ms)
        except StoreUnavailable:
            log.warning("the store is away; claiming waits for it")
            self._store_retry_ms = self._others_ms = now_ms + STORE_RETRY_MS
            self._looks.pause_until(self._store_retry_ms)
            self.flows.pause_until(self._store_retry_ms)
            self._looks.spare_leases(self._store_retry_ms + STALL_MS)
        return self._read(now_ms, SLICE)

    def plan(self, now_ms: int) -> None:
        """Schedule some of the successors of what was claimed."""
        self._successors.step(now_ms)

    def due(self, now_ms: int) -> list[Claim]:
        """Return the claims that were delayed until now."""
        return self._delayed.due(now_ms) + self.flows.due(now_ms)

    def clear(self) -> list[Claim]:
        """Remove and return the claims that ``step`` and ``due`` have yet to return."""
        now_ms = self._clock.now_ms()
        self.count(self.flows.join(), now_ms)
        read = self._read(now_ms, len(self._rows))
        return read + self._delayed.clear() + self.flows.clear()

    def close(self) -> None:
        """Close the connections; flows learn what has ended."""
        now_ms = self._clock.now_ms()
        self.count(self.flows.join(), now_ms)
        self._read(now_ms, len(self._rows))
        self._successors.close(now_ms)
        self.flows.close(now_ms)
        self._channel.close()
        self._listener.close()

    def _receive(self, now_ms: int) -> None:
        answers = self._channel.receive_all()
        if answers is None:
            return
        self.window.answered(self._worker)
        before, took_ms = len(self._rows), now_ms - self._asked_ms
        token = lease_token(self._worker, self._request)
        for partition, answer in zip(self._partitions, answers, strict=True):
            rows, early, flows, heads = answer
            self._times.learn(partition, early, heads, now_ms, took_ms)
            self._batches.add(len(rows))
            note_claimed(partition, rows)
            if flows:
                self.flows.look_for_new(now_ms, partition)
            for row in rows:
                self._rows.add(lane := lane_of_event(row[1]), _Row(row, token, now_ms))
                if not is_held_back(row):
                    self.window.hold(lane)
        self._size.learn(len(self._rows) - before, took_ms, now_ms, lanes=self.window.lanes)

    def _read(self, now_ms: int, most: int) -> list[Claim]:
        """Read so many of the claims; those that are due are returned, the others delayed."""
        claims = self._work.complete([read_claim(*one) for one in self._rows.take(most)])
        self._successors.add(claims, now_ms)
        due = []
        for claim in claims:
            if claim.overlaps:
                continue
            if claim.due_ms > now_ms:
                self._delayed.add(claim.due_ms, claim)
            else:
                due.append(claim)
        return due

    def _look(self, now_ms: int) -> None:
        """Look at what is due first if somebody says so, or from time to time."""
        self._hear(now_ms)
        if self._share is not None:
            own = self._share.served(now_ms)
            if own is not self._times.own:
                self._times.serve(own, now_ms)
                self.flows.serve(own)
                self._looks.wake()
        looked = self._looks.step(now_ms, self._times.own)
        if looked is not None:
            self._times.look(looked.due_ms, now_ms)
            for partition, flow_ms in looked.flow_ms.items():
                self.flows.look_by(flow_ms, partition)

    def _hear(self, now_ms: int) -> None:
        wakes = self._listener.news()
        if wakes is None:
            return
        if self._share is not None and wakes.shares:
            self._share.wake()
        if wakes.anywhere or wakes.partitions:
            if self._looks.busy:  # it may have read what is due, and take long for the rest
                where = self._times.own if wakes.anywhere else wakes.partitions
                self._times.claim_now(where, now_ms)
            self._looks.wake(() if wakes.anywhere else wakes.partitions)

    def _claim(self, now_ms: int) -> None:
        partition, self._refused = self._times.ready(now_ms), False
        if partition is not None and (room := self.window.room_for(self._worker, now_ms)):
            self._ask(self._times.together_with(partition, now_ms), now_ms, room)
        elif self.window.full or partition is not None:
            self._refused = not self.window.full  # others have asked for what there is room for
            self._claim_for_others(now_ms)

    def _claim_for_others(self, now_ms: int) -> None:
        """Claim beyond the window from the lanes with few claims in it."""
        if now_ms < self._others_ms:
            return
        self._others_ms = now_ms + max(OTHERS_MS // self._work.partitions, 2)
        limit, passed_over = self.window.for_others(self._worker, now_ms)
        if limit > 0 and self._times.own:
            self._ask([self._times.any_partition()], now_ms, limit, passed_over)

    def _ask(
        self,
        partitions: Sequence[int],
        now_ms: int,
        limit: int,
        passed_over: Collection[int] = (),
    ) -> None:
        """Claim from some partitions, no more in all than from one."""
        self._partitions, self._asked_ms = partitions, now_ms
        self._request += 1
        exact = self._times.exact(now_ms)
        each = max(min(limit, self._size.most) // len(partitions), 1)
        self.window.asked(self._worker, each * len(partitions), now_ms)
        self._channel.send_all(
            [
                claim_call(
                    partition,
                    self._worker,
                    self._request,
                    now_ms=now_ms,
                    ahead_ms=self._times.ahead.ms(now_ms, len(self._delayed), self.window.size),
                    limit=each,
                    lease_ms=self._lease_ms,
                    passed_over=passed_over,
                    exact=exact,
                    turn=self._times.ask(partition, for_all=not passed_over),
                    weights=self._weights,
                )
                for partition in partitions
            ]
        )

    def count(self, claims: list[Claim], now_ms: int) -> None:
        """Count claims from flows; what is held back is not to be sent."""
        for claim in claims:
            if not claim.overlaps:
                self.window.hold(claim.lane)
        self._successors.add(claims, now_ms)
