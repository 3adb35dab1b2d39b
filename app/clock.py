"""What services see of the time of day. Rules and scripts are given it as an argument."""

from __future__ import annotations

from typing import Protocol

NEVER_MS = 2**52
"""A moment that no clock reaches."""


class Clock(Protocol):
    """Tells the time; the production one is ``app.engine.store_clock.StoreClock``."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        ...
