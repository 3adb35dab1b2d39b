"""A budget of steps: it bounds the work that one definition may make anybody do.

Steps are counted, not timed: the same definition is accepted or refused alike on every machine and
under every load. A step stands for about a microsecond of one processor. What searches, spends::

    with limited(WRITE):
        timetable.upcoming(now_ms, 10)  # raises BudgetExceeded

The budget in force belongs to the thread (PEP 567), so rules need not hand it from one to the next.
Without one, nothing is limited.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

UNLIMITED = 1 << 62


class BudgetExceeded(Exception):
    """A search has spent its budget; what it looked for is not known."""


class Budget:
    """Steps that are left to spend."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps off; raises ``BudgetExceeded`` once there are none left."""
        self.left -= steps
        if self.left < 0:
            raise BudgetExceeded


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
    given = min(steps, max(outer.left, 0))
    inner = Budget(given)
    token = _in_force.set(inner)
    try:
        yield inner
    finally:
        _in_force.reset(token)
        outer.left -= given - max(inner.left, 0)
