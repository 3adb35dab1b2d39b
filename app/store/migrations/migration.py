"""What a migration is: a number, what it does in a few words, and a step that is repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from app.store.connection import StoreClient
from app.store.scripts import Scripts

MOVED = 10
"""What stands for the number of a store once events may be in other partitions than their ids name;
see ``app.store.moves``. Nothing has to be brought to that form, so a store has it only when it is
given more partitions: until then an earlier version may go on with it."""


class Step(NamedTuple):
    """What one step has done: how many records it looked at, and where the next goes on."""

    done: int
    cursor: str
    """Empty: there is nothing more to do in this partition."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The store, as a migration is given it."""

    client: StoreClient
    scripts: Scripts


@dataclass(frozen=True, slots=True)
class Migration:
    """A way from the form of the store before it to the form of its own number.

    ``step`` is given the store, a partition and the cursor of the step before (at first empty). It
    takes a few milliseconds of the store's time. A step may run twice, or beside the same step of
    another process that was held up: that must do no harm.
    """

    version: int
    what: str
    """What it does, as in ``list events by their status``; for the log."""

    step: Callable[[Stored, int, str], Step]

    online: bool
    """Whether processes of this version may work while it runs. If not, they wait for its end."""

    in_partitions: bool = True
    """Whether it is done in every partition, or once (its partition is 0)."""

    follows: bool = False
    """Whether an earlier version that still runs beside this one stores what has to be moved
    again."""
