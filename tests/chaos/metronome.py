"""How late this machine lets anybody run, measured all the time: what a judge must allow for."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import takewhile

from tests.support.background import Background

BEAT_S = 0.02
NOTED_MS = 20


@dataclass
class Metronome(Background):
    """Sleeps again and again while it is entered, and notes when it woke late."""

    late: list[tuple[int, int]] = field(default_factory=list)
    """When it woke, ms UTC, and how many ms too late."""

    def __post_init__(self) -> None:
        super().__init__("metronome")

    def lateness_ms(self, from_ms: int, to_ms: int) -> int:
        """All that it was late in a time, together."""
        near = self.late[bisect_left(self.late, (from_ms, 0)) :]
        return sum(late for at, late in takewhile(lambda one: one[0] <= to_ms + one[1], near))

    def _run(self) -> None:
        while not self._told.is_set():
            begun = time.monotonic()
            self._told.wait(BEAT_S)
            late_ms = int((time.monotonic() - begun - BEAT_S) * 1000)
            if late_ms >= NOTED_MS:
                self.late.append((time.time_ns() // 1_000_000, late_ms))
