"""Chaos while the store gets more partitions, and whoever sees to that is killed as all others."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from tests.chaos.faults import Hand
from tests.support.processes import Program
from tests.support.stack import WORKER

NUMBERS = (3, 5, 8, 12, 17, 23)
"""How many partitions there are to be, one number after the other."""

COMMAND = "rebalance"
COMMANDS = 12
"""How often that is hurt, beside the others; see ``faults.planned``."""

MOVES = "spread over"
"""What it says before it begins to move events."""

KILLS, KILLED = 3, 0.1
"""How often each raise is killed while it moves events, and with which chance in every 20 ms."""

ENDS_S = 120.0
"""In peace, a raise that was begun must end within this time."""


@dataclass
class GrowingHand(Hand):
    """Has the number raised all the time, by a command that is one of the processes it hurts."""

    _kills: int = KILLS
    _chance: random.Random = field(default_factory=lambda: random.Random(1))
    _left: list[int] = field(default_factory=lambda: list(NUMBERS))

    def prepare(self) -> None:
        """Start what there is more than one of, and the first raise."""
        super().prepare()
        self._begin()

    def heal(self) -> None:
        """Let everything run, and the raise that was begun end."""
        super().heal()
        self._left[1:] = []
        until = time.monotonic() + ENDS_S
        while self._left:
            assert time.monotonic() < until, self.extra[COMMAND][0].output
            self._go_on()
            time.sleep(0.1)
        self.say(f"the store has {self.stack.partitions} partitions")

    def _begin(self) -> None:
        number = self._left[0]
        arguments = (*WORKER, COMMAND, "--partitions", str(number))
        program = self.stack.program(f"{COMMAND}-{number}", *arguments)
        program.start()
        self.extra[COMMAND] = [program]
        self._kills = KILLS

    def _end_what_is_over(self) -> None:
        super()._end_what_is_over()
        if self._left:
            self._go_on()

    def _go_on(self) -> None:
        """Run the command again if it was broken off; have it raise to the next number if not.

        While it moves events, it is killed some times.
        """
        program: Program = self.extra[COMMAND][0]
        if program.running and program.name not in self._busy and self._kills:
            moves = program.output.count(MOVES) > KILLS - self._kills
            if moves and self._chance.random() < KILLED:
                program.kill()
                self._kills -= 1
                self.done[f"kill {COMMAND} while it moves"] += 1
        if program.running or program.name in self._busy:
            return
        if program.wait() != 0:
            program.start()
            return
        self.done["raised"] += 1
        self.say(program.output.strip().splitlines()[-2])
        self.stack.has_now(self._left[0])
        del self._left[0]
        if self._left:
            self._begin()
