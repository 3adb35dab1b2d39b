"""``python -m benchmarks.soak``: a steady rate for long, and memory that does not grow.

All processes of a host, a store with its append-only file, and short retention, of the audit log
too, so that what is forgotten keeps up with what comes. Every event is created over HTTP. After the
first quarter, in which caches fill, the medians of the second quarter and of the last are compared.
Retention needs minutes to catch up: the run must be longer than ten.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import sys
import threading
import time
import urllib.request
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.runtime.embedded import free_port
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from benchmarks import plot, support
from benchmarks.support import BenchmarkFailed, say

RETENTION_S = 30
SAMPLE_S = 5.0
GROWTH, SLACK_MIB = 1.08, 3.0
"""What the last quarter may have beyond the second: a share, and some MiB."""

SLACK = {
    "keys of RQ": 30,  # a job it keeps for a minute more or less
    "audit log, entries in the stream": 5_000,  # as many as come between two packings
    "audit log, segments": 300,  # as many as come between two runs of retention
}
"""What else the last quarter may have more, in numbers."""

CLIENTS = 8
"""Connections over which events are created."""

MOST_ASKED = 1_000
"""Requests that may wait for an answer; then the API is slower than the rate."""

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
        self._url = urlsplit(api)
        self._body = json.dumps(
            {"name": "soak", "delay": "2s", "tags": ["tag1", "tag2"], "webhook": webhook}
        )
        self._threads = threading.local()
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._asked: deque[Future[None]] = deque()
        self.created = 0
        self.seen: dict[str, list[float]] = defaultdict(list)
        self.moments_s: list[float] = []

    def create(self) -> None:
        """Have one event created that is due in a moment; raises what went wrong before."""
        self.created += 1
        self._asked.append(self._pool.submit(self._post))
        while self._asked and (self._asked[0].done() or len(self._asked) > MOST_ASKED):
            self._asked.popleft().result()

    def close(self) -> None:
        """Wait for the last requests."""
        self._pool.shutdown()
        for asked in self._asked:
            asked.result()

    def _post(self) -> None:
        connection = vars(self._threads).get("connection")
        if connection is None:
            connection = http.client.HTTPConnection(self._url.netloc, timeout=10)
            self._threads.connection = connection
        headers = {
            "Authorization": f"Bearer {support.MASTER_TOKEN}",
            "Content-Type": "application/json",
        }
        connection.request("POST", "/events", self._body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise BenchmarkFailed(f"an event was answered {answer.status}")

    def sample(self, pids: Mapping[str, int], since_s: float) -> None:
        """Look at every process, at the store, and for anything that was not delivered."""
        self.moments_s.append(since_s)
        for name, pid in pids.items():
            self.seen[f"{name}, MiB"].append(resident_mib(pid))
        used = int(self._client.info("memory")["used_memory"])
        self.seen["store, MiB"].append(used / MIB)
        rq_keys = sum(1 for _ in self._client.scan_iter(match="rq:*", count=10_000))
        self.seen["keys of RQ"].append(rq_keys)
        self.seen["audit log, entries in the stream"].append(self._client.xlen(keys.AUDIT))
        self.seen["audit log, segments"].append(self._client.zcard(keys.AUDIT_SEGMENTS))
        for status in ("failed", "missed", "cancelled"):
            if self._client.zcard(keys.occurrences(0, status)):
                raise BenchmarkFailed(f"an occurrence is {status}")
        retrying: Any = self._client.zrange(keys.occurrences(0, "retrying"), 0, 0)
        if retrying:
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
        say(f"{name:<32} {before:>10.1f} {after:>10.1f}   most {max(values):.1f}")
        most = before + SLACK.get(name, before * (GROWTH - 1) + SLACK_MIB)
        if after > most:
            grown.append(name)
    return grown


@contextlib.contextmanager
def host(store_url: str) -> Iterator[tuple[dict[str, int], str]]:
    """Run everything that a host runs; process ids by name, and where the API is."""
    port = free_port()
    kinds = ("occurrences", "events", "audit")
    retention = {f"retention_{kind}": f"{RETENTION_S}s" for kind in kinds}
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
        run.close()

        def arrived() -> int:
            with urllib.request.urlopen(webhook, timeout=5) as answer:
                return int(answer.read())

        support.wait_for(lambda: arrived() >= run.created, 30, "not all have arrived")
        say(f"{run.created} created in {minutes:g} min at {rate}/s, {arrived()} arrived")
        if arrived() != run.created:
            raise BenchmarkFailed("some arrived more than once")
    say(f"{'':<32} {'2nd quarter':>10} {'last':>10}   (medians)")
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
    parser.add_argument("--rate", type=int, default=200, help="a second")
    given = parser.parse_args()
    soak(given.minutes, given.rate)


if __name__ == "__main__":
    support.main(command)
