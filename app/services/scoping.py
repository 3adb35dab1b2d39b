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
from app.store.indexes import KeyOf


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


def tag_groups(tags: TagFilter, access: Access, of: str) -> list[tuple[KeyOf, ...]]:
    """Groups of indexes: what matches is in at least one index of every group."""
    groups: list[tuple[KeyOf, ...]] = []
    if tags.match_all:
        groups += [(key,) for key in tag_keys(tags.tags, of)]
        in_scope = any(tag in access.scope for tag in tags.tags)
    else:
        if tags.tags:
            groups.append(tag_keys(tags.tags, of))
        in_scope = bool(tags.tags) and access.scope.issuperset(tags.tags)
    if not access.is_admin and not in_scope:
        groups.append(tag_keys(sorted(access.scope), of))
    return groups


def scope_word(access: Access) -> str:
    """The scope as text, part of a cursor's context: a cursor is not valid in another scope."""
    return "admin" if access.is_admin else repr(sorted(access.scope))
