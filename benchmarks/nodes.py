"""``python -m benchmarks.nodes``: the CPU of a delivery with more workers and more store nodes.

On two processors nothing gets faster by more of either. But CPU for each delivery is what an
installation on many machines is made of: while it stays the same, twice as much delivers twice as
much. All sides have the same partitions and a backlog that is due at one instant.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.ids import EventIds
from app.setting_variables import production_settings
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.wiring.engine import build_engine
from benchmarks import engines, loading, support
from benchmarks.meter import cpu_ms, sleep_until
from benchmarks.support import BenchmarkFailed, say

LEAD_MS = 3_000


@dataclass(frozen=True, slots=True)
class Side:
    """So many workers on a store of so many nodes; 0 nodes: one server, no cluster."""

    workers: int
    nodes: int

    @property
    def name(self) -> str:
        """In words."""
        store = f"cluster of {self.nodes}" if self.nodes else "one server"
        return f"{self.workers} worker{'s' * (self.workers > 1)}, {store}"


@dataclass(frozen=True, slots=True)
class Used:
    """CPU microseconds of a delivery, and deliveries a second."""

    worker_us: float
    store_us: float
    rate: float

    @property
    def all_us(self) -> float:
        """Both."""
        return self.worker_us + self.store_us


@contextlib.contextmanager
def store_of(nodes: int) -> Iterator[engines.Engine]:
    """A store of so many nodes."""
    with engines.cluster(nodes) if nodes else engines.one_server() as made:
        yield made


def load(client: StoreClient, webhook: str, partitions: int, count: int, lead_ms: int) -> int:
    """Create events due at one moment; that moment, ms UTC."""
    due_ms = time.time_ns() // 1_000_000 + lead_ms
    ids, scripts = EventIds(), loading.PipedScripts(client)
    store = EventStore(client, scripts, partitions)
    for number in range(count):
        made = ids.make(time.time_ns() // 1000, number % partitions)
        event = loading.example(made, webhook, due_ms, int.from_bytes(made[:6], "big"))
        store.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, event.created_ms)
    scripts.flush()
    if time.time() * 1000 > due_ms - 100:
        raise BenchmarkFailed("creating the events took too long: set a larger --lead")
    return due_ms


def ended(client: StoreClient, partitions: int) -> int:
    """How many are completed."""
    return sum(client.zcard(keys.occurrences(p, "completed")) for p in range(partitions))


def measure(side: Side, webhook: str, options: argparse.Namespace) -> Used:
    """One round of a side."""
    count, partitions = options.events, options.partitions
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(store_of(side.nodes))
        environ = support.environment(
            engine.url, broker_url=engine.broker_url, partitions=partitions
        )
        made = build_engine(production_settings(environ))
        made.services.storage.agreement.migrate()
        client = stack.enter_context(connect(engine.url))
        broker = stack.enter_context(connect(engine.broker_url))
        workers = stack.enter_context(support.workers(environ, side.workers))
        support.wait_for(
            lambda: broker.scard("rq:workers:deliver") == side.workers, 60, "no worker came up"
        )
        due_ms = load(client, webhook, partitions, count, int(options.lead * 1000))
        stores = engine.pids()
        sleep_until(due_ms - 50)
        before = [cpu_ms(pid) for pid in (*workers, *stores)]
        support.wait_for(lambda: ended(client, partitions) >= count, 120, "not all ended")
        took_s = time.time() - due_ms / 1000
        used = [
            (cpu_ms(pid) - began) * 1000 / count
            for pid, began in zip((*workers, *stores), before, strict=True)
        ]
        made.services.storage.client.close()
    return Used(sum(used[: len(workers)]), sum(used[len(workers) :]), count / took_s)


def main() -> None:
    """Measure each side in turn, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--nodes", type=int, nargs="+", default=[0, 1, 3])
    parser.add_argument("--events", type=int, default=12_000)
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lead", type=float, default=8.0, help="seconds to create them")
    options = parser.parse_args()
    sides = [Side(workers, nodes) for nodes in options.nodes for workers in options.workers]
    found: dict[Side, list[Used]] = {side: [] for side in sides}
    with support.nginx() as webhook:
        for number in range(options.rounds):
            for side in sides if number % 2 == 0 else sides[::-1]:
                found[side].append(used := measure(side, webhook, options))
                say(f"round {number + 1}: {side.name:<28} {_line(used)}")
    say("\n| | worker, µs | store, µs | of one worker there | of as many on the first store |")
    say("|---|---|---|---|---|")
    for side in sides:
        some = found[side]
        worker, store = (statistics.median(getattr(u, f) for u in some) for f in FIGURES)
        fewer = _share(found[Side(options.workers[0], side.nodes)], some)
        plain = _share(found[Side(side.workers, options.nodes[0])], some)
        say(f"| {side.name} | {worker:.0f} | {store:.0f} | {fewer:.2f} | {plain:.2f} |")
    support.report(
        "nodes",
        {side.name: [(u.worker_us, u.store_us, u.rate) for u in found[side]] for side in sides},
    )


FIGURES = ("worker_us", "store_us")


def _share(others: list[Used], some: list[Used]) -> float:
    """How many deliveries a core-second has, to those of others: medians of the rounds."""
    return support.median_ratio([one.all_us for one in others], [one.all_us for one in some])


def _line(used: Used) -> str:
    return f"worker {used.worker_us:.0f} + store {used.store_us:.0f} us, {used.rate:,.0f}/s"


if __name__ == "__main__":
    support.main(main)
