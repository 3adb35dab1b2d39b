"""What a drain wants of whoever sends for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.delivery.request import Request
from app.domain.outcome import Outcome
from app.engine.target_limits import InFlight


class Sender(Protocol):
    """Sends many requests at once; see ``app.delivery.sender``."""

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        ...

    def start(self, token: InFlight, request: Request, *, due_us: int, now_us: int) -> None:
        """Begin to send."""
        ...

    def poll(self, max_wait_ms: float, also: Sequence[int]) -> list[tuple[InFlight, Outcome]]:
        """Wait at most so long and return what has finished."""
        ...

    def abandon(self) -> list[InFlight]:
        """Stop sending; returns what has no outcome."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
