"""The event: what to deliver, where, and when."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from app.domain.action import Action
from app.domain.definition import Definition
from app.domain.options import EventOptions
from app.domain.schedule import Schedule

MAX_TAGS = 50
"""How many tags an event may have."""


class EventStatus(StrEnum):
    """``active`` fires; ``paused`` waits to be resumed; ``inactive`` has run or was ended."""

    ACTIVE = "active"
    PAUSED = "paused"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class EncryptedHeaders:
    """Headers that an event sends along: their names, and names and values encrypted."""

    names: tuple[str, ...]
    encrypted: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as stored. All times are milliseconds since 1970, UTC.

    ``metadata_json`` stays JSON text from the request to the webhook, so that no number changes
    on the way. ``version`` counts definitions: it changes when a user or the end of the series
    changes the event, not when its next occurrence moves on. ``hmac_secret`` and
    ``encrypted_headers`` are encrypted: only who builds a delivery decrypts them.
    """

    id: bytes
    definition: Definition
    created_ms: int
    updated_ms: int
    metadata_json: str = "{}"
    tags: tuple[str, ...] = ()
    status: EventStatus = EventStatus.ACTIVE
    hmac_secret: bytes | None = field(default=None, repr=False)
    version: int = 1
    next_ms: int | None = None
    encrypted_headers: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What its definition calls it."""
        return self.definition.name

    @property
    def start_ms(self) -> int:
        """Its definition's start."""
        return self.definition.start_ms

    @property
    def schedule(self) -> Schedule | None:
        """Its definition's schedule; ``None``: it occurs once."""
        return self.definition.schedule

    @property
    def options(self) -> EventOptions:
        """Its definition's settings."""
        return self.definition.options

    @property
    def action(self) -> Action:
        """Its definition's action."""
        return self.definition.action

    @property
    def headers(self) -> EncryptedHeaders | None:
        """The headers that it sends along."""
        if self.encrypted_headers is None:
            return None
        return EncryptedHeaders(self.definition.header_names, self.encrypted_headers)

    def changed(self, **values: Any) -> Event:
        """This event with other values, of its own or of its definition."""
        if "headers" in values:
            headers: EncryptedHeaders | None = values.pop("headers")
            values["header_names"] = headers.names if headers else ()
            values["encrypted_headers"] = headers.encrypted if headers else None
        own = {name: values.pop(name) for name in _OWN & values.keys()}
        definition: Definition = own.pop("definition", self.definition)
        return replace(self, definition=definition._replace(**values), **own)


_OWN = frozenset(one.name for one in fields(Event))
