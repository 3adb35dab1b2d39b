"""Occurrences: read one, list many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from app.domain import ids
from app.domain.access import Access
from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.errors import InvalidInput, NotFound
from app.services.cursors import Cursors
from app.services.queries import OccurrenceQuery, Page
from app.services.scoping import scope_word, tag_clauses, tag_keys, visible_event
from app.store import keys
from app.store.events import EventStore
from app.store.indexes import IndexReader, Total
from app.store.left_out import reading_only
from app.store.occurrences import OccurrenceStore
from app.store.selections import Entry, IndexClause, KeyOf, Selection

PAGE_LIMIT = 20_000
"""How many entries are read and looked up for a page by its number, with those before it; see
``indexes.LOOK_LIMIT``."""


@dataclass(frozen=True, slots=True)
class OccurrenceService:
    """Reads occurrences; those out of scope are absent and not counted."""

    events: EventStore
    occurrences: OccurrenceStore
    lists: IndexReader
    cursors: Cursors

    def get(self, occurrence_id: str, access: Access) -> Occurrence:
        """Read one occurrence; raises ``NotFound``, also for one out of scope."""
        raw = ids.from_text(occurrence_id, version=8)
        occurrence = self.occurrences.get_many([raw])[0] if raw else None
        if occurrence is None or not access.sees(occurrence.tags):
            raise NotFound("No occurrence has this id.")
        return occurrence

    def attempts(self, occurrence_id: str, access: Access) -> Sequence[Attempt]:
        """Read the log of an occurrence's attempts, oldest first; raises ``NotFound``."""
        return self.occurrences.attempts(self.get(occurrence_id, access).id)

    def list(self, query: OccurrenceQuery, access: Access) -> Page[Occurrence]:
        """List occurrences. A page may be short, or empty, and have a cursor that leads on.

        Raises ``InvalidInput`` for the cursor of another list, and for the number of a page that
        more would have to be looked at for than one call may.
        """
        event_id = query.event_id and ids.from_text(query.event_id, version=7)
        if not event_id:
            return self._list(query, access)
        with _reading_of(event_id):
            return self._list(query, access)

    def _list(self, query: OccurrenceQuery, access: Access) -> Page[Occurrence]:
        context = f"occurrences {query.filters} {scope_word(access)}"
        after = self.cursors.decode(query.cursor, context)
        selection = self.selection(query, access)
        if selection is None:
            return Page((), 0)
        found, last = self._part(query, selection, after)
        is_short = last is not None and len(found) < query.limit
        if after is None and query.page == 1 and (last is None or is_short):
            total = Total(len(found), is_exact=last is None)
        else:
            total = self.lists.total(selection)
        cursor = None if last is None else self.cursors.encode(last, context)
        loaded = self._load([member for _, member in found])
        return Page(loaded, total.number, cursor, total.is_exact)

    def _part(
        self, query: OccurrenceQuery, selection: Selection, after: Entry | None
    ) -> tuple[Sequence[Entry], Entry | None]:
        oldest_first = query.sort == "scheduled_at"
        skip = (query.page - 1) * query.limit
        if skip and self.lists.is_ranked(selection, skip):
            return self.lists.page(selection, skip, query.limit, oldest_first=oldest_first)
        found, last = self.lists.part(
            selection,
            after,
            skip + query.limit,
            oldest_first=oldest_first,
            limit=PAGE_LIMIT if skip else None,
        )
        if last is not None and len(found) < skip:
            raise InvalidInput.field(
                "page", "is too far for these filters: follow the Link header of the page before"
            )
        return found[skip:], last

    def of_event(
        self, event_id: str, access: Access, limit: int, cursor: str | None
    ) -> Page[Occurrence]:
        """List an event's occurrences, newest scheduled first.

        Raises ``NotFound``, and ``InvalidInput`` for the cursor of another list.
        """
        event = visible_event(self.events, event_id, access)
        selection = self._event_selection(event.id, access)
        with _reading_of(event.id):
            found, following = self.cursors.slice(
                self.lists, selection, cursor, f"of {event_id} {scope_word(access)}", limit
            )
            total = self.lists.total(selection)
        return Page(self._load(found), total.number, following, total.is_exact)

    def selection(self, query: OccurrenceQuery, access: Access) -> Selection | None:
        """The walk of indexes that a query means; ``None`` if nothing can match."""
        clauses = tag_clauses(query.tags, access, "occurrences")
        if query.status is not None:
            clauses.insert(0, IndexClause(_indexes(query.status.split(","))))
        if query.event_id is not None:
            raw = ids.from_text(query.event_id, version=7)
            if raw is None:
                return None
            # The scheduled occurrence is in no index of its event, nor need that of a one-time
            # event be. Tags and status are checked in the other clauses, which are its own indexes.
            of_event = self._event_selection(raw, access)
            clauses.insert(0, of_event.clauses[0])
        first = next((one for one in clauses if one.can_be_walked), None)
        return Selection(
            any_of=_indexes(OccurrenceStatus) if first is None else first.has,
            also=tuple(one for one in clauses if one is not first),
            low_ms=query.from_ms,
            high_ms=query.to_ms,
            extra=() if first is None else first.extra,
            disjoint=first is None or (query.status is not None and len(clauses) == 1),
        )

    def _event_selection(self, event_id: bytes, access: Access) -> Selection:
        event = self.events.get_many([event_id])[0]
        extra: tuple[Entry, ...] = ()
        if event is not None and event.next_ms is not None:
            following = ids.occurrence_id(event_id, event.next_ms)
            ids.found_in(ids.partition_of_event(event_id), [following])
            extra = ((event.next_ms, following),)
        unlisted = self.occurrences.unlisted_of(event)
        if unlisted is not None:
            extra = (*extra, (ids.scheduled_ms(unlisted), unlisted))
        scope = tag_keys(sorted(access.scope), "occurrences")
        return Selection(
            any_of=(partial(keys.event_occurrences, event_id=event_id),),
            also=() if access.is_admin else (IndexClause(scope),),
            extra=extra,
        )

    def _load(self, found: Sequence[bytes]) -> tuple[Occurrence, ...]:
        loaded = self.occurrences.get_many(found)
        return tuple(occurrence for occurrence in loaded if occurrence is not None)


def _reading_of(event_id: bytes) -> AbstractContextManager[None]:
    """Read what an event has, where it is; one that may have moved has some of it elsewhere."""
    if ids.moved_among():
        return nullcontext()
    return reading_only(ids.partition_of_event(event_id))


def _indexes(statuses: Iterable[str]) -> tuple[KeyOf, ...]:
    return tuple(partial(keys.occurrences, status=str(one)) for one in statuses)
