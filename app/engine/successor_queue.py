"""The successors of a drain: planned in slices, in turn for each lane, and sent without waiting.

Between two slices the drain sends what has fallen due. Until a successor is stored its event is
among the unscheduled, so upkeep finds what a drain that dies has left.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable

from app.domain.weights import EQUAL, LaneWeights
from app.engine.fair_queue import FairQueue
from app.errors import StoreUnavailable
from app.planning.limits import CHEAP
from app.planning.successors import Following, Successors, has_successor
from app.store.calls import Call, read_advanced, successor_calls, unattempted_calls
from app.store.channel import Channel
from app.store.claims import Claim
from app.store.connection import STORE_RETRY_MS

log = logging.getLogger(__name__)

SLICE = 1_000
"""Steps in one slice: about a millisecond, in which the drain sends nothing."""

EACH = 50
"""What reading a schedule, and everything else about one successor, counts as, in steps."""

BATCH = 64
"""Successors in one call: the store works for less than a millisecond or two on them."""


class SuccessorQueue:
    """Call ``step`` again and again, and ``close`` in the end."""

    def __init__(
        self, successors: Successors, channel: Channel, weights: LaneWeights = EQUAL
    ) -> None:
        self._successors = successors
        self._channel = channel
        self._cheap = FairQueue[Claim](weights)
        self._costly = FairQueue[Claim](weights)
        self._planned = Following([], [])
        self._calls: deque[Call] = deque()
        self._asked: Call | None = None
        self._unsent: list[Claim] = []
        self._under_way: list[Claim] = []
        self._store_retry_ms = 0

    @property
    def busy(self) -> bool:
        """Whether anything is not stored yet."""
        return bool(self._queued or self._unsent or self._under_way)

    def is_ready(self, now_ms: int) -> bool:
        """Whether ``step`` has something to do that no file descriptor shows."""
        if now_ms < self._store_retry_ms:
            return False
        return self._has_room and self._queued > 0

    @property
    def _queued(self) -> int:
        return len(self._cheap) + len(self._costly)

    @property
    def _has_room(self) -> bool:
        return len(self._planned.successors) < BATCH

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when the store has answered."""
        fd = self._channel.fileno()
        return [] if fd is None else [fd]

    def add(self, claims: Iterable[Claim], now_ms: int) -> None:
        """Queue the successors of those claims that have one."""
        for claim in claims:
            if has_successor(claim):
                is_cheap = self._successors.cost_of(claim, now_ms) <= CHEAP
                (self._cheap if is_cheap else self._costly).add(claim.lane, claim)

    def step(self, now_ms: int) -> None:
        """Read what the store has answered, send the next call, and plan one slice."""
        if now_ms < self._store_retry_ms:
            return
        if self._successors.owes_call:
            self._successors.call_for_repair(now_ms)
        try:
            self._receive(now_ms)
            self._plan(now_ms)
            self._send(now_ms)
        except StoreUnavailable:
            log.warning("the store is away; successors are scheduled when it is back")
            self._store_retry_ms = now_ms + STORE_RETRY_MS

    def close(self, now_ms: int) -> None:
        """Schedule what is not stored yet, at once; upkeep finds it if the store is away."""
        left = self._under_way + self._unsent + self._cheap.clear() + self._costly.clear()
        self._channel.close()
        if not left:
            return
        try:
            self._successors.schedule(left, now_ms)
        except StoreUnavailable:
            log.warning("the store is away; upkeep schedules the successors that are left")

    def _receive(self, now_ms: int) -> None:
        answer = self._channel.receive()
        if answer is None:
            return
        asked, self._asked = self._asked, None
        if not self._calls:
            self._under_way = []
        has_advanced = asked is not None and asked.script == "schedule_successors"
        if has_advanced and read_advanced(answer).passed:
            # Their successors existed already: to find the next takes calls, one by one.
            self._successors.call_for_repair(now_ms)

    def _plan(self, now_ms: int) -> None:
        spent = 0
        while spent < SLICE and self._queued and self._has_room:
            claim = (self._cheap if len(self._cheap) else self._costly).pop()
            successors, notes = self._successors.plan([claim], now_ms)
            self._planned.successors.extend(successors)
            self._planned.notes.extend(notes)
            self._unsent.append(claim)
            spent += EACH + self._successors.cost_of(claim, now_ms)

    def _send(self, now_ms: int) -> None:
        if self._channel.busy:
            return
        if not self._calls and not (self._queued and self._has_room):
            successors, notes = self._planned
            self._calls += [
                *unattempted_calls(notes, now_ms),
                *successor_calls(successors, now_ms),
            ]
            self._planned = Following([], [])
            self._under_way, self._unsent = self._unsent, []
        if self._calls:
            # From here on the channel keeps the call, and sends it again if the store was away.
            self._asked = self._calls.popleft()
            self._channel.send(self._asked)
