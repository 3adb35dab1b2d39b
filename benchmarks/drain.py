"""``python -m benchmarks.drain``: how fast a backlog that is due at one instant is delivered.

One worker process (RQ's, as in ``make run``) and one scheduler, against a bare libcurl loop that
posts the same bytes and records nothing, with handles that it uses again or, as in libcurl's
examples, one for every request; and against one RQ job per webhook.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from app.delivery.actions.webhook import build
from app.delivery.request import NOBODY, Job
from app.domain.ids import EventIds, occurrence_id
from app.store import keys
from app.store.attempts import read_log
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.reading import Values
from app.store.short_forms import read_occurrences
from benchmarks import loading, plot, support
from benchmarks.meter import Meter
from benchmarks.support import BenchmarkFailed, say

FRESH = "loop with a handle each"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the store's records say about a drain; moments in ms since 1970."""

    rate: float
    first_start_ms: float
    last_record_ms: float
    arrivals_ms: list[float]
    cpu_us: tuple[float, float] = (0.0, 0.0)
    """CPU microseconds of a delivery: all workers, and the store; 0: not measured."""


def request_like_ours(webhook: str) -> dict[str, Any]:
    """The headers and the body of a delivery, as both sides send them."""
    event_id = EventIds().make(time.time_ns() // 1000, 0)
    now_ms = time.time_ns() // 1_000_000
    event = loading.example(event_id, webhook, now_ms, now_ms)
    job = Job(
        event_id, occurrence_id(event_id, now_ms), now_ms, 1, event.name,
        event.definition.description, event.metadata_json, event.tags, event.action,
        (support.SECRET,),
    )  # fmt: skip
    request = build(job, now_ms, NOBODY)
    return {"url": webhook, "headers": request.headers, "body": request.body.decode()}


def bare_rate(webhook: str, count: int, in_flight: int, *, fresh: bool = False) -> float:
    """Requests a second of the bare loop, in a process of its own; ``fresh``: see ``posting``."""
    sizes = {"count": count, "in_flight": in_flight, "fresh": fresh}
    spec = {**request_like_ours(webhook), **sizes}
    answer = support.run_python("benchmarks.posting", spec)
    if answer["wrong"]:
        raise BenchmarkFailed(f"the receiver refused {answer['wrong']} requests")
    return float(answer["count"] / answer["seconds"])


def job_per_webhook_rate(webhook: str, count: int) -> float:
    """Webhooks a second of one RQ job each, in a worker process of its own."""
    with support.store() as url:
        spec = {**request_like_ours(webhook), "count": count, "redis_url": url}
        answer = support.run_python("benchmarks.rq_post", spec)
    if answer["count"] != count:
        raise BenchmarkFailed(f"{answer['count']} of {count} jobs ran")
    return float(answer["count"] / answer["seconds"])


def drain_rate(
    webhook: str, count: int, in_flight: int, lead_s: float, workers: int = 1
) -> Delivered:
    """Create ``count`` events due at one instant in a fresh store and have them delivered."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        environ = support.environment(url, delivery_concurrency=in_flight)
        pids = stack.enter_context(support.workers(environ, workers))
        support.wait_for(
            lambda: client.scard("rq:workers:deliver") == workers, 30, "not all workers came up"
        )
        return deliver(client, webhook, count, lead_s, pids)


def deliver(
    client: StoreClient, webhook: str, count: int, lead_s: float, pids: Sequence[int] = ()
) -> Delivered:
    """Create ``count`` events due at one instant, wait for their records, check every one."""
    support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
    before = client.zcard(keys.occurrences(0, "completed"))
    due_ms = time.time_ns() // 1_000_000 + int(lead_s * 1000) + count // 4
    loading.load(client, webhook, [due_ms] * count)
    if time.time() * 1000 > due_ms - 200:
        raise BenchmarkFailed("creating the events took too long: set a larger --lead")
    meters = [Meter(client, pid) for pid in pids]
    begun = [meter.read() for meter in meters]
    support.wait_for(
        lambda: client.zcard(keys.occurrences(0, "completed")) >= before + count,
        count / 100 + 60,
        f"not all of {count} occurrences were recorded in time",
    )
    used = [(meter.read(), start) for meter, start in zip(meters, begun, strict=True)]
    worker = sum(end[0] - start[0] for end, start in used)
    store = sum(end[1] - start[1] for end, start in used[:1])
    delivered = _read_records(client, due_ms, count)
    return replace(delivered, cpu_us=(worker * 1000 / count, store * 1000 / count))


def _read_records(client: StoreClient, due_ms: int, count: int) -> Delivered:
    started, arrived, ended = [], [], []
    for status, log, at in _records(client, due_ms):
        if status != b"completed":
            raise BenchmarkFailed(f"an occurrence is {status!r}, not completed")
        timings = read_log(log)[-1].timings
        started.append(timings.started_us / 1000)
        arrived.append(timings.done_us / 1000)
        ended.append(int(at or 0))
    if len(ended) != count:
        raise BenchmarkFailed(f"{len(ended)} of {count} occurrences have a record")
    rate = count / (max(ended) - min(started)) * 1000
    return Delivered(rate, min(started) - due_ms, max(ended) - due_ms, sorted(arrived))


RECORD = [OccurrenceField.STATUS, OccurrenceField.LOG, OccurrenceField.COMPLETED]


def _records(client: StoreClient, due_ms: int) -> Iterator[Values]:
    key = keys.occurrences(0, "completed")
    ids = cast("list[bytes]", client.zrangebyscore(key, due_ms, due_ms))
    for start in range(0, len(ids), 1000):
        yield from read_occurrences(client, ids[start : start + 1000], RECORD)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=2_000, help="of RQ; 0 leaves them out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1, help="compares so many with one")
    parser.add_argument("--lead", type=float, default=3.0, help="seconds to load beside N/4000")
    options = parser.parse_args()
    last: list[Delivered] = []

    def ours(webhook: str) -> float:
        last[:] = [drain_rate(webhook, options.events, options.in_flight, options.lead)]
        return last[0].rate

    with support.nginx() as webhook:
        sides = {
            "bare libcurl loop": lambda: bare_rate(webhook, options.events, options.in_flight),
            FRESH: lambda: bare_rate(webhook, options.events, options.in_flight, fresh=True),
            "qhronos": lambda: ours(webhook),
        }
        if options.workers > 1:
            sides[f"{options.workers} workers"] = lambda: (
                drain_rate(
                    webhook, options.events, options.in_flight, options.lead, options.workers
                ).rate
            )
        if options.jobs:
            sides["one RQ job per webhook"] = lambda: job_per_webhook_rate(webhook, options.jobs)
        figures = support.alternate(options.rounds, sides, "webhooks/s")
    _show(figures, last[0])


def _show(figures: dict[str, list[float]], drained: Delivered) -> None:
    medians = {name: statistics.median(values) for name, values in figures.items()}
    ours, bare = figures["qhronos"], figures["bare libcurl loop"]
    ratios = {
        "of the bare libcurl loop": support.median_ratio(ours, bare),
        f"of a {FRESH}": support.median_ratio(ours, figures[FRESH]),
    }
    if jobs := figures.get("one RQ job per webhook"):
        ratios["times one RQ job per webhook"] = support.median_ratio(ours, jobs)
    for name in figures.keys() - {"qhronos", "bare libcurl loop", FRESH, "one RQ job per webhook"}:
        ratios[f"(one worker) of {name}"] = support.median_ratio(ours, figures[name])
    say("")
    for name, value in medians.items():
        say(f"{name:<24} {value:>10,.0f} webhooks/s (median)")
    for name, value in ratios.items():
        say(f"qhronos is {value:.3f} {name}")
    say(
        f"the last drain began {drained.first_start_ms:.1f} ms after the instant and had its last "
        f"record {drained.last_record_ms:.0f} ms after it"
    )
    worker_us, store_us = drained.cpu_us
    say(f"CPU of a delivery in the last one: worker {worker_us:.0f} us, store {store_us:.0f} us")
    support.report(
        "drain",
        {"figures": figures, "medians": medians, "ratios": ratios, "cpu_us": drained.cpu_us},
        plot.cumulative("webhooks delivered over time", drained.arrivals_ms),
    )


if __name__ == "__main__":
    support.main(main)
