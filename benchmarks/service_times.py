"""``python -m benchmarks.service_times``: the CPU and the bytes of each step of a delivery.

These are what ``benchmarks.simulation`` works with. A drain runs in this process, and the CPU time
of its thread is noted around each of its parts; the store's is read from ``INFO cpu``. Costs that
grow with a count are lines: so much for each call, and so much for each item in it. Both have a
second figure for work after a pause: a processor that has slept is slow, and its caches are cold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.delivery.sender import CurlSender
from app.domain.event import Event
from app.domain.ids import EventIds
from app.domain.outcome import Outcome, Timings
from app.domain.schedule import Schedule
from app.engine.attempts import record_of
from app.engine.claimer import Claimer
from app.engine.drain import Drain
from app.engine.next_request import NextRequest
from app.engine.recorder import Recorder
from app.setting_variables import production_settings
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.work import WorkStore
from app.wiring.engine import Engine, build_engine
from benchmarks import loading, support
from benchmarks.support import say

Samples = dict[str, list[tuple[int, float]]]
"""By part: how many items, and the CPU in microseconds."""

BATCHES = (1, 8, 32, 128, 256)
COLD_S = 0.02
"""A pause after which a processor counts as cold."""


def line(samples: list[tuple[int, float]]) -> tuple[float, float]:
    """The cost of a call and of each item in it, in µs, by least squares."""
    if len({count for count, _ in samples}) < 2:
        return statistics.fmean(cost for _, cost in samples), 0.0
    slope, start = statistics.linear_regression(*zip(*samples, strict=True))
    return max(start, 0.0), slope


@contextlib.contextmanager
def timed_parts(samples: Samples) -> Iterator[None]:
    """Note the CPU of a drain's parts meanwhile."""
    kept: list[tuple[Any, str, Any]] = []
    inner = [0.0]

    def wrap(owner: Any, name: str, part: str, count: Callable[[Any], int]) -> None:
        method = vars(owner)[name]
        kept.append((owner, name, method))

        def noted(*args: Any, **named: Any) -> Any:
            before, outside = time.thread_time(), inner[0]
            inner[0] = 0.0
            answer = method(*args, **named)
            used = (time.thread_time() - before) * 1e6
            samples[part].append((count(answer), used - inner[0]))
            inner[0] = outside + used
            return answer

        setattr(owner, name, noted)

    wrap(Drain, "_send", "send", lambda _: 1)
    wrap(NextRequest, "prepare", "send", lambda _: 0)
    wrap(Drain, "_handle", "handle", lambda _: 1)
    wrap(CurlSender, "poll", "poll", len)
    wrap(Claimer, "_read", "read", len)
    wrap(Claimer, "_ask", "ask", lambda _: 1)
    wrap(Claimer, "_receive", "receive", lambda _: 1)
    wrap(Recorder, "_send", "record", lambda _: 1)
    wrap(Recorder, "_handle_answers", "recorded", lambda _: 1)
    wrap(Drain, "_step", "step", lambda _: 1)
    try:
        yield
    finally:
        for owner, name, method in kept:
            setattr(owner, name, method)


def worker_run(made: Engine, webhook: str, rate: int, count: int) -> dict[str, float]:
    """Have a drain in this process deliver at a rate (0: all at once); µs for each delivery."""
    client, clock = made.services.storage.client, made.services.clock
    ended = client.zcard(keys.occurrences(0, "completed")) + count
    start_ms = clock.now_ms() + (count // 3 + 500 if rate else -1)
    due = (start_ms + (n * 1000 // rate if rate else 0) for n in range(count))
    loading.load(client, webhook, due)
    drain = made.drains.new_drain()
    samples: Samples = defaultdict(list)
    if rate:
        time.sleep(max(start_ms / 1000 - 0.2 - time.time(), 0))
    with timed_parts(samples):
        before, thread = time.process_time(), time.thread_time()
        while client.zcard(keys.occurrences(0, "completed")) < ended:
            drain.run_until(clock.now_ms() + (500 if rate else 20))
        thread, used = time.thread_time() - thread, time.process_time() - before
    drain.close(threading.Event())
    found = {name: sum(cost for _, cost in some) / count for name, some in samples.items()}
    found["thread"], found["process"] = thread * 1e6 / count, used * 1e6 / count
    found["steps"] = len(samples["step"]) / count
    found["asks"] = len(samples["ask"]) / count
    found["records"] = len(samples["recorded"]) / count
    found["poll each"], found["poll more"] = line(samples["poll"])
    return found


def series(store: EventStore, count: int, webhook: str, due_ms: int) -> None:
    """Create events that fire every second, due at one moment."""
    ids = EventIds()
    for _ in range(count):
        made = ids.make(time.time_ns() // 1000, 0)
        event: Event = loading.example(made, webhook, due_ms, due_ms)
        event = event.changed(schedule=Schedule({"every": "1m"}))
        store.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, event.created_ms)


class StoreMeter:
    """CPU and bytes of the store's main thread."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def read(self) -> tuple[float, float, float]:
        """CPU in µs, bytes that came in, bytes that went out, so far."""
        cpu, stats = self._client.info("cpu"), self._client.info("stats")
        used = sum(float(cpu[f"used_cpu_{one}_main_thread"]) for one in ("user", "sys"))
        return used * 1e6, stats["total_net_input_bytes"], stats["total_net_output_bytes"]


def store_costs(url: str, repeats: int) -> dict[str, tuple[float, float, float, float]]:
    """By call: CPU of each in µs, CPU of each item, bytes in and out of each item."""
    with connect(url) as client:
        made = engine(url)
        made.services.storage.agreement.migrate()
        work, meter = made.services.storage.work, StoreMeter(client)
        samples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        traffic: dict[str, tuple[float, float]] = {}
        for size in BATCHES:
            for times in (max(repeats // size, 20),):
                once(client, work, meter, size, times, samples, traffic)
        made.close()
    return {name: (*line(some), *traffic[name]) for name, some in samples.items()}


def once(
    client: StoreClient,
    work: WorkStore,
    meter: StoreMeter,
    size: int,
    times: int,
    samples: dict[str, list[tuple[int, float]]],
    traffic: dict[str, tuple[float, float]],
    pause_s: float = 0.0,
) -> None:
    """Claim and record so many at once, so many times."""
    now_ms = time.time_ns() // 1_000_000
    loading.load(client, "http://127.0.0.1:9/", [now_ms - 1] * size * times)
    claims = []
    begun = meter.read()
    for number in range(times):
        claims.append(
            work.claim(0, b"w%d" % size, number + 1, now_ms=now_ms, limit=size, lease_ms=600_000)
        )
        time.sleep(pause_s)
    after = meter.read()
    outcome = Outcome(Timings(now_ms * 1000, now_ms * 1000 + 412, now_ms * 1000 + 2_841), 200, b"")
    records = [[record_of(one, outcome, now_ms, 0.5)[0] for one in some] for some in claims]
    between = meter.read()
    for some in records:
        work.record(some, now_ms)
        time.sleep(pause_s)
    ended = meter.read()
    for name, one, other in (("claim", begun, after), ("record", between, ended)):
        samples[name].append((size, (other[0] - one[0]) / times))
        each = [(b - a) / times / size for a, b in zip(one[1:], other[1:], strict=True)]
        traffic[name] = each[0], each[1]


def engine(url: str) -> Engine:
    """What a worker works with."""
    return build_engine(production_settings(support.environment(url)))


def fsync_ms(folder: Path, times: int = 100) -> float:
    """How long the disk takes to have a kilobyte, in the median."""
    took = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"x" * 1024)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    """Measure the worker, then the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000)
    given = parser.parse_args()
    with support.nginx() as webhook, support.store() as url:
        made = engine(url)
        made.services.storage.agreement.migrate()
        for rate in (0, 50, 200, 1000, 0):
            count = given.count if not rate or rate > 300 else rate * 5
            found = worker_run(made, webhook, rate, count)
            say(f"rate {rate}: " + ", ".join(f"{k} {v:.1f}" for k, v in found.items()))
        made.close()
    with support.store() as url:
        for name, cost in store_costs(url, 4_000).items():
            say(f"{name}: " + ", ".join(f"{one:.1f}" for one in cost))
    with tempfile.TemporaryDirectory() as folder:
        say(f"fsync {fsync_ms(Path(folder)):.2f} ms")


if __name__ == "__main__":
    support.main(main)
