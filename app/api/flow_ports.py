"""What the API needs of the services around flows; see ``app.api.ports``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from app.domain.access import Access
from app.services.queries import Page
from app.store.flows import StoredFlow


class Flows(Protocol):
    """Deliveries that share limits; ``space`` chooses among all of them, for an admin."""

    def list(self, access: Access, limit: int, cursor: str | None, /) -> Page[StoredFlow]:
        """Return a page of flows by name; raises ``InvalidInput`` for a foreign cursor."""
        ...

    def get(self, key: str, access: Access, space: str | None, /) -> StoredFlow:
        """Return one; raises ``NotFound``."""
        ...

    def change(
        self, key: str, given: Mapping[str, Any], access: Access, space: str | None, /
    ) -> tuple[StoredFlow, bool]:
        """Set limits; raises ``InvalidInput``. Also returns whether the flow is a new one."""
        ...

    def pause(self, key: str, access: Access, space: str | None, /) -> StoredFlow:
        """Have nothing more be sent; raises ``NotFound``."""
        ...

    def resume(self, key: str, access: Access, space: str | None, /) -> StoredFlow:
        """Let it go on; raises ``NotFound``."""
        ...
