"""What goes wrong and when: a list that follows from the seed alone, and the hand that does it."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from tests.support.processes import Program
from tests.support.stack import WORKER, Stack

WORKERS, SCHEDULERS, UPKEEPS = 3, 2, 2

ENDS_S = 60.0
"""A process that was told to stop must have ended by then, whatever else is the matter."""

CYCLE_S, FAULTY_S = 40.0, 16.0
"""In each cycle nothing goes wrong after its first part: then no series may stand still."""

_WEIGHTS = {"deliver": 10, "scheduler": 3, "upkeep": 3, "web": 3, "store": 4, "everything": 1}
_STORE = ("kill", "kill", "term", "stop")
_OTHER = ("kill", "kill", "stop", "term")


@dataclass(frozen=True)
class Fault:
    """``at_s`` after the beginning, ``how`` happens to ``target`` and lasts ``for_s``."""

    at_s: float
    how: str
    target: str
    number: int
    for_s: float


def planned(
    seed: int,
    seconds: float,
    lease_s: float,
    *,
    of_store: int = 1,
    more: Mapping[str, int] | None = None,
) -> list[Fault]:
    """The faults of a run. A stop may last longer than the lease.

    ``of_store``: so many times more often the store is hurt; ``more``: what else is, and how often.
    """
    weights = _WEIGHTS | {"store": _WEIGHTS["store"] * of_store} | dict(more or {})
    chance = random.Random(seed)
    faults, at_s = [], 1.0
    while at_s < seconds - 1:
        target = chance.choices(list(weights), list(weights.values()))[0]
        how = chance.choice(_STORE if target == "store" else _OTHER)
        if target == "everything":
            how = "kill"
        longest_s = lease_s * 2 if how == "stop" else 2.0
        for_s = round(chance.uniform(0.1, longest_s), 2)
        faults.append(Fault(round(at_s, 2), how, target, chance.randrange(6), for_s))
        at_s += chance.uniform(0.5, 3.0)
        if at_s % CYCLE_S > FAULTY_S:
            at_s += CYCLE_S - at_s % CYCLE_S
    return faults


@dataclass
class Hand:
    """Does the faults and undoes them; only ever to processes that it has started."""

    stack: Stack
    say: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    extra: dict[str, list[Program]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever signals, starts or kills; see ``Stalling``."""
    windows: list[tuple[int, int]] = field(default_factory=list)
    """From and until when something was hurt, ms UTC."""
    lossy: list[tuple[int, int]] = field(default_factory=list)
    """Those of them after which the store may lack what it had taken from workers."""
    may_lose: ClassVar[bool] = False
    _undo: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)

    def prepare(self) -> None:
        """Start what there is more than one of."""
        for role, count in (("scheduler", SCHEDULERS), ("upkeep", UPKEEPS)):
            first = getattr(self.stack, role)
            more = [
                self.stack.program(f"{role}-{number}", *WORKER, role) for number in range(1, count)
            ]
            for program in more:
                program.start()
            self.extra[role] = [first, *more]

    def stallable(self) -> list[Program]:
        """The workers and schedulers that nothing has happened to."""
        programs = [*self.stack.workers, *self.extra["scheduler"]]
        return [one for one in programs if one.name not in self._busy]

    def run(self, faults: Sequence[Fault], seconds: float) -> None:
        """Do each at its time; then end all that still lasts."""
        begun = time.monotonic()
        waiting = list(faults)
        while (now := time.monotonic() - begun) < seconds:
            with self.lock:
                while waiting and waiting[0].at_s <= now:
                    self._do(waiting.pop(0))
                self._end_what_is_over()
            time.sleep(0.02)
        self.heal()

    def heal(self) -> None:
        """Let everything run."""
        while self._undo:
            with self.lock:
                undos, self._undo = self._undo, []
                for _, undo in undos:
                    undo()
            time.sleep(0.02)

    def stores(self) -> list[Program]:
        """The servers of the store."""
        return [self.stack.store.program]

    def start_store(self, program: Program) -> None:
        """Start a server of the store again that has ended."""
        self.stack.store.start()

    def start(self, program: Program) -> None:
        """Start a program again that was hurt."""
        program.start()

    def kill_all(self) -> None:
        """End the additional processes."""
        for programs in self.extra.values():
            for program in programs:
                program.kill()

    def _do(self, fault: Fault) -> None:
        if fault.target == "everything":
            chosen = ["store", "web", "deliver", "scheduler", "upkeep"]
        else:
            chosen = [fault.target]
        for target in chosen:
            programs = self._programs(target)
            some = (
                programs
                if fault.target == "everything"
                else [programs[fault.number % len(programs)]]
            )
            for program in some:
                self._hurt(program, target, fault)

    def _programs(self, target: str) -> list[Program]:
        if target == "store":
            return self.stores()
        if target == "web":
            assert self.stack.web is not None
            return [self.stack.web]
        return self.stack.workers if target == "deliver" else self.extra[target]

    def _hurt(self, program: Program, target: str, fault: Fault) -> None:
        if program.name in self._busy or not program.running:
            return
        if fault.how == "stop":
            program.signal_all(signal.SIGSTOP)
        elif fault.how == "kill":
            program.kill()
        else:
            program.signal(signal.SIGTERM)
        self.done[f"{fault.how} {target}"] += 1
        moment = datetime.now(UTC).strftime("%H:%M:%S.%f")[:-3]
        self.say(f"{moment}  {fault.how} {program.name} for {fault.for_s} s")
        self._busy.add(program.name)
        begun_ms = time.time_ns() // 1_000_000
        self._later(fault.for_s, program, fault.how, time.monotonic() + ENDS_S, begun_ms)

    def _later(
        self, after_s: float, program: Program, how: str, until: float, begun_ms: int
    ) -> None:
        undo = partial(self._mend, program, how, until, begun_ms)
        self._undo.append((time.monotonic() + after_s, undo))

    def _mend(self, program: Program, how: str, until: float, begun_ms: int) -> None:
        if how == "term" and program.running:
            # It may wait for an unresponsive store: what would end that must not wait for it.
            assert time.monotonic() < until, f"{program.name} does not end"
            self._later(0.1, program, how, until, begun_ms)
            return
        self._busy.discard(program.name)
        window = (begun_ms, time.time_ns() // 1_000_000)
        self.windows.append(window)
        if self.may_lose and program in self.stores():
            self.lossy.append(window)
        if how == "stop":
            program.signal_all(signal.SIGCONT)
            return
        if program in self.stores():
            self.start_store(program)
        elif not program.running:
            self.start(program)

    def _end_what_is_over(self) -> None:
        now = time.monotonic()
        over = [one for one in self._undo if one[0] <= now]
        self._undo = [one for one in self._undo if one[0] > now]
        for _, undo in over:
            undo()
