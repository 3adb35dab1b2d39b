"""Fills a store with events for ``benchmarks.lists``, by the scripts that the API uses.

Half of the events has the tag ``left``, the other half ``right``. What was delivered, and what is
paused, is all of ``right``: so some filters fit many, some fit none of many, and some have to leave
out half of what they walk. A hundredth of what was delivered has failed, and as many were missed;
``calm`` has as many occurrences as half of ``right``, all over the same time, and none of these.
All of ``left`` is sent to one host.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from app.domain import action, ids
from app.domain.definition import Definition
from app.domain.event import Event, EventStatus
from app.domain.ids import EventIds
from app.services.audit import Act, AuditService
from app.store import keys
from app.store.connection import StoreClient
from app.store.event_plans import NOTHING, Plan
from app.store.events import EventStore
from app.store.terms import EventTerms
from benchmarks.loading import BATCH, PipedScripts

DAY_MS = 86_400_000
DECLARED = ("number", "side")

AUDITED = 20_000
"""How many entries the audit log has at most."""

TOGETHER = 40


class Filler:
    """Fills a store with events, through scripts that are sent many at once."""

    def __init__(self, client: StoreClient) -> None:
        self._scripts = PipedScripts(client)
        self._events = EventStore(client, self._scripts, 1, EventTerms(DECLARED))
        self._ended = client.pipeline(transaction=False)
        self._records: list[bytes | str | int] = []
        self._sha = client.script_load(self._scripts.text("record_unattempted").source)

    def fill(self, count: int) -> None:
        """Create so many events; every second one was delivered before."""
        made, base_ms = EventIds(), time.time_ns() // 1_000_000
        for number in range(count):
            event_id = made.make(time.time_ns() // 1000, 0, 1)
            created_ms = ids.created_ms(event_id)
            event = _event(event_id, number, base_ms, created_ms)
            plan = NOTHING
            if event.status is EventStatus.ACTIVE:
                plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
            self._events.save(event, plan, None, created_ms)
            if number % 2:
                status = {1: "failed", 5: "missed"}.get(number % 100, "completed")
                self._record(event, base_ms - DAY_MS - number, status, created_ms)
        self._scripts.flush()
        self._flush()

    def _record(self, event: Event, at_ms: int, status: str, now_ms: int) -> None:
        tags = "\n".join(event.tags)
        one = ids.occurrence_id(event.id, at_ms)
        self._records += [one, event.id, at_ms, tags, status, ""]
        if len(self._records) >= 6 * BATCH:
            self._flush(now_ms)

    def _flush(self, now_ms: int = 0) -> None:
        if self._records:
            prefix = keys.prefix(0)
            self._ended.evalsha(self._sha, 1, prefix, prefix, now_ms, *self._records)
            self._ended.execute()
            self._records = []


def _event(event_id: bytes, number: int, base_ms: int, created_ms: int) -> Event:
    side = "right" if number % 2 else "left"
    kind = "calm" if number % 4 == 3 else "other"
    tags = (side, "rare") if number % 100 in (0, 51) else (side, kind)
    name = "nightly" if number % 10 in (2, 5) else f"job {number}"
    status = {1: EventStatus.PAUSED, 3: EventStatus.INACTIVE}.get(number % 10, EventStatus.ACTIVE)
    host = f"h{number % 50}" if number % 2 else "hooks"
    webhook = action.webhook(f"https://{host}.example.com/webhook")
    start_ms = base_ms + DAY_MS + number
    return Event(
        id=event_id,
        definition=Definition(name, start_ms, webhook, "Run it"),
        metadata_json=f'{{"side":"{side}","number":{number}}}',
        tags=tags,
        status=status,
        created_ms=created_ms,
        updated_ms=created_ms,
    )


def audit(log: AuditService, count: int) -> None:
    """Have the log name as many changes of events as there are events, but not too many."""

    def record(number: int) -> None:
        actor, act = f"tenant {number % 2}", "event.delete" if number % 100 == 1 else "event.create"
        log.record(
            Act(actor, None, None, act, f"object {number}", None, {"name": number}, str(number))
        )

    with ThreadPoolExecutor(TOGETHER) as threads:  # what comes together is written in one step
        list(threads.map(record, range(min(count, AUDITED))))
