"""``python -m benchmarks.tenants``: what the worst of one tenant costs the others.

An innocent tenant's webhooks, one-time and recurring, come at a steady rate: alone, and beside a
thousand schedules of a tenant who has a write token and means harm, and who also asks for costly
previews and edits all the time. Compared is how late the innocent's arrive, p99. ``/health`` is
asked all the while.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.crypto.lanes import Lanes
from app.runtime.embedded import free_port
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from benchmarks import lateness, loading, plot, support
from benchmarks.attack import CALENDAR, CHEAP, KINDS, Caller, costly_requests, store
from benchmarks.support import BenchmarkFailed, say

WORST_RATIO = 1.5
"""What p99 may come to beside the attacker."""

WORST_HEALTH_MS = 250

RECURRING = 30
"""Events of the innocent that come every second."""

LEAD_S = 15
"""How long everything runs before the first moment that counts."""

ALONE, CHEAPEST, WORST = "alone", "beside as many cheap deliveries", "beside the attacker"

PROBE_EVERY_S = 0.05
PATIENCE_S = 30
"""How long after the last moment a webhook may still come."""


@dataclass
class Run:
    """What one run has shown; times in ms. Webhooks that never came are counted as ``missing``."""

    late: dict[str, float]
    recurring_late: dict[str, float]
    health: dict[str, float]
    missing: int
    cpu: dict[str, float]
    answers: dict[int, int] = field(default_factory=dict)


@contextlib.contextmanager
def host(store_url: str, rate_limit: int) -> Iterator[tuple[dict[str, int], int]]:
    """Run everything that a host runs; process ids by name, and the API's port."""
    port = free_port()
    environ = support.environment(store_url, port=port, rate_limit=f"{rate_limit}/minute")
    roles = {"scheduler": "scheduler", "upkeep": "upkeep", "deliver": "deliver"}
    with contextlib.ExitStack() as stack:
        commands = {name: [sys.executable, "worker.py", role] for name, role in roles.items()}
        commands["deliver 2"] = commands["deliver"]
        commands["api"] = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        pids = {
            name: stack.enter_context(support.process(command, environ)).pid
            for name, command in commands.items()
        }
        url = f"http://127.0.0.1:{port}/health"
        support.wait_for(lambda: support.answers(url), 30, "the API did not start")
        yield pids, port


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each process and its children so far."""
    return {name: sum(lateness.cpu_seconds(pid).values()) for name, pid in pids.items()}


@contextlib.contextmanager
def probing(port: int) -> Iterator[list[float]]:
    """Ask for ``/health`` all the time; how long each answer took, in ms."""
    found: list[float] = []
    ended = threading.Event()

    def probe() -> None:
        while not ended.wait(PROBE_EVERY_S):
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                answer.read()
                healthy = answer.status == 200
            except (OSError, http.client.HTTPException):
                healthy = False
            finally:
                connection.close()
            took = (time.perf_counter() - began) * 1000
            found.append(took if healthy else max(took, 10_000.0))

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join(20)


def token(master: Caller, sub: str) -> str:
    """A write token of a tenant, for the tag that is its name."""
    grant = {
        "type": "jwt", "sub": sub, "access": "read_write", "scope": [sub],
        "expires_at": "2035-01-01T00:00:00Z",
    }  # fmt: skip
    return str(master.must("POST", "/tokens", grant)["token"])


def create_innocent(
    client: StoreClient, call: Caller, receiver: str, start_ms: int, options: argparse.Namespace
) -> int:
    """Create what the innocent sends from a moment on; how many webhooks that will be."""
    step_ms = 1000 // RECURRING
    for number in range(RECURRING):
        begin = datetime.fromtimestamp((start_ms + number * step_ms) / 1000, UTC)
        event = {
            "name": "innocent", "webhook": receiver, "tags": ["innocent"],
            "start_time": begin.isoformat(timespec="milliseconds"),
            "schedule": {"every": "1s", "count": options.seconds},
        }  # fmt: skip
        call.must("POST", "/events", event)
    once: int = options.rate * options.seconds
    # Shifted, so that none has the time of a recurring one.
    times = (start_ms + 7 + n * 1000 // options.rate for n in range(once))
    loading.load(client, receiver, times, Lanes(support.JWT_SECRET).of("innocent"))
    return once + RECURRING * int(options.seconds)


def measure(receiver: str, quick: str, beside: str, options: argparse.Namespace) -> Run:
    """One run on a fresh store."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        pids, port = stack.enter_context(host(url, options.rate_limit))
        support.wait_for(lambda: client.scard("rq:workers:deliver") == 2, 30, "no workers")
        master = Caller(port, support.MASTER_TOKEN)
        tokens = {sub: token(master, sub) for sub in ("innocent", "attacker")}
        call, attacker = (Caller(port, tokens[sub]) for sub in ("innocent", "attacker"))
        master.must("PUT", f"/calendars/{CALENDAR}", {"weekdays": ["SA", "SU"]})
        ids: list[str] = []
        answers: dict[int, int] = {}
        if beside != ALONE:
            kinds = KINDS if beside == WORST else CHEAP
            start_ms = int(time.time() + 2) * 1000
            ids = store(kinds, url, tokens["attacker"], "attacker", quick, start_ms)
        if beside == WORST:
            asking = costly_requests(attacker, ids, options.rate_limit / 60)
            answers = stack.enter_context(asking)
        start_ms = (int(time.time()) + LEAD_S) * 1000
        expected = create_innocent(client, call, receiver, start_ms, options)
        if time.time() * 1000 > start_ms - 200:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        time.sleep(max(start_ms / 1000 - time.time(), 0))
        before = cpu_seconds(pids)
        with probing(port) as health:
            time.sleep(options.seconds)
        used = {name: now - before[name] for name, now in cpu_seconds(pids).items()}
        if options.details:
            details(client)
        deadline = time.monotonic() + PATIENCE_S
        while int(lateness.fetch(receiver + "count")) < expected and time.monotonic() < deadline:
            time.sleep(0.2)
        arrivals = lateness.arrivals_at(receiver)
    recurring = [late for at, late in arrivals if (at - start_ms) % 1000 % (1000 // RECURRING) == 0]
    return Run(
        support.quantiles([late for _, late in arrivals]),
        support.quantiles(recurring),
        support.quantiles(health),
        expected - len(arrivals),
        {name: seconds / options.seconds * 100 for name, seconds in used.items()},
        answers,
    )


def details(client: StoreClient) -> None:
    """What the store has been busy with."""
    stats = client.info("commandstats")
    top = sorted(stats.items(), key=lambda item: -item[1]["usec"])[:12]
    say("  " + ", ".join(f"{k[8:]} {v['calls']}x {v['usec'] / 1e6:.1f}s" for k, v in top))
    waiting = client.zcard(keys.unscheduled(0)), client.llen("rq:queue:upkeep")
    say(f"  without a successor: {waiting[0]}; upkeep jobs that wait: {waiting[1]}")


def show(name: str, run: Run) -> None:
    """Print a run."""
    say(f"{name}: late p50 {run.late['p50']:.1f} p99 {run.late['p99']:.1f} "
        f"max {run.late['max']:.1f} ms (recurring p99 {run.recurring_late['p99']:.1f}), "
        f"{run.missing} missing; /health p50 {run.health['p50']:.1f} p99 {run.health['p99']:.1f} "
        f"max {run.health['max']:.1f} ms")  # fmt: skip
    say("  CPU, % of a core: " + ", ".join(f"{n} {used:.0f}" for n, used in run.cpu.items()))
    if run.answers:
        say(f"  the attacker's requests, by status: {dict(sorted(run.answers.items()))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=120, help="one-time webhooks a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate-limit", type=int, default=600, help="a minute, of each token")
    parser.add_argument("--details", action="store_true", help="what the store was busy with")
    options = parser.parse_args()
    sides = (ALONE, CHEAPEST, WORST)
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    with lateness.stamping_receiver() as receiver, support.nginx() as quick:
        for number in range(options.rounds):
            for side in sides if number % 2 == 0 else sides[::-1]:
                run = measure(receiver, quick, side, options)
                runs[side].append(run)
                show(f"round {number + 1}, {side}", run)
    judge(runs, options)


def judge(runs: Mapping[str, list[Run]], options: argparse.Namespace) -> None:
    """Print and report the medians."""
    p99 = {side: [run.late["p99"] for run in made] for side, made in runs.items()}
    ratios = {side: support.median_ratio(p99[WORST], p99[side]) for side in (ALONE, CHEAPEST)}
    for side, ratio in ratios.items():
        verdict = "as wanted" if ratio <= WORST_RATIO else f"more than {WORST_RATIO}"
        say(f"p99 beside the attacker is {ratio:.2f} times that {side}: {verdict}")
    health = statistics.median(run.health["p99"] for run in runs[WORST])
    slowest = max(run.health["max"] for run in runs[WORST])
    verdict = "as wanted" if slowest <= WORST_HEALTH_MS else f"more than {WORST_HEALTH_MS} ms"
    say(f"/health: p99 {health:.1f} ms, max {slowest:.1f} ms: {verdict}")
    bars = {side: statistics.median(values) for side, values in p99.items()}
    figures: dict[str, Any] = {side: [vars(run) for run in made] for side, made in runs.items()}
    result = {"rate": options.rate, "ratios": ratios, "health_p99_ms": health, "figures": figures}
    support.report("tenants", result, plot.bars("an innocent tenant", "ms late, p99", bars))
    if any(run.missing for made in runs.values() for run in made):
        raise BenchmarkFailed("some of the innocent's webhooks did not arrive")


if __name__ == "__main__":
    support.main(main)
