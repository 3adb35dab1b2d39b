"""What the API needs of the service that hears receivers; see ``app.api.ports``."""

from __future__ import annotations

from typing import Protocol

from app.domain.occurrence import Occurrence


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
