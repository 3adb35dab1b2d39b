"""More partitions for a store while processes work with it: each of them is waited for.

Whoever raises the number may be killed at any moment. Then processes look into more partitions than
there is something in, which harms nobody, and the next run goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.ids import MAX_PARTITIONS
from app.domain.process import ProcessFacts
from app.errors import ConfigError, Conflict
from app.services.processes import EVERY_S
from app.store.growth import GrowthStore, PartitionNumbers
from app.store.migrations.migration import MOVED

LOOK_S = 0.25
SAY_AGAIN_S = 15.0

SETTLED_S = EVERY_S + 1
"""The least that is waited: a process that was just starting has said by then that it is there."""

MOST_NAMED = 3
"""How many processes one sentence names."""

NEVER_USED = "Nobody has used this store yet: set QHRONOS_PARTITIONS to what it is to have."
OTHER_BEGUN = "Another run has begun another number meanwhile."
STILL_MOVING = "Some events are still to be moved after the last raise: an attempt is under way."
FOLDED = (
    "This store was restored into fewer partitions than its ids name, so it can't have more: "
    "restore a backup from before that into an empty store."
)


@dataclass(frozen=True, slots=True)
class GrowthService:
    """Raises the number. Every call raises ``StoreUnavailable``."""

    store: GrowthStore
    alive: Callable[[], Sequence[ProcessFacts]]
    """The processes that are there."""

    clear: Callable[[int], bool]
    """Removes what is of this instance itself in a partition that had no events; tells whether
    nothing is left."""

    tell: Callable[[str], object]
    """Is told how it goes, a sentence each time."""

    move: Callable[[], bool] = lambda: True
    """Moves events that were there before; tells whether all were moved that can be."""

    has_canary: bool = False
    """Whether one partition more is needed."""

    pause: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def raise_to(self, wanted: int) -> bool:
        """Give the store so many partitions, however long that takes; harmless when repeated.

        Returns whether all events were moved that can be. Raises ``ConfigError`` with the reason if
        it can't have so many.
        """
        numbers = self.store.numbers()
        self._require(wanted, numbers)
        if wanted == numbers.for_new:
            self.tell(f"The store has {_counted(wanted)} already.")
            return self._move(wanted)
        if self.store.moving() is not None and not self._move(numbers.for_new):
            raise Conflict(STILL_MOVING)
        self.tell(
            f"The store has {_counted(numbers.for_new)}, and is to have {wanted}. First every "
            f"process looks into {wanted}."
        )
        if not self.store.begin(wanted):
            raise Conflict(OTHER_BEGUN)
        self._await_all(wanted)
        for partition in range(numbers.for_new, wanted):
            self._clear(partition)
        if not self.store.end(wanted):
            raise Conflict(OTHER_BEGUN)
        there = self.store.numbers().for_new  # (Another run may have given it more meanwhile.)
        self.tell(
            f"The store has {there} partitions, and new events go to all of them within "
            f"{EVERY_S:g} s. Set QHRONOS_PARTITIONS={there} everywhere by the next start."
        )
        return self._move(there)

    def _move(self, partitions: int) -> bool:
        """Move events that were there before, once every process knows where to look for them."""
        if self.store.moving() is None:
            return True
        self._await_all(partitions)
        self.store.may_move()
        self.store.numbers().keep()
        if done := self.move():
            self.tell("Done. What has ended, and what has a key or a flow, stays where it is.")
        return done

    def _require(self, wanted: int, numbers: PartitionNumbers) -> None:
        if not numbers.for_new:
            raise ConfigError(NEVER_USED)
        if numbers.folded is not None:
            raise ConfigError(FOLDED)
        if wanted < numbers.for_new:
            raise ConfigError(
                f"The store has {_counted(numbers.for_new)}. Ids name their partition, so there "
                f"can't be fewer: restore a backup into an empty store with "
                f"QHRONOS_PARTITIONS={wanted}."
            )
        if wanted < numbers.looked_into:
            raise ConfigError(
                f"{numbers.looked_into} partitions were begun, so there can't be fewer: go on with "
                f"--partitions {numbers.looked_into}, or more."
            )
        most = MAX_PARTITIONS - self.has_canary
        if wanted > most:
            raise ConfigError(f"There can be at most {most} partitions.")

    def _clear(self, partition: int) -> None:
        """Remove what canaries have left in a partition, once none of them is under way."""
        say_at = self.monotonic() + SAY_AGAIN_S
        while not self.clear(partition):
            if (now := self.monotonic()) >= say_at:
                say_at = now + SAY_AGAIN_S
                self.tell("Waiting for the canary that is under way: a worker has to run.")
            self.pause(LOOK_S)

    def _await_all(self, wanted: int) -> None:
        """Wait until every process has said that it looks into so many."""
        said, say_at, begun = "", 0.0, self.monotonic()
        while True:
            behind = [one for one in self.alive() if one.partitions < wanted or one.schema < MOVED]
            now = self.monotonic()
            if not behind and now - begun >= SETTLED_S:
                return
            sentence = _waiting_for(behind)
            if behind and (sentence != said or now >= say_at):
                said, say_at = sentence, now + SAY_AGAIN_S
                self.tell(sentence)
            self.pause(LOOK_S)


def _counted(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"


def _waiting_for(behind: Sequence[ProcessFacts]) -> str:
    places = sorted(map(_named, behind))
    more = len(places) - MOST_NAMED
    named = ", ".join(places[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"Waiting for {named}."


def _named(process: ProcessFacts) -> str:
    if process.partitions and process.schema >= MOVED:
        return process.place
    version = process.version or "an earlier one"
    return (
        f"{process.place}, whose version ({version}) can't follow: stop it, or start this version"
    )
