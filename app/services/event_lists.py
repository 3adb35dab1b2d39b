"""Lists of events: turns filters, scopes and pages into walks of indexes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from app.domain.access import Access
from app.domain.event import Event
from app.services.cursors import Cursors
from app.services.queries import EventQuery, Page
from app.services.scoping import scope_word, tag_groups
from app.store import indexes
from app.store.events import EventStore
from app.store.indexes import Selection


@dataclass(frozen=True, slots=True)
class EventLists:
    """Lists events; events out of scope are absent and not counted."""

    events: EventStore
    lists: indexes.IndexReader
    cursors: Cursors

    def page(self, query: EventQuery, access: Access) -> Page[Event]:
        """List events, newest first."""
        selection = self._selection(query, access)
        context = f"events {query.tags} {query.status} {query.name} {scope_word(access)}"
        found, cursor = self.cursors.slice(
            self.lists, selection, query.cursor, context, query.limit
        )
        items = tuple(event for event in self.events.get_many(found) if event is not None)
        if selection.keep is None:
            total = self.lists.count(selection)
        elif query.cursor is None and cursor is None:
            total = len(found)
        else:
            total = len(self.lists.part(selection, None, indexes.COUNT_LIMIT)[0])
        return Page(items, total, cursor)

    def _selection(self, query: EventQuery, access: Access) -> Selection:
        groups = tag_groups(query.tags, access, "events")
        if query.status is not None:
            groups.append(indexes.event_indexes(query.status))
        selection = indexes.EVERY_EVENT
        if groups:
            selection = Selection(any_of=groups[0], also=tuple(groups[1:]))
        if query.name is None:
            return selection
        return replace(selection, keep=partial(self.events.have_name, query.name))
