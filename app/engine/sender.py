"""The sender that a drain is given, as a protocol: tests put a double in libcurl's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.delivery.live_message import LiveMessage
from app.delivery.request import Request
from app.domain.outcome import Outcome
from app.engine.target_limits import InFlightRequest


class Sender(Protocol):
    """Sends many requests at once; see ``app.engine.senders``."""

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        ...

    def start(
        self, token: InFlightRequest, request: Request | LiveMessage, *, due_us: int, now_us: int
    ) -> None:
        """Start a request; ``poll`` returns its outcome with ``token``."""
        ...

    def poll(
        self, max_wait_ms: float, also: Sequence[int]
    ) -> list[tuple[InFlightRequest, Outcome]]:
        """Wait for at most ``max_wait_ms`` and return the requests that ended, with outcomes.

        News on one of the file descriptors ``also`` ends the wait.
        """
        ...

    def abandon(self) -> list[InFlightRequest]:
        """Break off every request in flight; returns their tokens."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
