"""Creating an event once, however often the same request is sent."""

from __future__ import annotations

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.errors import Conflict, NotFound
from app.services.events import EventService
from app.services.queries import EventChanges

_OTHER = f"This {HEADER} has made another event within the last day; choose a new one."
_GONE = f"The event that this {HEADER} made is gone; choose a new one to make another."


class CreationService:
    """Wraps the creation of events."""

    def __init__(self, events: EventService) -> None:
        self._events = events

    def create(self, changes: EventChanges, access: Access, key: str) -> tuple[Event, bool]:
        """Create an event, or return the one that this key made; also whether it is a new one.

        Raises what creating raises, ``InvalidInput`` for a malformed key, and ``Conflict`` for one
        that has made something else, or something that is gone.
        """
        once = Once.of(key, changes.given, access)
        try:
            return self._events.create(changes, access, once), True
        except AlreadyMade as before:
            if before.digest != once.digest:
                raise Conflict(_OTHER) from None
            try:
                return self._events.get(to_text(before.event_id), access), False
            except NotFound:
                raise Conflict(_GONE) from None
