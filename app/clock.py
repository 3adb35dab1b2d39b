"""The one place that reads the time of day."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time to services; rules and scripts are given it as an argument."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        ...


class SystemClock:
    """This host's clock, plus an offset that makes it agree with the store's."""

    def __init__(self, offset_us: int = 0) -> None:
        """``offset_us`` is what to add to this host's time to get the store's."""
        self._offset_us = offset_us

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        return time.time_ns() // 1000 + self._offset_us

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self.now_us() // 1000

    def follow(self, reference_us: int, read_at_us: int) -> None:
        """Adopt a reference: it showed ``reference_us`` when ``read_at_us`` of raw host time."""
        self._offset_us = reference_us - read_at_us
