"""Periodic upkeep: recovers expired leases, repairs series, deletes old records.

Each call does a bounded amount of work, and repeating it is harmless. While a shard of a cluster is
away, its partitions wait, and so does what else it has: all other upkeep goes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.clock import Clock
from app.domain.ids import moved_among
from app.engine.acknowledgements import Acknowledgements
from app.engine.packing import Packing
from app.engine.retention import Retention
from app.engine.time_limit import never
from app.planning.successors import Successors
from app.services.audit import AuditService
from app.services.calendars import CalendarService
from app.services.deletions import DeletionService
from app.services.lateness_history import LatenessHistory
from app.services.metadata_index import MetadataIndexing
from app.services.redeliveries import RedeliveryService
from app.store.calls import BATCH
from app.store.coordination import Coordination
from app.store.migrations.schema import Schema
from app.store.moves import MoveStore
from app.store.shards import each_there, if_there
from app.store.sweep import EventSweep
from app.store.watch import WatchStore
from app.store.work import WorkStore

REPAIR_AFTER_MS = 5_000
"""If a successor is not scheduled so long after the claim, the worker that claimed has died."""

STALL_S = 1.0
"""How long expired leases are left alone: if the store was unresponsive, the holders are back now
as well, and renew their leases first."""

SWEEP_EVENTS = 20_000
"""How many events one reconciliation looks at. It takes some hundred milliseconds of the store's
time, in calls of a millisecond."""

MIGRATE_S = 5.0
"""How long one reconciliation goes on with a migration that its process has left."""

Repair = Callable[[int, str, str], tuple[int, str]]
"""Repairs one slice: partition, what, cursor → how many were repaired, the next cursor."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The three kinds of upkeep; RQ runs each as a job of its own."""

    work: WorkStore
    successors: Successors
    deletions: DeletionService
    calendars: CalendarService
    redeliveries: RedeliveryService
    sweep: EventSweep
    retention: Retention
    coordination: Coordination
    clock: Clock
    acknowledgements: Acknowledgements
    schema: Schema
    audit: AuditService
    metadata: MetadataIndexing
    store_settings: Callable[[], object]
    lateness: LatenessHistory
    watch: WatchStore
    packing: Packing
    moves: MoveStore
    is_stopping: Callable[[], bool] = never
    """Whether the process was told to stop: then the next run, in another, does the rest."""

    def repair(self) -> int:
        """Schedule the successors which drains have left, now; returns how many were looked at."""
        now_ms = self.clock.now_ms()
        repaired = each_there(
            range(self.work.partitions),
            lambda partition: self.successors.repair(partition, now_ms, now_ms, BATCH),
        )
        self.successors.call_if_owed(now_ms)
        return repaired

    def recover(self) -> int:
        """Release expired leases, end overdue waits and pauses, repair series, continue jobs.

        The jobs are replans and redeliveries. Returns how many of all these there were. What
        the audit log lacks is added, its old entries are packed, and how late deliveries were is
        noted. The records of what ended an hour ago are packed.
        """
        partitions = range(self.work.partitions)
        heads = if_there(self.work.heads)
        if heads is None or any(
            (head.lease_ms or math.inf) <= self.clock.now_ms() for head in heads
        ):
            time.sleep(STALL_S)
        recovered = each_there(partitions, self._recover)
        recovered += if_there(self.calendars.continue_abandoned) or 0
        recovered += if_there(self.redeliveries.continue_waiting) or 0
        # Last: it may take long, and what has expired or was paused must not wait for it.
        recovered += each_there(partitions, self._repair)
        self.successors.call_if_owed(self.clock.now_ms())
        for step in (self.schema.follow, self.audit.settle, self.audit.pack, self.lateness.note):
            if_there(step)
        recovered += each_there(partitions, self._settle_moves)
        if_there(lambda: self.packing.run(self.clock.now_ms()))
        self._ran("recover")
        return recovered

    def _recover(self, partition: int) -> int:
        now_ms = self.clock.now_ms()
        recovered = self.work.reclaim_expired(partition, now_ms)
        recovered += self.acknowledgements.overdue(partition, now_ms)
        for event_id in self.sweep.paused(partition, now_ms, BATCH):
            self.deletions.end_pause(event_id)
            recovered += 1
        return recovered

    def _settle_moves(self, partition: int) -> int:
        """End what a killed mover of events has left, and what still leads to deleted events."""
        if not moved_among():
            return 0
        settled = self.moves.settle(partition, self.clock.now_ms() - REPAIR_AFTER_MS)
        self.moves.forget_deleted(partition, BATCH)
        return settled

    def _repair(self, partition: int) -> int:
        now_ms = self.clock.now_ms()
        return self.successors.repair(partition, now_ms - REPAIR_AFTER_MS, now_ms, BATCH)

    def reconcile(self) -> int:
        """Check a part of all records, from where the last run stopped.

        Active events without a scheduled occurrence get one; open occurrences that are neither
        due nor claimed are put back. Returns how many of both there were.
        """
        if_there(partial(self.schema.migrate, MIGRATE_S))  # whoever began may have been killed
        if not self.is_stopping():
            if_there(partial(self.metadata.go_on, MIGRATE_S))
        repaired = each_there(range(self.work.partitions), self._reconcile)
        self._ran("reconcile")
        return repaired

    def _reconcile(self, partition: int) -> int:
        repaired = self._sweep(partition, "events", self._repair_events)
        for status in ("scheduled", "retrying", "dispatched"):
            repaired += self._sweep(partition, status, self._restore)
        return repaired

    def _sweep(self, partition: int, what: str, repair: Repair) -> int:
        repaired, looked = 0, 0
        place = f"{partition}:{what}"
        cursor = self.coordination.sweep_cursor(place)
        while looked < max(BATCH, SWEEP_EVENTS // self.work.partitions):
            count, cursor = repair(partition, what, cursor)
            repaired += count
            looked += BATCH
            if not cursor or self.is_stopping():
                break
        self.coordination.move_sweep(place, cursor)
        return repaired

    def _repair_events(self, partition: int, _what: str, cursor: str) -> tuple[int, str]:
        found = self.sweep.suspects(partition, cursor, BATCH)
        return self.successors.reconcile(found.suspects, self.clock.now_ms()), found.cursor

    def _restore(self, partition: int, status: str, cursor: str) -> tuple[int, str]:
        found = self.sweep.open_slice(partition, status, cursor, BATCH)
        if not found.suspects:
            return 0, found.cursor
        return self.work.restore(partition, found.suspects, self.clock.now_ms()), found.cursor

    def retain(self) -> int:
        """Delete what is older than the retention; returns how many records were deleted."""
        if_there(self.store_settings)  # its log says what is wrong with them
        deleted = self.retention.run(self.clock.now_ms())
        self._ran("retain")
        return deleted

    def _ran(self, what: str) -> None:
        """Note that a job has ended well: who looks at the status sees that upkeep goes on."""
        if_there(lambda: self.watch.ran(what, self.clock.now_ms()))
