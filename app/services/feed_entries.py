"""What a feed says of an occurrence: of one to come what its event says, else what is recorded."""

from __future__ import annotations

from app.domain import ids
from app.domain.event import Event
from app.domain.ical.writing import Happening
from app.domain.occurrence import Occurrence

FORGOTTEN = "An event that was deleted"


def scheduled(event: Event, scheduled_ms: int) -> Happening:
    """An occurrence to come: the same entry before it is scheduled and after."""
    return Happening(
        uid=ids.to_text(ids.occurrence_id(event.id, scheduled_ms)),
        name=event.name,
        scheduled_ms=scheduled_ms,
        changed_ms=event.updated_ms,
        made_ms=event.created_ms,
        description=event.definition.description,
        tags=event.tags,
    )


def recorded(occurrence: Occurrence, event: Event | None) -> Happening:
    """An occurrence that was claimed or has ended; ``event`` if the reader may see it."""
    made_ms = ids.created_ms(occurrence.event_id)
    return Happening(
        uid=ids.to_text(occurrence.id),
        name=FORGOTTEN if event is None else event.name,
        scheduled_ms=occurrence.scheduled_ms,
        changed_ms=occurrence.changed_ms or made_ms,
        status=occurrence.status,
        made_ms=made_ms,
        description="" if event is None else event.definition.description,
        attempts=occurrence.attempt_count,
        status_code=occurrence.status_code,
        error=occurrence.error_message,
        tags=occurrence.tags,
    )
