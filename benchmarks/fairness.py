"""``python -m benchmarks.fairness``: whether a receiver that hangs makes the others wait.

``--events`` webhooks to receivers that answer are due at one instant, alone and beside as many to
one that takes every request and answers none until the time-out (10 s). Compared is how late the
former arrive, p99. They go to ``--targets`` other targets, and in a second pass to a single one.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.runtime.embedded import free_port
from app.store.connecting import connect
from benchmarks import lateness, loading, plot, support
from benchmarks.support import BenchmarkFailed, say

WORST_RATIO = 1.5
"""What p99 may come to beside the receiver that hangs."""


@contextlib.contextmanager
def hanging_receiver() -> Iterator[str]:
    """Run the receiver that hangs; its URL."""
    port = free_port()
    with support.process([sys.executable, "-m", "benchmarks.hanging", str(port)]):
        yield f"http://127.0.0.1:{port}/"


def arrivals(targets: Sequence[str], count: int, hanging: str | None) -> lateness.Arrivals:
    """Have ``count`` webhooks delivered, and as many to one that hangs; those of the former."""
    with support.store() as url, connect(url) as client, support.workers(support.environment(url)):
        support.wait_for(lambda: client.scard("rq:workers:deliver"), 30, "no worker came up")
        due_ms = time.time_ns() // 1_000_000 + 3_000 + count
        urls = [targets[number % len(targets)] for number in range(count)]
        if hanging:
            urls += [hanging] * count
        loading.load_each(client, ((webhook, due_ms) for webhook in urls))
        if time.time() * 1000 > due_ms - 200:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        support.wait_for(
            lambda: int(lateness.fetch(targets[0] + "count")) >= count,
            60, "not all webhooks arrived in time", look_s=0.5,
        )  # fmt: skip
    return lateness.collect(targets[0], count)


def compare(targets: Sequence[str], hanging: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure both ways in turns; the figures and the ratio."""

    def p99(beside: str | None) -> Callable[[], float]:
        return lambda: support.quantiles(
            [late for _, late in arrivals(targets, options.events, beside)]
        )["p99"]

    name = "one target" if len(targets) == 1 else f"{len(targets)} targets"
    say(f"\n{options.events:,} webhooks to {name}")
    sides = {"alone": p99(None), "beside one that hangs": p99(hanging)}
    figures = support.alternate(options.rounds, sides, "ms late, p99")
    medians = {side: statistics.median(values) for side, values in figures.items()}
    ratio = support.median_ratio(figures["beside one that hangs"], figures["alone"])
    verdict = "as wanted" if ratio <= WORST_RATIO else f"more than {WORST_RATIO}"
    say(f"p99 is {ratio:.2f} times that without the receiver that hangs: {verdict}")
    return {"figures": figures, "medians": medians, "ratio": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--targets", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    result, bars = {}, {}
    with lateness.stamping_receivers(options.targets) as targets, hanging_receiver() as hanging:
        for some in (targets, targets[:1]):
            name = f"{len(some)} target{'s' if len(some) > 1 else ''}"
            result[name] = measured = compare(some, hanging, options)
            for side, value in measured["medians"].items():
                bars[f"{name}, {side}"] = value
    picture = plot.bars("how late the others are", "ms late, p99", bars)
    support.report("fairness", result, picture)


if __name__ == "__main__":
    support.main(main)
