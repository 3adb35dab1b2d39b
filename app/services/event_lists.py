"""Lists of events: turns filters, scopes and pages into walks of indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.services.cursors import Cursors
from app.services.queries import EventQuery, Page
from app.services.scoping import scope_word, tag_clauses
from app.store.event_looks import EventLooks
from app.store.events import EventStore
from app.store.indexes import IndexReader, Total
from app.store.names import NameIndex, NameMatch
from app.store.selections import Entry, IndexClause, Selection, event_indexes
from app.store.walks import KEEP_COSTS

COUNTED = 100_000
"""How many events a count of its own reads and looks up; to look at one counts as several."""

FEW = 2_000
"""So many events whose names begin alike are read at once, and put into the list's order."""


@dataclass(frozen=True, slots=True)
class EventLists:
    """Lists events; events out of scope are absent and not counted."""

    events: EventStore
    lists: IndexReader
    names: NameIndex
    looks: EventLooks
    cursors: Cursors

    def page(self, query: EventQuery, access: Access) -> Page[Event]:
        """List events. A page may be short, or empty, and have a cursor that leads on."""
        selection = self._selection(query, access)
        context = f"events {query.filters} {scope_word(access)}"
        found, cursor = self.cursors.slice(
            self.lists,
            selection,
            query.cursor,
            context,
            query.limit,
            oldest_first=query.sort == "created_at",
        )
        items = tuple(event for event in self.events.get_many(found) if event is not None)
        is_short = cursor is not None and len(found) < query.limit
        if query.cursor is None and (cursor is None or is_short):
            total = Total(len(found), is_exact=cursor is None)
        elif selection.source is not None and replace(selection, source=None).is_plain:
            total = self.names.count(_named(query))
        else:
            total = self.lists.total(selection)
        return Page(items, total.number, cursor, total.is_exact)

    def part(
        self, query: EventQuery, access: Access, after: Entry | None
    ) -> tuple[list[Event], Entry | None]:
        """Read the next events of a list, and the entry after which to go on (``None``: none).

        There may be fewer than ``query.limit``, as on a page. Nothing is counted.
        """
        selection = self._selection(query, access)
        entries, position = self.lists.part(selection, after, query.limit)
        found = self.events.get_many([member for _, member in entries])
        return [event for event in found if event is not None], position

    def count(self, query: EventQuery, access: Access, *, changeable: bool = False) -> Total:
        """Count events, a bounded number of them; ``changeable``: only what may be changed."""
        selection = self._selection(query, access)
        if changeable and not access.is_admin:
            looks = self._looks(query) if selection.keep is None else [selection.keep]
            selection = replace(
                selection, keep=_all_of([*looks, partial(self._may_change, access)])
            )
        return self.lists.total(selection, COUNTED)

    def fit(self, query: EventQuery, event: Event) -> bool:
        """Whether an event, as it was just read, is what a list has; its creation is not asked.

        What the event itself does not say is read anew: it may have changed since.
        """
        statuses = None if query.status is None else query.status.split(",")
        return (
            query.tags.takes(event.tags)
            and (statuses is None or event.status.value in statuses)
            and (query.name is None or event.name == query.name)
            and (query.name_prefix is None or event.name.startswith(query.name_prefix))
            and all(look([event.id])[0] for look in self._looks(query))
        )

    def _may_change(self, access: Access, event_ids: Sequence[bytes]) -> list[bool]:
        found = self.events.get_many(event_ids)
        return [one is not None and access.may_change(one.tags) for one in found]

    def _selection(self, query: EventQuery, access: Access) -> Selection:
        clauses = tag_clauses(query.tags, access, "events")
        if query.status is not None:
            clauses.append(IndexClause(event_indexes(*query.status.split(","))))
        selection = Selection(low_ms=query.created_from_ms, high_ms=query.created_to_ms)
        looks = self._looks(query)
        if query.name is not None or query.name_prefix is not None:
            by_name = self._by_name(_named(query), clauses, selection)
            if by_name is not None:
                return replace(by_name, keep=_all_of(looks))
            looks.append(partial(self.names.have, _named(query)))
        first = next((one for one in clauses if one.can_be_walked), None)
        any_of = event_indexes(*EventStatus) if first is None else first.has
        also = tuple(one for one in clauses if one is not first)
        return replace(
            selection,
            any_of=any_of,
            also=also,
            disjoint=first is None or (query.status is not None and len(clauses) == 1),
            keep=_all_of(looks),
        )

    def _by_name(
        self, match: NameMatch, clauses: list[IndexClause], selection: Selection
    ) -> Selection | None:
        """The selection that begins with the index of names, if that is the shortest way."""
        if not self.names.is_complete():
            return None
        if match.is_prefix:
            found = self.names.few(match, FEW)
            return None if found is None else replace(
                selection, extra=tuple(found), also=tuple(clauses)
            )  # fmt: skip
        walked = [one for one in clauses if one.can_be_walked]
        sizes = self.lists.sizes(walked, *selection.bounds)
        # To look at what events are called costs more than to look them up in another index.
        if sizes and KEEP_COSTS * min(sizes) < self.names.count(match).number:
            return None
        follow = partial(self.names.follow, match)
        return replace(selection, source=follow, also=tuple(clauses))

    def _looks(self, query: EventQuery) -> list[Callable[[Sequence[bytes]], Sequence[bool]]]:
        """What no index knows."""
        looks: list[Callable[[Sequence[bytes]], Sequence[bool]]] = []
        if query.target_host is not None:
            looks.append(partial(self.looks.have_host, query.target_host))
        if query.metadata:
            looks.append(partial(self.looks.have_metadata, query.metadata))
        return looks


def _named(query: EventQuery) -> NameMatch:
    if query.name_prefix is not None:
        return NameMatch(query.name_prefix, is_prefix=True)
    return NameMatch(query.name or "", low_ms=query.created_from_ms, high_ms=query.created_to_ms)


def _all_of(
    looks: Sequence[Callable[[Sequence[bytes]], Sequence[bool]]],
) -> Callable[[Sequence[bytes]], Sequence[bool]] | None:
    if not looks:
        return None

    def keep(event_ids: Sequence[bytes]) -> Sequence[bool]:
        answers = [look(event_ids) for look in looks]
        return [all(each) for each in zip(*answers, strict=True)]

    return keep
