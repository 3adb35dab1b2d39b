"""A drain: claims what is due, delivers many at once, records what became of it.

Three threads, so that waiting for the store and waiting for receivers overlap::

    feeder    claims under a lease, schedules successors          → inbox
    sender    (the caller's thread) starts requests, reads answers → outbox
    recorder  writes outcomes in batches, renews leases

A drain serves every partition, so that one that lingers leaves none waiting. It ends after a
bounded time; what it has in hand is finished first.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.clock import Clock
from app.delivery.request import Request, build
from app.domain.outcome import Outcome
from app.services.bell import Bell
from app.services.feeding import Feeder
from app.services.lanes import Flight, Lanes
from app.services.recording import Recorder
from app.services.verdicts import job_of, record_of, unsendable
from app.store.codec import Claim

log = logging.getLogger(__name__)

POLL_MS = 50.0
"""How long the sender waits before it looks at the time again; new claims wake it at once."""


LOOK_MS = 50
"""How often to look for targets that have become slow."""


class Sender(Protocol):
    """Sends many requests at once; see ``app.delivery.sender``."""

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        ...

    def start(self, token: Flight, request: Request, *, due_us: int, now_us: int) -> None:
        """Begin to send."""
        ...

    def poll(self, max_wait_ms: float) -> list[tuple[Flight, Outcome]]:
        """Wait at most so long and return what has finished."""
        ...

    def abandon(self) -> list[Flight]:
        """Stop sending; returns what has no outcome."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, slots=True)
class DrainLimits:
    """How much a drain takes on and for how long; ``_ms`` are milliseconds."""

    concurrency: int
    linger_ms: int
    grace_ms: int
    default_secret: str
    default_timeout_ms: int


class Drain:
    """One run. ``run`` returns when its time is over or ``stop`` is set."""

    def __init__(
        self,
        feeder: Feeder,
        recorder: Recorder,
        sender: Sender,
        clock: Clock,
        limits: DrainLimits,
        deactivate: Callable[[bytes], None],
        bell: Bell,
    ) -> None:
        self._feeder = feeder
        self._recorder = recorder
        self._sender = sender
        self._clock = clock
        self._limits = limits
        self._deactivate = deactivate
        self._bell = bell
        self._inbox: queue.SimpleQueue[list[Claim]] = queue.SimpleQueue()
        self._lanes = Lanes(limits.concurrency)
        self._next_look_ms = 0
        self._sent = 0

    def run(self, stop: threading.Event) -> int:
        """Deliver until the time is over; returns how many attempts were made."""
        closing = threading.Event()
        feeding = threading.Thread(
            target=self._feeder.run, args=(self._receive, closing), name="feeder"
        )
        recording = threading.Thread(target=self._recorder.run, name="recorder")
        feeding.start()
        recording.start()
        try:
            self._deliver_until(self._clock.now_ms() + self._limits.linger_ms, stop)
        finally:
            closing.set()
            self._feeder.interrupt()
            self._finish(feeding, stop)
            self._recorder.finish(self._limits.grace_ms / 1000)
            recording.join()
        return self._sent

    def _receive(self, claims: list[Claim]) -> None:
        self._recorder.hold(claims)
        self._inbox.put(claims)
        self._bell.ring()

    def _deliver_until(self, end_ms: int, stop: threading.Event) -> None:
        while not stop.is_set() and self._clock.now_ms() < end_ms:
            self._step()

    def _finish(self, feeding: threading.Thread, stop: threading.Event) -> None:
        """Finish what is in hand; told to stop, only what the grace time allows."""
        give_up_ms: int | None = None
        while feeding.is_alive() or self._lanes.waiting or self._sender.in_flight:
            if stop.is_set():
                now_ms = self._clock.now_ms()
                give_up_ms = give_up_ms or now_ms + self._limits.grace_ms
                self._return_unsent()
                if now_ms >= give_up_ms:
                    # Their leases end soon, and others attempt them again.
                    self._sender.abandon()
                    break
            self._step()
        feeding.join()
        self._take()
        self._return_unsent()

    def _return_unsent(self) -> None:
        unsent = self._lanes.clear()
        self._recorder.give_back(unsent, self._clock.now_ms())
        self._feeder.done(len(unsent))

    def _step(self) -> None:
        self._take()
        now_ms = self._clock.now_ms()
        for flight in self._lanes.take(now_ms):
            self._start(flight)
        for flight, outcome in self._sender.poll(POLL_MS):
            self._ended(flight, outcome)
        if now_ms >= self._next_look_ms:
            self._next_look_ms = now_ms + LOOK_MS
            self._feeder.done(self._lanes.age(now_ms))
            self._defer(now_ms)

    def _take(self) -> None:
        self._bell.silence()
        now_ms = self._clock.now_ms()
        with contextlib.suppress(queue.Empty):
            while True:
                for claim in self._inbox.get(block=False):
                    record = unsendable(claim, now_ms)
                    if record is None:
                        self._lanes.add(claim)
                    else:
                        self._recorder.put(record)
                        self._feeder.done(1)

    def _defer(self, now_ms: int) -> None:
        for claim, delay_ms in self._lanes.surplus(now_ms):
            self._recorder.defer(claim, now_ms + delay_ms)
            self._feeder.done(1)

    def _start(self, flight: Flight) -> None:
        limits, claim = self._limits, flight.claim
        job = job_of(claim, limits.default_secret, limits.default_timeout_ms)
        now_us = self._clock.now_us()
        request = build(job, now_us // 1000)
        self._sender.start(flight, request, due_us=claim.due_ms * 1000, now_us=now_us)
        self._sent += 1

    def _ended(self, flight: Flight, outcome: Outcome) -> None:
        now_ms = self._clock.now_ms()
        self._lanes.end(flight, now_ms)
        jitter = random.random()  # noqa: S311 - spreads retries, no secret
        record, gone = record_of(flight.claim, outcome, now_ms, jitter)
        self._recorder.put(record)
        if not flight.slow:
            self._feeder.done(1)
        if gone:
            self._deactivate(flight.claim.event_id)
