"""``python -m tests.regions [--events 300] [--rate 60] [--lag 1]``: lose a region under load.

The replica is held up for ``--lag`` seconds, so that there is something to lose; then everything of
the active region is killed at once. The passive one takes over, and is judged. In the end the lost
region comes back, and has to deliver nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.drill.drill import Drill, Ledger, prove
from tests.regions.judge import by_both, events_of, fenced, missing, unexplained
from tests.regions.regions import RegionStack
from tests.support.receiver import Receiver
from tests.support.stack import ALIVE
from tests.support.wait import wait_until

HARM_S = 10.0
"""How long the lost region has to deliver something: its processes start within seconds."""


def lose(
    active: RegionStack, passive: RegionStack, load: Drill, least: int, lag_s: float
) -> tuple[Ledger, Ledger, int]:
    """Kill the active region.

    Returns what the replica had for sure, all that was acknowledged, and since when nothing came to
    the replica (ns since 1970).
    """
    wait_until(lambda: len(load.acknowledged().all) >= least, "there is load", 120)
    had = load.acknowledged()
    with active.region_store.client() as client:
        client.set("qh:drill", 1)
        assert client.wait(1, 5_000) == 1, "the replica does not follow"
        client.delete("qh:drill")
    cut_ns = time.time_ns()
    passive.region_store.program.signal_all(signal.SIGSTOP)
    time.sleep(lag_s)
    active.kill_all()
    # (What the system holds for it was under way: a distance would have lost it.)
    passive.region_store.kill()
    passive.region_store.start()
    return had, load.acknowledged(), cut_ns


def drill(events: int, rate: float, lag_s: float, *, plant: bool) -> None:
    """One drill; raises ``AssertionError`` if something is not as it should be."""
    with Receiver() as receiver, regions() as (active, passive):
        with Drill(active, receiver, rate) as load:
            had, acknowledged, cut_ns = lose(active, passive, load, events, lag_s)
        killed_ns = time.time_ns()
        print(f"  {len(acknowledged.all)} events were acknowledged, {len(had.all)} of them before "
              "the replica was held up; all of the active region is killed")  # fmt: skip
        passive.region_store.promote()
        lost = missing(passive.region_store.client(), acknowledged)
        assert not lost & had.all.keys(), "something is lost that the replica had"
        passive.up()
        took_s = (time.time_ns() - killed_ns) / 1e9
        print(f"  the other region is up after {took_s:.1f} s; {len(lost)} events are lost")
        prove(passive, had, receiver, killed_ns)
        repeats, wrong = unexplained(receiver, cut_ns, killed_ns)
        assert not wrong, f"made again for no reason: {wrong}"
        print(f"  all that the replica had goes on; {repeats} deliveries were made again")
        harm = partial(by_both, receiver, killed_ns, time.time_ns(), lost)
        come_back(active, passive, receiver, plant=plant)
        if plant:
            wait_until(harm, "a region without a fence does harm", 60)
        both = harm()
        assert not both, f"both regions have delivered: {both}"
        print("  the lost region came back, and delivers nothing")


@contextmanager
def regions() -> Iterator[tuple[RegionStack, RegionStack]]:
    """Two regions: all of the first one runs, and of the second one the store."""
    active = RegionStack()
    passive = RegionStack(active.region_store)
    ALIVE.extend((active, passive))
    try:
        active.region_store.start()
        passive.region_store.start()
        wait_until(passive.region_store.follows, "the replica follows")
        active.up()
        yield active, passive
    finally:
        for one in (active, passive):
            one.__exit__()


def come_back(
    active: RegionStack, passive: RegionStack, receiver: Receiver, *, plant: bool
) -> None:
    """Start the lost region as it was, and give it time to do harm: its store has no replica."""
    made = [passive.api.create(receiver.url("/fence"), ahead=1.0)["id"] for _ in range(5)]
    active.region_store.start()
    if plant:
        active.region_store.open_fence()
    else:
        is_closed = partial(fenced, active.region_store.client())
        wait_until(is_closed, "the store of before takes no writes")
    active.return_without_api()
    wait_until(lambda: set(made) <= events_of(receiver, "/fence"), "the other region delivers")
    time.sleep(HARM_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="before the region is lost")
    parser.add_argument("--rate", type=float, default=60.0, help="of new events, a second")
    parser.add_argument("--lag", type=float, default=1.0, help="seconds that the replica is behind")
    parser.add_argument("--plant", action="store_true", help="leave the fence open: it must fail")
    given = parser.parse_args()
    began = time.monotonic()
    try:
        drill(given.events, given.rate, given.lag, plant=given.plant)
    except AssertionError as error:
        sys.exit(f"BROKEN: {error}")
    print(f"NOTHING IS LOST THAT THE REPLICA HAD ({time.monotonic() - began:.0f} s)")
