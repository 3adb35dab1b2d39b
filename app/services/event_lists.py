"""Lists of events: turns filters, scopes and pages into walks of indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.ids import created_ms
from app.errors import InvalidInput
from app.services.cursors import Cursors
from app.services.queries import EventQuery, Page
from app.services.scoping import scope_word, tag_clauses
from app.store.event_looks import EventLooks
from app.store.events import EventStore
from app.store.indexes import CHUNK, IndexReader, Total
from app.store.names import NameIndex, NameMatch
from app.store.selections import Entry, IndexClause, Selection, event_indexes
from app.store.shards import if_there
from app.store.term_index import TermIndex
from app.store.terms import has_members, hosts_of, with_host, with_member

BY_NAME = ("name", "-name")
"""Orders that the index of names has."""

LOOKED_BY_NAME = 2_000
"""How many events of all are looked up for a page by name of those that a token may see."""

COUNTED = 100_000
"""How many events a count of its own reads and looks up; to look at one counts as several."""

Look = Callable[[Sequence[bytes]], Sequence[bool]]
"""Says of each of some events whether it stays, by what is stored of it."""

FEW = 2_000
"""So many events whose names begin alike are read at once, and put into the list's order."""


@dataclass(frozen=True, slots=True)
class EventLists:
    """Lists events; events out of scope are absent and not counted."""

    events: EventStore
    lists: IndexReader
    names: NameIndex
    terms: TermIndex
    looks: EventLooks
    cursors: Cursors

    def page(self, query: EventQuery, access: Access) -> Page[Event]:
        """List events. A page may be short, or empty, and have a cursor that leads on."""
        if query.sort in BY_NAME:
            return self._page_by_name(query, access)
        selection, unindexed = self._selection(query, access)
        context = f"events {query.filters} {scope_word(access)}"
        found, cursor = self.cursors.slice(
            self.lists,
            selection,
            query.cursor,
            context,
            query.limit,
            oldest_first=query.sort == "created_at",
        )
        items = self._load(query, found)
        is_short = cursor is not None and len(found) < query.limit
        if query.cursor is None and (cursor is None or is_short):
            total = Total(len(items), is_exact=cursor is None)
        else:
            total = self.lists.total(selection)
        return Page(items, total.number, cursor, total.is_exact, unindexed)

    def _page_by_name(self, query: EventQuery, access: Access) -> Page[Event]:
        """List events by name, of those that have one or begin so; the index has their order."""
        if not self.names.is_complete():
            raise InvalidInput.field(
                "sort", "by name has to wait until all events are listed so; use created_at"
            )
        context = f"events {query.filters} {scope_word(access)}"
        place = self.cursors.decode_mark(query.cursor, context)
        scope = tag_clauses(query.tags, access, "events")
        found: list[bytes] = []
        size, looked, is_over = query.limit + 1, 0, False
        while len(found) <= query.limit and not is_over and looked < LOOKED_BY_NAME:
            rows = self.names.in_order(
                query.name_prefix or "", place, size, backwards=query.sort == "-name"
            )
            is_over, looked = len(rows) < size, looked + len(rows)
            place = rows[-1] if rows else place
            found += self._fitting(rows, scope)
            size = CHUNK
        if len(found) > query.limit:
            is_over, place = False, found[query.limit - 1]
        ids = [row[-16:] for row in found[: query.limit]]
        named = [one for one in self._load(query, ids) if self.fit(query, one)]
        cursor = None if is_over or place is None else self.cursors.encode_mark(place, context)
        total = self.lists.total(self._selection(query, access)[0])
        return Page(tuple(named), total.number, cursor, total.is_exact)

    def _fitting(self, rows: list[bytes], clauses: Sequence[IndexClause]) -> list[bytes]:
        """Those entries of the index of names whose events every clause fits."""
        entries = [(created_ms(row[-16:]), row[-16:]) for row in rows if clauses]
        for clause in clauses:
            entries = self.lists.fitting(entries, clause) if entries else []
        fit = {event_id for _, event_id in entries}
        return [row for row in rows if not clauses or row[-16:] in fit]

    def _load(self, query: EventQuery, found: Sequence[bytes]) -> tuple[Event, ...]:
        """Read events that were found by their terms; one that has others now is left out."""
        events = self.events.get_many(found)
        return tuple(one for one in events if one is not None and _has_terms(query, one))

    def part(
        self, query: EventQuery, access: Access, after: Entry | None
    ) -> tuple[list[Event], Entry | None]:
        """Read the next events of a list, and the entry after which to go on (``None``: none).

        There may be fewer than ``query.limit``, as on a page. Nothing is counted.
        """
        selection, _ = self._selection(query, access)
        entries, position = self.lists.part(selection, after, query.limit)
        return list(self._load(query, [member for _, member in entries])), position

    def count(self, query: EventQuery, access: Access, *, changeable: bool = False) -> Total:
        """Count events, a bounded number of them; ``changeable``: only what may be changed."""
        selection, _ = self._selection(query, access)
        if changeable and not access.is_admin:
            looks = [] if selection.keep is None else [selection.keep]
            selection = replace(
                selection, keep=_all_of([*looks, partial(self._may_change, access)])
            )
        return self.lists.total(selection, COUNTED)

    def fit(self, query: EventQuery, event: Event) -> bool:
        """Whether an event, as it was just read, is what a list has; its creation is not asked."""
        statuses = None if query.status is None else query.status.split(",")
        return (
            query.tags.takes(event.tags)
            and (statuses is None or event.status.value in statuses)
            and (query.name is None or event.name == query.name)
            and (query.name_prefix is None or event.name.startswith(query.name_prefix))
            and _has_terms(query, event)
        )

    def _may_change(self, access: Access, event_ids: Sequence[bytes]) -> list[bool]:
        found = self.events.get_many(event_ids)
        return [one is not None and access.may_change(one.tags) for one in found]

    def _selection(self, query: EventQuery, access: Access) -> tuple[Selection, tuple[str, ...]]:
        """What a query means, and the filters for which no index can be asked."""
        clauses = tag_clauses(query.tags, access, "events")
        if query.status is not None:
            clauses.append(IndexClause(event_indexes(*query.status.split(","))))
        by_term, looks = self._by_terms(query)
        clauses += by_term
        extra: tuple[Entry, ...] | None = None
        if query.name is not None or query.name_prefix is not None:
            match = _named(query)
            few = None
            if if_there(self.names.is_complete):
                few = self.names.few(match, FEW) if match.is_prefix else None
                clauses += [] if match.is_prefix else [match.clause]
            if few is not None:
                extra = tuple(few)
            elif match.is_prefix or match.clause not in clauses:
                looks["name_prefix" if match.is_prefix else "name"] = partial(
                    self.names.have, match
                )
        first = next((one for one in clauses if one.can_be_walked), None)
        if extra is not None:
            first = IndexClause(extra=extra)
        start = first or IndexClause(event_indexes(*EventStatus))
        selection = Selection(
            any_of=start.has,
            extra=start.extra,
            beginning=start.beginning,
            also=tuple(one for one in clauses if one is not first),
            low_ms=query.created_from_ms,
            high_ms=query.created_to_ms,
            disjoint=first is None or (query.status is not None and len(clauses) == 1),
            keep=_all_of(list(looks.values())),
        )
        return selection, tuple(looks)

    def _by_terms(self, query: EventQuery) -> tuple[list[IndexClause], dict[str, Look]]:
        """The clauses for a host and for metadata, and looks for what no index knows."""
        clauses: list[IndexClause] = []
        looks: dict[str, Look] = {}
        if query.target_host is not None:
            if if_there(self.terms.knows_hosts):
                clauses.append(with_host(query.target_host))
            else:
                looks["target_host"] = partial(self.looks.have_host, query.target_host)
        known: frozenset[str] = frozenset()
        if query.metadata and self.terms.declared:
            known = if_there(self.terms.members) or known
        clauses += [with_member(name, value) for name, value in query.metadata if name in known]
        if others := tuple(one for one in query.metadata if one[0] not in known):
            names = ", ".join(f"metadata.{name}" for name, _ in others)
            looks[names] = partial(self.looks.have_metadata, others)
        return clauses, looks


def _named(query: EventQuery) -> NameMatch:
    if query.name_prefix is not None:
        return NameMatch(query.name_prefix, is_prefix=True)
    return NameMatch(query.name or "")


def _has_terms(query: EventQuery, event: Event) -> bool:
    """Whether an event has the host and the metadata that are asked for."""
    host = query.target_host
    return (host is None or host.lower() in hosts_of(event.action.target)) and (
        not query.metadata or has_members(event.metadata_json, query.metadata)
    )


def _all_of(looks: Sequence[Look]) -> Look | None:
    if not looks:
        return None

    def keep(event_ids: Sequence[bytes]) -> Sequence[bool]:
        answers = [look(event_ids) for look in looks]
        return [all(each) for each in zip(*answers, strict=True)]

    return keep
