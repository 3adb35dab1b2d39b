"""Creating an event once for an idempotency key."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import first_partition_of, to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.domain.partition_count import Count
from app.errors import Conflict, NotFound, QhronosError, StoreUnavailable
from app.services.event_places import home_of, place_apart
from app.services.events import EventService
from app.services.queries import EventChanges
from app.store.events import EventStore
from app.store.kept_ids import KeptIds

_OTHER = f"This {HEADER} has made another event within the last day; choose a new one."
_GONE = f"The event that this {HEADER} made is gone; choose a new one to make another."


@dataclass(frozen=True, slots=True)
class CreationService:
    """Creates an event once, however often the request with its idempotency key is sent."""

    events: EventService
    store: EventStore
    kept: KeptIds
    partitions: Count
    """How many take new events."""

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
            event = self._create(changes, access, once, home)
        except AlreadyMade as before:
            if (made := self._made(before, once, access)) is not None:
                return made, False
            if not self._is_begun(before.event_id, once, home):
                raise Conflict(_GONE) from None
            try:
                event = self.events.create(changes, access, replace(once, event_id=before.event_id))
            except AlreadyMade as same:
                if (made := self._made(same, once, access)) is None:
                    raise Conflict(_GONE) from None
                return made, False
        self.store.remember(home, event.id, once)
        return event, True

    def _create(self, changes: EventChanges, access: Access, once: Once, home: int) -> Event:
        """Create an event; one that is not at the key's home is given its id there before."""
        place = place_apart(changes.given, once, self.store, self.partitions)
        if place is None:
            return self.events.create(changes, access, once)
        lane = self.events.lanes.of(access.subject)
        event_id = self.events.new_ids.make(self.events.clock.now_us(), place, lane)
        self.kept.keep(home, event_id, once)
        try:
            return self.events.create(changes, access, replace(once, event_id=event_id))
        except StoreUnavailable:
            raise  # perhaps it was made
        except QhronosError:
            self.kept.let_go(home, event_id, once)
            raise

    def _is_begun(self, event_id: bytes, once: Once, home: int) -> bool:
        """Whether an id was only kept: who has kept it is at it, or has died."""
        return first_partition_of(event_id) != home and not self.kept.is_made(event_id, once)

    def _made(self, before: AlreadyMade, once: Once, access: Access) -> Event | None:
        """The event that a key has made; ``None``: there is none."""
        if before.digest != once.digest:
            raise Conflict(_OTHER)
        try:
            return self.events.get(to_text(before.event_id), access)
        except NotFound:
            return None
