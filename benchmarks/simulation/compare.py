"""Real runs of the settings that are simulated, with real processes on this machine."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import cast

from app.domain.ids import EventIds
from app.runtime.embedded import free_port
from app.store import keys
from app.store.attempts import read_log
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.fields import OccurrenceField
from app.store.short_forms import read_occurrences
from benchmarks import loading, support
from benchmarks.meter import cpu_ms, sleep_until
from benchmarks.simulation.runs import Result, Setting, simulate
from benchmarks.support import BenchmarkFailed, say

SETTINGS = (
    Setting(100, 800, cores=2),
    Setting(1_000, 6_000, cores=2),
    Setting(1_000, 6_000, partitions=4, cores=2),
    Setting(1_000, 6_000, workers=2, cores=2),
    Setting(500, 3_000, answers_ms=100, cores=2),
    Setting(0, 15_000, cores=2),
    Setting(0, 15_000, partitions=4, cores=2),
    Setting(0, 15_000, workers=2, cores=2),
    Setting(0, 15_000, workers=2, partitions=4, cores=2),
    Setting(0, 5_000, answers_ms=100, cores=2),
)
"""Below saturation and at it; none of these did the costs come from."""

LEAD_MS = 2_000
FIELDS = [OccurrenceField.STATUS, OccurrenceField.LOG, OccurrenceField.COMPLETED]


@contextlib.contextmanager
def receiver(takes_ms: float) -> Iterator[str]:
    """A receiver that answers at once, in C, or after some time."""
    if not takes_ms:
        with support.nginx() as url:
            yield url
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with support.process([sys.executable, "-m", "benchmarks.slow", str(port), str(takes_ms)]):
        support.wait_for(lambda: support.answers(url), 10, "the receiver did not start")
        yield url


def load(client: StoreClient, setting: Setting, webhook: str) -> int:
    """Create the events; the first moment, ms UTC."""
    start_ms = time.time_ns() // 1_000_000 + LEAD_MS + setting.count
    ids, scripts = EventIds(), loading.PipedScripts(client)
    store = EventStore(client, scripts, setting.partitions)
    for number in range(setting.count):
        due_ms = start_ms + (number * 1000 // setting.rate if setting.rate else 0)
        made = ids.make(time.time_ns() // 1000, number % setting.partitions)
        event = loading.example(made, webhook, due_ms, int.from_bytes(made[:6], "big"))
        store.save(event, Plan(scheduled_ms=due_ms, due_ms=due_ms), None, event.created_ms)
    scripts.flush()
    if time.time() * 1000 > start_ms - 200:
        raise BenchmarkFailed("creating the events took too long on this busy machine")
    return start_ms


def deliver(setting: Setting) -> Result:
    """Have real workers deliver what a setting says, in a fresh store."""
    with contextlib.ExitStack() as stack:
        webhook = stack.enter_context(receiver(setting.answers_ms))
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        Coordination(client).agree_on_partitions(setting.partitions)
        environ = support.environment(
            url, partitions=setting.partitions, delivery_concurrency=setting.concurrency
        )
        pids = stack.enter_context(support.workers(environ, setting.workers))
        support.wait_for(
            lambda: client.scard("rq:workers:deliver") == setting.workers, 30, "no worker came up"
        )
        start_ms = load(client, setting, webhook)
        pids = [*pids, int(client.info("server")["process_id"])]
        sleep_until(start_ms - 50)
        before = [cpu_ms(pid) for pid in pids]
        support.wait_for(lambda: ended(client, setting) >= setting.count, 60, "not all ended")
        worked = [cpu_ms(pid) - began for pid, began in zip(pids, before, strict=True)]
        return result(client, setting, start_ms, worked)


def ended(client: StoreClient, setting: Setting) -> int:
    """How many are completed."""
    return sum(client.zcard(keys.occurrences(p, "completed")) for p in range(setting.partitions))


def result(client: StoreClient, setting: Setting, start_ms: int, worked: Sequence[float]) -> Result:
    """What the store's records say, and the CPU milliseconds of workers and, last, store."""
    late, last_ms, answered = [], 0, 0.0
    for partition in range(setting.partitions):
        found = cast("list[bytes]", client.zrange(keys.occurrences(partition, "completed"), 0, -1))
        for at in range(0, len(found), 1000):
            some = found[at : at + 1000]
            for one, row in zip(some, read_occurrences(client, some, FIELDS), strict=True):
                timings = read_log(row[1] or b"")[-1].timings
                late.append(timings.started_us / 1000 - int.from_bytes(one[:6], "big"))
                answered += (timings.done_us - timings.started_us) / 1000
                last_ms = max(last_ms, int(row[2] or 0))
    count, took_ms = len(late), last_ms - start_ms
    if count != setting.count:
        raise BenchmarkFailed(f"{count} of {setting.count} have a record")
    points = support.quantiles(late)
    return Result(
        rate=count / took_ms * 1000,
        p50_ms=points["p50"],
        p99_ms=points["p99"],
        worker_us=sum(worked[:-1]) * 1000 / count,
        store_us=worked[-1] * 1000 / count,
        worker_busy=max(worked[:-1]) / took_ms,
        store_busy=worked[-1] / took_ms,
        in_flight=answered / took_ms,
        answered_ms=answered / count,
        delivered=count,
    )


FIGURES = ("rate", "p50_ms", "p99_ms", "worker_us", "store_us")


def compare(settings: Sequence[Setting] = SETTINGS) -> None:
    """Run each setting here and in the simulation, and print both as a table."""
    say("| setting | | deliveries/s | late p50, ms | p99, ms | worker, µs | store, µs |")
    say("|---|---|---|---|---|---|---|")
    for setting in settings:
        real, simulated = deliver(setting), simulate(setting)
        for name, one in ((setting.name, real), ("", simulated)):
            kind = "here" if one is real else "simulated"
            say(f"| {name} | {kind} | {_row(one)} |")
        ratios = (getattr(simulated, f) / getattr(real, f) for f in FIGURES)
        say("| | simulated / here | " + " | ".join(f"{one:.2f}" for one in ratios) + " |")


def _row(one: Result) -> str:
    return (
        f"{one.rate:,.0f} | {one.p50_ms:,.2f} | {one.p99_ms:,.2f} | "
        f"{one.worker_us:.0f} | {one.store_us:.0f}"
    )
