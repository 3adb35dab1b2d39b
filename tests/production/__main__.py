"""``python -m tests.production [--rate 100] [--outage 25]``: operate an installation under load.

It restarts hosts one after the other, kills one, takes the broker and the store away, freezes and
flushes the broker, and prints how late deliveries were. Status 1: something was lost, or late.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import redis

from tests.production.installation import Installation, Load, freeze_for, stop_for
from tests.support.receiver import Receiver


def operate(
    installation: Installation, outage_s: float
) -> dict[str, tuple[Callable[[], object], bool]]:
    """What is done, by its name, and whether it must make nothing late."""

    def flush() -> None:
        with redis.Redis.from_url(installation.broker.url) as client:
            client.flushall()

    def kill() -> None:
        installation.work[0].kill()
        installation.work[0].start()
        installation.wait()

    return {
        "nothing": (lambda: time.sleep(5), True),
        "rolling restart": (installation.restart_rolling, True),
        "the broker away": (lambda: stop_for(installation.broker, outage_s), True),
        "the broker frozen": (lambda: freeze_for(installation.broker, outage_s), True),
        "the broker flushed": (flush, True),
        "a worker host killed": (kill, False),
        "the store away": (lambda: stop_for(installation.store, 5), False),
    }


def main(rate: int, outage_s: float) -> int:
    """Do all of it; answer the exit status."""
    wrong = 0
    with Receiver() as receiver, Installation() as installation:
        load = Load(installation, receiver, rate)
        for name, (act, on_time) in operate(installation, outage_s).items():
            late = load.during(act, after_s=1.5 if on_time else 8)
            bad = bool(late.lost) or (on_time and late.quantile(0.99) > load.bar_ms)
            wrong += bad
            print(f"{'WRONG' if bad else 'ok   '} {name}: {late}", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100, help="deliveries a second")
    parser.add_argument("--outage", type=float, default=25, help="seconds without the broker")
    given = parser.parse_args()
    sys.exit(main(given.rate, given.outage))
