"""``python -m benchmarks.size``: whether a store with many events drains as fast as one with few.

Two stores run beside each other, one with ``--few`` scheduled events and one with ``--events``;
backlogs that are due at one instant are drained from each in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator

from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from benchmarks import drain, loading, plot, support
from benchmarks.support import BenchmarkFailed, say

YEAR_MS = 365 * 86_400_000


@contextlib.contextmanager
def filled_store(events: int, webhook: str, in_flight: int) -> Iterator[StoreClient]:
    """Run a store with so many events scheduled over the year to come, and workers for it."""
    with support.store() as url, connect(url) as client:
        first_ms = time.time_ns() // 1_000_000 + 86_400_000
        seconds = loading.load(
            client, webhook, (first_ms + n * YEAR_MS // events for n in range(events))
        )
        megabytes = int(client.info("memory")["used_memory"]) / 1e6
        say(f"{events:,} events loaded in {seconds:.0f} s; the store takes {megabytes:,.0f} MB")
        with support.workers(support.environment(url, delivery_concurrency=in_flight)):
            yield client


def rate(client: StoreClient, webhook: str, count: int, lead_s: float) -> float:
    """Webhooks a second of one backlog."""
    # Rewriting the append-only file is the store's own work, in a process of its own.
    support.wait_for(
        lambda: not client.info("persistence")["aof_rewrite_in_progress"],
        300, "the store did not finish rewriting its file", look_s=0.2,
    )  # fmt: skip
    return drain.deliver(client, webhook, count, lead_s).rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--drained", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--lead", type=float, default=3.0, help="seconds to load beside N/4000")
    options = parser.parse_args()

    def measure(client: StoreClient, webhook: str) -> Callable[[], float]:
        return lambda: rate(client, webhook, options.drained, options.lead)

    with contextlib.ExitStack() as stack:
        webhook = stack.enter_context(support.nginx())
        stores = {
            f"{events:,} events": stack.enter_context(
                filled_store(events, webhook, options.in_flight)
            )
            for events in (options.few, options.events)
        }
        for client in stores.values():
            rate(client, webhook, 1_000, options.lead)  # warms up
        sides = {name: measure(client, webhook) for name, client in stores.items()}
        figures = support.alternate(options.rounds, sides, "webhooks/s")
        kept = stores[f"{options.events:,} events"].zcard(keys.occurrences(0, "scheduled"))
        if kept != options.events:
            raise BenchmarkFailed(f"{kept} events are still scheduled, not {options.events}")
    few, many = figures.values()
    ratio = support.median_ratio(many, few)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    say("")
    for name, value in medians.items():
        say(f"{name:<18} {value:>10,.0f} webhooks/s (median)")
    say(f"with {options.events:,} events it is {ratio:.3f} of the rate with {options.few:,}")
    support.report(
        "size",
        {"figures": figures, "medians": medians, "ratios": {"many to few": ratio}},
        plot.bars("drain rate by events in the store", "webhooks/s", medians),
    )


if __name__ == "__main__":
    support.main(main)
