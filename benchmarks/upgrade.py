"""``python -m benchmarks.upgrade``: how a large store of the first form is brought to today's.

A store is filled in the form that the first kept version wrote (see ``former``). Then a scheduler
and a worker of today start, and move it while they deliver at a steady rate. Midway all of them
are killed with -9, and others start, which have to go on where the first were. The receiver stamps
what arrives, so it is known how late webhooks were: after the start, during the move, and when that
was over, which is what they are compared with.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.store.migrations.schema import MIGRATIONS, Place
from app.store.scripts import all_scripts
from benchmarks import former, lateness, support
from benchmarks.support import BenchmarkFailed, say

LOOK_S = 0.25
LIMIT_S = 3_600

DYING_S = 1.0

LONG = 4
"""The first migration that looks at all records."""

SLOW_US = 1_000
"""The store notes what takes so long."""

STARTING = "until the first came"
MOVING = "while it is moved"
KILLED = "from the kill to the next"
AFTER = "afterwards"


@dataclass
class Watch:
    """Looks at the move, and at what takes the store long."""

    client: StoreClient
    names: Mapping[str, str]
    """The scripts by their hashes."""

    began_s: float = field(default_factory=time.time)
    killed_s: float = 0.0
    took_s: float = 0.0
    store_cpu_s: float = 0.0
    reached: dict[int, float] = field(default_factory=dict)
    """When each schema was reached."""

    slow_ms: dict[str, list[float]] = field(default_factory=dict)
    """How long commands took that were slow, by name."""

    def __post_init__(self) -> None:
        self.client.slowlog_reset()
        self._cpu_s = self._used_s()

    def seconds(self) -> float:
        """How long ago it began."""
        return time.time() - self.began_s

    def phases(self, arrivals: lateness.Arrivals) -> dict[str, list[float]]:
        """How late webhooks were, by what went on when they were due.

        Nobody can deliver before the processes that are started have come up, and after the kill
        others also have to find that the first are gone.
        """
        came = sorted(at_ms / 1000 + late / 1000 - self.began_s for at_ms, late in arrivals)
        up_s = came[0]
        up_again_s = next(one for one in came if one > self.killed_s + DYING_S)
        parts: dict[str, list[float]] = {}
        for at_ms, late in arrivals:
            due_s = at_ms / 1000 - self.began_s
            name = MOVING if due_s < self.took_s else AFTER
            if due_s < up_s:
                name = STARTING
            elif self.killed_s - DYING_S < due_s < up_again_s:
                name = KILLED
            parts.setdefault(name, []).append(late)
        return parts

    def look(self) -> Place | None:
        """Where the move is; ``None``: it is over."""
        pipe = self.client.pipeline()
        pipe.hmget(keys.META.decode(), MetaField.SCHEMA, MetaField.MIGRATION)
        pipe.slowlog_get(1_000)
        pipe.slowlog_reset()
        (schema, place), slow, _ = pipe.execute()
        for one in slow:
            self.slow_ms.setdefault(self._name(one["command"]), []).append(one["duration"] / 1000)
        number = int(schema or 0)
        self.reached.setdefault(number, self.seconds())
        return None if number == len(MIGRATIONS) else Place.read(place, number + 1)

    def until(self, records: int | None) -> Place | None:
        """Look until one that takes long has moved so many records, or all is over (``None``)."""
        say_s = 0.0
        while (place := self.look()) is not None:
            if records is not None and place.version >= LONG and place.done >= records:
                return place
            if self.seconds() > say_s:
                say(f"{self.seconds():6.0f} s: {place.done:,} records towards schema "
                    f"{place.version}")  # fmt: skip
                say_s = self.seconds() + 10
            if self.seconds() > LIMIT_S:
                raise BenchmarkFailed("the move was not over in time")
            time.sleep(LOOK_S)
        self.store_cpu_s = self._used_s() - self._cpu_s
        return None

    def _name(self, command: bytes) -> str:
        words = command.split(b" ", 2)
        if words[0].upper() == b"EVALSHA":
            return self.names.get(words[1].decode(), "another script")
        return words[0].decode()

    def _used_s(self) -> float:
        used = self.client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])


@contextlib.contextmanager
def at_work(environ: Mapping[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a scheduler and a delivery worker."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(support.process([sys.executable, "worker.py", role], environ))
            for role in ("scheduler", "deliver")
        ]


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Move a store while it delivers; what came of it."""
    count, due_count = options.events, options.rate * options.seconds
    with lateness.stamping_receiver() as url, support.store() as store, connect(store) as client:
        began = time.monotonic()
        former.fill(client, count, url)
        start_ms = time.time_ns() // 1_000_000 + 3_000 + due_count // 5
        due_ms = [start_ms + number * 1000 // options.rate for number in range(due_count)]
        former.add_due(client, url, due_ms)
        say(f"{count:,} events were stored in {time.monotonic() - began:.0f} s")
        client.config_set("slowlog-log-slower-than", SLOW_US)
        client.config_set("slowlog-max-len", 10_000)
        names = {client.script_load(text.source): name for name, text in all_scripts().items()}
        time.sleep(max(start_ms / 1000 - time.time() - 1, 0))
        environ = support.environment(store, lease="10s")
        watch = Watch(client, names)
        with at_work(environ) as processes:
            place = watch.until(count // 3)
            if place is None:
                raise BenchmarkFailed("the move was over before it could be cut off")
            for one in processes:
                os.kill(one.pid, signal.SIGKILL)
        watch.killed_s = watch.seconds()
        say(f"{watch.killed_s:6.0f} s: all are killed")
        with at_work(environ):
            if (again := watch.look()) is not None and again < place:
                raise BenchmarkFailed(f"it began again at {again}; it had come to {place}")
            watch.until(None)
            watch.took_s = watch.seconds()
            wait_s = max(due_ms[-1] / 1000 - time.time(), 0) + 60
            support.wait_for(
                lambda: lateness.fetch(f"{url}count") >= due_count, wait_s,
                "not everything was delivered", look_s=1,
            )  # fmt: skip
        return summary(watch, arrived(url, due_ms))


def arrived(url: str, due_ms: Sequence[int]) -> lateness.Arrivals:
    """What has arrived of each event first: the attempts of who was killed are made again."""
    arrivals = lateness.arrivals_at(url)
    first = dict(reversed(arrivals))
    if sorted(first) != list(due_ms):
        raise BenchmarkFailed(f"{len(first)} events were delivered instead of {len(due_ms)}")
    say(f"{len(arrivals) - len(first)} webhooks came once more, as their worker was killed")
    return sorted(first.items())


def summary(watch: Watch, arrivals: lateness.Arrivals) -> dict[str, Any]:
    """Print and return what was measured."""
    parts = watch.phases(arrivals)
    if AFTER not in parts:
        raise BenchmarkFailed(
            f"it took {watch.took_s:.0f} s: webhooks must come longer (--seconds)"
        )
    points = {name: support.quantiles(late) for name, late in parts.items()}
    for number, seconds in watch.reached.items():
        say(f"schema {number} after {seconds:.0f} s")
    for name, one in points.items():
        say(f"{name:<28} {len(parts[name]):>7,} webhooks, ms late: "
            + "  ".join(f"{point} {ms:.1f}" for point, ms in one.items()))  # fmt: skip
    slowest = sorted(watch.slow_ms.items(), key=lambda one: -max(one[1]))
    for name, ms in slowest[:10]:
        say(f"{name:<18} longest {max(ms):.1f} ms, middle {statistics.median(ms):.1f} of the "
            f"{len(ms):,} that took {SLOW_US // 1000} ms or more")  # fmt: skip
    say(f"moved in {watch.took_s:.0f} s; the store's CPU meanwhile: {watch.store_cpu_s:.0f} s")
    ratio = points[MOVING]["p99"] / points[AFTER]["p99"]
    return {
        "took_s": watch.took_s,
        "store_cpu_s": watch.store_cpu_s,
        "longest_ms": {name: max(ms) for name, ms in slowest},
        "late_ms": points,
        "ratios": {"p99 while it is moved, to after": ratio},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=100, help="webhooks a second meanwhile")
    parser.add_argument("--seconds", type=int, default=300, help="how long they come")
    result = measured(parser.parse_args())
    support.report("upgrade", result)


if __name__ == "__main__":
    support.main(main)
