"""What a feed says of an occurrence: of one to come what its event says, else what is recorded."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event
from app.domain.ical.writing import Happening
from app.domain.occurrence import Occurrence
from app.store.former_names import FormerName

FORGOTTEN = "An event whose name is not known any more"


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
        event_id=event.id,
    )


def recorded(occurrence: Occurrence, called: FormerName | None) -> Happening:
    """An occurrence that was claimed or has ended, and what its event was called then."""
    made_ms = ids.created_ms(occurrence.event_id)
    return Happening(
        uid=ids.to_text(occurrence.id),
        name=FORGOTTEN if called is None else called.name,
        scheduled_ms=occurrence.scheduled_ms,
        changed_ms=occurrence.changed_ms or made_ms,
        status=occurrence.status,
        made_ms=made_ms,
        description="" if called is None else called.description,
        attempts=occurrence.attempt_count,
        status_code=occurrence.status_code,
        error=occurrence.error_message,
        tags=occurrence.tags,
        event_id=occurrence.event_id,
    )


def called_then(
    occurrence: Occurrence, former: Sequence[FormerName], event: Event | None, access: Access
) -> FormerName | None:
    """What the event was called when the occurrence began or ended, for who could read it then.

    A name that the event had with other tags is none for who sees none of these: then it is the
    last name before that one, else the first after it. ``former`` are its names, oldest first.
    """
    names = list(former)
    if event is not None:
        names.append(FormerName(_EVER, event.name, event.definition.description, event.tags))
    moment_ms = occurrence.started_ms or occurrence.completed_ms or occurrence.scheduled_ms
    # (What a change ends, it ends at its own moment, and by the name of before.)
    before = [one for one in names if one.until_ms < moment_ms]
    since = names[len(before) :]
    in_turn = [*since[:1], *reversed(before), *since[1:]]
    return next((one for one in in_turn if access.sees(one.tags)), None)


_EVER = 1 << 62
