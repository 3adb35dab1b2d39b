"""Puts many events into the store at once, through the very scripts that the API uses."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from app.domain import action
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.ids import EventIds
from app.store.connection import StoreClient
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.scripts import Argument, Scripts, all_scripts

BATCH = 400


class PipedScripts(Scripts):
    """Scripts whose calls are sent in batches; answers are checked when a batch is."""

    def __init__(self, client: StoreClient) -> None:
        super().__init__(client)
        self._hashes = {
            name: client.script_load(text.source) for name, text in all_scripts().items()
        }
        self._pipe = client.pipeline(transaction=False)

    def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        self._pipe.evalsha(self._hashes[name], len(keys), *keys, *args)
        if len(self._pipe) >= BATCH:
            self.flush()
        return b"saved"

    def flush(self) -> None:
        for answer in self._pipe.execute():
            if answer != b"saved":
                raise AssertionError(f"the store answered {answer!r}")


def example(event_id: bytes, webhook: str, start_ms: int, now_ms: int) -> Event:
    """A one-time event with the fields that the API's reference shows, and two tags."""
    return Event(
        id=event_id,
        definition=Definition(
            "Daily Backup", start_ms, action.webhook(webhook), "Run the daily backup"
        ),
        metadata_json='{"key":"value"}',
        tags=("tag1", "tag2"),
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def load(client: StoreClient, webhook: str, start_times_ms: Iterable[int], lane: int = 0) -> float:
    """Create one event for each start time; how many seconds that took."""
    return load_each(client, ((webhook, start_ms) for start_ms in start_times_ms), lane)


def load_each(client: StoreClient, wanted: Iterable[tuple[str, int]], lane: int = 0) -> float:
    """Create one event of one tenant for each (webhook, start time); how many seconds it took."""
    began = time.perf_counter()
    ids, scripts = EventIds(), PipedScripts(client)
    events = EventStore(client, scripts, partitions=1)
    for webhook, start_ms in wanted:
        event_id = ids.make(time.time_ns() // 1000, 0, lane)
        now_ms = int.from_bytes(event_id[:6], "big")
        event = example(event_id, webhook, start_ms, now_ms)
        events.save(event, Plan(scheduled_ms=start_ms, due_ms=start_ms), None, now_ms)
    scripts.flush()
    return time.perf_counter() - began
