"""The occurrence: one firing of an event, from planned to ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OccurrenceStatus(StrEnum):
    """The states of an occurrence.

    ``scheduled → dispatched → completed | retrying → … → failed``; beside these ``missed``
    (nobody was there in time), ``skipped`` (a rule said no) and ``cancelled`` (its event was
    deleted or changed, or a newer one took its place). One that its receiver has yet to
    acknowledge is ``dispatched``.
    """

    SCHEDULED = "scheduled"
    DISPATCHED = "dispatched"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


ENDED = frozenset(
    {
        OccurrenceStatus.COMPLETED,
        OccurrenceStatus.FAILED,
        OccurrenceStatus.MISSED,
        OccurrenceStatus.SKIPPED,
        OccurrenceStatus.CANCELLED,
    }
)
"""The statuses that an occurrence never leaves by itself."""

RESPONSE_LIMIT = 4096
"""How many bytes of a receiver's answer are kept."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence, as recorded. Times are milliseconds since 1970, UTC; ``None``: not yet."""

    id: bytes
    event_id: bytes
    scheduled_ms: int
    status: OccurrenceStatus
    tags: tuple[str, ...] = ()
    attempt_count: int = 0
    changed_ms: int | None = None
    status_code: int | None = None
    response_body: str | None = None
    error_message: str | None = None
    started_ms: int | None = None
    completed_ms: int | None = None
    next_attempt_ms: int | None = None
    ack_deadline_ms: int | None = None
    """Until when its receiver may acknowledge, while it has to."""
    callback_of: bytes | None = None
    """The occurrence of whose end it tells, if it is a callback."""
    planned_ms: int = 0
    """When the first attempt was planned: the scheduled time, or later by its share of jitter."""
    deferral_count: int = 0
    """How often the last attempt was put off, through no fault of its own."""
    deferral_reason: str | None = None
