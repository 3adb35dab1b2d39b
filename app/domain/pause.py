"""A pause: until when an event is paused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Deletion:
    """Who has asked for an event's deletion and when (ms UTC), and what it was before.

    ``status`` and ``pause`` are those that it gets back if the deletion is undone; ``token`` is the
    ``jti`` of the asker's token.
    """

    asked_ms: int
    status: str
    actor: str
    token: str | None = None
    pause: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when (ms UTC; ``None``: until somebody resumes it), and why.

    With a ``deletion``, which only ``DeletionService`` gives it, the event is not resumed then, but
    deleted.
    """

    until_ms: int | None = None
    note: str | None = None
    deletion: Deletion | None = None

    def given(self) -> dict[str, Any] | None:
        """What is stored of it with an event; ``None``: nothing."""
        given = {"until_ms": self.until_ms, "note": self.note}
        return {name: value for name, value in given.items() if value is not None} or None

    def require_future(self, now_ms: int) -> None:
        """Raise ``InvalidInput`` if it would be over already."""
        if self.until_ms is not None and self.until_ms <= now_ms:
            raise InvalidInput.field("until", "must be in the future")


FOR_GOOD = Pause()
"""A pause that nothing is said of."""
