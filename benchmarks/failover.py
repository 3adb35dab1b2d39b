"""``python -m benchmarks.failover``: how late webhooks are while the primary of the store dies.

They come at 200 a second. One primary is killed, without notice; a replica takes its place, as
Sentinels or the nodes of a cluster decide. Beside it the same run without a kill. Of a cluster, the
partitions of the node that dies are apart from all others, which should notice nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from app.domain.ids import EventIds
from app.setting_variables import production_settings
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.wiring.engine import build_engine
from benchmarks import engines, lateness, loading, support
from benchmarks.meter import sleep_until
from benchmarks.support import BenchmarkFailed, say

LATE_MS = 50
"""A webhook that is later than this waited for the failover."""

PATIENCE_S = 40

ENGINES: dict[str, Callable[[], AbstractContextManager[engines.Engine]]] = {
    "Sentinels": engines.sentinels,
    "cluster": lambda: engines.cluster(3, 3),
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A webhook: its partition, when it was due, and how late it came first, in ms."""

    partition: int
    due_ms: int
    late_ms: float


def load(client: StoreClient, receiver: str, options: argparse.Namespace) -> dict[int, int]:
    """Create the events; the partition of each by its moment, ms UTC."""
    count = options.rate * options.seconds
    start_ms = time.time_ns() // 1_000_000 + int(options.lead * 1000)
    ids, scripts = EventIds(), loading.PipedScripts(client)
    store = EventStore(client, scripts, options.partitions)
    partitions = {}
    for number in range(count):
        due_ms = start_ms + number * 1000 // options.rate
        partition = partitions[due_ms] = number % options.partitions
        made = ids.make(time.time_ns() // 1000, partition)
        event = loading.example(made, receiver, due_ms, int.from_bytes(made[:6], "big"))
        store.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, event.created_ms)
    scripts.flush()
    if time.time() * 1000 > start_ms - 200:
        raise BenchmarkFailed("creating the events took too long: set a larger --lead")
    return partitions


@contextlib.contextmanager
def installation(engine: engines.Engine, partitions: int) -> Iterator[StoreClient]:
    """A scheduler and two workers; a client of the store."""
    environ = support.environment(
        engine.url, broker_url=engine.broker_url, partitions=partitions, workers=2
    )
    made = build_engine(production_settings(environ))
    made.services.storage.agreement.migrate()
    roles = ("scheduler", "deliver", "deliver")
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(connect(engine.broker_url))
        for role in roles:
            stack.enter_context(support.process([sys.executable, "worker.py", role], environ))
        support.wait_for(
            lambda: broker.scard("rq:workers:deliver") == 2, 60, "not all workers came up"
        )
        yield stack.enter_context(connect(engine.url))
    made.services.storage.client.close()


def run(
    made: AbstractContextManager[engines.Engine],
    receiver: str,
    options: argparse.Namespace,
    *,
    kills: bool,
) -> tuple[list[Arrived], int, frozenset[int]]:
    """Deliver, and kill a primary if asked to.

    What arrived, the moment of the kill (ms UTC), and the partitions that lay on what died.
    """
    count = options.rate * options.seconds
    with made as engine, installation(engine, options.partitions) as client:
        partitions = load(client, receiver, options)
        start_ms = min(partitions)
        kill_ms = start_ms + options.kill_after * 1000
        nodes = [client.node_of(keys.prefix(p)) for p in range(options.partitions)]
        sleep_until(kill_ms)
        if kills:
            engine.kill(nodes[0])
        sleep_until(start_ms + options.seconds * 1000)
        first: dict[int, float] = {}
        until = time.monotonic() + PATIENCE_S
        while len(first) < count and time.monotonic() < until:
            time.sleep(0.5)
            for due_ms, late_ms in lateness.arrivals_at(receiver):
                first[due_ms] = min(late_ms, first.get(due_ms, late_ms))
        time.sleep(2)  # what is repeated
    if len(first) < count:
        raise BenchmarkFailed(f"{count - len(first)} webhooks never came")
    gone = frozenset(p for p, node in enumerate(nodes) if node == nodes[0])
    arrived = [Arrived(partitions[due], due, late) for due, late in sorted(first.items())]
    return arrived, kill_ms, gone


def tell(name: str, arrived: list[Arrived], kill_ms: int, gone: frozenset[int]) -> dict[str, float]:
    """One row: those before the kill, those after it on what died, and all others after it."""
    before = [one.late_ms for one in arrived if one.due_ms < kill_ms - 1_000]
    after = [one for one in arrived if one.due_ms >= kill_ms - 1_000]
    hit = [one for one in after if one.partition in gone]
    spared = [one.late_ms for one in after if one.partition not in gone]
    late = [one.due_ms + one.late_ms - kill_ms for one in hit if one.late_ms > LATE_MS]
    figures = {
        **{f"before: {key}": value for key, value in support.quantiles(before).items()},
        **{f"hit: {key}": value for key, value in _points(hit).items()},
        **({f"others: {key}": v for key, v in support.quantiles(spared).items()} if spared else {}),
        "hit and late": len(late),
        "late until, s after the kill": max(late, default=0.0) / 1000,
    }
    cells = [
        f"{figures[f'{part}: p50']:.1f}, {figures[f'{part}: p99']:,.0f}, "
        f"{figures[f'{part}: max']:,.0f}"
        if f"{part}: p50" in figures
        else ""
        for part in ("before", "hit", "others")
    ]
    until_s = figures["late until, s after the kill"]
    say(f"| {name} | {' | '.join(cells)} | {len(late)} | {until_s:.1f} |")
    return figures


def _points(some: list[Arrived]) -> dict[str, float]:
    return support.quantiles([one.late_ms for one in some])


def main() -> None:
    """Measure both kinds, with a kill and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=14)
    parser.add_argument("--kill-after", type=int, default=4, help="seconds")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--lead", type=float, default=6.0, help="seconds to create them")
    options = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = {}
    say("ms late: p50, p99, max")
    say("| store | before | on what died | on the others | late | until, s after the kill |")
    say("|---|---|---|---|---|---|")
    with lateness.stamping_receiver() as receiver:
        for _ in range(options.rounds):
            for name in options.engine or ENGINES:
                for kills in (False, True):
                    title = f"{name}, {'the primary killed' if kills else 'nothing killed'}"
                    figures = tell(title, *run(ENGINES[name](), receiver, options, kills=kills))
                    results.setdefault(title, []).append(figures)
    support.report("failover", {"rate": options.rate, "results": results})


if __name__ == "__main__":
    support.main(main)
