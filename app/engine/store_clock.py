"""The clock in production: it follows the store's clock, so that all hosts agree on the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.errors import StoreUnavailable
from app.store.coordination import Coordination

FOLLOW_EVERY_NS = 60 * 1_000_000_000
"""How often to read the store's clock. A quartz drifts by some microseconds in a second: within a
minute by a millisecond or two."""


class StoreClock:
    """The store's time; between two readings this host's monotonic clock continues it.

    A step of the host's clock changes nothing. The estimate is never ahead of the store's clock:
    the whole time that an answer took is counted as if it came after the reading. Until the store
    answers for the first time, this is the host's clock.
    """

    def __init__(
        self,
        coordination: Coordination,
        on_move: Callable[[Callable[[], None]], None] = lambda _: None,
    ) -> None:
        """``on_move`` is told what to call when the store is on another host."""
        self._coordination = coordination
        self._base_us = time.time_ns() // 1000
        self._base_ns = time.monotonic_ns()
        self._next_look_ns = 0
        self._looking = threading.Lock()
        on_move(self.look_soon)

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_look_ns and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
            now_ns = time.monotonic_ns()
        return self._base_us + (now_ns - self._base_ns) // 1000

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return self.now_us() // 1000

    def look_soon(self) -> None:
        """Have the clock read with the next question: it is that of another host."""
        self._next_look_ns = 0

    def offset_s(self) -> float:
        """How far this host's clock is ahead of the store's, in seconds; below 0: behind it."""
        return round((time.time_ns() // 1000 - self.now_us()) / 1_000_000, 3)

    def _look(self) -> None:
        """Read the store's clock three times and use the quickest answer."""
        self._next_look_ns = time.monotonic_ns() + FOLLOW_EVERY_NS
        try:
            readings = []
            for _ in range(3):
                asked_ns = time.monotonic_ns()
                reading_us = self._coordination.time_us()
                answered_ns = time.monotonic_ns()
                readings.append((answered_ns - asked_ns, reading_us, answered_ns))
        except StoreUnavailable:
            self._next_look_ns = time.monotonic_ns() + FOLLOW_EVERY_NS // 60
            return
        _, self._base_us, self._base_ns = min(readings)
