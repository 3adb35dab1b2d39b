"""``python -m benchmarks.week``: more than a week of deliveries in minutes: memory once it is full.

A real store with the settings of ``make run``, the real scripts and the real upkeep, and a clock
that is moved on by minutes. Series of ten minutes each are delivered, one a second in all by
default; of fifty first attempts one fails and is repeated. Upkeep runs every ten minutes: recovery
(with packing, if there is any) and retention, with an archive in a directory. Bytes and processor
time are for each occurrence, so they are those of a hundred a second, too: no step of upkeep looks
at what is not its own.

Once each place in the store has been filled and emptied, after twice the time for which occurrences
are kept, the memory of the store must stay flat: the median of the last day is compared with that
of the first day after it. How much it takes beyond the first day that is full is told, too: leaves
and pages are full until retention begins to empty them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.config import Settings
from app.domain.ids import EventIds
from app.domain.options import EventOptions
from app.domain.outcome import Outcome, Timings
from app.domain.schedule import Schedule
from app.engine.attempts import record_of
from app.runtime.embedded import EmbeddedStore
from app.store import keys
from app.store.calls import BATCH, Successor
from app.store.claims import Claim
from app.store.event_plans import Plan
from app.store.leaves import leaf_sizes
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from benchmarks import loading, support
from benchmarks.memory import used
from benchmarks.support import BenchmarkFailed, say

WEBHOOK = "https://example.com/webhook"
MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS
EVERY = 10
"""Minutes between two occurrences of a series, and between two runs of upkeep."""

RETRIES = EventOptions({"retry": {"attempts": 3}})

FAILS = 50
"""Of so many first attempts one fails."""

GROWTH = 1.02
"""What the last day may have beyond the first one after twice the time of retention."""

DELIVERED = ("completed", "failed", "retrying")
"""What an occurrence is after its first attempt."""

START_MS = 1_767_225_600_000


@dataclass
class Clock:
    """The time of the simulation; see ``app.clock.Clock``."""

    ms: int = START_MS

    def now_ms(self) -> int:
        """The present moment, ms UTC."""
        return self.ms

    def now_us(self) -> int:
        """The present moment, µs UTC."""
        return self.ms * 1000


@dataclass
class Costs:
    """Processor time of upkeep in seconds: ours and the store's."""

    ours: float = 0.0
    stores: float = 0.0


@dataclass
class Week:
    """What was measured: memory by minute, processor time, the archive."""

    delivered: int = 0
    memory: dict[int, int] = field(default_factory=dict)
    kept: dict[int, int] = field(default_factory=dict)
    """Bytes of the store and occurrences in it, by the minute of the simulation."""

    costs: Costs = field(default_factory=Costs)
    archived: int = 0
    archive_bytes: int = 0
    empty_bytes: int = 0
    """What the store takes with its events, before anything has ended."""

    def median(self, first: int, last: int) -> float:
        """The middle of the memory in these minutes."""
        return statistics.median(
            size for minute, size in self.memory.items() if first <= minute <= last
        )


@dataclass
class Simulation:
    """Delivers and keeps up, minute by minute."""

    engine: Engine
    clock: Clock
    rate: float
    """Occurrences a second."""

    week: Week = field(default_factory=Week)
    requests: int = 0

    def begin(self) -> None:
        """Make the series, evenly spread over their interval."""
        storage = self.engine.services.storage
        ids, count = EventIds(), round(self.rate * 60 * EVERY)
        for number in range(count):
            first_ms = START_MS + number * EVERY * MINUTE_MS // count
            event = loading.example(ids.make(START_MS * 1000, 0), WEBHOOK, first_ms, START_MS)
            event = event.changed(schedule=Schedule({"every": f"{EVERY}m"}), options=RETRIES)
            plan = Plan(scheduled_ms=first_ms, due_ms=first_ms)
            storage.events.save(event, plan, None, START_MS)
        self.week.empty_bytes = used(storage.client)

    def minute(self) -> None:
        """Deliver what a minute has, and keep up every tenth."""
        self.clock.ms += MINUTE_MS
        self._deliver()
        minute = (self.clock.ms - START_MS) // MINUTE_MS
        if minute % EVERY == 0:
            self._keep_up()
            client = self.engine.services.storage.client
            self.week.memory[minute] = used(client)
            indexes = [keys.occurrences(0, status) for status in DELIVERED]
            listed = [int(client.zcard(index)) for index in indexes]
            self.week.kept[minute] = sum(listed) + sum(leaf_sizes(client, 0, indexes))

    def _deliver(self) -> None:
        work = self.engine.services.storage.work
        while True:
            self.requests += 1
            now_ms = self.clock.ms
            claims = work.claim(
                0, b"w", self.requests, now_ms=now_ms, limit=BATCH, lease_ms=30 * MINUTE_MS
            )
            if not claims:
                return
            following = [
                Successor(one.event_id, one.plan, one.scheduled_ms, at_ms, at_ms)
                for one in claims
                if one.attempt == 1 and (at_ms := one.scheduled_ms + EVERY * MINUTE_MS)
            ]
            work.schedule_successors(following, now_ms)
            work.record([record_of(one, self._answer(one), now_ms, 0)[0] for one in claims], now_ms)
            self.week.delivered += len(following)

    def _answer(self, claim: Claim) -> Outcome:
        """A receiver's: 200 within three milliseconds in two bytes, or now and then 503."""
        due_us = claim.due_ms * 1000
        timings = Timings(due_us, due_us + 412, due_us + 2_841, due_us + 2_790)
        if claim.attempt == 1 and claim.occurrence_id[-1] % FAILS == 0:
            body = b"<html>Service temporarily unavailable</html>"
            return Outcome(timings, 503, body, "status", "HTTP 503")
        return Outcome(timings, 200, b"ok")

    def _keep_up(self) -> None:
        client = self.engine.services.storage.client
        began, stores = time.process_time(), store_seconds(client)
        self.engine.upkeep.recover()
        self.engine.upkeep.retain()
        self.week.costs.ours += time.process_time() - began
        self.week.costs.stores += store_seconds(client) - stores


def store_seconds(client: Any) -> float:
    """Processor time that the store has had."""
    cpu = client.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


@contextmanager
def simulation(url: str, folder: Path, *, rate: float, kept_ms: int) -> Iterator[Simulation]:
    """A simulation on an empty store; occurrences are kept so long, and archived in the folder."""
    settings = Settings(
        redis_url=url,
        data_dir=folder,
        archive_url="archive",
        retention_occurrences_ms=kept_ms,
        jwt_secret=support.JWT_SECRET,
        signing_secret=support.SECRET,
    )
    clock = Clock()
    calls = SimpleNamespace(enqueue_drain=lambda: None, waiting=lambda: 0)
    upkeep: Any = SimpleNamespace(enqueue_repair=lambda: None, enqueue_waiting_redeliveries=None)
    engine = build_engine(settings, Doubles(clock=clock, drain_queue=calls, upkeep_queue=upkeep))
    engine.services.storage.agreement.migrate()
    made = Simulation(engine, clock, rate)
    made.begin()
    yield made
    files = list((folder / "archive" / "occurrences").rglob("*.zst"))
    made.week.archive_bytes = sum(one.stat().st_size for one in files)
    made.week.archived = made.week.delivered - made.week.kept[max(made.week.kept)]
    engine.services.storage.client.close()


def tell(week: Week, kept_ms: int, days: int) -> dict[str, float]:
    """Print what was measured; raises ``BenchmarkFailed`` if the memory has grown."""
    for day in range(1, days + 1):
        minute = day * 1_440
        size, count = week.memory[minute], week.kept[minute]
        each = (size - week.empty_bytes) / max(count, 1)
        say(f"day {day:>2}: {count:>9,} kept, {size / 2**20:>7.1f} MiB, {each:>6.0f} bytes each")
    full, settled = kept_ms // MINUTE_MS + 120, 2 * kept_ms // MINUTE_MS
    last = week.median(days * 1_440 - 1_440, days * 1_440)
    first = week.median(settled, settled + 1_440)
    moved = max(week.archived, 1)
    figures = {
        "bytes of the store, an ended occurrence": (last - week.empty_bytes)
        / week.kept[days * 1_440],
        "bytes of the archive, an occurrence": week.archive_bytes / moved,
        "processor time of upkeep, µs an occurrence": 1e6 * week.costs.ours / week.delivered,
        "processor time of the store for it, µs": 1e6 * week.costs.stores / week.delivered,
        "memory of the last day, to the first full one": last / week.median(full, full + 1_440),
        "memory of the last day, to the first settled one": last / first,
    }
    for name, value in figures.items():
        say(f"{name:<48} {value:>10,.3f}")
    if last > GROWTH * first:
        raise BenchmarkFailed("the memory of the store has grown although retention was reached")
    return figures


def main() -> None:
    """Simulate days, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=16)
    parser.add_argument("--kept", type=int, default=7, help="days for which occurrences are kept")
    parser.add_argument("--rate", type=float, default=1.0, help="occurrences a second")
    given = parser.parse_args()
    if given.days < 2 * given.kept + 2:
        parser.error("--days must be at least twice --kept, and two more: memory is compared then")
    kept_ms = given.kept * DAY_MS
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as place,
        EmbeddedStore(Path(place), fsync="everysec") as store,
        tempfile.TemporaryDirectory(prefix="qhronos-week-") as folder,
        simulation(store.url, Path(folder), rate=given.rate, kept_ms=kept_ms) as made,
    ):
        for _ in range(given.days * 1_440):
            made.minute()
    figures = tell(made.week, kept_ms, given.days)
    support.report("week", {"rate": given.rate, "kept days": given.kept, "figures": figures})


if __name__ == "__main__":
    support.main(main)
