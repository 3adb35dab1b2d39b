"""Limits on what one caller may put into the store."""

from __future__ import annotations

from app.domain import ids
from app.domain.access import MASTER, Access
from app.errors import Forbidden
from app.store.owners import Owners

IN_THE_MAKING_MS = 60_000
"""An event that was noted so recently may not be stored yet: longer than any request takes."""


class EventQuota:
    """How many events the tokens of one subject may make; those made before it was set are free."""

    def __init__(self, owners: Owners, most: int) -> None:
        """``most`` 0 is no limit, and then nothing is counted."""
        self._owners = owners
        self._most = most

    def take(self, event_id: bytes, access: Access) -> None:
        """Count an event that is about to be made; raises ``Forbidden`` if it is one too many.

        Events that are gone are struck off when the limit is met. Of several requests at once
        for the last place, all may be refused.
        """
        if not self._most or access is MASTER:
            return
        created_ms = ids.created_ms(event_id)
        if self._owners.add(access.subject, event_id, created_ms) <= self._most:
            return
        self._owners.drop_gone(access.subject, created_ms - IN_THE_MAKING_MS)
        if self._owners.count(access.subject) > self._most:
            self._owners.drop(access.subject, event_id)
            raise Forbidden(
                f"The tokens of this sub may have at most {self._most} events; delete some."
            )
