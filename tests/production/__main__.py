"""``python -m tests.production [--rate 100] [--outage 25]``: operate an installation under load.

It restarts hosts one after the other, kills one, takes the broker and the store away, freezes and
flushes the broker, and prints how late deliveries were. Status 1: something was lost, late or sent
twice, or the figures of an API host were not to be had.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

import redis

from tests.production.figures import Figures
from tests.production.installation import Installation, Load, freeze_for, stop_for
from tests.support.receiver import Receiver


class Step(NamedTuple):
    """What is done, whether it must make nothing late, and whether all figures are to be had."""

    act: Callable[[], object]
    on_time: bool
    shows: bool


def operate(installation: Installation, outage_s: float) -> dict[str, Step]:
    """What is done, by its name."""

    def flush() -> None:
        with redis.Redis.from_url(installation.broker.url) as client:
            client.flushall()

    def kill() -> None:
        installation.work[0].kill()
        installation.work[0].start()
        installation.wait()

    return {
        "nothing": Step(lambda: time.sleep(5), on_time=True, shows=True),
        "rolling restart": Step(installation.restart_rolling, on_time=True, shows=False),
        "the broker away": Step(
            lambda: stop_for(installation.broker, outage_s), on_time=True, shows=True
        ),
        "the broker frozen": Step(
            lambda: freeze_for(installation.broker, outage_s), on_time=True, shows=True
        ),
        "the broker flushed": Step(flush, on_time=True, shows=True),
        "a worker host killed": Step(kill, on_time=False, shows=False),
        "the store away": Step(lambda: stop_for(installation.store, 5), on_time=False, shows=False),
    }


def main(rate: int, outage_s: float) -> int:
    """Do all of it; answer the exit status."""
    wrong = 0
    with Receiver() as receiver, Installation() as installation:
        load = Load(installation, receiver, rate)
        print(f"a bar of {load.bar_ms:.0f} ms for p99, {rate} deliveries a second", flush=True)
        for name, step in operate(installation, outage_s).items():
            figures = Figures(installation)
            with figures.watched() if step.shows else nullcontext():
                late = load.during(step.act, after_s=1.5 if step.on_time else 8)
            # (What a killed host had under way may be sent once more, and says so.)
            bad = bool(late.lost or figures.missing) or (
                step.on_time and (late.quantile(0.99) > load.bar_ms or bool(late.repeats))
            )
            wrong += bad
            shown = f", figures {figures.asked} times" if step.shows else ""
            print(f"{'WRONG' if bad else 'ok   '} {name}: {late}{shown}", flush=True)
            for missing in figures.missing[:3]:
                print(f"      {missing}", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100, help="deliveries a second")
    parser.add_argument("--outage", type=float, default=25, help="seconds without the broker")
    given = parser.parse_args()
    sys.exit(main(given.rate, given.outage))
