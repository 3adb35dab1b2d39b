"""Creating an event once, however often the same request is sent."""

from __future__ import annotations

import zlib

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.errors import Conflict, NotFound
from app.services.events import EventService
from app.services.queries import EventChanges
from app.store.events import EventStore

_OTHER = f"This {HEADER} has made another event within the last day; choose a new one."
_GONE = f"The event that this {HEADER} made is gone; choose a new one to make another."


class CreationService:
    """Wraps the creation of events."""

    def __init__(self, events: EventService, store: EventStore, partitions: int) -> None:
        self._events = events
        self._store = store
        self._partitions = partitions

    def create(self, changes: EventChanges, access: Access, key: str) -> tuple[Event, bool]:
        """Create an event, or return the one that this key made; also whether it is a new one.

        Raises what creating raises, ``InvalidInput`` for a malformed key, and ``Conflict`` for one
        that has made something else, or something that is gone.
        """
        once = Once.of(key, changes.given, access)
        # An event of a flow is where the flow is; what its key has made is known here too, so that
        # the key means the same whatever flow the next request names.
        home = zlib.crc32(once.name) % self._partitions
        try:
            self._store.refuse_again(home, once)
            event = self._events.create(changes, access, once)
        except AlreadyMade as before:
            return self._made(before, once, access), False
        self._store.remember(home, event.id, once)
        return event, True

    def _made(self, before: AlreadyMade, once: Once, access: Access) -> Event:
        if before.digest != once.digest:
            raise Conflict(_OTHER)
        try:
            return self._events.get(to_text(before.event_id), access)
        except NotFound:
            raise Conflict(_GONE) from None
