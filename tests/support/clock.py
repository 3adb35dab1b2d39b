"""A clock that stands still until it is told to move."""

from __future__ import annotations

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


class FakeClock:
    """See ``app.clock.Clock``."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def now_us(self) -> int:
        return self.ms * 1000

    def advance(self, ms: int) -> int:
        self.ms += ms
        return self.ms
