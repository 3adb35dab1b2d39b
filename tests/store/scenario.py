"""A day in the life of a store: every step writes, and every script that writes runs in one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.once import Once
from app.domain.options import NO_OPTIONS
from app.domain.past import Past
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob, RedeliveryRequest
from app.store import keys
from app.store.archive_notes import ArchiveNotes
from app.store.attempts import read_log
from app.store.audit import AuditLog
from app.store.audit_intents import Intent, concerns, intending
from app.store.breakers import BreakerStore
from app.store.calls import Deferral, Record, Successor, Unattempted
from app.store.claims import Claim
from app.store.event_plans import KEEP, NOTHING, Plan
from app.store.flow_gate import FlowGate
from app.store.flow_looks import EndedAttempt
from app.store.flows import FlowStore
from app.store.migrations import due_by_lane
from app.store.migrations.migration import Stored
from app.store.past import PastStore
from app.store.redeliveries import RedeliveryJobStore, RedeliveryStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS

LEASE_MS = 30_000
AT_MS = NOW_MS + 60_000
DAY_MS = 86_400_000
LOG_LINE = b"1,1767225660000000,1,2,3,4,5,6,200,0\n"
FLOW = b"/acme"
LANE = 0
OCCURRENCES = {"first": 0, "second": DAY_MS, "third": 2 * DAY_MS, "extra": 5, "skipped": 7}
"""Those that an event of the scenario may have: how long after its start."""


class Scenario:
    """Steps, each with a name; ``names`` has a name for each id that they make."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.scripts = scripts = Scripts(stores.client)
        self.gate = FlowGate(stores.client, scripts, 1)
        self.flows = FlowStore(stores.client, scripts, 1)
        self.breakers = BreakerStore(stores.client, scripts)
        self.redeliveries = RedeliveryStore(stores.client, scripts)
        self.jobs = RedeliveryJobStore(stores.client, scripts)
        self.audit = AuditLog(stores.client, scripts)
        self.names: dict[bytes, bytes] = {}
        self.events: dict[str, Event] = {}
        self.claims: dict[str, Claim] = {}
        self.requests = itertools.count(1)
        self.saves = 0

    def save(self, name: str, plan: Plan | None = None, once: Once | None = None, **fields: Any):
        number = len(self.events) + 1
        tail = bytes.fromhex("7000") + (0b10 << 62 | number).to_bytes(8, "big")
        event_id = NOW_MS.to_bytes(6, "big") + tail
        event = replace(an_event(**fields), id=event_id, created_ms=NOW_MS, updated_ms=NOW_MS)
        for label, after_ms in OCCURRENCES.items():
            occurrence_id = ids.occurrence_id(event_id, event.start_ms + after_ms)
            self.names[occurrence_id] = f"<{name}'s {label}>".encode()
        self.names[event_id] = f"<{name}>".encode()
        plan = plan or Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms + 5)
        self.saves += 1
        self.stores.events.save(event, plan, None, NOW_MS, once)
        self.events[name] = self.stores.events.get(event_id)

    def change(self, name: str, plan: Plan, **fields: Any) -> None:
        old = self.stores.events.get(self.events[name].id)
        new = old.changed(version=old.version + 1, updated_ms=AT_MS + 25, **fields)
        self.saves += 1
        self.stores.events.save(new, plan, old, AT_MS + 25)
        self.events[name] = self.stores.events.get(old.id)

    def pack_audit(self) -> None:
        """Not with zlib, of which each build may write other bytes."""
        self.scripts(
            "pack_audit",
            [keys.AUDIT, keys.AUDIT_SEGMENTS, keys.AUDIT_HEAD],
            [f"{NOW_MS}-1", f"{NOW_MS}-2", 1, "a segment"],
        )

    def bring_back(self) -> None:
        line = b"1,%d000,1,2,3,4,5,6,500,0\n" % NOW_MS
        event_id = self.events["series"].id
        fields = {"tags": ("red",), "attempt_count": 1, "completed_ms": NOW_MS + 9}
        status = OccurrenceStatus.FAILED
        for name, ms in (("old", NOW_MS - DAY_MS), ("older", NOW_MS - 2 * DAY_MS)):
            one = ids.occurrence_id(event_id, ms)
            self.names[one] = f"<{name}>".encode()
            kept = Occurrence(one, event_id, ms, status, planned_ms=ms, **fields)
            PastStore(self.stores.client, self.scripts).add([Past(kept, read_log(line))], AT_MS)

    def delete_archived(self) -> None:
        past = PastStore(self.stores.client, self.scripts)
        past.delete(0, list(past.oldest(0, AT_MS + 1))[-1:])

    def intend(self) -> None:
        with intending(Intent(lambda about: f'{{"object":"{about}"}}', NOW_MS, id="intent")):
            concerns("an event")
            self.stores.client.direct("HSET", keys.SWEEP, "0:events", "cursor")

    def claim(self, now_ms: int) -> None:
        number = next(self.requests)
        for one in self.stores.work.claim(
            0, b"worker", number, now_ms=now_ms, limit=10, lease_ms=LEASE_MS
        ):
            name = self.names.get(one.occurrence_id, b"<callback>")
            self.names[one.occurrence_id] = name
            self.claims[name.decode()[1:-1]] = one

    def record(self, name: str, verdict: str, moment: int | None = None, **fields: Any) -> None:
        one = self.claims[name]
        record = Record(
            one.occurrence_id, one.token, verdict, 200, b"answer", None, moment, LOG_LINE
        )
        self.stores.work.record([replace(record, **fields)], AT_MS + 100)

    def complete(self) -> None:
        plan = Plan(scheduled_ms=NOW_MS + 2, due_ms=NOW_MS + 2)
        self.save("brief", plan, start_ms=NOW_MS + 2)
        self.claim(NOW_MS + 3)
        line = b"1,%d000,1200,2,3,4,5,6,200,0\n" % (NOW_MS + 2)
        self.record("brief's first", "completed", log_line=line)

    def callback_of(self, name: str) -> bytes:
        one = self.claims[name]
        callback = ids.callback_id(one.event_id, one.occurrence_id, "failed")
        self.names[callback] = b"<callback>"
        return callback

    def successor(self, name: str, before_ms: int, at_ms: int | None) -> None:
        ((plan, _),) = self.stores.events.progress([self.events[name].id])
        following = Successor(self.events[name].id, plan, before_ms, at_ms, at_ms or 0)
        self.stores.work.schedule_successors([following], AT_MS)

    def occurrence(self, name: str) -> bytes:
        return self.claims[name].occurrence_id

    def as_before_lanes(self) -> None:
        self.stores.client.rename(keys.due(0, LANE), keys.prefix(0) + b"due")
        self.stores.client.delete(keys.lanes(0))

    def move_to_lanes(self) -> None:
        due_by_lane.step(Stored(self.stores.client, Scripts(self.stores.client)), 0, "")

    def through_flow(self) -> None:
        members = self.gate.peek(AT_MS + 10, 5, 5, AT_MS + 1_000).members
        turns = self.gate.take(
            b"worker", 1, members, now_ms=AT_MS + 10, ahead_ms=0, deadline_ms=AT_MS + LEASE_MS
        )
        let = [member for member, at in zip(members[FLOW], turns[0].starts, strict=True) if at]
        taken, _ = self.gate.claim(
            0, {FLOW: let}, {FLOW: AT_MS + 2_000}, b"worker:flow",
            now_ms=AT_MS + 10, deadline_ms=AT_MS + LEASE_MS,
        )  # fmt: skip
        self.claims |= {self.names[one.occurrence_id].decode()[1:-1]: one for one in taken}

    def save_job(self) -> None:
        wish = RedeliveryRequest(RedeliveryFilter(tags=("red",)), rate="10/s")
        self.jobs.save(RedeliveryJob(b"j" * 16, wish, MASTER, NOW_MS, NOW_MS, 7), b"", NOW_MS + 5)

    def steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What is done, in this order."""
        work, claims, events = self.stores.work, self.claims, self.events
        yield "create", lambda: self.save(
            "full", description="d", metadata_json='{"n":1}', hmac_secret=b"\x01sealed\xff",
            once=Once(b"k" * 16, b"d" * 16),
        )  # fmt: skip
        yield (
            "create in a series",
            lambda: self.save("series", schedule=DAILY, tags=(), options={"overlap": "queue_one"}),
        )
        yield (
            "create what was missed",
            lambda: self.save(
                "late",
                Plan(scheduled_ms=AT_MS, missed="nobody was there"),
                status=EventStatus.INACTIVE,
            ),
        )
        yield "claim", lambda: self.claim(AT_MS + 5)
        yield (
            "renew",
            lambda: work.renew(
                [(one.occurrence_id, one.token) for one in claims.values()], AT_MS + 2 * LEASE_MS
            ),
        )
        yield "schedule the next", lambda: self.successor("series", AT_MS, AT_MS + DAY_MS)
        yield "return unsent", lambda: work.release(
            [Deferral(self.occurrence("full's first"), claims["full's first"].token, AT_MS + 9,
                      "busy")], AT_MS + 6,
        )  # fmt: skip
        yield "claim again", lambda: self.claim(AT_MS + 9)
        yield "retry", lambda: self.record("full's first", "retrying", AT_MS + 200)
        yield (
            "claim the next of a series whose first is not over",
            lambda: self.claim(AT_MS + DAY_MS),
        )
        yield (
            "wait to be acknowledged",
            lambda: self.record("full's first", "dispatched", AT_MS + 900),
        )
        yield "end with a callback", lambda: self.record(
            "full's first", "failed", token=b"ack:2", log_line=b"",
            callback_id=self.callback_of("full's first"),
        )  # fmt: skip
        yield "end the first of the series", lambda: self.record("series's first", "completed")
        yield "claim the callback and what waited", lambda: self.claim(AT_MS + DAY_MS)
        yield "the worker dies", lambda: work.reclaim_expired(0, AT_MS + DAY_MS + LEASE_MS)
        yield (
            "ask for it again",
            lambda: self.redeliveries.redeliver(
                [(self.occurrence("full's first"), AT_MS + DAY_MS)], "r1", AT_MS + DAY_MS
            ),
        )
        yield (
            "change and keep",
            lambda: self.change("series", KEEP, tags=("green",), metadata_json='{"n":2}'),
        )
        yield "pause", lambda: self.change("series", NOTHING, status=EventStatus.PAUSED)
        yield "resume", lambda: self.change(
            "series", Plan(scheduled_ms=AT_MS + 2 * DAY_MS, due_ms=AT_MS + 2 * DAY_MS),
            status=EventStatus.ACTIVE,
        )  # fmt: skip
        yield (
            "add beside the schedule",
            lambda: self.stores.events.add_occurrences(
                events["series"], [(AT_MS + 5, AT_MS + 5)], AT_MS
            ),
        )
        yield (
            "note what was skipped",
            lambda: work.record_unattempted(
                [Unattempted(events["series"].id, AT_MS + 7, ("green",), "skipped", "a holiday")],
                AT_MS,
            ),
        )
        yield "lose places", lambda: self.stores.client.delete(keys.due(0, LANE), keys.lanes(0))
        yield "restore them", lambda: work.restore(
            0, sorted(one for one in self.names if one not in {e.id for e in events.values()}),
            AT_MS,
        )  # fmt: skip
        yield (
            "set limits of a flow",
            lambda: self.flows.set(
                FLOW.decode(), {"conc": 1, "strict": 1, "n": 5, "per": 1_000}, NOW_MS, by_user=True
            ),
        )
        yield (
            "create in a flow",
            lambda: self.save("first", options={"flow": {"key": "acme"}, "flow_space": ""}),
        )
        yield (
            "create another in it",
            lambda: self.save("second", options={"flow": {"key": "acme"}, "flow_space": ""}),
        )
        yield "have them wait for the flow", lambda: self.claim(AT_MS + 10)
        yield "let the first through", self.through_flow
        yield "end it", lambda: self.record("first's first", "completed")
        yield (
            "free its place",
            lambda: self.gate.end(
                [
                    EndedAttempt(
                        FLOW,
                        self.occurrence("first's first"),
                        turn=1,
                        until_ms=AT_MS + LEASE_MS,
                    )
                ],
                AT_MS + 20,
            ),
        )
        yield "leave the flow", lambda: self.change("second", KEEP, options=NO_OPTIONS)
        yield "create in short form", lambda: self.save(
            "plain", Plan(scheduled_ms=NOW_MS + 1, due_ms=NOW_MS + 1), start_ms=NOW_MS + 1,
            schedule=DAILY,
        )  # fmt: skip
        yield "claim in short form", lambda: self.claim(NOW_MS + 1)
        yield (
            "schedule the next in short form",
            lambda: self.successor("plain", NOW_MS + 1, NOW_MS + 1 + DAY_MS),
        )
        yield "end in short form", lambda: self.record("plain's first", "completed")
        yield "complete in short form", self.complete
        yield "have what an earlier version had due", self.as_before_lanes
        yield "move it to its lane", self.move_to_lanes
        yield (
            "delete",
            lambda: self.stores.events.delete(
                events["series"], any_version=True, now_ms=AT_MS + 30
            ),
        )
        yield (
            "open a breaker",
            lambda: self.breakers.open(
                "example.com:443", NOW_MS, first_ms=1_000, longest_ms=9_000, forget_ms=60_000
            ),
        )
        yield "forget what has ended", lambda: work.delete_ended(0, AT_MS + 50, 100)
        yield "begin a redelivery job", self.save_job
        yield "add to the audit log", lambda: self.audit.append({"action": "create"}, NOW_MS)
        yield "pack the audit log", self.pack_audit
        yield (
            "take its oldest segment away",
            lambda: self.scripts("cut_audit", [keys.AUDIT_SEGMENTS, keys.AUDIT_HEAD], [1, 0, ""]),
        )
        yield "note an intent", self.intend
        yield "bring back from the archive", self.bring_back
        yield "delete what was archived", self.delete_archived
        yield (
            "note that the archive fails",
            lambda: ArchiveNotes(self.stores.client).fails("full", NOW_MS),
        )
