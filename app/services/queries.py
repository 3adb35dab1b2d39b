"""What callers ask for, as values: changes to an event, filters, pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

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
    """Any of the tags, or all of them; no tags means no filter."""

    tags: tuple[str, ...] = ()
    match_all: bool = False

    def takes(self, tags: Sequence[str]) -> bool:
        """Whether what has these tags matches."""
        wanted = set(self.tags)
        return wanted.issubset(tags) if self.match_all else not wanted or bool(wanted & set(tags))


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to list, newest first, from where and how many."""

    tags: TagFilter = TagFilter()
    status: str | None = None
    name: str | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class OccurrenceQuery:
    """Which occurrences to list, newest scheduled first. Bounds are ms UTC, both inclusive."""

    tags: TagFilter = TagFilter()
    event_id: str | None = None
    status: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    page: int = 1
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page, how many there are in all, and where the next page begins (``None``: nowhere)."""

    items: tuple[Item, ...]
    total: int
    next_cursor: str | None = None


Moment = int | datetime
"""A moment as given: ms UTC, or a naive wall time that belongs to the event's time zone."""
