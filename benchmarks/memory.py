"""``python -m benchmarks.memory``: what an event costs of the store's memory.

One-time events with the fields of the API's reference and two tags, on a store with the settings
of ``make run``; all indexes and the scheduled occurrence are counted. The baseline keeps each
event as the JSON document that the API answers, in a string of its own, and nothing else: no
index, no schedule.
"""

from __future__ import annotations

import argparse
import json
import time

from app.domain.action import webhook
from app.domain.ids import EventIds, to_text
from app.domain.times import to_rfc3339
from app.store.connection import StoreClient, connect
from benchmarks import loading, support
from benchmarks.support import say

WEBHOOK = "https://example.com/webhook"
YEAR_MS = 365 * 86_400_000


def used(client: StoreClient) -> int:
    """Bytes of the store's memory, without what its clients and its file have in flight."""
    info = client.info("memory")
    passing = int(info.get("mem_clients_normal", 0)) + int(info.get("mem_aof_buffer", 0))
    return int(info["used_memory"]) - passing


def ours(count: int) -> float:
    """Bytes an event, kept by Qhronos; start times spread over a year."""
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
    count = parser.parse_args().events
    events, documents = ours(count), as_json(count)
    say(f"qhronos, indexes and schedule included  {events:>7,.0f} bytes an event")
    say(f"the API's JSON documents alone          {documents:>7,.0f} bytes an event")
    say(f"qhronos needs {events / documents:.2f} times the JSON documents alone")
    support.report(
        "memory",
        {
            "events": count,
            "bytes_per_event": {"qhronos": events, "json": documents},
            "ratios": {"to the API's JSON documents alone": events / documents},
        },
    )


if __name__ == "__main__":
    support.main(main)
