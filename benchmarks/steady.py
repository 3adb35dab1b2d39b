"""``python -m benchmarks.steady``: the CPU of a delivery when webhooks come at a steady rate.

It prints, for each delivery, the milliseconds of CPU of the worker and of the store (``/proc``),
the script calls and the commands (``INFO commandstats``), and how late it arrives, beside the bare
libcurl loop, which has no store. Only the steady time counts: what comes before is in no figure.
``--beside`` measures the scheduler and the worker of another checkout, too, for a change's before
and after in one run. ``--bullmq`` measures BullMQ at the same rate; ``benchmarks.peers`` says how.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.event import Event
from app.domain.ids import EventIds
from app.domain.options import EventOptions
from app.domain.schedule import Schedule
from app.store import keys
from app.store.connecting import connect
from app.store.coordination import Coordination
from app.store.event_plans import Plan
from app.store.events import EventStore
from benchmarks import lateness, loading, peers, support
from benchmarks.meter import Meter
from benchmarks.support import BenchmarkFailed, say

SHAPES: dict[str, dict[str, Any]] = {
    "once": {},
    "series": {"schedule": {"every": "1s"}},
    "overlap": {"schedule": {"every": "1s"}, "options": {"overlap": "skip"}},
    "flow": {"options": {"flow": {"key": "steady", "concurrency": 64}}},
}
"""Kinds of events: those with a schedule fire every second, so there is one for each webhook of a
second; the others fire once."""

LEAD_MS = 3_000
"""How long everything runs before the first moment."""

TAIL_MS = 500
"""How long after the last moment is measured: by then the last is recorded."""

Side = Callable[[str], "Measured"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one side; CPU in milliseconds a delivery, counts for each delivery."""

    late: dict[str, float]
    worker_ms: float = 0.0
    store_ms: float = 0.0
    calls: float = 0.0
    commands: float = 0.0

    @property
    def line(self) -> str:
        """Everything in one line."""
        return (
            f"worker {self.worker_ms:.3f} + store {self.store_ms:.3f} ms; {self.calls:.2f} calls, "
            f"{self.commands:.1f} commands; p50 {self.late['p50']:.2f}, p99 "
            f"{self.late['p99']:.2f}, max {self.late['max']:.1f} ms late"
        )


def events_of(options: argparse.Namespace, start_ms: int) -> Iterator[tuple[Event, Plan]]:
    """The events of a run, each with the plan of its first occurrence."""
    ids, shape = EventIds(), SHAPES[options.shape]
    count = options.rate * (1 if "schedule" in shape else options.seconds)
    for number in range(count):
        at = start_ms + number * 1000 // options.rate
        lane, partition = number % options.lanes, number % options.partitions
        made = ids.make(time.time_ns() // 1000, partition, lane)
        event = loading.example(made, options.receiver, at, int.from_bytes(made[:6], "big"))
        changed: dict[str, Any] = {}
        if "options" in shape:
            changed["options"] = EventOptions(shape["options"])
        if "schedule" in shape:
            ends_s = start_ms // 1000 + options.seconds + 2
            ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends_s))
            changed["schedule"] = Schedule({**shape["schedule"], "until": ends})
        yield event.changed(**changed), Plan(scheduled_ms=at, due_ms=at)


def by_us(checkout: Path, options: argparse.Namespace, receiver: str) -> Measured:
    """Have a checkout's scheduler and worker deliver at a rate, in a fresh store."""
    deliveries = options.rate * options.seconds
    options.receiver = receiver
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        Coordination(client).agree_on_partitions(options.partitions)
        environ = support.environment(url, partitions=options.partitions)
        pids = [
            stack.enter_context(
                support.process([sys.executable, "worker.py", role], environ, checkout)
            ).pid
            for role in ("scheduler", "deliver")
        ]
        support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
        start_ms = time.time_ns() // 1_000_000 + LEAD_MS + deliveries // 2
        scripts = loading.PipedScripts(client)
        store = EventStore(client, scripts, options.partitions)
        for event, plan in events_of(options, start_ms):
            store.save(event, plan, None, event.created_ms)
        scripts.flush()
        if time.time() * 1000 > start_ms - 200:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        end_ms = start_ms + options.seconds * 1000 + TAIL_MS
        if "schedule" in SHAPES[options.shape]:
            # They go on for a while: so many are under way at the end as at the beginning.
            start_ms, end_ms = start_ms + 500, end_ms - TAIL_MS + 500
        figures = Meter(client, pids[1]).between(start_ms, end_ms, deliveries)
        time.sleep(TAIL_MS / 1000)
        statuses = {
            status: sum(
                client.zcard(keys.occurrences(p, status)) for p in range(options.partitions)
            )
            for status in ("completed", "failed", "skipped", "missed")
        }
        if statuses["completed"] < deliveries or any(list(statuses.values())[1:]):
            raise BenchmarkFailed(f"of {deliveries} deliveries these were recorded: {statuses}")
    arrivals = lateness.arrivals_at(receiver)
    if min(late for _, late in arrivals) < 0:
        raise BenchmarkFailed("a webhook came early")
    return Measured(support.quantiles([late for _, late in arrivals]), **figures)


def by_bullmq(options: argparse.Namespace, receiver: str) -> Measured:
    """Have BullMQ post at the same rate, in a fresh store."""
    peer, deliveries = peers.PEERS["BullMQ"], options.rate * options.seconds
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        environ = {**os.environ, "PEER_REDIS_URL": url, "NODE_PATH": str(peers.NODE_MODULES)}
        (argv,) = peer.processes
        worker = stack.enter_context(support.process(argv, environ)).pid
        time.sleep(2)  # it has no sign of being ready
        start_ms = time.time_ns() // 1_000_000 + LEAD_MS + deliveries
        times_ms = [start_ms + n * 1000 // options.rate for n in range(deliveries)]
        peers.hand_over(peer, environ, receiver, times_ms)
        end_ms = start_ms + options.seconds * 1000 + TAIL_MS
        figures = Meter(client, worker).between(start_ms, end_ms, deliveries)
    return Measured(
        support.quantiles([late for _, late in lateness.arrivals_at(receiver)]), **figures
    )


def by_bare_loop(options: argparse.Namespace, receiver: str) -> Measured:
    """Have the bare loop post at the same rate."""
    arrivals = lateness.bare(receiver, options.rate, options.seconds)
    return Measured(support.quantiles([late for _, late in arrivals]))


def sides_of(options: argparse.Namespace) -> dict[str, Side]:
    sides: dict[str, Side] = {"bare loop": functools.partial(by_bare_loop, options)}
    if options.beside:
        sides["beside"] = functools.partial(by_us, options.beside.resolve(), options)
    sides["qhronos"] = functools.partial(by_us, support.ROOT, options)
    if options.bullmq:
        if not peers.has_bullmq():
            raise BenchmarkFailed("BullMQ can't be installed: it needs node and npm")
        sides["BullMQ"] = functools.partial(by_bullmq, options)
    return sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES, default="once", help="of the events")
    parser.add_argument("--lanes", type=int, default=1, help="of so many tenants")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--beside", type=Path, help="another checkout to measure, too")
    parser.add_argument("--bullmq", action="store_true")
    options = parser.parse_args()
    sides = sides_of(options)
    rounds: dict[str, list[Measured]] = {name: [] for name in sides}
    with lateness.stamping_receiver() as receiver:
        for number in range(options.rounds):
            for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
                rounds[name].append(measured := sides[name](receiver))
                say(f"round {number + 1}: {name:<10} {measured.line}")
    say(f"\nmedians at {options.rate}/s, {options.shape}")
    medians = {name: median(some) for name, some in rounds.items()}
    for name, one in medians.items():
        say(f"{name:<10} {one.line}")
    ratios = {
        key: support.median_ratio(*([one.late[key] for one in rounds[name]] for name in PAIR))
        for key in ("p50", "p99")
    }
    say("qhronos / bare loop: " + ", ".join(f"{key} {one:.1f}" for key, one in ratios.items()))
    support.report(
        "steady",
        {
            "rate": options.rate, "shape": options.shape, "ratios_to_bare_libcurl_loop": ratios,
            "medians": {name: figures_of(one) for name, one in medians.items()},
        },
    )  # fmt: skip


PAIR = ("qhronos", "bare loop")

FIGURES = ("worker_ms", "store_ms", "calls", "commands")


def figures_of(one: Measured) -> dict[str, Any]:
    return {"late": one.late, **{name: getattr(one, name) for name in FIGURES}}


def median(rounds: Sequence[Measured]) -> Measured:
    """The medians of all figures."""
    late = {key: statistics.median(one.late[key] for one in rounds) for key in rounds[0].late}
    return Measured(late, *(statistics.median(getattr(o, f) for o in rounds) for f in FIGURES))


if __name__ == "__main__":
    support.main(main)
