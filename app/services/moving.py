"""Events that were there before a store got more partitions are spread over all of them.

Whoever moves them may be killed at any moment. The next run goes on from there, and so does upkeep
with those few events that were on their way (``MoveStore.settle``).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from app.clock import Clock
from app.store.growth import GrowthStore
from app.store.moves import BUSY, MOVED, TOGETHER, Fenced, MoveStore
from app.store.partitions import by_partition, in_slices
from app.store.raises import Raise

SAY_S = 2.0
"""How often it is said how far this is."""

LOOK_S = 0.25
BUSY_S = 30.0
"""How long is waited for an attempt that is under way to end, since the last event that moved."""


@dataclass(slots=True)
class MovingService:
    """Moves the events of one raise. Every call raises ``StoreUnavailable``."""

    growth: GrowthStore
    moves: MoveStore
    clock: Clock
    bound: Callable[[], Collection[bytes]]
    """Events that stay, as something else in their partition belongs to them."""

    tell: Callable[[str], object]
    """Is told how it goes, a sentence each time."""

    pause: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    moved: int = 0
    looked: int = 0
    _total: int = 0
    _say_at: float = 0.0
    _moved_at: float = 0.0
    _bound: Collection[bytes] = field(default_factory=frozenset)

    def run(self) -> bool:
        """Move what is to be moved; ``False`` if some events go on being under way.

        Nothing is done if all was moved that can be.
        """
        plan = self.growth.moving()
        if plan is None:
            return True
        self._bound = self.bound()
        self._total = self.moves.count(range(plan.former))
        self._say_at = self.monotonic() + SAY_S
        self.tell(f"Events that were there are spread over {plan.wanted} partitions.")
        busy = self._all(plan)
        left = self._wait_for(plan, busy)
        self.tell(f"{_counted(self.moved)} moved.")
        if left:
            self.tell(
                f"{_counted(left)} {'has' if left == 1 else 'have'} an attempt under way, or wait "
                "for one: they stay where they are. Run this again to move them."
            )
            return False
        self.growth.moved()
        return True

    def _all(self, plan: Raise) -> list[tuple[int, bytes]]:
        """Move what can be; returns those that are under way, each with its partition."""
        busy: list[tuple[int, bytes]] = []
        for partition in range(plan.wanted):
            self.moves.settle(partition)
        for partition in range(plan.former):
            self.moves.begin(partition)
            for looked, chosen in self.moves.candidates(partition, plan):
                self.looked += looked
                going = [one for one in chosen if one not in self._bound]
                busy += self._move(plan, partition, going)
        return busy

    def _move(
        self, plan: Raise, partition: int, event_ids: Iterable[bytes]
    ) -> list[tuple[int, bytes]]:
        busy: list[tuple[int, bytes]] = []
        grouped: dict[int, list[bytes]] = defaultdict(list)
        for one in event_ids:
            target = plan.target(one)
            if target is not None:
                grouped[target].append(one)
        for target, some in grouped.items():
            for few in in_slices(some, TOGETHER, lambda _: 1):
                words = self._try(partition, target, few)
                count = sum(word == MOVED for word in words.values())
                if count:
                    self._moved_at = self.monotonic()
                self.moved += count
                busy += [(partition, one) for one, word in words.items() if word == BUSY]
                self._say()
        return busy

    def _try(self, partition: int, target: int, few: list[bytes]) -> dict[bytes, str]:
        """Move a few; again if upkeep has settled what seemed to be given up."""
        while True:
            try:
                return self.moves.move(partition, target, few, self.clock.now_ms())
            except Fenced:
                self.pause(LOOK_S)  # another run may be at it: let that go on
                self.moves.settle(target)
                self.moves.begin(partition)

    def _wait_for(self, plan: Raise, busy: list[tuple[int, bytes]]) -> int:
        """Try those again that were under way; returns how many still are."""
        self._moved_at = self.monotonic()
        while busy and self.monotonic() < self._moved_at + BUSY_S:
            self.pause(LOOK_S)
            again: list[tuple[int, bytes]] = []
            for partition, some in by_partition(busy, lambda one: one[0]).items():
                again += self._move(plan, partition, [event_id for _, event_id in some])
            busy = again
        return len(busy)

    def _say(self) -> None:
        if self.monotonic() >= self._say_at:
            self._say_at = self.monotonic() + SAY_S
            self.tell(
                f"{_counted(self.moved)} moved; {self.looked:,} of {self._total:,} looked at."
            )


def _counted(events: int) -> str:
    return "1 event" if events == 1 else f"{events:,} events"
