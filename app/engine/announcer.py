"""Tells listeners what is being delivered and what came of it, if anybody listens to it."""

from __future__ import annotations

from functools import partial

from app.delivery.actions.websocket import event_message
from app.delivery.request import Job
from app.domain.action import NO_ACTION
from app.domain.outcome import PUT_OFF, Outcome
from app.engine.attempts import record_of
from app.engine.changes import LiveChanges, status_change
from app.store.claims import Claim
from app.store.live import BEGINS, CHANGE, LiveEntry


class Announcer:
    """What the sender of a drain tells; call ``close`` in the end."""

    def __init__(self, changes: LiveChanges) -> None:
        self._changes = changes

    def begins(self, claim: Claim) -> None:
        """An attempt begins; a retry is not announced again, and no callback is."""
        if claim.attempt - claim.attempts_before == 1 and claim.callback is None:
            self._changes.put(claim.tags, partial(_beginning, claim))

    def ended(self, claim: Claim, outcome: Outcome) -> None:
        """An attempt has ended, or waits to be acknowledged."""
        if claim.callback is None and outcome.error not in PUT_OFF:
            self._changes.put(claim.tags, partial(_end, claim, outcome))

    def close(self) -> None:
        """Tell what is to be told."""
        self._changes.close()


def _beginning(claim: Claim) -> LiveEntry | None:
    if claim.definition is None:
        return None
    job = Job(  # nothing of it is secret
        claim.event_id,
        claim.occurrence_id,
        claim.scheduled_ms,
        claim.attempt,
        claim.definition.name,
        claim.definition.description,
        claim.metadata_json,
        claim.tags,
        NO_ACTION,
        (),
    )
    return LiveEntry(claim.tags, BEGINS, event_message(job))


def _end(claim: Claim, outcome: Outcome) -> LiveEntry:
    record, _ = record_of(claim, outcome, outcome.timings.done_us // 1000, 0.0)
    status = status_change(
        claim.event_id,
        claim.occurrence_id,
        claim.tags,
        record.verdict,
        claim.attempt,
        record.status_code,
        record.error_message,
    )
    return LiveEntry(claim.tags, CHANGE, status)
