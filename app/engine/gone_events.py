"""Events whose receivers answered 410 Gone: they are ended, as soon as the store can be asked."""

from __future__ import annotations

from collections.abc import Callable

from app.errors import StoreUnavailable


class GoneEvents:
    """Those of one drain that are not ended yet."""

    def __init__(self, deactivate: Callable[[bytes], None]) -> None:
        """``deactivate`` ends an event."""
        self._deactivate = deactivate
        self._events: list[bytes] = []

    def add(self, event_id: bytes) -> None:
        """Have an event ended by the next ``step``."""
        self._events.append(event_id)

    def step(self) -> None:
        """End them; while the store is away the next step tries again."""
        while self._events:
            try:
                self._deactivate(self._events[-1])
            except StoreUnavailable:
                return
            self._events.pop()
