"""What the claim scripts answer: occurrences with all that their delivery needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.callback import Callback
from app.store.codec import split_tags

_read_json = json.JSONDecoder().raw_decode
"""What ``json.loads`` does, in half the time: it looks for no other encoding and no margins."""


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Claim:
    """One claimed occurrence and all that its delivery needs, as read by the claim script."""

    occurrence_id: bytes
    event_id: bytes
    scheduled_ms: int
    attempt: int
    token: bytes
    doc: Mapping[str, Any] | None
    metadata_json: str
    tags: tuple[str, ...]
    secret: bytes | None
    recurring: bool
    plan: bytes
    deaths: int
    due_ms: int
    deferred: int = 0
    """How often this attempt was deferred."""
    start_ms: int = 0
    """When its flow lets it start, ms UTC; 0: it is in none."""
    headers: bytes | None = None
    attempts_before: int = 0
    """Attempts made before it was asked for again: the retry policy does not count them."""
    again_ms: int | None = None
    """Since when it is asked for again."""
    claimed_ms: int = 0
    """When a worker took it on; if that was ahead of its time, when it was due."""
    held: bool = False
    """An earlier one of its event is not over: it was skipped or waits, and is not to be sent."""
    callback: Callback | None = None
    """What it tells of, if it is a callback."""
    planned_ms: int | None = None
    """When it was first to be attempted, if not at its scheduled time."""

    @property
    def since_ms(self) -> int:
        """Since when it is to be delivered: the age that a retry policy may limit begins here."""
        if self.again_ms is not None:
            return self.again_ms
        return self.scheduled_ms if self.planned_ms is None else self.planned_ms

    @property
    def url(self) -> str:
        """Where to deliver."""
        if self.callback is not None:
            return str((self.doc or {})["opt"][self.callback.option])
        doc = self.doc or {}
        return str(doc["to"] if "to" in doc else doc["action"]["params"]["url"])


def claim_from_reply(row: Sequence[Any], token: bytes, claimed_ms: int) -> Claim:
    """Read one row of the claim script's answer."""
    occurrence_id, event_id, scheduled, attempt, doc, meta, tags, secret = row[:8]
    recurring, plan, deaths, due, deferred, headers, again, held, callback, planned = row[8:]
    claim = Claim(  # by position: naming twenty fields takes as long as reading them
        occurrence_id,
        event_id,
        int(scheduled),
        int(attempt),
        token,
        None if doc is None else _read_json(doc.decode())[0],
        (meta or b"{}").decode(),
        split_tags(tags),
        secret,
        recurring is not None,
        plan or b"",
        int(deaths or 0),
        int(due),
        _deferrals(deferred, attempt) if deferred else 0,
    )
    claim.headers, claim.held = headers, held is not None
    claim.claimed_ms = max(claimed_ms, claim.due_ms)
    if callback is not None:
        claim.callback = callback_from_field(callback)
    if planned is not None:
        claim.planned_ms = int(planned)
    if again is not None:
        claim.attempts_before, claim.again_ms = again_from_field(again)
    return claim


def again_from_field(raw: bytes) -> tuple[int, int]:
    """Read how many attempts were made before it was asked for again, and since when it is."""
    before, since, _ = raw.split(b":")
    return int(before), int(since)


def _deferrals(raw: bytes, attempt: int) -> int:
    of, _, count = raw.partition(b":")
    return int(count) if int(of) == int(attempt) else 0


def callback_from_field(raw: bytes) -> Callback:
    """Read what a callback tells of."""
    status, scheduled, completed, attempts, code, error = raw[16:].split(b"\n", 5)
    return Callback(
        occurrence_id=raw[:16],
        status=status.decode(),
        scheduled_ms=int(scheduled),
        completed_ms=int(completed),
        attempt_count=int(attempts),
        status_code=int(code) if code else None,
        error_message=error.decode() or None,
    )
