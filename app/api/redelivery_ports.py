"""What the API needs of the services around dead letters; see ``app.api.ports``."""

from __future__ import annotations

from typing import Protocol

from app.domain.access import Access
from app.domain.occurrence import Occurrence
from app.domain.redelivery_job import RedeliveryJob, RedeliveryRequest
from app.services.queries import Page


class Redeliveries(Protocol):
    """Attempts dead letters again, one or many."""

    def redeliver(self, occurrence_id: str, access: Access, /, *, fresh: bool) -> Occurrence:
        """Attempt one again; raises ``NotFound``, ``Forbidden`` and ``Conflict``."""
        ...

    def count(self, wish: RedeliveryRequest, access: Access, /) -> int:
        """Return how many a job would retry."""
        ...

    def create(self, wish: RedeliveryRequest, access: Access, /) -> RedeliveryJob:
        """Begin a job; raises ``Conflict`` if too many run."""
        ...

    def get(self, job_id: str, access: Access, /) -> RedeliveryJob:
        """Return a job; raises ``NotFound``."""
        ...

    def list(self, access: Access, limit: int, cursor: str | None, /) -> Page[RedeliveryJob]:
        """Return a page of jobs, newest first; raises ``InvalidInput``."""
        ...

    def cancel(self, job_id: str, access: Access, /) -> RedeliveryJob:
        """End a job; raises ``NotFound``, and ``Conflict`` for one that has ended."""
        ...
