"""Occurrences whose attempt is under way, or was made and has yet to be acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import ids
from app.store import keys
from app.store.claims import Claim, callback_from_field, redelivery_from_field
from app.store.codec import DEFINITION_FIELDS, definition_from_doc
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.pieces import join
from app.store.reading import Values, oldest_until
from app.store.short_forms import read_occurrences
from app.store.whereabouts import read_events

ACK = b"ack:"
"""What the lease token of one that waits to be acknowledged begins with; its attempt follows."""

_OCCURRENCE_FIELDS = (
    OccurrenceField.EVENT,
    OccurrenceField.STATUS,
    OccurrenceField.SCHEDULED,
    OccurrenceField.ATTEMPTS,
    OccurrenceField.LEASE,
    OccurrenceField.STATUS_CODE,
    OccurrenceField.RESPONSE_BODY,
    OccurrenceField.CALLBACK,
    OccurrenceField.REDELIVERY,
    OccurrenceField.PLANNED,
    OccurrenceField.LOG,
)
_EVENT_FIELDS = (*DEFINITION_FIELDS, EventField.FLOW)


@dataclass(frozen=True, slots=True)
class Open:
    """One of these: as its worker claimed it, and what the receiver has answered."""

    claim: Claim
    status_code: int | None
    response_body: bytes
    flow: bytes | None = None
    """The flow that its event is in."""
    log_line: bytes = b""
    """The line of its attempt, if it has one."""

    @property
    def waits(self) -> bool:
        """Whether it waits to be acknowledged."""
        return self.claim.token.startswith(ACK)


class WaitingStore:
    """Reads them."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def overdue(self, partition: int, now_ms: int, limit: int) -> list[bytes]:
        """What was to be acknowledged by now, the longest overdue first."""
        found = oldest_until(self._client, keys.unacknowledged(partition), now_ms, limit)
        ids.found_in(partition, found)
        return found

    def forget(self, partition: int, occurrence_ids: Sequence[bytes]) -> None:
        """Take out what does not wait any more."""
        self._client.zrem(keys.unacknowledged(partition), *occurrence_ids)

    def read(self, occurrence_ids: Sequence[bytes]) -> list[Open | None]:
        """Read several in a few round trips, in order; ``None`` where no attempt is open."""
        rows = read_occurrences(self._client, occurrence_ids, _OCCURRENCE_FIELDS)
        events = [event_id or bytes(16) for event_id, *_ in rows]
        of_events = read_events(self._client, events, _EVENT_FIELDS)
        return [
            _open(one, row, of_event)
            for one, row, of_event in zip(occurrence_ids, rows, of_events, strict=True)
        ]


def _open(occurrence_id: bytes, row: Values, of_event: Values) -> Open | None:
    event_id, status, at, attempt, token, code, body, callback, redelivery, planned, log = row
    *pieces, flow = of_event
    doc = join(pieces)
    if status != b"dispatched":
        return None
    claim = Claim(
        occurrence_id=occurrence_id,
        event_id=event_id or b"",
        scheduled_ms=int(at or 0),
        attempt=int(attempt or 0),
        token=token or b"",
        definition=None if doc is None else definition_from_doc(doc),
        metadata_json="{}",
        tags=(),
        secret=None,
        recurring=False,
        plan=b"",
        deaths=0,
        due_ms=int(at or 0),
        callback=None if callback is None else callback_from_field(callback),
        planned_ms=None if planned is None else int(planned),
    )
    if redelivery is not None:
        claim.attempts_before, claim.redelivered_ms = redelivery_from_field(redelivery)
    lines = (log or b"").splitlines(keepends=True)
    return Open(claim, int(code) if code else None, body or b"", flow, b"".join(lines[-1:]))
