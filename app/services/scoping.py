"""Scopes of tokens: the event that one may see, and the indexes that a filter and a scope mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event
from app.errors import NotFound
from app.services.queries import TagFilter
from app.store import keys
from app.store.events import EventStore
from app.store.selections import IndexClause, KeyOf


def visible_event(events: EventStore, event_id: str, access: Access) -> Event:
    """Read an event; raises ``NotFound``, also for one out of scope."""
    raw = ids.from_text(event_id, version=7)
    event = events.get_many([raw])[0] if raw else None
    if event is None or not access.sees(event.tags):
        raise NotFound("No event has this id.")
    return event


def tag_keys(tags: Sequence[str], of: str) -> tuple[KeyOf, ...]:
    """The indexes of these tags; ``of`` is ``events`` or ``occurrences``."""
    make = keys.tag_events if of == "events" else keys.tag_occurrences
    return tuple(partial(make, tag=tag) for tag in tags)


def tag_clauses(tags: TagFilter, access: Access, of: str) -> list[IndexClause]:
    """What a filter and a scope select: every clause has to fit."""
    clauses = [
        IndexClause(tag_keys(one.has, of), lacks=tag_keys(one.lacks, of)) for one in tags.clauses
    ]
    in_scope = any(
        one.has and not one.lacks and access.scope.issuperset(one.has) for one in tags.clauses
    )
    if not access.is_admin and not in_scope:
        clauses.append(IndexClause(tag_keys(sorted(access.scope), of)))
    return clauses


def circle_of(access: Access) -> frozenset[str] | None:
    """Who sees the same; ``None``: who sees everything."""
    return None if access.is_admin else access.scope


def scope_word(access: Access) -> str:
    """The scope as text, part of a cursor's context: a cursor is not valid in another scope."""
    return "admin" if access.is_admin else repr(sorted(access.scope))
