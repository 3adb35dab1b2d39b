"""The event: what to deliver, where, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

OVERLAP = ("allow", "skip", "queue_one", "cancel_previous")
"""What becomes of an occurrence that falls due while the one before it is not over: it is sent all
the same, skipped, or waits (one at most), or it ends the one before."""


class EventStatus(StrEnum):
    """``active`` fires; ``paused`` waits to be resumed; ``inactive`` has run or was ended."""

    ACTIVE = "active"
    PAUSED = "paused"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class EncryptedHeaders:
    """Headers that an event sends along: their names, and names and values sealed."""

    names: tuple[str, ...]
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as stored. All times are milliseconds since 1970, UTC.

    ``metadata_json`` stays JSON text from the request to the webhook, so that no number changes
    on the way. ``options`` holds the delivery and planning settings that were given (``retry``,
    ``timeout``, …) as they were given. ``version`` counts definitions: it changes when a user or
    the end of the series changes the event, not when its next occurrence moves on. ``hmac_secret``
    and ``headers`` are sealed: only who builds a delivery opens them.
    """

    id: bytes
    name: str
    start_ms: int
    action: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    description: str = ""
    timezone: str | None = None
    metadata_json: str = "{}"
    schedule: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    status: EventStatus = EventStatus.ACTIVE
    options: Mapping[str, Any] = field(default_factory=dict)
    hmac_secret: bytes | None = field(default=None, repr=False)
    version: int = 1
    next_ms: int | None = None
    headers: EncryptedHeaders | None = None

    @property
    def webhook(self) -> str:
        """The target's URL."""
        return str(self.action["params"]["url"])
