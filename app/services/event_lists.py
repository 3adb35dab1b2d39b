"""Lists of events: filters, scopes and pages, turned into walks of indexes."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.access import Access
from app.domain.event import Event
from app.services.cursors import Cursors
from app.services.queries import EventQuery, Listing
from app.services.scoping import scope_word, tag_groups
from app.store import keys
from app.store import listing as index
from app.store.events import EventStore
from app.store.listing import Selection


class EventLists:
    """Lists events; what is out of scope is absent and not counted."""

    def __init__(self, events: EventStore, lists: index.Listing, cursors: Cursors) -> None:
        self._events = events
        self._lists = lists
        self._cursors = cursors

    def page(self, query: EventQuery, access: Access) -> Listing[Event]:
        """List events, newest first."""
        groups = tag_groups(query.tags, access, "events")

        def keep(found: Sequence[bytes]) -> list[bool]:
            return [
                event is not None
                and query.status in (None, event.status.value)
                and query.name in (None, event.name)
                for event in self._events.get_many(found)
            ]

        filtered = query.status is not None or query.name is not None
        selection = Selection(
            any_of=groups[0] if groups else (keys.events,),
            also=tuple(groups[1:]),
            keep=keep if filtered else None,
        )
        context = f"events {query.tags} {query.status} {query.name} {scope_word(access)}"
        found, cursor = self._cursors.slice(
            self._lists, selection, query.cursor, context, query.limit
        )
        items = tuple(event for event in self._events.get_many(found) if event is not None)
        return Listing(items, self._lists.count(selection), cursor)
