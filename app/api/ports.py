"""What the API needs of the services: their shape, so that views never import how they work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.clock import Clock
from app.config import Settings
from app.domain.access import Access
from app.domain.event import Event
from app.domain.occurrence import Occurrence
from app.services.queries import EventChanges, EventQuery, Listing, OccurrenceQuery, Preview


class Events(Protocol):
    """Creates, reads, changes and ends events. Every call raises ``StoreUnavailable``."""

    def create(self, changes: EventChanges, access: Access, /) -> Event:
        """Create an event; raises ``InvalidInput`` and ``Forbidden``."""
        ...

    def get(self, event_id: str, access: Access, /) -> Event:
        """Return an event; raises ``NotFound``."""
        ...

    def update(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None, /
    ) -> Event:
        """Change an event; raises also ``Forbidden``, ``StaleVersion`` and ``Conflict``."""
        ...

    def delete(self, event_id: str, access: Access, if_match: int | None, /) -> None:
        """End an event; raises ``NotFound``, ``Forbidden``, ``StaleVersion``."""
        ...

    def list(self, query: EventQuery, access: Access, /) -> Listing[Event]:
        """Return a page of events, newest first; raises ``InvalidInput`` for a foreign cursor."""
        ...

    def preview(
        self,
        event_id: str,
        access: Access,
        count: int,
        from_ms: int | None,
        to_ms: int | None,
        /,
    ) -> Sequence[Preview]:
        """Return future moments, the next one first; raises ``NotFound``."""
        ...


class Occurrences(Protocol):
    """Reads what has been planned and what has happened."""

    def get(self, occurrence_id: str, access: Access, /) -> Occurrence:
        """Return an occurrence; raises ``NotFound``."""
        ...

    def list(self, query: OccurrenceQuery, access: Access, /) -> Listing[Occurrence]:
        """Return a page of occurrences, newest scheduled first."""
        ...

    def of_event(
        self, event_id: str, access: Access, limit: int, cursor: str | None, /
    ) -> Listing[Occurrence]:
        """Return a page of one event's occurrences; raises ``NotFound``, ``InvalidInput``."""
        ...


class Health(Protocol):
    """Tells how the service is."""

    def check(self) -> None:
        """Return if the store answers; raises ``StoreUnavailable``."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Return the figures of ``GET /status``."""
        ...

    def metrics(self) -> Mapping[str, float]:
        """Return gauges by name."""
        ...


class Services(Protocol):
    """Everything that the views call."""

    @property
    def settings(self) -> Settings:
        """The settings, read once."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock that the services go by."""
        ...

    @property
    def events(self) -> Events:
        """Events."""
        ...

    @property
    def occurrences(self) -> Occurrences:
        """Occurrences."""
        ...

    @property
    def health(self) -> Health:
        """Health."""
        ...
