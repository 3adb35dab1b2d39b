"""Occurrences whose attempt is under way, or was made and has yet to be acknowledged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from app.domain import ids
from app.store import keys
from app.store.claims import Claim, again_from_field, callback_from_field
from app.store.connection import StoreClient

ACK = b"ack:"
"""What the lease token of one that waits to be acknowledged begins with; its attempt follows."""

_FIELDS = ("e", "at", "st", "n", "l", "code", "body", "cb", "again", "p", "log")


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
        key = keys.unacknowledged(partition)
        found = self._client.zrangebyscore(key, "-inf", now_ms, start=0, num=limit)
        return cast("list[bytes]", found)

    def forget(self, partition: int, occurrence_ids: Sequence[bytes]) -> None:
        """Take out what does not wait any more."""
        self._client.zrem(keys.unacknowledged(partition), *occurrence_ids)

    def read(self, occurrence_ids: Sequence[bytes]) -> list[Open | None]:
        """Read several in two round trips, in order; ``None`` where no attempt is open."""
        pipe = self._client.pipeline(transaction=False)
        for one in occurrence_ids:
            key = keys.occurrence(ids.partition_of_occurrence(one), one)
            pipe.hmget(key, list(_FIELDS))
        rows = pipe.execute()
        for event_id, *_ in rows:
            event = keys.event(ids.partition_of_event(event_id or b""), event_id or b"")
            pipe.hmget(event, ["doc", "fl"])
        return [
            _open(one, row, doc, flow) if row[2] == b"dispatched" else None
            for one, row, (doc, flow) in zip(occurrence_ids, rows, pipe.execute(), strict=True)
        ]


def _open(
    occurrence_id: bytes, row: Sequence[bytes | None], doc: bytes | None, flow: bytes | None
) -> Open:
    event_id, at, _, attempt, token, code, body, callback, again, planned, log = row
    claim = Claim(
        occurrence_id=occurrence_id,
        event_id=event_id or b"",
        scheduled_ms=int(at or 0),
        attempt=int(attempt or 0),
        token=token or b"",
        doc=None if doc is None else json.loads(doc),
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
    if again is not None:
        claim.attempts_before, claim.again_ms = again_from_field(again)
    lines = (log or b"").splitlines(keepends=True)
    return Open(claim, int(code) if code else None, body or b"", flow, b"".join(lines[-1:]))
