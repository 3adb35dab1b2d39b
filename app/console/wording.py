"""Why things are as they are, in sentences."""

from __future__ import annotations

from app.domain.event import Event
from app.domain.occurrence import Occurrence, OccurrenceStatus

SENTENCES = {
    OccurrenceStatus.COMPLETED: "It was delivered with {tries}; the receiver answered {code}.",
    OccurrenceStatus.FAILED: "It has failed for good after {tries}{reason}.",
    OccurrenceStatus.RETRYING: "It failed, with {tries}{reason}. It is tried again by itself.",
    OccurrenceStatus.DISPATCHED: "A worker has taken it; attempt {count} is under way.",
    OccurrenceStatus.SCHEDULED: "It is planned.",
    OccurrenceStatus.MISSED: "It was missed{reason}.",
    OccurrenceStatus.SKIPPED: "It was skipped{reason}.",
    OccurrenceStatus.CANCELLED: "It was cancelled{reason}.",
}
UNACKNOWLEDGED = "It was sent; its receiver has yet to acknowledge it."
IN_A_FLOW = "It is planned. When it is due, it waits until its flow has room."
WAITS_FOR_FLOW = "Its time has come; it waits until its flow has room."
WAITS = "Its time has come; it waits for a worker that is free, or for its target to have room."


FOR_BREAKER = "Its target's circuit breaker is open."
FOR_FLOW = "It waits until its flow has room."
FOR_ROOM = "It waits for a worker, or for its target to have room."


def waits_for(event: Event | None, breaker_until_ms: int | None) -> str:
    """For what something waits whose time has come, in a sentence."""
    if breaker_until_ms is not None:
        return FOR_BREAKER
    return FOR_FLOW if event and event.options.flow else FOR_ROOM


def sentence(occurrence: Occurrence, event: Event | None, now_ms: int) -> str:
    """Why an occurrence is where it is, in one sentence or two."""
    count = occurrence.attempt_count
    template = SENTENCES[occurrence.status]
    if occurrence.ack_deadline_ms is not None:
        template = UNACKNOWLEDGED
    elif occurrence.status is OccurrenceStatus.SCHEDULED:
        is_due, in_flow = occurrence.planned_ms <= now_ms, event and event.options.flow
        if is_due:
            template = WAITS_FOR_FLOW if in_flow else WAITS
        elif in_flow:
            template = IN_A_FLOW
    return template.format(
        tries=f"{count} attempt{'' if count == 1 else 's'}",
        reason=f": {occurrence.error_message}" if occurrence.error_message else "",
        code=occurrence.status_code,
        count=count,
    )
