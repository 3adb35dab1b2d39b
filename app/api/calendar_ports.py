"""What the API needs of the services around calendars; see ``app.api.ports``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ical.writing import Happening
from app.services.calendars import CalendarView
from app.services.queries import EventChanges, TagFilter


class Calendars(Protocol):
    """Days on which nothing should happen."""

    def put(
        self, name: str, definition: Mapping[str, Any], access: Access, /
    ) -> tuple[CalendarView, bool]:
        """Create or replace one; raises ``Forbidden``, ``InvalidInput`` and ``Conflict``."""
        ...

    def get(self, name: str, access: Access, /) -> CalendarView:
        """Return one; raises ``NotFound``."""
        ...

    def list(self, access: Access, /) -> Sequence[CalendarView]:
        """Return every calendar, by name."""
        ...

    def delete(self, name: str, access: Access, /) -> None:
        """Forget one; raises ``Forbidden``, ``NotFound`` and ``Conflict``."""
        ...


class Feed(Protocol):
    """What will happen soon and what has just happened."""

    def happenings(self, tags: TagFilter, access: Access, /) -> Sequence[Happening]:
        """Return what is in scope, the oldest first."""
        ...


class Imports(Protocol):
    """Several events at once."""

    def create_all(
        self, drafts: Sequence[tuple[str, EventChanges]], access: Access, /
    ) -> Sequence[Event]:
        """Create all or none; raises ``InvalidInput`` and ``Forbidden``."""
        ...
