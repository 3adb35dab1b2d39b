"""Every combination of the filters of lists, found in what the API accepts.

A filter has values that fit many, few, or none of the events of ``list_store``. A filter that the
API has and that stands not here is an error: so none is left out that is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote

from marshmallow import Schema

from app.api.schemas.audit import AuditQuerySchema
from app.api.schemas.queries import EventQuerySchema, OccurrenceQuerySchema

PLACES = {"limit", "cursor", "page", "fields"}
"""What says which part of a list to answer, and how."""

MATCH = "match"
"""Goes with tags: it is in their values."""

_TAGS = (
    "calm",
    "rare",
    "left,right&match=all",
    "left AND NOT rare",
    "left,right",
    "nobody",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, its filters in a query and the values that they are given."""

    path: str
    schema: type[Schema]
    values: Mapping[str, Sequence[str]]
    excludes: frozenset[frozenset[str]] = frozenset()
    """Filters that do not go together."""

    needs_one: bool = False

    def check(self) -> None:
        """Raise ``LookupError`` unless every filter has values."""
        found = {field.data_key or name for name, field in self.schema().fields.items()}
        if missing := found - PLACES - {MATCH} - set(self.values):
            raise LookupError(f"benchmarks/list_filters.py gives no value to {sorted(missing)}")

    def queries(self, values: int, pairs: int = 99) -> Iterator[str]:
        """Every combination of so many values of each filter; of two filters, of ``pairs``."""
        self.check()
        names = list(self.values)
        for chosen in product(*([None, *self.values[name][:pairs]] for name in names)):
            given = {name: one for name, one in zip(names, chosen, strict=True) if one is not None}
            first = all(one in self.values[name][:values] for name, one in given.items())
            if (first or len(given) < 3) and self._is_taken(given.keys()):
                yield "&".join(f"{name}={quote(one, safe=',:&=')}" for name, one in given.items())

    def _is_taken(self, names: AbstractSet[str]) -> bool:
        """Whether the API takes these filters together."""
        return not any(pair <= names for pair in self.excludes) and (
            not self.needs_one or bool(names - {"sort"})
        )


BY_NAME = (
    "sort=name",
    "sort=-name",
    "sort=name&name_prefix=job%207",
    "sort=-name&name_prefix=none",
)
"""Lists of events in an order that goes with one filter alone."""


def lists(middle: str, event_id: str) -> tuple[Listed, ...]:
    """The lists; ``middle`` is a moment in the middle of all, ``event_id`` one of the events."""
    return (
        Listed(
            "/events",
            EventQuerySchema,
            {
                "tags": _TAGS,
                "status": ("paused", "active", "active,paused"),
                "name": ("nightly", "nobody"),
                "name_prefix": ("job", "job 77"),
                "target_host": ("hooks.example.com", "h7.example.com"),
                "metadata": ("side:left", "number:77"),
                "created_from": (middle,),
                "created_to": (middle,),
                "sort": ("created_at",),
            },
            excludes=frozenset({frozenset({"name", "name_prefix"})}),
        ),
        Listed(
            "/occurrences",
            OccurrenceQuerySchema,
            {
                "tags": _TAGS,
                "status": ("failed", "completed", "scheduled", "missed,failed", "cancelled"),
                "event_id": (event_id,),
                "from": (middle,),
                "to": (middle,),
                "sort": ("scheduled_at",),
            },
            needs_one=True,
        ),
        Listed(
            "/audit",
            AuditQuerySchema,
            {
                "object": ("object 77", "nobody"),
                "action": ("event.delete", "event.create"),
                "actor": ("tenant 0", "nobody"),
            },
        ),
    )
