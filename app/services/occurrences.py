"""Occurrences: read one, list many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from app.domain import ids
from app.domain.access import Access
from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.errors import NotFound
from app.services.cursors import Cursors
from app.services.queries import OccurrenceQuery, Page
from app.services.scoping import scope_word, tag_groups, tag_keys, visible_event
from app.store import indexes, keys
from app.store.events import EventStore
from app.store.indexes import Selection
from app.store.occurrences import OccurrenceStore

_RARE = frozenset({"dispatched", "retrying", "failed", "missed", "skipped", "cancelled"})
"""Statuses that few occurrences have: a list of one of them walks that status's index first."""


@dataclass(frozen=True, slots=True)
class OccurrenceService:
    """Reads occurrences; those out of scope are absent and not counted."""

    events: EventStore
    occurrences: OccurrenceStore
    lists: indexes.IndexReader
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
        """List occurrences, newest scheduled first."""
        selection = self.selection(query, access)
        if selection is None:
            return Page((), 0)
        found = self.lists.page(selection, (query.page - 1) * query.limit, query.limit)
        return Page(self._load(found), self.lists.count(selection))

    def of_event(
        self, event_id: str, access: Access, limit: int, cursor: str | None
    ) -> Page[Occurrence]:
        """List an event's occurrences, newest scheduled first.

        Raises ``NotFound``, and ``InvalidInput`` for the cursor of another list.
        """
        event = visible_event(self.events, event_id, access)
        selection = self._event_selection(event.id, access)
        found, following = self.cursors.slice(
            self.lists, selection, cursor, f"of {event_id} {scope_word(access)}", limit
        )
        return Page(self._load(found), self.lists.count(selection), following)

    def selection(self, query: OccurrenceQuery, access: Access) -> Selection | None:
        """The walk of indexes that a query means; ``None`` if nothing can match."""
        groups = tag_groups(query.tags, access, "occurrences")
        status = (partial(keys.occurrences, status=query.status),) if query.status else None
        extra: tuple[indexes.Entry, ...] = ()
        if query.event_id is not None:
            raw = ids.from_text(query.event_id, version=7)
            if raw is None:
                return None
            of_event = self._event_selection(raw, access)
            extra = of_event.extra
            groups.insert(0, of_event.any_of)
            if status:
                groups.append(status)
            # The scheduled occurrence is in no index of its event. Its tags and status are checked
            # in the other groups, which are its own indexes.
        elif status:
            groups.insert(0 if query.status in _RARE or not groups else 1, status)
        every_status = not groups
        if every_status:
            every = tuple(partial(keys.occurrences, status=one.value) for one in OccurrenceStatus)
            groups = [every]
        return Selection(
            any_of=groups[0],
            also=tuple(groups[1:]),
            low_ms=query.from_ms,
            high_ms=query.to_ms,
            extra=extra,
            disjoint=every_status,
        )

    def _event_selection(self, event_id: bytes, access: Access) -> Selection:
        event = self.events.get_many([event_id])[0]
        extra: tuple[indexes.Entry, ...] = ()
        if event is not None and event.next_ms is not None:
            extra = ((event.next_ms, ids.occurrence_id(event_id, event.next_ms)),)
        scope = () if access.is_admin else (tag_keys(sorted(access.scope), "occurrences"),)
        return Selection(
            any_of=(partial(keys.event_occurrences, event_id=event_id),), also=scope, extra=extra
        )

    def _load(self, found: Sequence[bytes]) -> tuple[Occurrence, ...]:
        loaded = self.occurrences.get_many(found)
        return tuple(occurrence for occurrence in loaded if occurrence is not None)
