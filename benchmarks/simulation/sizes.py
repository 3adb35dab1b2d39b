"""What an installation needs for a rate and for a number of events, and what gives out first.

Workers and store nodes are simulated, one node with its workers: nodes share nothing, so the whole
is so many times one of them. All else is arithmetic with measured costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.engine import packing, retention
from app.rq_queues import UPKEEP_EVERY_S
from benchmarks.simulation.costs import AROUND, SERIES, Costs
from benchmarks.simulation.runs import Result, Setting, simulate

RATES = (100, 1_000, 10_000, 100_000)
EVENTS = (100_000, 1_000_000, 10_000_000)
AT = dict(zip(RATES, (*EVENTS, EVENTS[-1]), strict=True))
"""How many events are stored at each rate, where both are planned."""

MADE_IN_S = 3_600
"""In which time all events of a size can be made."""

MOST_BUSY = 0.6
"""A thread that works more than this makes what waits for it late."""

NODE_BYTES = 64e9
FORKS = 2
"""Memory of the machine of a node, and how many times as much as is stored it has to have: a
server forks to make its file shorter."""

ANSWERS_MS = 100.0
"""How long a receiver takes."""

SETTLES_MS = 500
"""Until then the limit of a target still grows; lateness counts from there."""

ABOUT_US = 300.0
CALLS_MORE = 1.2
"""What a delivery takes a worker at such rates, and how many times as much a node as in a long
backlog: fewer than that asks for are not tried."""

WEEK_S = 7 * 86_400

PACKING_SHARE = packing.MOST_S / UPKEEP_EVERY_S["recover"]
RETENTION_SHARE = retention.BUDGET_S / UPKEEP_EVERY_S["retain"]
"""For how much of the time the one upkeep job of its kind may work."""


@dataclass(frozen=True, slots=True)
class History:
    """How long what has ended is kept, and what upkeep takes for each occurrence, µs."""

    name: str
    kept_s: int
    upkeep_us: float
    store_us: float
    packing_us: float
    """What of both is for packing, in calls of the one job that packs."""

    @property
    def most(self) -> float:
        """How many occurrences a second upkeep keeps up with."""
        rest_us = self.upkeep_us + self.store_us - self.packing_us
        deleted = RETENTION_SHARE * 1e6 / rest_us
        return min(deleted, PACKING_SHARE * 1e6 / self.packing_us) if self.packing_us else deleted

    def bytes(self, rate: float) -> float:
        """Memory of all nodes for what has ended; it is packed after an hour."""
        fresh_s = min(self.kept_s, 3_600)
        packed_s = self.kept_s - fresh_s
        return rate * (fresh_s * AROUND.hour_bytes + packed_s * AROUND.packed_bytes)


ARCHIVED = History("a week, then archived", WEEK_S, 167.0, 109.0, 70.0)
KEPT = History("a week", WEEK_S, 75.0, 81.0, 70.0)
SHORT = History("half an hour", 1_800, 14.0, 20.0, 0.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of what serve a rate, and what one node with its workers came to."""

    rate: int
    history: History
    nodes: int
    workers: int
    concurrency: int
    cell: Result

    @property
    def worker_cores(self) -> float:
        """Processors that all workers use."""
        return self.rate * self.cell.worker_us / 1e6

    @property
    def store_cores(self) -> float:
        """Processors that all nodes use, for deliveries and for upkeep."""
        return self.rate * (self.cell.store_us + self.history.store_us) / 1e6

    @property
    def upkeep_cores(self) -> float:
        """Processors for packing, archiving and deleting."""
        return self.rate * self.history.upkeep_us / 1e6

    @property
    def events(self) -> int:
        """How many are stored."""
        return AT[self.rate]

    @property
    def api_processes(self) -> int:
        """So many make all events within an hour in batches, none of them too busy."""
        return math.ceil(self.events * AROUND.create_us / 1e6 / MADE_IN_S / MOST_BUSY)

    @property
    def worker_bytes(self) -> int:
        """Memory of each worker."""
        return AROUND.worker_bytes + self.concurrency * AROUND.in_flight_bytes

    @property
    def node_bytes(self) -> float:
        """Memory of each node for events and history, and as much again for its forks."""
        return stored_bytes(self.rate, self.history) / self.nodes

    @property
    def installations(self) -> int:
        """Into how many the whole has to be cut, as each has one upkeep."""
        return math.ceil(self.rate / self.history.most)


def stored_bytes(rate: int, history: History) -> float:
    """Memory of all nodes, with what their forks may take."""
    return FORKS * (AT[rate] * AROUND.event_bytes + history.bytes(rate))


def cell(rate: int, workers: int, concurrency: int) -> Setting:
    """One store node with its workers, each with partitions of its own."""
    return Setting(
        rate,
        max(min(2 * rate, rate // 2 + 1_500), 400),
        workers=workers,
        partitions=2 * workers,
        answers_ms=ANSWERS_MS,
        is_local=False,
        concurrency=concurrency,
        shares=True,
        settles_ms=SETTLES_MS,
    )


def plan(rate: int, history: History, costs: Costs = SERIES) -> Plan:
    """The least of nodes and workers for a rate, none of them too busy."""
    store_us = CALLS_MORE * costs.store_us + history.store_us
    by_time = math.ceil(rate * store_us / 1e6 / MOST_BUSY)
    nodes = max(by_time, math.ceil(stored_bytes(rate, history) / NODE_BYTES))
    workers = 0
    while True:
        per_node = math.ceil(rate / nodes)
        workers = workers or math.ceil(per_node * ABOUT_US / 1e6 / MOST_BUSY)
        # (Twice what is in flight in the mean: requests come in bursts.)
        in_flight = 2 * per_node / workers * ANSWERS_MS / 1000
        concurrency = max(128, 2 ** math.ceil(math.log2(in_flight)))
        found = simulate(cell(per_node, workers, concurrency), costs)
        if found.worker_busy > MOST_BUSY:
            workers += 1
        elif found.store_busy + per_node * history.store_us / 1e6 > MOST_BUSY:
            nodes, workers = nodes + 1, 0
        else:
            return Plan(rate, history, nodes, nodes * workers, concurrency, found)


@dataclass(frozen=True, slots=True)
class Limit:
    """At how many deliveries a second something gives out, and what moves that."""

    rate: float
    what: str
    moved_by: str


def limits(made: Plan) -> list[Limit]:
    """Where a plan ends, the nearest first."""
    store_us = SERIES.store_us + made.history.store_us
    shorter = "a history of less than an hour, without an archive"
    found = [
        Limit(
            made.workers * made.concurrency / ANSWERS_MS * 1000,
            "requests in flight",
            "a larger `QHRONOS_DELIVERY_CONCURRENCY`, or more workers",
        ),
        Limit(made.workers * 1e6 / SERIES.worker_us, "the workers' threads", "more workers"),
        Limit(
            (made.nodes * NODE_BYTES / FORKS - made.events * AROUND.event_bytes)
            / made.history.bytes(1),
            "memory of the store",
            "a shorter history, or more nodes",
        ),
        Limit(made.nodes * 1e6 / store_us, "the store's thread", "more nodes"),
        Limit(
            made.history.most,
            "the one upkeep job of its kind",
            "another installation" if made.history is SHORT else shorter,
        ),
    ]
    return sorted(found, key=lambda one: one.rate)
