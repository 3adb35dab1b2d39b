"""``python -m benchmarks.metering``: what it costs a delivery that it is counted for ``/metrics``.

One process delivers the same backlog again and again, in turn with counting and without. Its CPU
time is compared, which a busy machine changes less than its speed.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import time
from collections.abc import Iterator

from app.engine.attempt_meter import AttemptMeter
from app.engine.group_meter import GroupMeter
from app.engine.recorder import Recorder
from app.metrics.registry import Buckets, Registry
from app.setting_variables import production_settings
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.wiring.drains import Drains
from app.wiring.engine import Engine, build_engine
from benchmarks import loading, support
from benchmarks.support import say

STEP_MS = 20
COUNTING = (
    *((AttemptMeter, "note"), (Recorder, "_count"), (Buckets, "add"), (Registry, "observe")),
    *((GroupMeter, "note_lateness"), (GroupMeter, "groups_of")),
)


@contextlib.contextmanager
def without_counting() -> Iterator[None]:
    """Count nothing meanwhile."""
    kept = [(owner, name, vars(owner)[name]) for owner, name in COUNTING]
    for owner, name in COUNTING:
        setattr(owner, name, lambda *_: None)
    try:
        yield
    finally:
        for owner, name, method in kept:
            setattr(owner, name, method)


def cpu_us(client: StoreClient, drains: Drains, webhook: str, count: int) -> float:
    """CPU microseconds of a delivery of a backlog that is due at once."""
    services = drains.services
    ended = client.zcard(keys.occurrences(0, "completed")) + count
    loading.load(client, webhook, [services.clock.now_ms()] * count)
    drain = drains.new_drain()
    began = time.process_time()
    while client.zcard(keys.occurrences(0, "completed")) < ended:
        drain.run_until(services.clock.now_ms() + STEP_MS)
    services.counts.registry.totals()
    used = time.process_time() - began
    drain.close(threading.Event())
    return used * 1e6 / count


def engine(url: str, *, by_tag: bool) -> Engine:
    """What a worker works with."""
    lists = {"metrics_tags": "a,b,c", "metrics_targets": "127.0.0.1"} if by_tag else {}
    given = support.environment(url, delivery_concurrency=64, **lists)
    return build_engine(production_settings(given))


def main() -> None:
    """Measure both, and say by how much they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--by-tag", action="store_true", help="also by tag and by host")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        webhook = stack.enter_context(support.nginx())
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        made = engine(url, by_tag=options.by_tag)
        made.services.storage.agreement.migrate()
        stack.callback(made.close)
        drains = made.drains

        def counted() -> float:
            return cpu_us(client, drains, webhook, options.events)

        def uncounted() -> float:
            with without_counting():
                return cpu_us(client, drains, webhook, options.events)

        sides = {"without counting": uncounted, "with counting": counted}
        figures = support.alternate(options.rounds, sides, "µs of CPU")
    without, more = figures["without counting"], figures["with counting"]
    # (The least of each, too: whatever else the machine does only adds to it.)
    say(f"median: {statistics.median(without):.1f} µs, counted {statistics.median(more):.1f} µs")
    say(f"least: {min(without):.1f} µs, counted {min(more):.1f} µs")


if __name__ == "__main__":
    main()
