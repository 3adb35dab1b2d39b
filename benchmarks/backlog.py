"""``python -m benchmarks.backlog``: whether one tenant's backlog makes another's late.

Tenant B's webhooks come at a steady rate all the time. ``--due`` webhooks of tenant A fall due in
``--bursts``, each at one instant. Compared is how late B's arrive, p99, while a burst of A's is
delivered and while there is none: quiet and busy times take turns within one run. After it, a bare
libcurl loop posts as many of A's a second beside B's: what sharing the processors costs by itself.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass

from app.crypto.lanes import Lanes
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from benchmarks import drain, lateness, loading, plot, support
from benchmarks.support import BenchmarkFailed, say

WORST_RATIO = 1.5
"""What p99 may come to beside the backlog."""

REST_MS = 500
"""So long after the end of a burst counts as neither: what it has left is being written."""

LEAST = 500
"""So many webhooks a p99 is taken of, at least."""


@dataclass(frozen=True, slots=True)
class Burst:
    """When a burst of A's was due, and when the last of it had an outcome, ms UTC."""

    due_ms: int
    done_ms: int


def watched(client: StoreClient, lane: int, due_ms: int, patience_s: float) -> Burst:
    """Wait until a burst is over."""
    time.sleep(max(due_ms / 1000 - time.time(), 0) + 0.05)
    due = keys.due(0, lane)

    def is_over() -> bool:
        now_ms = time.time_ns() // 1_000_000
        return not client.zcount(due, "-inf", now_ms)

    support.wait_for(is_over, patience_s, "A's backlog was not delivered in time")
    return Burst(due_ms, time.time_ns() // 1_000_000)


def measure(own: str, others: str, options: argparse.Namespace) -> dict[str, float]:
    """One run on a fresh store; p99 and the rest of B's webhooks, quiet and busy."""
    lanes = Lanes(support.JWT_SECRET)
    a, b = lanes.of("A"), lanes.of("B")
    each, period_ms = options.due // options.bursts, options.period * 1_000
    length_ms = (options.bursts * 2 + 1) * period_ms // 2
    count = options.rate * length_ms // 1000
    with (
        support.store() as url,
        connect(url) as client,
        support.workers(support.environment(url), options.workers),
    ):
        support.wait_for(
            lambda: client.scard("rq:workers:deliver") == options.workers, 30, "no workers"
        )
        lead_ms = 3_000 + (options.due + count) * options.lead // 1000
        start_ms = time.time_ns() // 1_000_000 + lead_ms
        dues = [start_ms + (2 * n + 1) * period_ms // 2 for n in range(options.bursts)]
        took_s = sum(loading.load(client, others, [due_ms] * each, a) for due_ms in dues)
        took_s += loading.load(
            client, own, (start_ms + n * 1000 // options.rate for n in range(count)), b
        )
        say(f"{options.due + count:,} events were created in {took_s:.0f} s")
        if time.time() * 1000 > start_ms - 200:
            raise BenchmarkFailed("creating the events took too long on this busy machine")
        bursts = [watched(client, a, due_ms, options.period * 20) for due_ms in dues]
        support.wait_for(
            lambda: int(lateness.fetch(own + "count")) >= count, 120, "B's did not all arrive"
        )
    speed = each * len(bursts) / sum(one.done_ms - one.due_ms for one in bursts) * 1000
    say(f"  A's {speed:,.0f}/s, {len(bursts)} bursts")
    found = judged(lateness.collect(own, count), bursts, "beside A's")
    return found | {"speed": speed} | bare(own, others, options.rate, bursts, speed)


def bare(
    own: str, others: str, rate: int, delivered: list[Burst], speed: float
) -> dict[str, float]:
    """The same of a bare loop with bursts as long, and as long without before and after each."""
    bursts, at_ms = [], time.time_ns() // 1_000_000 + 1_000
    start_ms = at_ms
    for one in delivered:
        length_ms = max(one.done_ms - one.due_ms, LEAST * 1000 // rate + REST_MS)
        at_ms += length_ms + REST_MS
        bursts.append(Burst(at_ms, at_ms + length_ms))
        at_ms += length_ms + REST_MS
    count = rate * (at_ms - start_ms) // 1000
    spec = {
        **drain.request_like_ours(own), "own": own, "others": others, "rate": rate,
        "start_ms": start_ms, "count": count, "speed": speed, "in_flight": 64,
        "bursts": [(one.due_ms, one.done_ms) for one in bursts],
    }  # fmt: skip
    spec["headers"] = [line for line in spec["headers"] if not line.startswith("webhook-id")]
    support.run_python("benchmarks.posting_beside", spec)
    found = judged(lateness.collect(own, count), bursts, "beside, bare loop")
    return {"bare alone": found["alone"], "bare beside": found["beside"]}


def judged(arrivals: lateness.Arrivals, bursts: list[Burst], name: str) -> dict[str, float]:
    """B's p99 in bursts and between them."""
    busy = [late for at, late in arrivals if any(one.due_ms <= at < one.done_ms for one in bursts)]
    quiet = [
        late
        for at, late in arrivals
        if not any(one.due_ms - REST_MS <= at < one.done_ms + REST_MS for one in bursts)
    ]
    if min(len(busy), len(quiet)) < LEAST:
        raise BenchmarkFailed(
            f"{len(busy)} of B's came beside A's and {len(quiet)} alone: too few for a p99"
        )
    alone, beside = support.quantiles(quiet), support.quantiles(busy)
    for side, points, some in (("alone", alone, quiet), (name, beside, busy)):
        shown = "  ".join(f"{key} {value:.2f}" for key, value in points.items())
        say(f"  B {side:<18} {len(some):>7,}: {shown} ms late")
    return {"alone": alone["p99"], "beside": beside["p99"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--due", type=int, default=200_000, help="of A, in all bursts")
    parser.add_argument("--bursts", type=int, default=4)
    parser.add_argument("--period", type=int, default=16, help="seconds from burst to burst")
    parser.add_argument("--rate", type=int, default=200, help="webhooks of B a second")
    parser.add_argument("--lead", type=int, default=500, help="µs to create an event in, at most")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with lateness.stamping_receiver() as own, support.nginx() as others:
        runs = [measure(own, others, options) for _ in range(options.rounds)]
    ratios = [run["beside"] / run["alone"] for run in runs]
    ratio = statistics.median(ratios)
    verdict = "as wanted" if ratio <= WORST_RATIO else f"more than {WORST_RATIO}"
    say(f"B's p99 beside A's backlog is {ratio:.2f} times that alone: {verdict}")
    sides = ("alone", "beside", "bare alone", "bare beside")
    bars = {side: statistics.median(run[side] for run in runs) for side in sides}
    floor = statistics.median(run["bare beside"] / run["bare alone"] for run in runs)
    to_bare = statistics.median(run["beside"] / run["bare beside"] for run in runs)
    say(f"of the bare loop it is {floor:.2f} times; ours beside is {to_bare:.2f} times its")
    picture = plot.bars("how late B's webhooks are", "ms late, p99", bars)
    support.report("backlog", {"runs": runs, "ratio": ratio, "of bare loop": floor}, picture)


if __name__ == "__main__":
    support.main(main)
