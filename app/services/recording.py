"""The recorder of a drain: writes outcomes in batches and keeps its leases alive."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

from app.clock import Clock
from app.errors import StoreUnavailable
from app.store.codec import Claim
from app.store.coordination import Coordination
from app.store.work import Deferral, Record, WorkStore

log = logging.getLogger(__name__)

AWAY_PAUSE_S = 0.25
BATCH = 128
"""Records in one call."""

ALIVE_MS = 5_000
"""How long a drain that falls silent still counts as alive."""

HANDOVER_MS = 1_000
"""So long before its end a drain counts as gone, so that the next one is there in time."""


class Recorder:
    """Records for one drain; nothing is dropped while the store is away."""

    def __init__(
        self,
        work: WorkStore,
        coordination: Coordination,
        clock: Clock,
        *,
        drain: str,
        lease_ms: int,
        end_ms: int,
    ) -> None:
        """``end_ms``: when the drain stops claiming, ms UTC."""
        self._work = work
        self._coordination = coordination
        self._clock = clock
        self._drain = drain
        self._lease_ms = lease_ms
        self._end_ms = end_ms
        self._outbox: queue.SimpleQueue[Record | Deferral | None] = queue.SimpleQueue()
        self._held: dict[bytes, bytes] = {}
        self._held_lock = threading.Lock()
        self._next_keep_ms = 0
        self._patience_s: float | None = None

    def hold(self, claims: Sequence[Claim]) -> None:
        """Keep the leases of these claims alive until they are recorded or given back."""
        with self._held_lock:
            for claim in claims:
                self._held[claim.occurrence_id] = claim.token

    def put(self, record: Record) -> None:
        """Hand over what became of an attempt."""
        self._outbox.put(record)

    def defer(self, claim: Claim, due_ms: int) -> None:
        """Return a claim unsent; it is due again at ``due_ms``."""
        self._outbox.put(Deferral(claim.occurrence_id, claim.token, due_ms))

    def give_back(self, claims: Sequence[Claim], now_ms: int) -> None:
        """Return claims that were never sent; they are due at once."""
        for claim in claims:
            self.defer(claim, now_ms)

    def finish(self, patience_s: float) -> None:
        """Write what is left and stop; give up on a store that stays away so long."""
        self._patience_s = patience_s
        self._outbox.put(None)

    def run(self) -> None:
        """Write until told to finish."""
        finished = False
        while not finished:
            self._keep()
            batch, finished = self._batch()
            if batch:
                self._write(batch)
        try:
            self._coordination.drain_gone(self._drain)
        except StoreUnavailable:
            log.warning("the store is away; this drain will be forgotten in a few seconds")

    def _batch(self) -> tuple[list[Record | Deferral], bool]:
        batch: list[Record | Deferral] = []
        try:
            one = self._outbox.get(timeout=0.5)
            while one is not None:
                batch.append(one)
                if len(batch) == BATCH:
                    return batch, False
                one = self._outbox.get(block=False)
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: Sequence[Record | Deferral]) -> None:
        """Record a batch; it may be repeated, since a lease counts once."""
        records = [one for one in batch if isinstance(one, Record)]
        deferrals = [one for one in batch if isinstance(one, Deferral)]
        started_ms = self._clock.now_ms()
        while True:
            now_ms = self._clock.now_ms()
            try:
                if records:
                    self._work.record(records, now_ms)
                if deferrals:
                    self._work.give_back(deferrals, now_ms)
                break
            except StoreUnavailable:
                patience = self._patience_s
                if patience is not None and now_ms - started_ms > patience * 1000:
                    log.exception(
                        "outcomes are lost to the store; their leases end and they repeat"
                    )
                    break
                threading.Event().wait(AWAY_PAUSE_S)
        self._forget([record.occurrence_id for record in batch])

    def _forget(self, occurrence_ids: Sequence[bytes]) -> None:
        with self._held_lock:
            for occurrence_id in occurrence_ids:
                self._held.pop(occurrence_id, None)

    def _keep(self) -> None:
        """Renew the leases and the drain's own sign of life, well before either ends."""
        now_ms = self._clock.now_ms()
        if now_ms < self._next_keep_ms:
            return
        with self._held_lock:
            held = list(self._held.items())
        try:
            self._coordination.drain_alive(
                self._drain, min(now_ms + ALIVE_MS, self._end_ms - HANDOVER_MS)
            )
            for start in range(0, len(held), BATCH):
                self._work.renew(held[start : start + BATCH], now_ms + self._lease_ms)
        except StoreUnavailable:
            return
        self._next_keep_ms = now_ms + min(ALIVE_MS, self._lease_ms) // 3
