"""Deliveries that their receivers acknowledge afterwards: ack, nack, and no word in time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from app.clock import Clock
from app.crypto.ack_tokens import AckTokens
from app.domain import ids
from app.domain.occurrence import Occurrence
from app.domain.outcome import NACK, Outcome, Timings
from app.engine.attempts import record_of, with_message
from app.errors import Conflict, Unauthenticated
from app.store.calls import Record
from app.store.flow_gate import FlowGate, Over
from app.store.occurrences import OccurrenceStore
from app.store.waiting import Open, WaitingStore
from app.store.work import BATCH, WorkStore

OVERDUE = "the receiver did not acknowledge in time"
REFUSED = "the receiver reported that it failed"
NOT_ITS_TOKEN = "Send the Qhronos-Ack-Token of the delivery."  # noqa: S105 - a sentence

_EVER_MS = 2**52

TRIES = 8
"""How often to look again when the attempt moves on at this very moment."""


class Acknowledgements:
    """What a receiver says of an attempt that it was sent; the attempt's token is its right.

    The word may be there before the answer to the attempt itself is recorded, or even given: it
    counts, and that answer then changes nothing. Every call raises ``StoreUnavailable``.
    """

    def __init__(
        self,
        waiting: WaitingStore,
        work: WorkStore,
        occurrences: OccurrenceStore,
        tokens: AckTokens,
        flows: FlowGate,
        clock: Clock,
    ) -> None:
        self._flows = flows
        self._waiting = waiting
        self._work = work
        self._occurrences = occurrences
        self._tokens = tokens
        self._clock = clock

    def ack(self, occurrence_id: str, token: str) -> Occurrence:
        """Complete an occurrence; raises ``Unauthenticated`` and ``Conflict``."""
        return self._settle(occurrence_id, token, self._completed)

    def nack(self, occurrence_id: str, token: str, error: str | None, *, retry: bool) -> Occurrence:
        """Fail an attempt: what follows is up to the retry policy, unless ``retry`` is false.

        Raises ``Unauthenticated`` and ``Conflict``.
        """

        def failed(one: Open) -> Record:
            return self._failed(one, error or REFUSED, retry=retry)

        return self._settle(occurrence_id, token, failed)

    def overdue(self, partition: int, now_ms: int) -> int:
        """Fail what was not acknowledged by a moment; returns how many of these there were."""
        found = self._waiting.overdue(partition, now_ms, BATCH)
        if not found:
            return 0
        opened = self._waiting.read(found)
        lost = [
            occurrence_id
            for occurrence_id, one in zip(found, opened, strict=True)
            if one is None or not one.waits
        ]
        if lost:
            self._waiting.forget(partition, lost)
        waited = [one for one in opened if one is not None and one.waits]
        records = [self._failed(one, OVERDUE) for one in waited]
        counted = self._work.record(records, now_ms)
        self._go_on(zip(waited, records, strict=True))
        return counted

    def _go_on(self, settled: Iterable[tuple[Open, Record]]) -> None:
        """Have others take the places of these in their flows."""
        over = [
            Over(one.flow, one.claim.occurrence_id, record.verdict != "retrying", _EVER_MS)
            for one, record in settled
            if one.flow is not None
        ]
        self._flows.end(over, self._clock.now_ms())

    def _settle(
        self, occurrence_id: str, token: str, verdict: Callable[[Open], Record]
    ) -> Occurrence:
        raw = ids.from_text(occurrence_id, version=8)
        attempt = None if raw is None else self._tokens.attempt_of(token, raw)
        if raw is None or attempt is None:
            raise Unauthenticated(NOT_ITS_TOKEN)
        for _ in range(TRIES):
            (one,) = self._waiting.read([raw])
            if one is None or one.claim.attempt != attempt:
                break
            record = verdict(one)
            if self._work.record([record], self._clock.now_ms()):
                self._go_on([(one, record)])
                return self._occurrences.get(raw)
        raise Conflict("This attempt is not waiting to be acknowledged, or not any more.")

    def _completed(self, one: Open) -> Record:
        return self._record(one, Outcome(self._moment(), one.status_code, one.response_body))

    def _failed(self, one: Open, message: str, *, retry: bool = True) -> Record:
        outcome = Outcome(
            self._moment(),
            one.status_code,
            one.response_body,
            error=NACK,
            error_message=message,
            abort=not retry,
        )
        return self._record(one, outcome)

    def _record(self, one: Open, outcome: Outcome) -> Record:
        jitter = random.random()  # noqa: S311 - spreads retries, no secret
        record, _ = record_of(one.claim, outcome, self._clock.now_ms(), jitter)
        if not one.waits:
            return record
        # The attempt's line was written when its answer came; it has to say that it failed.
        failed = outcome.error_message and one.log_line
        line = with_message(one.log_line, outcome.error_message or "") if failed else b""
        return replace(record, log_line=line)

    def _moment(self) -> Timings:
        now_us = self._clock.now_us()
        return Timings(now_us, now_us, now_us)
