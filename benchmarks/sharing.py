"""``python -m benchmarks.sharing``: what several workers ask of a store with many partitions.

It prints, for 1, 2 and 4 workers that all drain, how many commands and round trips the store sees
in a second for each worker, and the CPU of store and worker: once while nothing is due, and once
while webhooks fall due at a steady rate, spread over the partitions. ``--beside DIR`` measures
another checkout in turns, too, for a change's before and after in one run.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from app.domain.ids import EventIds
from app.rq_queues import RqDrainQueue
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.event_plans import Plan
from app.store.events import EventStore
from benchmarks import loading, support
from benchmarks.meter import cpu_ms, sleep_until
from benchmarks.support import say

LEAD_MS = 4_000
"""How long everything runs before it is measured."""


def read(client: StoreClient, pids: list[int]) -> Mapping[str, float]:
    """Commands and round trips of the store so far, and CPU milliseconds."""
    info, stats = client.info("server"), client.info("stats")
    commands = cast("dict[str, dict[str, Any]]", client.info("commandstats"))
    return {
        "commands": sum(one["calls"] for one in commands.values()),
        "round trips": stats["total_reads_processed"],
        "store ms": cpu_ms(int(info["process_id"])),
        "worker ms": sum(map(cpu_ms, pids)),
    }


def measure(
    checkout: Path, options: argparse.Namespace, receiver: str, workers: int, rate: int
) -> dict[str, float]:
    """Run so many workers of a checkout on a fresh store; the figures of one second and worker."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        Coordination(client).agree_on_partitions(options.partitions)
        environ = support.environment(url, partitions=options.partitions, drain_linger="120s")
        argv = [sys.executable, "worker.py", "deliver"]
        pids = [
            stack.enter_context(support.process(argv, environ, checkout)).pid
            for _ in range(workers)
        ]
        came = lambda: client.scard("rq:workers:deliver") == workers  # noqa: E731
        support.wait_for(came, 60, "the workers did not come up")
        drains = RqDrainQueue(client)
        for _ in range(workers):
            drains.enqueue_drain()
        alive = lambda: client.zcard(keys.DRAINS) == workers  # noqa: E731
        support.wait_for(alive, 60, "the workers do not drain")
        count = rate * options.seconds
        start_ms = time.time_ns() // 1_000_000 + LEAD_MS + count // 2
        ids, scripts = EventIds(), loading.PipedScripts(client)
        store = EventStore(client, scripts, options.partitions)
        for number in range(count):
            at = start_ms + number * 1000 // rate
            made = ids.make(time.time_ns() // 1000, number % options.partitions, 0)
            event = loading.example(made, receiver, at, int.from_bytes(made[:6], "big"))
            store.save(event, Plan(scheduled_ms=at, due_ms=at), None, event.created_ms)
        scripts.flush()
        sleep_until(start_ms)
        before = read(client, pids)
        sleep_until(start_ms + options.seconds * 1000)
        after = read(client, pids)
        share = options.seconds * workers
        figures = {name: (after[name] - before[name]) / share for name in before}
        time.sleep(1)
        completed = keys.occurrences
        done = sum(client.zcard(completed(p, "completed")) for p in range(options.partitions))
        if done < count:
            raise support.BenchmarkFailed(f"{done} of {count} deliveries were recorded")
    return figures


def command() -> None:
    """Measure every number of workers, idle and busy, this checkout and the other one in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    sides = {"ours": support.ROOT} | ({"beside": options.beside} if options.beside else {})
    found = []
    with support.nginx() as receiver:
        for workers, rate in itertools.product(options.workers, (0, options.rate)):
            for side, checkout in sides.items():
                figures = measure(checkout, options, receiver, workers, rate)
                found.append({"workers": workers, "rate": rate, "side": side, **figures})
                told = ", ".join(f"{figure:.0f} {name}" for name, figure in figures.items())
                say(f"{workers} workers, {rate}/s, {side}: {told}")
    support.report("sharing", {"partitions": options.partitions, "rounds": found})


if __name__ == "__main__":
    support.main(command)
