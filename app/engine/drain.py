"""A drain: one loop that claims what is due, sends many requests at once and records outcomes.

It runs in one thread and waits for the store's answers and the receivers' together, so claiming,
sending and recording overlap::

    claimer        claims under a lease, schedules successors
    fair queue     what is due, in turn for each lane
    target limits  bound the requests in flight for each target
    sender         sends requests, reads answers
    recorder       writes outcomes in batches, has leases renewed

(With one thread for each, the interpreter's lock changes hands with every line that libcurl reads,
and half the speed is lost.) Work is done in slices of about a millisecond. Between two of them the
drain sends what has fallen due, so what one tenant has to send holds up no other. Drains share the
partitions out (``share_keeper``). A drain job runs a drain for a bounded time; ``drain_runner``
runs it between two jobs.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence

from app.clock import Clock
from app.delivery.waiting import wait_for
from app.domain.outcome import PUT_OFF, Outcome, Timings
from app.engine.attempt_meter import AttemptMeter
from app.engine.attempts import fault_of, is_awaited, record_of, request_of, unsendable
from app.engine.circuit_breakers import CircuitBreakers
from app.engine.drain_options import DrainOptions
from app.engine.fair_queue import FairQueue
from app.engine.gone_events import GoneEvents
from app.engine.local_faults import LocalFaults
from app.engine.next_request import NextRequest
from app.engine.sender import Sender
from app.engine.shard_claimer import AnyClaimer
from app.engine.shard_recorder import AnyRecorder
from app.engine.target_limits import InFlightRequest, TargetLimits, target_of
from app.errors import QhronosError
from app.store.claims import Claim

log = logging.getLogger(__name__)

ACCEPTED, STARTED = 32, 8
"""How many claims that are due are looked at, and requests started, before the loop goes on: a
request takes some hundred microseconds."""

POLL_MS, CLOSING_POLL_MS = 50.0, 10.0
"""The longest wait of the loop, so that it sees a request to stop soon, and of a loop that claims
nothing more, so that the next job takes it over soon."""

LOOK_MS, FULL_LOOK_MS = 50, 5
"""How often the loop looks for slow requests and stalled targets, and how often while nothing more
can be claimed: surplus of stalled targets may be why."""

BREAKER_OPEN = "its target has only failed of late; it is tried again one by one"
"""Recorded as the reason when a claim is deferred because its target's breaker is open."""

TARGET_STALLED = "its target answers too slowly to take more at once"
"""Recorded as the reason when a claim is deferred because its target is stalled."""


class Drain:
    """Call ``run`` once or more, each time from one thread, and ``close`` in the end."""

    def __init__(
        self,
        claimer: AnyClaimer,
        recorder: AnyRecorder,
        sender: Sender,
        clock: Clock,
        options: DrainOptions,
        deactivate: Callable[[bytes], None],
        breakers: CircuitBreakers,
        local_faults: LocalFaults,
        meter: AttemptMeter,
    ) -> None:
        """``deactivate`` ends an event whose receiver answered 410 Gone."""
        self._breakers, self._local_faults, self._meter = breakers, local_faults, meter
        self._claimer, self._recorder, self._sender = claimer, recorder, sender
        self._clock = clock
        self._options = options
        self._due = FairQueue[Claim](options.weights)
        self._requests = NextRequest(lambda claim, at_ms: request_of(claim, options, at_ms))
        self._targets = TargetLimits(options.concurrency, options.weights)
        self._has_more = False
        self._gone_events = GoneEvents(deactivate)
        self._next_look_ms = 0
        self._last_step_ms = 0
        self._sent = 0

    def run(self, end_ms: int, stop: threading.Event) -> int:
        """Deliver until ``end_ms`` (UTC) or ``stop``; returns how many requests were sent.

        Requests in flight stay in flight, for the next ``run``, ``run_between_jobs`` or ``close``.
        """
        before = self._sent
        self._recorder.leases.announce(end_ms)
        while not stop.is_set() and self._clock.now_ms() < end_ms:
            self._step(closing=False)
        return self._sent - before

    def run_between_jobs(
        self,
        until_ms: int,
        taken_over: threading.Event,
        stop: threading.Event,
        is_uncalled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Deliver until ``until_ms`` (UTC), then finish what is claimed and claim no more.

        While ``is_uncalled`` says that no job can be expected, it goes on delivering. All ends as
        soon as ``taken_over`` is set. Returns whether it was set: then the next job calls ``run``.
        """
        while not taken_over.is_set():
            closing = self._clock.now_ms() >= until_ms and not is_uncalled()
            if stop.is_set() or (closing and not self._has_work()):
                return False
            self._step(closing=closing)
        return True

    def sign_off(self) -> None:
        """Count as alive no more, so that another drain is called; this one may go on."""
        self._recorder.leases.sign_off()

    def run_until(self, end_ms: int) -> None:
        """Deliver until ``end_ms`` (UTC), whatever else is said."""
        while self._clock.now_ms() < end_ms:
            self._step(closing=False)

    def close(self, stop: threading.Event) -> None:
        """Write the outcomes that are not written yet and close the connections to the store.

        Requests in flight are broken off at once; if ``stop`` is set they have the grace time.
        """
        try:
            self._finish(stop)
        finally:
            # The sender outlives the drain: its requests must not turn up in the next drain.
            self._sender.abandon()
            self._claimer.close()
            self._recorder.close()

    def _has_work(self) -> bool:
        return self._claimer.busy or self._has_to_send()

    def _has_to_send(self) -> bool:
        """Whether anything is claimed that is not sent yet, or sent and not answered."""
        waits = self._claimer.delayed or len(self._due) or self._targets.waiting
        return bool(waits or self._sender.in_flight)

    def _finish(self, stop: threading.Event) -> None:
        """If told to stop, finish what the grace time allows; then write what is not written."""
        give_up_ms = self._clock.now_ms() + self._options.grace_ms
        while stop.is_set() and self._has_work():
            now_ms = self._clock.now_ms()
            self._release_unsent(now_ms)
            if now_ms >= give_up_ms:
                # Their leases expire soon, and another drain attempts them again.
                self._sender.abandon()
                break
            self._step(closing=True)
        self._release_unsent(self._clock.now_ms())
        give_up_ms = self._clock.now_ms() + self._options.grace_ms
        while not self._recorder.idle and (now_ms := self._clock.now_ms()) < give_up_ms:
            self._recorder.step(now_ms, flush=True)
            wait_for(self._recorder.filenos(), (), CLOSING_POLL_MS)  # all else is over
        self._gone_events.step()

    def _release_unsent(self, now_ms: int) -> None:
        unsent = self._claimer.clear() + self._due.clear() + self._targets.clear()
        for claim in unsent:
            self._recorder.defer(claim, max(now_ms, claim.due_ms))
        self._claimer.window.settle(unsent)

    def _step(self, *, closing: bool) -> None:
        now_ms = self._clock.now_ms()
        if 0 < self._last_step_ms < now_ms - self._options.lease_ms:
            # This process was suspended for longer than a lease: others may have these claims.
            self._release_unsent(now_ms)
        self._last_step_ms = now_ms
        # What has fallen due is sent before anything else is done: that would make it late.
        self._send_due(now_ms)
        self._queue_due(self._claimer.step(now_ms, closing=closing))
        self._send_due_since(now_ms)
        self._claimer.plan(now_ms)
        self._send_due_since(now_ms)
        # (Not now_ms: what has ended since would be recorded as ended before.)
        is_quiet, flush = not self._sender.in_flight, not self._has_to_send()
        self._recorder.step(self._clock.now_ms(), flush=flush, is_quiet=is_quiet, closing=closing)
        self._requests.prepare(*self._claimer.next_claim)
        self._handle_ended(self._wait(now_ms, CLOSING_POLL_MS if closing else POLL_MS))
        if now_ms >= self._next_look_ms:
            self._next_look_ms = now_ms + (FULL_LOOK_MS if self._claimer.window.full else LOOK_MS)
            slow = self._targets.mark_slow(now_ms)
            self._claimer.window.settle(request.claim for request in slow)
            self._defer_surplus(now_ms)
            self._claimer.window.adjust(self._targets.stalled(now_ms), self._recorder.waiting)
            self._breakers.refresh(now_ms)
            self._local_faults.report(now_ms)
            self._gone_events.step()

    def _queue_due(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._due.add(claim.lane, claim)

    def _send_due_since(self, before_ms: int) -> None:
        """Send what has become due since then, if anything can have."""
        if (now_ms := self._clock.now_ms()) > before_ms or self._has_more or len(self._due):
            self._send_due(now_ms)

    def _send_due(self, now_ms: int) -> None:
        """Send a slice of what is due, in turn for each lane."""
        fallen_due = self._claimer.due(now_ms)
        self._queue_due(fallen_due)
        if len(self._due):
            self._accept(list(self._due.take(ACCEPTED)), now_ms)
        started = self._targets.start_ready(now_ms, STARTED)
        self._has_more = len(started) == STARTED
        for request in started:
            self._send(request)
        if fallen_due:
            self._handle_ended(self._sender.poll(0, ()))

    def _handle_ended(self, ended: Sequence[tuple[InFlightRequest, Outcome]]) -> None:
        ended_ms = self._clock.now_ms()
        for request, outcome in ended:
            self._handle(request, outcome, ended_ms)

    def _wait(self, now_ms: int, most_ms: float) -> list[tuple[InFlightRequest, Outcome]]:
        """Wait for receivers, for the store, or for the next due time."""
        store = self._claimer.filenos() + self._recorder.filenos()
        wait_ms = 0.0 if self._has_more or len(self._due) else most_ms
        wake_ms = min(self._claimer.wake_ms, self._recorder.wake_ms)
        if wake_ms < now_ms + most_ms:
            wait_ms = min(wait_ms, max(wake_ms - self._clock.now_us() / 1000, 0.0))
        if self._sender.in_flight:
            return self._sender.poll(wait_ms, store)
        wait_for(store, (), wait_ms)
        return []

    def _accept(self, claims: Sequence[Claim], now_ms: int) -> None:
        """Queue claims for their targets; record those that must not be sent."""
        self._recorder.leases.keep(claims)
        for claim in claims:
            record = unsendable(claim, now_ms)
            if record is not None:
                self._recorder.add(record, claim, is_awaited=is_awaited(claim, record, now_ms))
                self._claimer.window.settle([claim])
            else:
                self._queue(claim, target_of(claim.action.target), now_ms)

    def _queue(self, claim: Claim, target: str, now_ms: int) -> None:
        """Queue a claim for its target; defer it if the target's breaker is open."""
        until_ms = self._breakers.defer_until(target, claim, now_ms)
        if until_ms is None:
            self._targets.add(claim, target)
        else:
            self._recorder.defer(claim, until_ms, BREAKER_OPEN)
            self._claimer.window.settle([claim])

    def _defer_surplus(self, now_ms: int) -> None:
        for claim, delay_ms in self._targets.take_surplus(now_ms):
            self._recorder.defer(claim, now_ms + delay_ms, TARGET_STALLED)
            self._claimer.window.settle([claim])

    def _send(self, request: InFlightRequest) -> None:
        claim, now_us = request.claim, self._clock.now_us()
        try:
            built = self._requests.of(claim, now_us // 1000)
        except QhronosError as error:  # a secret can't be decrypted or used: only this one fails
            timings = Timings(claim.due_ms * 1000, now_us, now_us)
            outcome = Outcome(timings, error=fault_of(error), error_message=error.message)
            self._handle(request, outcome, now_us // 1000)
            return
        self._sender.start(request, built, due_us=claim.due_ms * 1000, now_us=now_us)
        self._sent += 1

    def _handle(self, request: InFlightRequest, outcome: Outcome, now_ms: int) -> None:
        """Let the limits and breakers learn from an outcome, and have it recorded."""
        claim = request.claim
        self._targets.end(request, now_ms, succeeded=outcome.succeeded)
        if not request.is_slow:
            self._claimer.window.settle([claim])
        if outcome.error in PUT_OFF:
            due_ms = self._local_faults.put_off(claim, outcome.error, now_ms)
            self._recorder.defer(claim, due_ms, PUT_OFF[outcome.error])
            return
        self._meter.note(claim, outcome)
        if self._breakers.learn(target := request.limit.target, outcome, now_ms):
            for other in self._targets.clear_target(request.limit):
                self._queue(other, target, now_ms)
        jitter, least_ms = random.random(), self._options.least_delay_ms  # noqa: S311 - no secret
        record, gone = record_of(claim, outcome, now_ms, jitter, least_ms)
        self._options.note(request, outcome, record)
        self._recorder.add(record, claim, is_awaited=gone or is_awaited(claim, record, now_ms))
        if gone:
            self._gone_events.add(claim.event_id)
