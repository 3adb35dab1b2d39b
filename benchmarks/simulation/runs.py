"""One run of the simulation: what is asked of it, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass

import simpy

from benchmarks.simulation.costs import Costs
from benchmarks.simulation.drains import Drain
from benchmarks.simulation.machine import Machine, Steps
from benchmarks.simulation.receivers import Receiver
from benchmarks.simulation.stores import Delivery, Partition, StoreNode
from benchmarks.support import quantiles

LOOK_MS = 200
FEW = 200
"""While fewer are due, one drain is at work: see ``app.engine.scheduler``."""
STARTS_MS = 30
"""From a call for a drain to its beginning."""
STEP_MS = 50.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What to simulate; ``rate`` 0 is a backlog of ``count`` that is due at once."""

    rate: int
    count: int
    workers: int = 1
    partitions: int = 1
    nodes: int = 1
    answers_ms: float = 0.0
    """How long a receiver takes."""
    cores: int | None = None
    """Of the machine that has everything; ``None``: each thread has its own."""
    is_local: bool = True
    """Whether the receiver is on this machine."""
    concurrency: int = 128
    shares: bool = False
    """Whether each drain has partitions of its own; else each asks all of them."""

    settles_ms: int = 0
    """For so long lateness does not count."""

    @property
    def name(self) -> str:
        """In words."""
        load = f"{self.rate:,}/s" if self.rate else f"{self.count:,} at once"
        return (
            f"{load}, workers {self.workers}, partitions {self.partitions}, "
            f"receiver {self.answers_ms:.0f} ms"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to; CPU in µs a delivery, times in ms."""

    rate: float
    p50_ms: float
    p99_ms: float
    worker_us: float
    store_us: float
    worker_busy: float = 0.0
    """The share of the time that the busiest worker worked."""
    store_busy: float = 0.0
    in_flight: float = 0.0
    """The mean number of requests in flight."""
    answered_ms: float = 0.0
    """The mean time of a request."""
    delivered: int = 0


class Run:
    """A setting, put together; ``run`` runs it."""

    def __init__(self, setting: Setting, costs: Costs, seed: int = 1) -> None:
        self.setting, self.env = setting, simpy.Environment()
        self.machine = Machine(self.env, costs, setting.cores, seed)
        places: list[dict[int, Partition]] = [{} for _ in range(setting.nodes)]
        self.partitions = {number: Partition() for number in range(setting.partitions)}
        for number, partition in self.partitions.items():
            places[number % setting.nodes][number] = partition
        self.nodes = [StoreNode(self.machine, one) for one in places]
        self.receiver = Receiver(self.machine, setting.answers_ms, is_local=setting.is_local)
        self.drains: list[Drain] = []
        self.start_ms = 1_000
        self._add_deliveries()

    def _add_deliveries(self) -> None:
        rate = self.setting.rate
        for number in range(self.setting.count):
            due_ms = self.start_ms + (number * 1000 // rate if rate else 0)
            partition = number % self.setting.partitions
            self.partitions[partition].add(Delivery(due_ms, partition))

    def _add_drain(self) -> None:
        served = {
            number: self.nodes[number % len(self.nodes)]
            for number in self.partitions
            if not self.setting.shares or number % self.setting.workers == len(self.drains)
        }
        self.drains.append(
            Drain(
                self.machine,
                served,
                self.receiver,
                concurrency=self.setting.concurrency,
                begins_ms=STARTS_MS,
            )
        )

    def _call_drains(self) -> Steps:
        """One drain, and all of them once much is due."""
        wanted = self.setting.workers if self.setting.shares else 1
        while True:
            for _ in range(wanted - len(self.drains)):
                self._add_drain()
            yield self.env.timeout(LOOK_MS)
            now_ms = self.env.now
            due = sum(
                sum(1 for one in place.due[: FEW + 1] if one[0] <= now_ms)
                for place in self.partitions.values()
            )
            wanted = self.setting.workers if due > FEW or self.setting.shares else 1

    def begin(self) -> None:
        """Go on until shortly before the first moment."""
        self.env.process(self._call_drains())
        self.env.run(self.start_ms - STEP_MS)

    def run(self) -> Result:
        """Deliver everything."""
        self.begin()
        busy = self._busy()
        while sum(len(one.recorded) for one in self.partitions.values()) < self.setting.count:
            self.env.run(self.env.now + STEP_MS)
        return self._result(busy)

    def _busy(self) -> tuple[list[float], list[float]]:
        drains = [one.thread.busy_us for one in self.drains]
        return drains, [one.thread.busy_us for one in self.nodes]

    def _result(self, before: tuple[list[float], list[float]]) -> Result:
        done = [one for place in self.partitions.values() for one in place.recorded]
        count, costs = len(done), self.machine.costs
        last_ms = max(one.recorded_ms for one in done)
        took_ms = last_ms - self.start_ms
        # (The last answers are waited for, and hardly anything is done.)
        rate = self.setting.rate
        worked_ms = self.setting.count * 1000 / rate if rate else took_ms
        settled_ms = self.start_ms + self.setting.settles_ms
        settled = [one for one in done if one.due_ms >= settled_ms]
        late = quantiles([one.started_ms - one.due_ms for one in settled])
        drains, nodes = self._busy()
        first, stored = before
        first = [*first, *[0.0] * (len(drains) - len(first))]
        worked = [
            b - a + costs.worker_idle * worked_ms / 1000 for a, b in zip(first, drains, strict=True)
        ]
        stores = [b - a for a, b in zip(stored, nodes, strict=True)]
        in_flight = sum(one.in_flight_ms for one in self.drains)
        return Result(
            rate=count / took_ms * 1000,
            p50_ms=late["p50"],
            p99_ms=late["p99"],
            worker_us=sum(worked) / count,
            store_us=sum(stores) / count,
            worker_busy=max(worked) / worked_ms / 1000,
            store_busy=max(stores) / worked_ms / 1000,
            in_flight=in_flight / took_ms,
            answered_ms=in_flight / count,
            delivered=count,
        )


def simulate(setting: Setting, costs: Costs | None = None, seed: int = 1) -> Result:
    """Run a setting."""
    return Run(setting, costs or Costs(), seed).run()
