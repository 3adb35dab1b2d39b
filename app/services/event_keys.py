"""Events by the keys that their users gave them: read, create or change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.flow import space_of
from app.domain.ids import to_text
from app.domain.own_key import check_key, key_name
from app.errors import Conflict, InvalidInput, NotFound
from app.services.event_places import HIDDEN, KeyTaken
from app.services.event_writes import CHANGING, WRITE_TRIES
from app.services.events import EventService
from app.services.queries import EventChanges
from app.store.events import EventStore

NO_EVENT = "No event has this key."
_NONE_TO_CHANGE = "No event has this key; leave If-Match out to create one."
_OTHER = "must be the key in the path, or be left out"


@dataclass(frozen=True, slots=True)
class KeyService:
    """The use cases around keys; all raise ``StoreUnavailable``.

    They raise ``InvalidInput`` for what is no key. A key is one of the token's scope. An event that
    got other tags, so that the scope does not see it any more, keeps its key: it is not found, and
    no other event can have the key.
    """

    events: EventService
    store: EventStore

    def get(self, key: str, access: Access) -> Event:
        """Read an event; raises ``NotFound``, also for one out of scope."""
        event = self._holder(key, access)
        if event is None or not access.sees(event.tags):
            raise NotFound(NO_EVENT)
        return event

    def put(
        self,
        key: str,
        changes: EventChanges,
        access: Access,
        wanted: Callable[[str], int | None],
        *,
        must_exist: bool = False,
        complete: Callable[[EventChanges], EventChanges],
    ) -> tuple[Event, bool]:
        """Change the event that has a key, or create one; also whether it is new.

        ``wanted`` says which version an event with this id must have, ``None`` for any.
        ``complete`` makes what creates an event of the changes, or raises ``InvalidInput``. With
        ``must_exist`` raises ``NotFound`` instead of creating. Raises what changing an event and
        creating one raise.

        An event whose deletion can still be undone is not deleted any more: without that while it
        would be created anew, and who sends it wants it to be there.
        """
        if changes.given.get("key", key) != key:
            raise InvalidInput.field("key", _OTHER)
        for _ in range(WRITE_TRIES):
            before = self._holder(key, access)
            if before is not None and not access.sees(before.tags):
                raise Conflict(HIDDEN)
            if before is None and must_exist:
                raise NotFound(_NONE_TO_CHANGE)
            try:
                if before is not None:
                    name = to_text(before.id)
                    kept = kept_by(changes, before)
                    return self.events.update(name, kept, access, wanted(name)), False
                given = {**complete(changes).given, "key": key}
                return self.events.create(EventChanges(given), access), True
            except (NotFound, KeyTaken):
                continue  # others have deleted it or made it meanwhile
        raise Conflict(CHANGING)

    def _holder(self, key: str, access: Access) -> Event | None:
        check_key(key)
        (event,) = self.store.keyed([key_name(space_of(access), key)])
        return event


def kept_by(changes: EventChanges, before: Event) -> EventChanges:
    """The changes that put makes of an event: what is to be deleted becomes what it was as well."""
    deletion = before.options.pause and before.options.pause.deletion
    if not deletion:
        return changes
    was = {"status": EventStatus(deletion.status), "pause": deletion.pause}
    return EventChanges({**was, **changes.given})
