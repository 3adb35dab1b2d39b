"""Store nodes: partitions behind one thread, which has the disk before it answers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.engine.claim_ahead import AHEAD_MS
from benchmarks.simulation.machine import Bell, Machine, Steps, Thread


@dataclass(slots=True, eq=False)
class Delivery:
    """One occurrence on its way; moments in ms."""

    due_ms: int
    partition: int
    started_ms: float = 0.0
    ended_ms: float = 0.0
    recorded_ms: float = 0.0
    lane: int = 0


@dataclass(slots=True)
class Partition:
    """What is due, and how much has been claimed and recorded."""

    due: list[tuple[int, int, Delivery]] = field(default_factory=list)
    added: int = 0
    claimed: int = 0
    recorded: list[Delivery] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        """Schedule one."""
        self.added += 1
        heapq.heappush(self.due, (delivery.due_ms, self.added, delivery))

    def claim(self, now_ms: float, limit: int) -> list[Delivery]:
        """Take what is due soon."""
        taken: list[Delivery] = []
        while self.due and len(taken) < limit and self.due[0][0] <= now_ms + AHEAD_MS:
            taken.append(heapq.heappop(self.due)[2])
        self.claimed += len(taken)
        return taken

    @property
    def head_ms(self) -> int | None:
        """When the first is due."""
        return self.due[0][0] if self.due else None


@dataclass(frozen=True, slots=True)
class Claims:
    """A call that claims, at most so many."""

    partition: int
    limit: int


@dataclass(frozen=True, slots=True)
class Records:
    """A call that records."""

    partition: int
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Looks:
    """A look at what comes first in so many partitions."""

    partitions: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a claim has found: the claims, and when the next is due."""

    partition: int
    claims: Sequence[Delivery]
    head_ms: int | None


Call = Claims | Records | Looks
Heard = Callable[[list[Answer]], None]


class StoreNode:
    """One thread that takes what has come, does it all, syncs the disk once, and answers."""

    def __init__(self, machine: Machine, partitions: dict[int, Partition]) -> None:
        self.thread = Thread(machine)
        self.partitions = partitions
        self.turns = self.calls = 0
        self.waited_ms = 0.0
        """How long calls have waited and been done, all together."""
        self._machine = machine
        self._queue: list[tuple[float, Sequence[Call], Heard]] = []
        self._bell = Bell(machine.env)
        machine.env.process(self._serve())

    def ask(self, calls: Sequence[Call], heard: Heard) -> None:
        """Send calls in one round trip; ``heard`` is called with the answers to claims."""

        def arrive(_: object) -> None:
            self._queue.append((self._machine.env.now, calls, heard))
            self._bell.ring()

        self._machine.env.timeout(self._machine.costs.wire_ms).callbacks.append(arrive)

    def _serve(self) -> Steps:
        env, costs = self._machine.env, self._machine.costs
        while True:
            if not self._queue:
                self.thread.rest()
                yield from self._bell.wait()
                self.thread.wake()
                continue
            taken, self._queue = self._queue, []
            self.turns += 1
            answers, writes = [], False
            for arrived_ms, calls, _ in taken:
                answers.append([one for call in calls if (one := self._do(call)) is not None])
                sizes = self._sizes(calls, answers[-1])
                writes = writes or any(map(_writes, calls, sizes))
                yield from self.thread.work(costs.trip + sum(map(self._cost, calls, sizes)))
                self.calls += len(calls)
                self.waited_ms += env.now - arrived_ms
            if writes:
                yield from self.thread.work(costs.sync)
                yield env.timeout(self._machine.varied(costs.disk_ms, 3 * costs.spread))
            for (_, _, heard), found in zip(taken, answers, strict=True):
                env.timeout(costs.wire_ms).callbacks.append(_told(heard, found))

    def _do(self, call: Call) -> Answer | None:
        now_ms = self._machine.env.now
        if isinstance(call, Claims):
            place = self.partitions[call.partition]
            return Answer(call.partition, place.claim(now_ms, call.limit), place.head_ms)
        if isinstance(call, Records):
            for one in call.deliveries:
                one.recorded_ms = now_ms
            self.partitions[call.partition].recorded.extend(call.deliveries)
        return None

    @staticmethod
    def _sizes(calls: Sequence[Call], answers: Sequence[Answer]) -> list[int]:
        """How many occurrences each call concerns; of a look, how many partitions."""
        found = iter(answers)
        sizes = []
        for call in calls:
            if isinstance(call, Claims):
                sizes.append(len(next(found).claims))
            else:
                sizes.append(call.partitions if isinstance(call, Looks) else len(call.deliveries))
        return sizes

    def _cost(self, call: Call, size: int) -> float:
        costs = self._machine.costs
        if isinstance(call, Claims):
            return costs.claim + size * costs.claim_row
        if isinstance(call, Records):
            return costs.record + size * costs.record_each
        return size * costs.look


def _told(heard: Heard, found: list[Answer]) -> Callable[[object], None]:
    return lambda _: heard(found)


def _writes(call: Call, size: int) -> bool:
    return size > 0 and not isinstance(call, Looks)
