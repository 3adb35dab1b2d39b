"""``python -m benchmarks.soak``: a steady rate for long, and memory that does not grow.

All processes of a host, a store with its append-only file, and short retention, so that what is
forgotten keeps up with what comes. After the first quarter, in which caches fill, the medians of
the second quarter and of the last are compared.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.domain.ids import EventIds
from app.runtime.embedded import free_port
from app.store import keys
from app.store.connection import StoreClient, connect
from app.store.events import EventStore, Plan
from app.store.fields import OccurrenceField
from app.store.scripts import Scripts
from benchmarks import loading, plot, support
from benchmarks.support import BenchmarkFailed, say

RETENTION_S = 30
SAMPLE_S = 5.0
AHEAD_MS = 2_000
GROWTH, SLACK_MIB = 1.08, 3.0
"""What the last quarter may have beyond the second: a share, and some MiB."""

RQ_SLACK = 30
"""How many more keys RQ may have: a job it keeps for a minute more or less."""

API_EVERY = 50
"""One of so many events is created over HTTP, the others by the store's own calls."""

MIB = 1 << 20


def resident_mib(pid: int) -> float:
    """The memory of a process and its children."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / MIB
        return own + sum(resident_mib(int(child)) for child in children)
    return 0.0


class Soak:
    """One run: what is created, and what was seen of it."""

    def __init__(self, client: StoreClient, webhook: str, api: str) -> None:
        self._client = client
        self._events = EventStore(client, Scripts(client), partitions=1)
        self._ids = EventIds()
        self._webhook, self._api = webhook, api
        self.created = 0
        self.seen: dict[str, list[float]] = defaultdict(list)
        self.moments_s: list[float] = []

    def create(self) -> None:
        """Create one event that is due in a moment."""
        self.created += 1
        now_us = time.time_ns() // 1000
        due_ms = now_us // 1000 + AHEAD_MS
        event = loading.example(self._ids.make(now_us, 0), self._webhook, due_ms, now_us // 1000)
        if self.created % API_EVERY == 0:
            body = b'{"name":"soak","delay":"2s","tags":["soak"],"webhook":"%s"}'
            headers = {
                "Authorization": f"Bearer {support.MASTER_TOKEN}",
                "Content-Type": "application/json",
            }
            request = urllib.request.Request(
                f"{self._api}/events", body % self._webhook.encode(), headers
            )
            with urllib.request.urlopen(request, timeout=10):
                return
        self._events.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, now_us // 1000)

    def sample(self, pids: Mapping[str, int], since_s: float) -> None:
        """Look at every process, at the store, and for anything that was not delivered."""
        self.moments_s.append(since_s)
        for name, pid in pids.items():
            self.seen[f"{name}, MiB"].append(resident_mib(pid))
        used = int(self._client.info("memory")["used_memory"])
        self.seen["store, MiB"].append(used / MIB)
        rq_keys = sum(1 for _ in self._client.scan_iter(match="rq:*", count=10_000))
        self.seen["keys of RQ"].append(rq_keys)
        for status in ("failed", "missed", "cancelled"):
            if self._client.zcard(keys.occurrences(0, status)):
                raise BenchmarkFailed(f"an occurrence is {status}")
        if retrying := self._client.zrange(keys.occurrences(0, "retrying"), 0, 0):
            (said,) = self._client.hmget(keys.occurrence(0, retrying[0]), [OccurrenceField.ERROR])
            raise BenchmarkFailed(f"after {since_s:.0f} s an attempt had failed: {said!r}")


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the second and of the last quarter."""
    size = len(values) // 4
    return statistics.median(values[size : 2 * size]), statistics.median(values[-size:])


def growing(seen: Mapping[str, Sequence[float]]) -> list[str]:
    """Print both medians of each; returns the names of those that grew."""
    grown = []
    for name, values in seen.items():
        before, after = quarters(values)
        say(f"{name:<24} {before:>10.1f} {after:>10.1f}   most {max(values):.1f}")
        most = before + RQ_SLACK if "RQ" in name else before * GROWTH + SLACK_MIB
        if after > most:
            grown.append(name)
    return grown


@contextlib.contextmanager
def host(store_url: str) -> Iterator[tuple[dict[str, int], str]]:
    """Run everything that a host runs; process ids by name, and where the API is."""
    port = free_port()
    retention = {"retention_occurrences": f"{RETENTION_S}s", "retention_events": f"{RETENTION_S}s"}
    environ = support.environment(store_url, port=port, web_workers=1, **retention)
    with contextlib.ExitStack() as stack:
        pids = {
            role: stack.enter_context(
                support.process([sys.executable, "worker.py", role], environ)
            ).pid
            for role in ("scheduler", "upkeep", "deliver")
        }
        gunicorn = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        pids["web"] = stack.enter_context(support.process(gunicorn, environ)).pid
        url = f"http://127.0.0.1:{port}"
        support.wait_for(lambda: support.answers(f"{url}/health"), 30, "the API did not start")
        yield pids, url


def soak(minutes: float, rate: int) -> None:
    """Run, judge and report."""
    counter = free_port()
    webhook = f"http://127.0.0.1:{counter}/"
    with contextlib.ExitStack() as stack:
        receiver = [sys.executable, "-m", "benchmarks.counting", str(counter)]
        stack.enter_context(support.process(receiver))
        support.wait_for(lambda: support.answers(webhook), 10, "the receiver did not start")
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        pids, api = stack.enter_context(host(url))
        run = Soak(client, webhook, api)
        begun, sampled_s = time.monotonic(), 0.0
        while (since_s := time.monotonic() - begun) < minutes * 60:
            while run.created < since_s * rate:
                run.create()
            if since_s >= sampled_s + SAMPLE_S:
                sampled_s = since_s
                run.sample(pids, since_s)
            time.sleep(0.005)

        def arrived() -> int:
            with urllib.request.urlopen(webhook, timeout=5) as answer:
                return int(answer.read())

        support.wait_for(lambda: arrived() >= run.created, 30, "not all have arrived")
        say(f"{run.created} created in {minutes:g} min at {rate}/s, {arrived()} arrived")
        if arrived() != run.created:
            raise BenchmarkFailed("some arrived more than once")
    say(f"{'':<24} {'2nd quarter':>10} {'last':>10}   (medians)")
    grown = growing(run.seen)
    total = [sum(row) for row in zip(*(v for k, v in run.seen.items() if "MiB" in k), strict=True)]
    points = list(zip(run.moments_s, total, strict=True))
    picture = plot.scatter("Memory of all processes and the store", "s", "MiB", points)
    result = {"minutes": minutes, "rate": rate, "created": run.created, "seen": dict(run.seen)}
    support.report("soak", {**result, "moments_s": run.moments_s}, picture)
    if grown:
        raise BenchmarkFailed(f"grew: {', '.join(grown)}")


def command() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=500, help="a second")
    given = parser.parse_args()
    soak(given.minutes, given.rate)


if __name__ == "__main__":
    support.main(command)
