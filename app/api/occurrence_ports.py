"""What the API needs of the services around occurrences; see ``app.api.ports``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.access import Access
from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence
from app.services.queries import OccurrenceQuery, Page


class Occurrences(Protocol):
    """Reads what has been planned and what has happened."""

    def get(self, occurrence_id: str, access: Access, /) -> Occurrence:
        """Return an occurrence; raises ``NotFound``."""
        ...

    def attempts(self, occurrence_id: str, access: Access, /) -> Sequence[Attempt]:
        """Return what is recorded of its attempts, oldest first; raises ``NotFound``."""
        ...

    def list(self, query: OccurrenceQuery, access: Access, /) -> Page[Occurrence]:
        """Return a page of occurrences, newest scheduled first."""
        ...

    def of_event(
        self, event_id: str, access: Access, limit: int, cursor: str | None, /
    ) -> Page[Occurrence]:
        """Return a page of one event's occurrences; raises ``NotFound``, ``InvalidInput``."""
        ...


class Acknowledgements(Protocol):
    """Hears what receivers say of deliveries; each raises ``Unauthenticated``, ``Conflict``."""

    def ack(self, occurrence_id: str, token: str, /) -> Occurrence:
        """Complete an occurrence."""
        ...

    def nack(
        self, occurrence_id: str, token: str, error: str | None, /, *, retry: bool
    ) -> Occurrence:
        """Fail the attempt."""
        ...
