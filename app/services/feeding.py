"""The feeder of a drain: claims what is due and sleeps exactly until something is."""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
from collections.abc import Callable

from app.clock import Clock
from app.errors import StoreUnavailable
from app.services.series import Series
from app.store.codec import Claim
from app.store.coordination import Coordination
from app.store.work import BATCH, WorkStore

log = logging.getLogger(__name__)

MAX_SLEEP_MS = 500
"""A drain looks again at least so often, for leases that ended and wake-ups that got lost."""

AWAY_PAUSE_S = 0.25
"""How long to leave a store alone that does not answer."""


class Feeder:
    """Claims for one drain, never more than it can take on."""

    def __init__(
        self,
        work: WorkStore,
        series: Series,
        coordination: Coordination,
        clock: Clock,
        *,
        lease_ms: int,
        window: int,
    ) -> None:
        """``window`` bounds what is claimed and has no outcome yet."""
        self._work = work
        self._series = series
        self._coordination = coordination
        self._clock = clock
        self._lease_ms = lease_ms
        self._window = window
        self._in_hand = 0
        self._room = threading.Condition()
        self._worker = secrets.token_hex(8).encode()
        self._requests = itertools.count(1)
        self._closing = threading.Event()
        self._on_claimed: Callable[[list[Claim]], None] = lambda _: None

    def run(self, put: Callable[[list[Claim]], None], closing: threading.Event) -> None:
        """Claim and ``put`` until ``closing`` is set."""
        self._closing = closing
        listener = self._coordination.wake_listener()
        try:
            while not closing.is_set():
                try:
                    if not self._claim(put):
                        self._sleep(listener.wait)
                except StoreUnavailable:
                    log.warning("the store is away; claiming waits for it")
                    closing.wait(AWAY_PAUSE_S)
        finally:
            listener.close()

    def interrupt(self) -> None:
        """Wake the feeder if it waits for room."""
        with self._room:
            self._room.notify_all()

    def done(self, count: int) -> None:
        """Say that so many claims have been dealt with."""
        with self._room:
            self._in_hand -= count
            if self._in_hand <= self._window * 3 // 4:
                self._room.notify_all()

    def _claim(self, put: Callable[[list[Claim]], None]) -> bool:
        """Claim once from every partition; returns whether there was anything."""
        found = False
        for partition in range(self._work.partitions):
            limit = min(self._wait_for_room(), BATCH)
            if limit <= 0:
                return True
            now_ms = self._clock.now_ms()
            claims = self._request(partition, now_ms, limit)
            if claims:
                found = True
                with self._room:
                    self._in_hand += len(claims)
                self._go_on(claims, now_ms)
                put(claims)
        return found

    def _request(self, partition: int, now_ms: int, limit: int) -> list[Claim]:
        """Claim; a claim whose answer got lost is asked for again, and answered the same."""
        number = next(self._requests)
        while True:
            try:
                return self._work.claim(
                    partition,
                    self._worker,
                    number,
                    now_ms=now_ms,
                    limit=limit,
                    lease_ms=self._lease_ms,
                )
            except StoreUnavailable:
                if self._closing.wait(AWAY_PAUSE_S):
                    raise

    def _go_on(self, claims: list[Claim], now_ms: int) -> None:
        try:
            self._series.go_on(claims, now_ms)
        except StoreUnavailable:
            log.warning("the store is away; successors are scheduled when it is back")

    def _wait_for_room(self) -> int:
        with self._room:
            # A quarter of the window at once: claiming one by one would cost a call each.
            self._room.wait_for(
                lambda: self._closing.is_set() or self._in_hand <= self._window * 3 // 4
            )
            return 0 if self._closing.is_set() else self._window - self._in_hand

    def _sleep(self, wait: Callable[[float], bool]) -> None:
        now_ms = self._clock.now_ms()
        until = now_ms + MAX_SLEEP_MS
        for partition, head in enumerate(self._work.heads()):
            if head.lease_ms is not None and head.lease_ms <= now_ms:
                self._work.reclaim_expired(partition, now_ms)
                until = now_ms
            if head.due_ms is not None:
                until = min(until, head.due_ms)
        if until > now_ms:
            wait((until - self._clock.now_us() / 1000) / 1000)
