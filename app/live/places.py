"""How many live connections each tenant has in one process, so that none takes all places."""

from __future__ import annotations

from collections import Counter

from app.api.http.credentials import Bearer

SHARE = 2
"""A ``sub`` may have one of so many of the connections that a process may have. Tokens of access
admin are no tenant's, and have no share."""

SHARE_TAKEN = (
    "As many live connections as one sub may have here are open with tokens of this one; close "
    "some, or try again in a moment."
)


class LivePlaces:
    """They are counted in the event loop, so exactly."""

    def __init__(self) -> None:
        self._of_sub: Counter[str] = Counter()

    def has_room_for(self, bearer: Bearer, most: int) -> bool:
        """Whether who has this token may have one more, of ``most`` that there may be in all."""
        share = max(most // SHARE, 1)
        return bearer.access.is_admin or self._of_sub[bearer.access.subject] < share

    def take(self, bearer: Bearer) -> None:
        """Count a connection."""
        if not bearer.access.is_admin:
            self._of_sub[bearer.access.subject] += 1

    def give_back(self, bearer: Bearer) -> None:
        """Count one less."""
        if bearer.access.is_admin:
            return
        self._of_sub[bearer.access.subject] -= 1
        if not self._of_sub[bearer.access.subject]:
            del self._of_sub[bearer.access.subject]
