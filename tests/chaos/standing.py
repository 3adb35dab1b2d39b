"""Whether a series stood still for longer than a second, beyond what explains it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.metronome import Metronome

STANDING_MS = 1_000
RECOVERY_MS = 8_000
"""A lease ends, a program starts, a connection is made again: so long after a fault at the most."""

UNDONE_MS = 15_000
"""A failover, and then a lease: by then what was undone has been done again."""

DELAY_FACTOR = 4
"""A wait for the processor hits several processes in turn before a request arrives."""

LONGEST_MS = 10_000
"""No stall lasts so long, however late whoever ends it is itself."""

Window = tuple[int, int]


@dataclass(frozen=True)
class Explanations:
    """What may hold a series up: faults, stalls, and a machine that has other things to do."""

    faults: Sequence[Window]
    stalls: Sequence[Window]
    """Of everybody. That of one process is too short to matter: another one goes on."""
    metronome: Metronome
    lossy: Sequence[Window] = ()
    """Faults that may have undone what was recorded in the last moment before them."""

    def may_repeat(self, moment_ms: int) -> bool:
        """Whether a delivery may come again then because its record was undone."""
        return any(begin <= moment_ms < end + UNDONE_MS for begin, end in self.lossy)

    def unexplained_ms(
        self, planned_ms: int, arrived_ms: int, excused: Iterable[Window] = ()
    ) -> int:
        """How much of a delay is left that nothing explains."""
        faults = [(begin, end + RECOVERY_MS) for begin, end in [*self.faults, *excused]]
        free = _outside([(planned_ms, arrived_ms)], faults)
        left = _outside(free, _near(self.stalls, planned_ms, arrived_ms))
        waited_ms = self.waited_ms(planned_ms, arrived_ms)
        return sum(end - begin for begin, end in left) - waited_ms

    def waited_ms(self, from_ms: int, to_ms: int) -> int:
        """For how long several processes in turn may have waited for the processor."""
        return DELAY_FACTOR * self.metronome.lateness_ms(from_ms, to_ms)


def _near(windows: Sequence[Window], from_ms: int, to_ms: int) -> Sequence[Window]:
    """Those of many short windows, in the order of time, that may reach into a time."""
    first = bisect_left(windows, (from_ms - LONGEST_MS, 0))
    return windows[first : bisect_left(windows, (to_ms, 0))]


def _outside(spans: Sequence[Window], taken: Iterable[Window]) -> Sequence[Window]:
    """What is left of some spans of time without others."""
    for begin, end in taken:
        if all(end <= low or begin >= high for low, high in spans):
            continue
        left = []
        for low, high in spans:
            left += [(low, min(high, begin)), (max(low, end), high)]
        spans = [(low, high) for low, high in left if low < high]
    return spans
