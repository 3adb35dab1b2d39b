"""Creating events: one, once however often its request is sent, or several, all or none."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Sequence

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.errors import Conflict, InvalidInput, NotFound, QhronosError
from app.services.events import EventService
from app.services.previews import PreviewService
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


class ImportService:
    """Creates events in bulk."""

    def __init__(self, events: EventService, previews: PreviewService) -> None:
        self._events = events
        self._previews = previews

    def create_all(self, drafts: Sequence[tuple[str, EventChanges]], access: Access) -> list[Event]:
        """Create an event of each draft, in order; each has a name for messages.

        Raises what ``create`` raises for the first that can't be created, and then there is none
        (if the store goes away meanwhile: what it still took back).
        """
        for name, changes in drafts:
            try:
                self._events.drafted(changes, access)
                self._previews.of_draft(changes, 1, None, None)
            except InvalidInput as error:
                raise of_one(name, error) from None
        created: list[Event] = []
        try:
            for _, changes in drafts:
                created.append(self._events.create(changes, access))
        except QhronosError:
            for event in created:
                with contextlib.suppress(QhronosError):
                    self._events.delete(to_text(event.id), access, None)
            raise
        return created


def of_one(name: str, error: InvalidInput) -> InvalidInput:
    """Say of which of several things an error is."""
    fields = {f"{name}.{path}": said for path, said in error.fields.items()}
    return InvalidInput(f"{name}: {error.message}", fields=fields)
