"""What callers ask for, as values: changes to an event, filters, pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from app.domain.tag_expressions import TagClause

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EventChanges:
    """The fields of an event that a request gave, and only those.

    ``given`` maps domain names to values already checked for shape::

        name, description, timezone: str
        action: Action            webhook: its short form, in a change
        start_time: int (ms UTC) or a naive datetime (wall time in the event's timezone)
        metadata: JSON text       schedule: mapping    tags: tuple of tags
        status: EventStatus       hmac_secret: str     headers: pairs of name and value
        any delivery option: as given

    ``None`` clears a clearable field.
    """

    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Any of the tags, or all of them, or an expression; none of these means no filter."""

    tags: tuple[str, ...] = ()
    match_all: bool = False
    expression: tuple[TagClause, ...] = ()

    @property
    def clauses(self) -> tuple[TagClause, ...]:
        """What has to fit, clause by clause."""
        if self.expression or not self.tags:
            return self.expression
        if self.match_all:
            return tuple(TagClause((tag,)) for tag in self.tags)
        return (TagClause(self.tags),)

    @property
    def words(self) -> str:
        """The filter as text: another one for every other filter."""
        plain = f"TagFilter(tags={self.tags}, match_all={self.match_all})"
        return f"{plain} {self.expression}" if self.expression else plain

    def takes(self, tags: Sequence[str]) -> bool:
        """Whether what has these tags matches."""
        return all(clause.takes(tags) for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to list, from where and how many.

    Bounds on the time of creation are ms UTC, both inclusive. ``metadata`` has names and values of
    members.
    """

    tags: TagFilter = TagFilter()
    status: str | None = None
    """One, or several between commas."""

    name: str | None = None
    name_prefix: str | None = None
    target_host: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    created_from_ms: int | None = None
    created_to_ms: int | None = None
    sort: str = "-created_at"
    members: tuple[str, ...] = ()
    """What to answer of each; none: everything."""

    limit: int = 100
    cursor: str | None = None

    @property
    def filters(self) -> str:
        """What a cursor of this list is good for; cursors of earlier versions still are."""
        first = f"{self.tags.words} {self.status} {self.name}"
        others = replace(self, tags=TagFilter(), status=None, name=None, members=(), limit=0)
        others = replace(others, cursor=None)
        return first if others == EventQuery(limit=0) else f"{first} {others}"


@dataclass(frozen=True, slots=True)
class OccurrenceQuery:
    """Which occurrences to list, from where and how many. Bounds are ms UTC, both inclusive."""

    tags: TagFilter = TagFilter()
    event_id: str | None = None
    status: str | None = None
    """One, or several between commas."""

    from_ms: int | None = None
    to_ms: int | None = None
    sort: str = "-scheduled_at"
    members: tuple[str, ...] = ()
    """What to answer of each; none: everything."""

    page: int = 1
    limit: int = 50
    cursor: str | None = None

    @property
    def filters(self) -> str:
        """What a cursor of this list is good for."""
        return repr(replace(self, members=(), page=1, limit=0, cursor=None))


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page, how many there are in all, and where the next page begins (``None``: nowhere).

    If the total is not exact, there are at least so many. ``unindexed`` are the filters for which
    each event is looked at.
    """

    items: tuple[Item, ...]
    total: int
    next_cursor: str | None = None
    is_total_exact: bool = True
    unindexed: tuple[str, ...] = ()


Moment = int | datetime
"""A moment as given: ms UTC, or a naive wall time that belongs to the event's time zone."""
