"""Query parameters: every wrong value is refused by its name, none is guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, post_load, pre_load

from app.api.schemas.base import StrictSchema, check_order
from app.api.schemas.events import EventSchema
from app.api.schemas.fields import Choice, Instant, Read, Text, judged
from app.api.schemas.list_fields import (
    ChosenMembers,
    HostName,
    Identifier,
    MetadataMembers,
    Words,
    check_sort,
    with_members,
)
from app.api.schemas.occurrences import OccurrenceSchema
from app.api.schemas.tags import read_tag, read_tags
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.tag_expressions import is_expression, read_expression
from app.services.queries import EventQuery, OccurrenceQuery, TagFilter

MAX_PAGE = 10_000_000
MAX_DEPTH = 100_000
"""How far pages reach: each costs what lies before it."""

_FILTERS = ("tags", "event_id", "status", "from_ms", "to_ms")


class Whole(Read):
    """A whole number in plain digits."""

    kind = {"type": "integer"}  # noqa: RUF012

    def __init__(self, low: int, high: int, default: int | None, description: str) -> None:
        limits = {"minimum": low, "maximum": high, "description": description}
        super().__init__(load_default=default, metadata=limits)
        self._low, self._high = low, high

    def read(self, value: Any) -> Any:
        """Return the number."""
        if re.fullmatch(r"[0-9]{1,9}", value) and self._low <= int(value) <= self._high:
            return int(value)
        raise ValidationError(f"must be a whole number from {self._low} to {self._high}")


class Tags(Read):
    """Tags between commas, or an expression."""

    def read(self, value: Any) -> Any:
        """Return a tuple of tags, or the filter that an expression means."""
        text = str(value)
        if is_expression(text):
            return TagFilter(expression=judged(lambda: read_expression(text, read_tag)))
        return judged(lambda: read_tags(text.split(",")))


_TAGS = {
    "description": "Tags between commas; the parameter may be repeated. Or an expression "
    "with AND, OR, NOT and parentheses; a tag that has such a word or sign stands in "
    "quotation marks there.",
    "example": "billing AND NOT test",
}


class _TagQuery(StrictSchema):
    tags = Tags(metadata=_TAGS)
    match = Choice(
        ["any", "all"],
        metadata={
            "default": "any",
            "description": "Whether one of the tags is enough, or all have to be there.",
        },
    )

    @staticmethod
    def _filter(data: dict[str, Any]) -> TagFilter:
        tags, match = data.pop("tags", ()), data.pop("match", None)
        if not isinstance(tags, TagFilter):
            return TagFilter(tags, match == "all")
        if match == "all":
            raise ValidationError("must be left out: the expression of tags says it", "match")
        return tags


def limit_field() -> Whole:
    """How much of a list that leads on to answer at once."""
    return Whole(1, 1_000, 100, "How many to list at most.")


def cursor_field() -> Text:
    """Where a list goes on."""
    return Text(1, 3_000, metadata={"description": "Where to go on, from the Link header."})


class EventQuerySchema(_TagQuery):
    """Which events to list."""

    status = Words([status.value for status in EventStatus])
    name = Text(1, 255, metadata={"description": "The whole name."})
    name_prefix = Text(1, 255, metadata={"description": "What the name begins with."})
    target_host = HostName(
        1,
        255,
        metadata={
            "description": "The host of the target's URL; a port may follow it. For a client at "
            "/ws, q: and its name. Indexed."
        },
    )
    metadata = MetadataMembers(
        metadata={
            "description": "A member of the metadata and its value, a colon between them; several "
            "between commas have to be there together. Or a parameter for each, as in "
            "metadata.customer=7. Those are indexed that QHRONOS_INDEXED_METADATA names; "
            "X-Unindexed-Filters in the answer says which are not, or not yet."
        }
    )
    created_from_ms = Instant(data_key="created_from")
    created_to_ms = Instant(data_key="created_to")
    sort = Choice(
        ["-created_at", "created_at", "name", "-name"],
        load_default="-created_at",
        metadata={"description": "By creation; or by name, with no filter but name_prefix."},
    )
    members = ChosenMembers(EventSchema)
    limit = limit_field()
    cursor = cursor_field()

    @pre_load
    def _gather_members(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return with_members(data)

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> EventQuery:
        if "name" in data and "name_prefix" in data:
            raise ValidationError("must be left out beside name", "name_prefix")
        check_order(data, "created_from", "created_to")
        check_sort(data)
        return EventQuery(tags=self._filter(data), **data)


class FeedQuerySchema(_TagQuery):
    """Which occurrences a feed shows."""

    token = Text(1, 4_096, metadata={"description": "A token of type feed."})

    @post_load
    def _as_filter(self, data: dict[str, Any], **_kwargs: Any) -> TagFilter:
        return self._filter(data)


class StreamQuerySchema(StrictSchema):
    """Of which tags to hear."""

    tags = Tags(metadata={"description": "Of what to hear, between commas; it may be repeated."})

    @post_load
    def _as_tags(self, data: dict[str, Any], **_kwargs: Any) -> frozenset[str]:
        tags = data.get("tags", ())
        if isinstance(tags, TagFilter):
            raise ValidationError(
                "must be tags between commas; a stream takes no AND, OR, NOT", "tags"
            )
        return frozenset(tags)


class OccurrenceQuerySchema(_TagQuery):
    """Which occurrences to list; at least one filter is needed."""

    event_id = Identifier()
    status = Words([status.value for status in OccurrenceStatus])
    from_ms = Instant(data_key="from")
    to_ms = Instant(data_key="to")
    sort = Choice(
        ["-scheduled_at", "scheduled_at"],
        load_default="-scheduled_at",
        metadata={"description": "Newest scheduled first, or oldest first."},
    )
    members = ChosenMembers(OccurrenceSchema)
    page = Whole(1, MAX_PAGE, 1, "Which page, from 1; a cursor goes farther and costs less.")
    limit = Whole(1, 100, 50, "How many to a page.")
    cursor = cursor_field()

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> OccurrenceQuery:
        if not any(name in data for name in _FILTERS):
            raise ValidationError(
                "is required, or another filter (event_id, status, from or to)", "tags"
            )
        check_order(data)
        if data["page"] * data["limit"] > MAX_DEPTH:
            raise ValidationError(
                f"must not reach past {MAX_DEPTH} occurrences; narrow the list with from and to",
                "page",
            )
        if "cursor" in data and data["page"] != 1:
            raise ValidationError("must be left out beside cursor", "page")
        return OccurrenceQuery(tags=self._filter(data), **data)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """How many to list, from where."""

    limit: int
    cursor: str | None = None


class ListQuerySchema(StrictSchema):
    """Which part of a list."""

    limit = limit_field()
    cursor = cursor_field()

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> ListQuery:
        return ListQuery(**data)


class NamedListQuerySchema(ListQuerySchema):
    """Which part of a list that is read as a whole."""

    limit = Whole(1, 1_000, 1_000, "How many to list at most.")


class QueryFlag(Read):
    """True or false, as text."""

    kind = {"type": "boolean"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the truth value."""
        if value not in ("true", "false"):
            raise ValidationError("must be true or false")
        return value == "true"


class DryRunSchema(StrictSchema):
    """Whether to answer what would happen, and change nothing."""

    dry_run = QueryFlag(load_default=False, metadata={"description": "Change nothing, only say."})

    @post_load
    def _as_flag(self, data: dict[str, Any], **_kwargs: Any) -> bool:
        return bool(data["dry_run"])


@dataclass(frozen=True, slots=True)
class PreviewQuery:
    """How many future moments, between which bounds (ms UTC, inclusive)."""

    count: int
    from_ms: int | None = None
    to_ms: int | None = None
    detail: bool = False


class PreviewQuerySchema(StrictSchema):
    """Which future moments to compute."""

    count = Whole(1, 1_000, 10, "How many to compute at most.")
    from_ms = Instant(data_key="from", metadata={"description": "Or now."})
    to_ms = Instant(data_key="to")
    detail = QueryFlag(
        load_default=False,
        metadata={"description": "An object that also says what is skipped and why."},
    )

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> PreviewQuery:
        check_order(data)
        return PreviewQuery(**data)


@dataclass(frozen=True, slots=True)
class TagSelection:
    """Which events, and whether only to count them."""

    tags: TagFilter
    dry_run: bool


class TagSelectionSchema(_TagQuery):
    """Which events are meant."""

    tags = Tags(required=True, metadata=_TAGS)
    dry_run = QueryFlag(load_default=False, metadata={"description": "Change nothing, only count."})

    @post_load
    def _as_selection(self, data: dict[str, Any], **_kwargs: Any) -> TagSelection:
        dry_run = bool(data.pop("dry_run"))
        return TagSelection(self._filter(data), dry_run)
