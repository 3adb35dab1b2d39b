"""``python -m benchmarks.memory``: what an event costs of the store's memory.

One-time events with the fields of the API's reference and two tags, on a store with the settings
of ``make run``, created over HTTP. Everything is counted that is there when the requests are over
and upkeep has packed the audit log: indexes, the scheduled occurrence, the audit log. The same
without the API shows what the event alone takes. The baseline keeps each event as the JSON document
that the API answers, in a string of its own, and nothing else: no index, no schedule.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time

from app.domain.action import webhook
from app.domain.ids import EventIds, to_text
from app.domain.times import to_rfc3339
from app.runtime.embedded import free_port
from app.store import keys
from app.store.audit_archive import HOT, SEGMENT
from app.store.connection import StoreClient, connect
from benchmarks import api, loading, support
from benchmarks.support import say

WEBHOOK = "https://example.com/webhook"
CONNECTIONS = 16
YEAR_MS = 365 * 86_400_000


def used(client: StoreClient) -> int:
    """Bytes of the store's memory, without what its clients and its file have in flight."""
    info = client.info("memory")
    passing = int(info.get("mem_clients_normal", 0)) + int(info.get("mem_aof_buffer", 0))
    return int(info["used_memory"]) - passing


def created(count: int) -> tuple[float, float]:
    """Bytes an event that was created over HTTP, and those of its entry in the audit log."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(support.store())
        client = stack.enter_context(connect(url))
        environ = support.environment(url, port=free_port())
        for role in ("scheduler", "upkeep"):
            stack.enter_context(support.process([sys.executable, "worker.py", role], environ))
        base = stack.enter_context(api.gunicorn("wsgi:app", environ))
        api.load(base, support.MASTER_TOKEN, 2 * (HOT + SEGMENT), CONNECTIONS)  # warms up
        settle(client)
        before, log_before = used(client), log_bytes(client)
        api.load(base, support.MASTER_TOKEN, count, CONNECTIONS)
        settle(client)
        made = count + min(count, 200)  # with those that warm it up
        return (used(client) - before) / made, (log_bytes(client) - log_before) / made


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


def ours(count: int) -> float:
    """Bytes an event, kept by Qhronos without the API; start times spread over a year."""
    with support.store() as url, connect(url) as client:
        before = used(client)
        now_ms = time.time_ns() // 1_000_000 + 86_400_000
        loading.load(client, WEBHOOK, (now_ms + n * YEAR_MS // count for n in range(count)))
        return (used(client) - before) / count


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
    given = parser.parse_args()
    count = given.events
    whole, audit = created(given.requests)
    events, documents = ours(count), as_json(count)
    say(f"qhronos, created over HTTP              {whole:>7,.0f} bytes an event")
    say(f"   of which in the audit log            {audit:>7,.0f}")
    say(f"qhronos, indexes and schedule included  {events:>7,.0f} bytes an event")
    say(f"the API's JSON documents alone          {documents:>7,.0f} bytes an event")
    say(f"qhronos needs {events / documents:.2f} times the JSON documents alone")
    support.report(
        "memory",
        {
            "events": count,
            "requests": given.requests,
            "bytes_per_event": {
                "created over HTTP": whole,
                "of which audit log": audit,
                "qhronos": events,
                "json": documents,
            },
            "ratios": {"to the API's JSON documents alone": events / documents},
        },
    )


if __name__ == "__main__":
    support.main(main)
