"""``python -m benchmarks.peers``: the same webhooks sent by other schedulers, in the same run.

Celery (ETA), rq-scheduler and BullMQ (delayed jobs) are installed under ``benchmarks/out/peers``
on first use; what can't be installed is left out. Every side gets a fresh store with the settings
of ``make run``, the same receivers and the same bytes: a backlog due at one instant (webhooks a
second, from the first arrival to the last) and a steady rate (how late each arrives).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.store.connecting import connect
from benchmarks import drain, lateness, loading, plot, support
from benchmarks.support import BenchmarkFailed, say

HOME = support.OUT / "peers"
PYTHON = str(HOME / "venv" / "bin" / "python")
NODE_MODULES = HOME / "node" / "node_modules"
BULLMQ = "benchmarks/peer_bullmq.cjs"
PYTHON_PEERS = ("celery[redis]>=5.5,<6", "rq>=2.12,<3", "rq-scheduler==0.14.*", "pycurl")
NODE_PEERS = ("bullmq@5",)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another scheduler: how its processes are started, how jobs are handed to it."""

    processes: Sequence[Sequence[str]]
    load: Sequence[str]
    lead_s: float


PEERS = {
    "Celery": Peer(
        [
            [PYTHON, "-m", "celery", "-A", "benchmarks.peer_celery", "worker", "-c", "2",
             "-l", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"],
        ],
        [PYTHON, "-m", "benchmarks.peer_celery"],
        lead_s=8,
    ),
    "rq-scheduler": Peer(
        [[PYTHON, "-m", "benchmarks.peer_rq", role] for role in ("schedule", "work")],
        [PYTHON, "-m", "benchmarks.peer_rq", "load"],
        lead_s=8,
    ),
    "BullMQ": Peer([["node", BULLMQ, "work"]], ["node", BULLMQ, "load"], lead_s=5),
}  # fmt: skip


def install() -> list[str]:
    """Install what is missing; the names of the peers that can be run."""
    HOME.mkdir(parents=True, exist_ok=True)
    found = []
    if not Path(PYTHON).exists():
        _quietly([sys.executable, "-m", "venv", str(HOME / "venv")])
        _quietly([PYTHON, "-m", "pip", "--quiet", "install", *PYTHON_PEERS])
    if _quietly([PYTHON, "-c", "import celery, rq_scheduler, pycurl"]):
        found += ["Celery", "rq-scheduler"]
    if has_bullmq():
        found.append("BullMQ")
    return found


def has_bullmq() -> bool:
    """Install BullMQ unless it is there; whether it is there now."""
    if shutil.which("npm") and not (NODE_MODULES / "bullmq").exists():
        where = ["--prefix", str(HOME / "node"), "--no-audit", "--no-fund"]
        _quietly(["npm", "install", *where, *NODE_PEERS])
    return (NODE_MODULES / "bullmq").exists()


def _quietly(argv: Sequence[str]) -> bool:
    done = subprocess.run(argv, cwd=support.ROOT, capture_output=True, check=False)
    if done.returncode:
        say(f"{' '.join(argv[:4])} … failed: {done.stderr.decode(errors='replace')[-300:]}")
    return done.returncode == 0


def by_peer(peer: Peer, receiver: str, offsets_ms: Sequence[int]) -> None:
    """Have a peer post once at each offset; returns when its jobs should all be done."""
    with support.store() as url, contextlib.ExitStack() as stack:
        environ = {**os.environ, "PEER_REDIS_URL": url, "NODE_PATH": str(NODE_MODULES)}
        for argv in peer.processes:
            stack.enter_context(support.process(argv, environ))
        time.sleep(3)  # they have no common sign of being ready
        start_ms = time.time_ns() // 1_000_000 + int(peer.lead_s * 1000) + 2 * len(offsets_ms)
        hand_over(peer, environ, receiver, [start_ms + offset for offset in offsets_ms])
        _wait_until_quiet(receiver, len(offsets_ms))


def hand_over(
    peer: Peer, environ: Mapping[str, str], receiver: str, times_ms: Sequence[int]
) -> None:
    """Give a peer its jobs, each for a moment (ms UTC); raises ``BenchmarkFailed`` if it is late.

    ``environ`` names the peer's store, as for its processes.
    """
    spec: dict[str, Any] = drain.request_like_ours(receiver)
    spec["headers"] = [line for line in spec["headers"] if not line.startswith("webhook-id")]
    spec["times_ms"] = list(times_ms)
    loaded = subprocess.run(
        peer.load, input=json.dumps(spec).encode(), env=environ, cwd=support.ROOT,
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    if loaded.returncode:
        raise BenchmarkFailed(loaded.stderr.decode(errors="replace")[-2000:])
    if time.time() * 1000 > times_ms[0]:
        raise BenchmarkFailed("handing the jobs over took too long on this busy machine")


def by_qhronos(receiver: str, offsets_ms: Sequence[int]) -> None:
    """The same with Qhronos: one scheduler, one worker."""
    with support.store() as url, connect(url) as client, support.workers(support.environment(url)):
        support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
        start_ms = time.time_ns() // 1_000_000 + 3_000 + len(offsets_ms) // 3
        loading.load(client, receiver, [start_ms + offset for offset in offsets_ms])
        if time.time() * 1000 > start_ms:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        _wait_until_quiet(receiver, len(offsets_ms))


def _wait_until_quiet(receiver: str, expected: int) -> None:
    support.wait_for(
        lambda: _count(receiver) >= expected, 300, "not all webhooks arrived", look_s=0.5
    )


def _count(receiver: str) -> int:
    return int(lateness.fetch(receiver + "count"))


def measure(
    send: Callable[[str, Sequence[int]], None], receiver: str, options: argparse.Namespace
) -> dict[str, float]:
    """Webhooks a second of a backlog, and how late they are at a steady rate, ms."""
    send(receiver, [0] * options.events)
    arrivals = lateness.arrivals_at(receiver)
    if len(arrivals) < options.events:
        raise BenchmarkFailed(f"{len(arrivals)} webhooks arrived instead of {options.events}")
    moments = sorted(at + late for at, late in arrivals)
    rate = (len(moments) - 1) / (moments[-1] - moments[0]) * 1000
    count = options.rate * options.seconds
    send(receiver, [n * 1000 // options.rate for n in range(count)])
    points = support.quantiles([late for _, late in lateness.arrivals_at(receiver)])
    return {"rate": rate, **points}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", help="a peer's name; may be repeated")
    options = parser.parse_args()
    names = [name for name in install() if not options.only or name in options.only]
    sides: dict[str, Callable[[str, Sequence[int]], None]] = {"qhronos": by_qhronos}
    for name in names:
        sides[name] = _sending(PEERS[name])
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    with lateness.stamping_receiver() as receiver:
        for number in range(options.rounds):
            for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
                figures[name].append(measured := measure(sides[name], receiver, options))
                say(f"round {number + 1}: {name:<13} {_line(measured)}")
    _show(figures)


def _sending(peer: Peer) -> Callable[[str, Sequence[int]], None]:
    return lambda receiver, offsets_ms: by_peer(peer, receiver, offsets_ms)


def _show(figures: Mapping[str, list[dict[str, float]]]) -> None:
    say("\nmedians")
    ratios = {}
    medians = {}
    for name, rounds in figures.items():
        medians[name] = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        ours = [one["rate"] for one in figures["qhronos"]]
        ratios[name] = support.median_ratio(ours, [one["rate"] for one in rounds])
        say(f"{name:<13} {_line(medians[name])}   qhronos / {name}: {ratios[name]:.1f}")
    support.report(
        "peers",
        {"figures": figures, "medians": medians, "rate_ratios": ratios},
        plot.bars(
            "webhooks a second", "webhooks/s", {n: round(m["rate"]) for n, m in medians.items()}
        ),
    )


def _line(one: Mapping[str, float]) -> str:
    return (
        f"{one['rate']:>8,.0f} webhooks/s; late at a steady rate: min {one['min']:.1f}, "
        f"p50 {one['p50']:.1f}, p99 {one['p99']:.1f}, max {one['max']:.1f} ms"
    )


if __name__ == "__main__":
    support.main(main)
