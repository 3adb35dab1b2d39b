"""``python -m benchmarks.memory``: what events and their occurrences take of the store's memory.

One-time events with the fields of the API's reference and two tags, on a store with the settings
of ``make run``, and on a server as it comes. Created over HTTP, everything is counted that is there
when the requests are over, and once more when upkeep has packed the audit log: indexes, the
scheduled occurrence, the audit log. The same without the API shows what the event alone takes. Then
what its delivery adds, what each ended occurrence of a series adds, and what one that failed after
three attempts: at once, and when their records are packed, as they are an hour later. The baseline
keeps each event as the JSON document that the API answers, in a string of its own, and nothing
else: no index, no schedule.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from app.domain.action import webhook
from app.domain.ids import EventIds, to_text
from app.domain.options import NO_OPTIONS, EventOptions
from app.domain.outcome import Outcome, Timings
from app.domain.schedule import Schedule
from app.domain.times import to_rfc3339
from app.engine.attempts import record_of
from app.engine.packing import Packing
from app.runtime.embedded import free_port
from app.store import keys
from app.store.audit_archive import HOT, SEGMENT
from app.store.calls import BATCH, Successor
from app.store.claims import Claim
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.scripts import Scripts
from app.store.work import WorkStore
from benchmarks import api, loading, support
from benchmarks.support import say

WEBHOOK = "https://example.com/webhook"
CONNECTIONS = 16
YEAR_MS = 365 * 86_400_000
MINUTE_MS = 60_000
BASELINE = "the API's JSON document alone"
SERIES = 50
TOLD = EventOptions({"on_success": "https://example.com/told"})
CHANCE = random.Random(1)
DEFAULT_SETTINGS = {"hash-max-listpack-value": 64, "hash-max-listpack-entries": 512}
"""Of Redis and Valkey, where ``make run`` sets others."""


def used(client: StoreClient) -> int:
    """Bytes of the store's memory, without what its clients and its file have in flight.

    Nor what it keeps for replicas: once one has asked for all, as a backup does, each write is kept
    for a while.
    """
    info = client.info("memory")
    passing = ("mem_clients_normal", "mem_aof_buffer", "mem_replication_backlog")
    return int(info["used_memory"]) - sum(int(info.get(name, 0)) for name in passing)


@contextlib.contextmanager
def store(*, default: bool) -> Iterator[tuple[str, StoreClient]]:
    """A fresh store, with the settings of ``make run`` or as the server comes; its URL."""
    with support.store() as url, connect(url) as client:
        for name, value in DEFAULT_SETTINGS.items() if default else ():
            client.config_set(name, value)
        yield url, client


def created(count: int, *, default: bool) -> tuple[float, float, float]:
    """Bytes an event that was created over HTTP: at once, once entries are packed; of the log."""
    with contextlib.ExitStack() as stack:
        url, client = stack.enter_context(store(default=default))
        environ = support.environment(url, port=free_port())
        for role in ("scheduler", "upkeep"):
            stack.enter_context(support.process([sys.executable, "worker.py", role], environ))
        served = stack.enter_context(api.gunicorn("wsgi:app", environ, client))
        warm_up, load = (api.Load(each, CONNECTIONS) for each in (2 * (HOT + SEGMENT), count))
        api.run(served, support.MASTER_TOKEN, warm_up, "first")
        settle(client)
        before, log_before = used(client), log_bytes(client)
        api.run(served, support.MASTER_TOKEN, load, "measured")
        made = load.requests + load.warm_up
        at_once = (used(client) - before) / made
        settle(client)
        log = (log_bytes(client) - log_before) / made
        return at_once, (used(client) - before) / made, log


def settle(client: StoreClient) -> None:
    """Wait until old entries are packed, and what is kept for a minute has gone."""

    def is_settled() -> bool:
        if client.xlen(keys.AUDIT) >= HOT + SEGMENT:
            return False
        return not any(client.scan_iter(match=keys.audit_done("*"), count=10_000))

    support.wait_for(is_settled, 120, "the audit log is not packed", look_s=1)


def log_bytes(client: StoreClient) -> int:
    """Bytes of the whole audit log."""
    parts = (keys.AUDIT, keys.AUDIT_SEGMENTS)
    return sum(int(client.memory_usage(key, samples=0) or 0) for key in parts)


def ours(count: int, *, default: bool) -> float:
    """Bytes an event, kept by Qhronos without the API; start times spread over a year."""
    with store(default=default) as (_, client):
        before = used(client)
        now_ms = time.time_ns() // 1_000_000 + 86_400_000
        loading.load(client, WEBHOOK, (now_ms + n * YEAR_MS // count for n in range(count)))
        return (used(client) - before) / count


def delivered(count: int, *, default: bool) -> tuple[float, float]:
    """Bytes that the delivery of a one-time event adds: at once, and when it is packed."""
    with store(default=default) as (_, client):
        now_ms = time.time_ns() // 1_000_000 + MINUTE_MS
        loading.load(client, WEBHOOK, [now_ms] * count)
        before = used(client)
        work = WorkStore(client, Scripts(client), 1)
        deliver_all(work, now_ms, 0)
        if client.zcard(keys.occurrences(0, "completed")) != count:
            raise support.BenchmarkFailed("not all of them have ended")
        at_once = (used(client) - before) / count
        pack(client, work)
        return at_once, (used(client) - before) / count


def series(
    count: int, *, default: bool, attempts: int = 1, options: EventOptions = NO_OPTIONS
) -> tuple[float, float]:
    """Bytes that an ended occurrence of a series adds: at once, and when it is packed.

    With more than one attempt it has failed in the end. A callback is a part of it.
    """
    with store(default=default) as (_, client):
        scripts = Scripts(client)
        work, events, ids = (
            WorkStore(client, scripts, 1),
            EventStore(client, scripts, 1),
            EventIds(),
        )
        first_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS + MINUTE_MS
        for _ in range(SERIES):
            event = loading.example(ids.make(time.time_ns() // 1000, 0), WEBHOOK, first_ms, 0)
            event = event.changed(schedule=Schedule({"every": "1m"}), options=options)
            events.save(event, Plan(scheduled_ms=first_ms, due_ms=first_ms), None, first_ms - 1)
        before, request = used(client), 0
        for number in range(count // SERIES):
            request = deliver_all(work, first_ms + number * MINUTE_MS, request, attempts)
            if options.given:  # the callbacks
                request = deliver_all(work, first_ms + number * MINUTE_MS + 9, request)
        ended = "completed" if attempts == 1 else "failed"
        made = count // SERIES * SERIES
        if client.zcard(keys.occurrences(0, ended)) != made * (2 if options.given else 1):
            raise support.BenchmarkFailed("not all of them have ended")
        at_once = (used(client) - before) / made
        pack(client, work)
        return at_once, (used(client) - before) / made


def pack(client: StoreClient, work: WorkStore) -> None:
    """Have all packed that has ended, as if it were an hour later."""
    later_ms = time.time_ns() // 1_000_000 + YEAR_MS
    packing = Packing(work.pages, Coordination(client), 1, lambda: False, lambda _: {})
    while packing.run(later_ms):
        pass


def deliver_all(work: WorkStore, now_ms: int, request: int, attempts: int = 1) -> int:
    """Claim what is due, schedule what follows, record how it ended; the next claim's number."""
    while True:
        request += 1
        claims = work.claim(0, b"w", request, now_ms=now_ms, limit=BATCH, lease_ms=30_000)
        if not claims:
            return request
        following = [
            Successor(one.event_id, one.plan, one.scheduled_ms, at_ms, at_ms)
            for one in claims
            if one.recurring and one.callback is None and (at_ms := one.scheduled_ms + MINUTE_MS)
        ]
        work.schedule_successors(following, now_ms)
        records = [record_of(one, answer(one, attempts), now_ms + 3, 0)[0] for one in claims]
        if attempts > 1:
            records = [
                replace(one, verdict="failed", next_attempt_ms=None)
                if claim.attempt == attempts
                else replace(one, verdict="retrying", next_attempt_ms=now_ms)
                for claim, one in zip(claims, records, strict=True)
            ]
        work.record(records, now_ms + 3)


def answer(claim: Claim, attempts: int) -> Outcome:
    """A receiver's, within 40 milliseconds: 200 in two bytes, or 503."""
    due_us, took_us = claim.due_ms * 1000, CHANCE.randrange(2_000, 40_000)
    began_us = due_us + CHANCE.randrange(300, 2_000)
    timings = Timings(due_us, began_us, began_us + took_us, began_us + took_us - 51)
    return Outcome(timings, 200, b"ok") if attempts == 1 else Outcome(timings, 503, b"")


def as_json(count: int) -> float:
    """Bytes an event, kept as its JSON document under its id."""
    with support.store() as url, connect(url) as client:
        before, ids = used(client), EventIds()
        pipe = client.pipeline(transaction=False)
        for number in range(count):
            event_id = ids.make(time.time_ns() // 1000, 0)
            pipe.set(b"event:" + to_text(event_id).encode(), _document(event_id))
            if number % 1000 == 999:
                pipe.execute()
        pipe.execute()
        return (used(client) - before) / count


def _document(event_id: bytes) -> str:
    now = to_rfc3339(time.time_ns() // 1_000_000)
    return json.dumps(
        {
            "id": to_text(event_id), "name": "Daily Backup", "description": "Run the daily backup",
            "start_time": now, "timezone": None, "webhook": WEBHOOK,
            "action": webhook(WEBHOOK).as_json(),
            "metadata": {"key": "value"}, "schedule": None, "tags": ["tag1", "tag2"],
            "status": "active", "created_at": now, "updated_at": now, "next_occurrence_at": now,
        }
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=20_000, help="events created over HTTP")
    parser.add_argument("--ends", type=int, default=20_000, help="deliveries of each kind")
    parser.add_argument("--brief", action="store_true", help="without HTTP and the baseline")
    given = parser.parse_args()
    count = given.events
    figures: dict[str, float] = {}
    for settings, default in (("", False), (", default settings", True)):
        if not given.brief:
            at_once, settled, audit = created(given.requests, default=default)
            figures |= {
                f"created over HTTP, at once{settings}": at_once,
                f"created over HTTP, audit log packed{settings}": settled,
                f"   of which audit log{settings}": audit,
            }
        figures[f"created without HTTP{settings}"] = ours(count, default=default)
        kinds = {
            "its delivery": delivered(given.ends, default=default),
            "an ended occurrence of a series": series(given.ends, default=default),
            "one with a callback": series(given.ends, default=default, options=TOLD),
            "one that failed after 3 attempts": series(given.ends, default=default, attempts=3),
        }
        for kind, (at_once, packed) in kinds.items():
            figures |= {f"{kind}{settings}": at_once, f"   packed{settings} ({kind})": packed}
    for name, value in figures.items():
        say(f"{name:<58} {value:>7,.0f} bytes")
    ratios = {}
    if not given.brief:
        documents = as_json(count)
        ratios = {"to the API's JSON documents alone": figures["created without HTTP"] / documents}
        say(f"{BASELINE:<58} {documents:>7,.0f} bytes")
        say(f"an event takes {next(iter(ratios.values())):.2f} times that")
    report = {"events": count, "requests": given.requests, "bytes": figures, "ratios": ratios}
    support.report("memory", report)


if __name__ == "__main__":
    support.main(main)
