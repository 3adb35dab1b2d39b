"""Processes that stand still for a moment all the time, as on a busy host.

::

    with Stalling(seed=0, programs=lambda: stack.workers):
        ...
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.support.background import Background
from tests.support.processes import Program

SHORTEST_S, LONGEST_S = 0.003, 0.080
ALL_OF_FIVE = 0.2


@dataclass(frozen=True)
class Stall:
    """After a pause, one process (by its number), or all of them, stand still for so long."""

    after_s: float
    for_s: float
    number: int
    everybody: bool


def stalls(seed: int, apart_s: float) -> Iterator[Stall]:
    """The stalls of a run, without end, so long apart at the most; the seed decides them."""
    chance = random.Random(f"{seed}-stalls")
    while True:
        yield Stall(
            chance.uniform(0, apart_s),
            chance.uniform(SHORTEST_S, LONGEST_S),
            chance.randrange(60),
            chance.random() < ALL_OF_FIVE,
        )


@dataclass
class Stalling(Background):
    """Stalls processes in a thread of its own, while it is entered.

    ``programs`` says which may be stalled now; ``lock`` is held during a stall, so that whoever
    stops, kills and starts the same processes does not do it meanwhile.
    """

    seed: int
    programs: Callable[[], Sequence[Program]]
    lock: threading.Lock = field(default_factory=threading.Lock)
    apart_s: float = 0.06
    count: int = 0
    windows: list[tuple[int, int]] = field(default_factory=list)
    """From and until when all of them stood still, ms UTC."""

    def __post_init__(self) -> None:
        super().__init__("stalls")

    def _run(self) -> None:
        for stall in stalls(self.seed, self.apart_s):
            if self._told.wait(stall.after_s):
                return
            with self.lock:
                self._stall(stall)

    def _stall(self, stall: Stall) -> None:
        programs = [one for one in self.programs() if one.running]
        if not programs:
            return
        chosen = programs if stall.everybody else [programs[stall.number % len(programs)]]
        begun_ms = time.time_ns() // 1_000_000
        for program in chosen:
            program.signal_all(signal.SIGSTOP)
        time.sleep(stall.for_s)
        for program in chosen:
            program.signal_all(signal.SIGCONT)
        self.count += len(chosen)
        if stall.everybody:
            self.windows.append((begun_ms, time.time_ns() // 1_000_000))
