"""A budget of steps: it bounds the work that one definition may make anybody do.

Steps are counted, not timed: the same definition is accepted or refused alike on every machine and
under every load. A step stands for about a microsecond of one processor. What searches, spends::

    with limited(WRITE):
        timetable.upcoming(now_ms, 10)  # raises BudgetExceeded

The budget in force belongs to the thread (PEP 567), so rules need not hand it from one to the next.
Without one, nothing is limited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

UNLIMITED = 1 << 62


class BudgetExceeded(Exception):
    """A search has spent its budget; what it looked for is not known."""


Gate = Callable[[], int]
"""What is asked whether a search may go on; the answer is after how many steps it wants to be asked
again, 0 for never. What it raises ends the search."""


class Budget:
    """Steps that are left to spend; ``gate`` is asked before fewer than ``asked_at`` are left."""

    __slots__ = ("_stops_at", "asked_at", "gate", "left")

    def __init__(self, steps: int, gate: Gate | None = None, asked_at: int = 0) -> None:
        """``asked_at`` is below 0 if the budget is spent before the gate is asked."""
        self.left = steps
        self._ask(gate, asked_at)

    def spend(self, steps: int = 1) -> None:
        """Take steps off; raises ``BudgetExceeded`` once there are none left."""
        self.left -= steps
        if self.left < self._stops_at:
            self._go_on()

    def within(self, steps: int) -> Budget:
        """A budget of so many of these steps, behind the same gate."""
        given = min(steps, max(self.left, 0))
        return Budget(given, self.gate, given - (self.left - self.asked_at))

    def take_back(self, given: int, inner: Budget) -> None:
        """Take off what was spent of a budget that was given; its gate may have been asked."""
        left = max(inner.left, 0)
        self.left -= given - left
        self._ask(inner.gate, self.left - (left - inner.asked_at))

    def _ask(self, gate: Gate | None, asked_at: int) -> None:
        self.gate = gate
        self.asked_at = asked_at if gate else 0
        self._stops_at = max(self.asked_at, 0)

    def _go_on(self) -> None:
        if self.left < 0:
            raise BudgetExceeded
        gate = self.gate
        self._ask(None, 0)
        if gate and (again := gate()):
            self._ask(gate, self.left - again)


_UNLIMITED = Budget(UNLIMITED)
_in_force: ContextVar[Budget] = ContextVar("budget")


def current() -> Budget:
    """Return the budget in force."""
    return _in_force.get(_UNLIMITED)


@contextmanager
def unlimited() -> Iterator[None]:
    """Take the bound off, for work that is done once for everybody, such as reading a calendar."""
    token = _in_force.set(_UNLIMITED)
    try:
        yield
    finally:
        _in_force.reset(token)


@contextmanager
def limited(steps: int) -> Iterator[Budget]:
    """Bound what is done inside; what it spends is also taken off the budget around it.

    The inner budget is never larger than what the outer one has left.
    """
    outer = current()
    inner = outer.within(steps)
    given = inner.left
    token = _in_force.set(inner)
    try:
        yield inner
    finally:
        _in_force.reset(token)
        outer.take_back(given, inner)


def count(free: int, gate: Gate) -> tuple[Budget, Token[Budget]]:
    """Count from now on what this thread spends, and ask ``gate`` when it is more than ``free``.

    What the gate raises ends the search. Undo it by ``count_no_more``.
    """
    counted = Budget(UNLIMITED, gate, UNLIMITED - free)
    return counted, _in_force.set(counted)


def count_no_more(token: Token[Budget]) -> None:
    """Undo ``count``."""
    _in_force.reset(token)
