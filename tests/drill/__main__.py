"""``python -m tests.drill [--events 500] [--rate 100]``: lose the store, restore it, prove that.

It does so into as many partitions as before, into more, and from more into fewer.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.drill.drill import Drill, back_up, bare_stack, prove, restore
from tests.support.receiver import Receiver
from tests.support.stack import Stack

ORDERS = ((1, 1), (1, 4), (4, 2))


def drill(events: int, rate: float, before: int, after: int) -> None:
    """One drill; raises ``AssertionError`` if something is missing."""
    with TemporaryDirectory() as place, Receiver() as receiver:
        with (
            Stack(workers=2, PARTITIONS=str(before)) as stack,
            Drill(stack, receiver, rate) as load,
        ):
            path, key, ledger = back_up(stack, Path(place), load, events)
            stack.kill_all()
        killed_ns = time.time_ns()
        print(f"  {len(ledger.all)} events were acknowledged before; all processes are killed")
        with bare_stack(PARTITIONS=str(after)) as fresh:
            said = restore(fresh, path, key)
            print("  " + said.strip().replace("\n", "\n  "))
            prove(fresh, ledger, receiver, killed_ns)
        took_s = (time.time_ns() - killed_ns) / 1e9
    print(f"  all are there and go on, {took_s:.1f} s after the last process was killed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500, help="before the backup is asked for")
    parser.add_argument("--rate", type=float, default=100.0, help="of new events, a second")
    given = parser.parse_args()
    for before, after in ORDERS:
        print(f"from {before} to {after} partitions", flush=True)
        drill(given.events, given.rate, before, after)
    print("NOTHING IS LOST")
