"""A drain: claims what is due, delivers many at once, records what became of it.

One thread and one loop. The store's answers are waited for together with the receivers', so
claiming, sending and recording overlap::

    feeder    claims under a lease, schedules successors
    lanes     give each target its share
    sender    sends, reads answers
    recorder  writes outcomes in batches, renews leases

(With a thread for each, the interpreter's lock goes from hand to hand with every line that
libcurl reads, and half the speed is lost.) A drain serves every partition, so that one that
lingers leaves none waiting. A job runs it for a bounded time; see ``handover`` for what comes
between jobs.
"""

from __future__ import annotations

import logging
import random
import select
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.crypto.ack_tokens import AckTokens
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.signing_secrets import SigningSecrets
from app.delivery.request import Identity, build
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import job_of, record_of, unsendable
from app.engine.circuit_breakers import CircuitBreakers
from app.engine.claimer import Claimer
from app.engine.recorder import Recorder
from app.engine.sender import Sender
from app.engine.target_limits import InFlight, TargetLimits, target_of
from app.errors import QhronosError, StoreUnavailable
from app.store.claims import Claim

log = logging.getLogger(__name__)

POLL_MS = 50.0
"""How long to wait at most before looking at the time again."""

LOOK_MS = 50
"""How often to look for targets that have become slow."""

HURRY_MS = 5
"""How often while nothing more can be claimed: what waits for a slow target may be in the way."""

FAILING = "its target has only failed of late; it is tried again one by one"
"""Why a claim is deferred while a breaker is open."""

BUSY = "its target answers too slowly to take more at once"
"""Why a claim that its lane can't take on is deferred."""

GATHER_WAIT_MS = 1.0
"""How long to wait at most while outcomes gather."""


@dataclass(frozen=True, slots=True)
class DrainOptions:
    """How much a drain takes on, and how long it may take to stop; ``_ms`` are milliseconds."""

    concurrency: int
    grace_ms: int
    lease_ms: int
    identity: Identity
    signing: SigningSecrets
    headers: HeaderSecrets
    acks: AckTokens
    default_timeout_ms: int


class Drain:
    """``run`` it, once or more, each time in one thread; ``close`` it in the end."""

    def __init__(
        self,
        feeder: Claimer,
        recorder: Recorder,
        sender: Sender,
        clock: Clock,
        limits: DrainOptions,
        deactivate: Callable[[bytes], None],
        breakers: CircuitBreakers,
    ) -> None:
        self._breakers = breakers
        self._feeder = feeder
        self._recorder = recorder
        self._sender = sender
        self._clock = clock
        self._limits = limits
        self._deactivate = deactivate
        self._lanes = TargetLimits(limits.concurrency)
        self._gone: list[bytes] = []
        self._next_look_ms = 0
        self._stepped_ms = 0
        self._sent = 0

    def run(self, end_ms: int, stop: threading.Event) -> int:
        """Deliver until a moment, ms UTC, or ``stop``; returns how many attempts were made.

        What is under way then is left so, for another ``run``, ``wind_up`` or ``close``.
        """
        before = self._sent
        self._lanes.forget_idle()
        self._recorder.go_on_until(end_ms)
        while not stop.is_set() and self._clock.now_ms() < end_ms:
            self._step(closing=False)
        return self._sent - before

    def wind_up(self, until_ms: int, relieved: threading.Event, stop: threading.Event) -> bool:
        """Go on until a moment, ms UTC, then finish what is in hand; ``relieved`` ends both.

        Returns whether it was relieved, and is to be ``run`` again.
        """
        while not relieved.is_set():
            closing = self._clock.now_ms() >= until_ms
            if stop.is_set() or (closing and not self._has_work()):
                return False
            self._step(closing=closing)
        return True

    def close(self, stop: threading.Event) -> None:
        """Write what is left to write and let go of everything.

        What is under way is broken off, unless ``stop`` is set: it then has the grace time.
        """
        try:
            self._finish(stop)
        finally:
            # The sender outlives the drain: what it still has must not turn up in the next.
            self._sender.abandon()
            self._feeder.close()
            self._recorder.close()

    def _has_work(self) -> bool:
        feeder, lanes = self._feeder, self._lanes
        return bool(feeder.busy or feeder.holding or lanes.waiting or self._sender.in_flight)

    def _finish(self, stop: threading.Event) -> None:
        """Told to stop, finish what the grace time allows; then write what is left to write."""
        give_up_ms = self._clock.now_ms() + self._limits.grace_ms
        while stop.is_set() and self._has_work():
            now_ms = self._clock.now_ms()
            self._return_unsent(now_ms)
            if now_ms >= give_up_ms:
                # Their leases end soon, and others attempt them again.
                self._sender.abandon()
                break
            self._step(closing=True)
        self._return_unsent(self._clock.now_ms())
        give_up_ms = self._clock.now_ms() + self._limits.grace_ms
        while not self._recorder.idle and (now_ms := self._clock.now_ms()) < give_up_ms:
            self._recorder.step(now_ms, now_or_never=True)
            self._wait(now_ms)
        self._end_gone()

    def _return_unsent(self, now_ms: int) -> None:
        unsent = self._feeder.clear() + self._lanes.clear()
        for claim in unsent:
            self._recorder.defer(claim, max(now_ms, claim.due_ms))
        self._feeder.done(len(unsent))

    def _step(self, *, closing: bool) -> None:
        now_ms = self._clock.now_ms()
        if 0 < self._stepped_ms < now_ms - self._limits.lease_ms:
            # This process stood still for longer than its leases: what waits may be another's.
            self._return_unsent(now_ms)
        self._stepped_ms = now_ms
        if due := self._feeder.due(now_ms):
            # Sent before anything else is done: asking the store would make them late.
            self._take(due, now_ms)
            self._launch(now_ms)
            self._settle(self._sender.poll(0, ()))
        self._take(self._feeder.step(now_ms, closing=closing), now_ms)
        self._launch(now_ms)
        self._recorder.step(now_ms, now_or_never=not self._sender.in_flight)
        self._settle(self._wait(now_ms))
        if now_ms >= self._next_look_ms:
            self._next_look_ms = now_ms + (HURRY_MS if self._feeder.full else LOOK_MS)
            self._feeder.done(self._lanes.age(now_ms))
            self._defer(now_ms)
            self._feeder.expect(self._lanes.standing(now_ms), self._recorder.waiting)
            self._end_gone()

    def _launch(self, now_ms: int) -> None:
        for flight in self._lanes.take(now_ms):
            self._start(flight)

    def _settle(self, ended: Sequence[tuple[InFlight, Outcome]]) -> None:
        if ended:
            ended_ms = self._clock.now_ms()
            for flight, outcome in ended:
                self._ended(flight, outcome, ended_ms)

    def _end_gone(self) -> None:
        """End the events whose receivers are gone; the store being away, try again later."""
        while self._gone:
            try:
                self._deactivate(self._gone[-1])
            except StoreUnavailable:
                return
            self._gone.pop()

    def _wait(self, now_ms: int) -> list[tuple[InFlight, Outcome]]:
        """Wait for receivers, for the store, or for the next due time."""
        store = self._feeder.filenos() + self._recorder.filenos()
        wait_ms = POLL_MS
        wake_ms = self._feeder.wake_ms
        if wake_ms < now_ms + POLL_MS:
            wait_ms = max(wake_ms - self._clock.now_us() / 1000, 0.0)
        if not self._recorder.idle:
            wait_ms = min(wait_ms, GATHER_WAIT_MS)
        if self._sender.in_flight:
            return self._sender.poll(wait_ms, store)
        poller = select.poll()
        for fd in store:
            poller.register(fd, select.POLLIN)
        # poll() knows whole milliseconds; the rest of the last one is slept, to be exact.
        whole_ms = int(max(wait_ms, 0.0))
        if not poller.poll(whole_ms) and whole_ms < wait_ms < POLL_MS:
            time.sleep((wait_ms - whole_ms) / 1000)
        return []

    def _take(self, claims: Sequence[Claim], now_ms: int) -> None:
        self._recorder.hold(claims)
        for claim in claims:
            record = unsendable(claim, now_ms)
            if record is not None:
                self._recorder.put(record)
                self._feeder.done(1)
            else:
                self._queue(claim, target_of(claim.url), now_ms)

    def _queue(self, claim: Claim, target: str, now_ms: int) -> None:
        """Have a claim sent in its turn, or deferred if its target's breaker is open."""
        until_ms = self._breakers.hold(target, claim, now_ms)
        if until_ms is None:
            self._lanes.add(claim, target)
        else:
            self._recorder.defer(claim, until_ms, FAILING)
            self._feeder.done(1)

    def _defer(self, now_ms: int) -> None:
        for claim, delay_ms in self._lanes.surplus(now_ms):
            self._recorder.defer(claim, now_ms + delay_ms, BUSY)
            self._feeder.done(1)

    def _start(self, flight: InFlight) -> None:
        limits, claim = self._limits, flight.claim
        now_us = self._clock.now_us()
        try:
            now_ms = now_us // 1000
            job = job_of(
                claim,
                limits.signing,
                limits.headers,
                limits.acks,
                limits.default_timeout_ms,
                now_ms,
            )
            request = build(job, now_ms, limits.identity)
        except QhronosError as error:  # a secret that does not open, or is none: fail this one
            timings = Timings(claim.due_ms * 1000, now_us, now_us)
            outcome = Outcome(timings, error="internal", error_message=error.message)
            self._ended(flight, outcome, now_us // 1000)
            return
        self._sender.start(flight, request, due_us=claim.due_ms * 1000, now_us=now_us)
        self._sent += 1

    def _ended(self, flight: InFlight, outcome: Outcome, now_ms: int) -> None:
        self._lanes.end(flight, now_ms, succeeded=outcome.succeeded)
        if self._breakers.ended(flight.lane.target, outcome, now_ms):
            for claim in self._lanes.empty(flight.lane):
                self._queue(claim, flight.lane.target, now_ms)
        jitter = random.random()  # noqa: S311 - spreads retries, no secret
        record, gone = record_of(flight.claim, outcome, now_ms, jitter)
        self._recorder.put(record)
        if not flight.slow:
            self._feeder.done(1)
        if gone:
            self._gone.append(flight.claim.event_id)
