"""Creating an event once for an idempotency key."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.domain.partition_count import Count
from app.errors import Conflict, NotFound
from app.services.event_places import home_of
from app.services.events import EventService
from app.services.queries import EventChanges
from app.store.events import EventStore

_OTHER = f"This {HEADER} has made another event within the last day; choose a new one."
_GONE = f"The event that this {HEADER} made is gone; choose a new one to make another."


@dataclass(frozen=True, slots=True)
class CreationService:
    """Creates an event once, however often the request with its idempotency key is sent."""

    events: EventService
    store: EventStore
    partitions: Count

    def create(self, changes: EventChanges, access: Access, key: str) -> tuple[Event, bool]:
        """Create an event, or return the one that this key has made; also whether it is new.

        Raises what ``EventService.create`` raises, ``InvalidInput`` for a malformed key, and
        ``Conflict`` for a key that has made another event, or one that was deleted.
        """
        once = Once.of(key, changes.given, access)
        # An event of a flow is in the flow's partition. The key is also noted in a partition of its
        # own, so that it means the same whatever flow the next request names.
        home = home_of(once, self.partitions)
        try:
            self.store.refuse_duplicate(home, once)
            event = self.events.create(changes, access, once)
        except AlreadyMade as before:
            return self._made(before, once, access), False
        self.store.remember(home, event.id, once)
        return event, True

    def _made(self, before: AlreadyMade, once: Once, access: Access) -> Event:
        if before.digest != once.digest:
            raise Conflict(_OTHER)
        try:
            return self.events.get(to_text(before.event_id), access)
        except NotFound:
            raise Conflict(_GONE) from None
