"""Deliveries that receivers acknowledge later: ack, nack, and the timeout."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from app.clock import Clock
from app.crypto.ack_tokens import AckTokens
from app.domain import ids
from app.domain.occurrence import Occurrence
from app.domain.outcome import NACK, Outcome, Timings
from app.engine.attempt_stats import stat_of_end, without_times
from app.engine.attempts import LOG_MESSAGE_LIMIT, record_of
from app.engine.changes import LiveChanges
from app.errors import Conflict, Unauthenticated
from app.store.attempts import with_message
from app.store.calls import BATCH, Record
from app.store.flow_gate import FlowGate
from app.store.flow_looks import EndedAttempt, FlowsAway
from app.store.occurrences import OccurrenceStore
from app.store.waiting import Open, WaitingStore
from app.store.work import WorkStore

OVERDUE = "the receiver did not acknowledge in time"
REFUSED = "the receiver reported that it failed"
NOT_ITS_TOKEN = "Send the Qhronos-Ack-Token of the delivery."  # noqa: S105 - a sentence

_FOREVER_MS = 2**52
"""A deadline, in ms UTC, that no clock reaches and that a float in the store holds exactly."""

MAX_TRIES = 8
"""How often to read the attempt again if another process changes it at this very moment."""


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """Records what receivers say later about an attempt; each attempt has a token for that.

    An ack or nack may come before the answer to the attempt is recorded, or even before it is
    given. It counts then, and the answer changes nothing. Every call raises ``StoreUnavailable``.
    """

    waiting: WaitingStore
    work: WorkStore
    occurrences: OccurrenceStore
    tokens: AckTokens
    flows: FlowGate
    changes: LiveChanges
    clock: Clock
    least_delay_ms: int
    """The shortest wait between two attempts."""

    def ack(self, occurrence_id: str, token: str) -> Occurrence:
        """Complete an occurrence; raises ``Unauthenticated`` and ``Conflict``."""
        return self._settle(occurrence_id, token, self._completed)

    def nack(self, occurrence_id: str, token: str, error: str | None, *, retry: bool) -> Occurrence:
        """Fail an attempt; the retry policy decides what follows, unless ``retry`` is false.

        Raises ``Unauthenticated`` and ``Conflict``.
        """

        def failed(one: Open) -> Record:
            return self._failed(one, error or REFUSED, retry=retry)

        return self._settle(occurrence_id, token, failed)

    def may_be_of(self, occurrence_id: bytes, target: str) -> bool:
        """Whether nothing is known of the attempt under way, or it was sent to this target."""
        (one,) = self.waiting.read([occurrence_id])
        definition = None if one is None else one.claim.definition
        return definition is None or definition.action.target == target

    def overdue(self, partition: int, now_ms: int) -> int:
        """Fail the attempts that were not acknowledged by ``now_ms``, UTC; returns how many."""
        found = self.waiting.overdue(partition, now_ms, BATCH)
        if not found:
            return 0
        opened = self.waiting.read(found)
        lost = [
            occurrence_id
            for occurrence_id, one in zip(found, opened, strict=True)
            if one is None or not one.waits
        ]
        if lost:
            self.waiting.forget(partition, lost)
        waited = [one for one in opened if one is not None and one.waits]
        records = [self._failed(one, OVERDUE) for one in waited]
        counted = self.work.record(records, now_ms)
        # Another drain may have done the same, and given the place to the next attempt since.
        self._release_places(waited, now_ms)
        for one in self.occurrences.get_many([one.claim.occurrence_id for one in waited]):
            if one is not None:
                self.changes.occurrence(one)
        return counted

    def _release_places(self, settled: Iterable[Open], until_ms: int = _FOREVER_MS) -> None:
        """Give the places of these attempts, held until ``until_ms`` at most, back to their flows.

        The next look at a strict flow finds out whether that was the end of a turn.
        """
        ended = [
            EndedAttempt(one.flow, one.claim.occurrence_id, None, until_ms)
            for one in settled
            if one.flow is not None
        ]
        with suppress(FlowsAway):  # they are found again when something waits for them
            self.flows.end(ended, self.clock.now_ms())

    def _settle(
        self, occurrence_id: str, token: str, verdict: Callable[[Open], Record]
    ) -> Occurrence:
        raw = ids.from_text(occurrence_id, version=8)
        attempt = None if raw is None else self.tokens.attempt_of(token, raw)
        if raw is None or attempt is None:
            raise Unauthenticated(NOT_ITS_TOKEN)
        for _ in range(MAX_TRIES):
            (one,) = self.waiting.read([raw])
            if one is None or one.claim.attempt != attempt:
                break
            record = verdict(one)
            if self.work.record([record], self.clock.now_ms()):
                self._release_places([one])
                occurrence = self.occurrences.get(raw)
                self.changes.occurrence(occurrence)
                return occurrence
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
        record, _ = record_of(one.claim, outcome, self.clock.now_ms(), jitter, self.least_delay_ms)
        record.started_ms = None  # when the attempt began is recorded, or known to its worker alone
        if not one.waits:
            record.stat = without_times(record.stat)
            return record
        record.stat = stat_of_end(one.claim)  # the attempt was counted with its answer
        # The attempt's log line was written with its answer; now it has to say that it failed.
        failed = outcome.error_message and one.log_line
        message = (outcome.error_message or "")[:LOG_MESSAGE_LIMIT]
        line = with_message(one.log_line, message) if failed else b""
        return replace(record, log_line=line)

    def _moment(self) -> Timings:
        now_us = self.clock.now_us()
        return Timings(now_us, now_us, now_us)
