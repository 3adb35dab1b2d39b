"""``python -m benchmarks.lateness``: how late webhooks arrive when they come at a steady rate.

Arrival minus scheduled time, stamped by a receiver in a process of its own (microseconds, when it
has read the request). The baseline is a bare libcurl loop that knows every moment beforehand,
sleeps until it and posts: what the machine and the receiver cost by themselves.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.runtime.embedded import free_port
from app.store import keys
from app.store.connecting import connect
from benchmarks import drain, loading, plot, support
from benchmarks.support import BenchmarkFailed, say

Arrivals = list[tuple[int, float]]
"""Scheduled time in ms and how late it came, in ms; in the order of scheduling."""


@contextlib.contextmanager
def stamping_receivers(targets: int) -> Iterator[list[str]]:
    """Run the receiver that stamps, on so many ports; their URLs."""
    found: set[int] = set()
    while len(found) < targets:  # one that is free is not taken yet, and may be found again
        found.add(free_port())
    ports = sorted(found)
    urls = [f"http://127.0.0.1:{port}/" for port in ports]
    with support.process([sys.executable, "-m", "benchmarks.stamping", *map(str, ports)]):
        support.wait_for(lambda: support.answers(urls[-1]), 10, "the receiver did not start")
        yield urls


@contextlib.contextmanager
def stamping_receiver() -> Iterator[str]:
    """Run the receiver that stamps; its URL."""
    with stamping_receivers(1) as (url,):
        yield url


def fetch(url: str) -> Any:
    """Ask the receiver that stamps."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def arrivals_at(receiver: str) -> Arrivals:
    """Take what has arrived out of the receiver."""
    return [(at, stamp / 1000 - at) for at, stamp in sorted(fetch(receiver))]


def collect(receiver: str, expected: int) -> Arrivals:
    """Take what has arrived; raises ``BenchmarkFailed`` unless it is all, once, and none early."""
    arrivals = arrivals_at(receiver)
    if len(arrivals) != expected:
        raise BenchmarkFailed(f"{len(arrivals)} webhooks arrived instead of {expected}")
    if (early := min(late for _, late in arrivals)) < 0:
        raise BenchmarkFailed(f"a webhook came {-early:.3f} ms early")
    return arrivals


def ours(receiver: str, rate: int, seconds: int) -> Arrivals:
    """Have Qhronos deliver at a rate: one scheduler, one worker, a fresh store."""
    count = rate * seconds
    with support.store() as url, connect(url) as client, support.workers(support.environment(url)):
        support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
        start_ms = time.time_ns() // 1_000_000 + 3_000 + count // 3
        loading.load(client, receiver, (start_ms + n * 1000 // rate for n in range(count)))
        if time.time() * 1000 > start_ms - 200:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        support.wait_for(
            lambda: client.zcard(keys.occurrences(0, "completed")) >= count,
            seconds + count / 1000 + 60, "not all occurrences were recorded in time", look_s=0.5,
        )  # fmt: skip
        if client.zcard(keys.occurrences(0, "completed")) != count:
            raise BenchmarkFailed("not all occurrences were completed")
    return collect(receiver, count)


def soon(receiver: str, count: int, ahead_ms: int) -> Arrivals:
    """Create events so shortly before their time, ten a second; nothing is at work at first."""
    with support.store() as url, connect(url) as client, support.workers(support.environment(url)):
        support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
        for _ in range(count):
            # Looked at when the connection is warm: what is measured begins with the event.
            loading.load(client, receiver, (time.time_ns() // 1_000_000 + ahead_ms for _ in "1"))
            time.sleep(0.1)
        support.wait_for(
            lambda: client.zcard(keys.occurrences(0, "completed")) >= count,
            60,
            "not all occurrences were recorded",
        )
    return collect(receiver, count)


def bare(receiver: str, rate: int, seconds: int) -> Arrivals:
    """Have the bare loop post at the same rate."""
    spec = {
        **drain.request_like_ours(receiver), "in_flight": 64, "count": rate * seconds,
        "rate": rate, "start_ms": time.time_ns() // 1_000_000 + 1_000,
    }  # fmt: skip
    spec["headers"] = [line for line in spec["headers"] if not line.startswith("webhook-id")]
    support.run_python("benchmarks.posting", spec)
    return collect(receiver, rate * seconds)


def idle_cpu(seconds: int) -> dict[str, float]:
    """CPU of a whole ``make run`` with nothing to do, by process, in percent of one core."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as folder:
        environ = support.environment("", data_dir=str(Path(folder)), port=free_port())
        with support.process([sys.executable, "-m", "app.runtime", "--no-inbox"], environ) as top:
            url = f"http://127.0.0.1:{environ['QHRONOS_PORT']}/health"
            support.wait_for(lambda: support.answers(url), 30, "Qhronos did not start")
            time.sleep(3)  # what a start costs is not idling
            before, began = cpu_seconds(top.pid), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            return {
                name: (used - before.get(name, 0.0)) / took * 100
                for name, used in cpu_seconds(top.pid).items()
            }


def cpu_seconds(root: int) -> dict[str, float]:
    """CPU seconds so far of a process and everything under it, by what they are."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / tick
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    named: dict[str, float] = {}
    for pid in sorted(family & used.keys()):
        with contextlib.suppress(OSError):
            argv = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode().split("\0")
            named[f"{pid} {' '.join(Path(part).name for part in argv[:3] if part)}"] = used[pid]
    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ahead", type=int, default=0, help="also events created so many ms ahead")
    parser.add_argument("--idle", type=int, default=0, help="also idle so many seconds, as in 20")
    options = parser.parse_args()
    sides = {"bare libcurl loop": bare, "qhronos": ours}
    points: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    arrivals: Arrivals = []
    with stamping_receiver() as receiver:
        for number in range(options.rounds):
            for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
                measured = sides[name](receiver, options.rate, options.seconds)
                points[name].append(support.quantiles([late for _, late in measured]))
                say(f"round {number + 1}: {name:<18} {_line(points[name][-1])}")
                if name == "qhronos":
                    arrivals = measured
        shortly = soon(receiver, 100, options.ahead) if options.ahead else []
    result = _summary(points)
    if shortly:
        result["created_shortly_before"] = few = support.quantiles([late for _, late in shortly])
        say(f"created {options.ahead} ms ahead:       {_line(few)}; the first {shortly[0][1]:.2f}")
    if options.idle:
        result["idle_cpu_percent"] = idle = idle_cpu(options.idle)
        for name, percent in idle.items():
            say(f"idle: {percent:5.2f} % of a core  {name}")
        say(f"idle: {sum(idle.values()):5.2f} % of a core in all")
    start = arrivals[0][0]
    support.report(
        f"lateness-{options.rate}",
        {"rate": options.rate, "seconds": options.seconds, **result},
        plot.scatter(
            f"lateness at {options.rate} webhooks a second", "seconds", "ms late",
            [((at - start) / 1000, late) for at, late in arrivals],
        ),
    )  # fmt: skip


def _summary(points: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    say("")
    medians: dict[str, dict[str, float]] = {}
    for name, rounds in points.items():
        medians[name] = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        say(f"median:  {name:<18} {_line(medians[name])}")
    pairs = list(zip(points["qhronos"], points["bare libcurl loop"], strict=True))
    ratios = {
        key: statistics.median(ours[key] / bare[key] for ours, bare in pairs)
        for key in ("p50", "p95", "p99", "max")
    }
    say("qhronos / bare loop:        " + "  ".join(f"{k} {v:.1f}" for k, v in ratios.items()))
    return {"figures": points, "medians": medians, "ratios_to_bare_libcurl_loop": ratios}


def _line(points: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:7.2f}" for name, value in points.items()) + "  ms late"


if __name__ == "__main__":
    support.main(main)
