"""The recorder of a drain: writes outcomes in batches and keeps its leases alive.

It never waits: ``step`` reads the answer of the last batch, if it is there, and sends the next.
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Sequence

from app.clock import Clock
from app.domain import ids
from app.errors import StoreUnavailable
from app.services.flowing import FlowLine
from app.store.calls import Deferral, Record, record_call, release_call
from app.store.channel import Channel
from app.store.claims import Claim
from app.store.coordination import Coordination
from app.store.work import WorkStore

log = logging.getLogger(__name__)

AWAY_PAUSE_MS = 250
BATCH = 128
"""Items in one call."""

GATHER = 32
GATHER_MS = 2
"""A batch is sent when it has so many items, or its first has waited so long: a call costs the
sender's time, so one for each outcome would halve what it can do."""

ALIVE_MS = 2_000
"""How long a drain that falls silent still counts as alive."""

HANDOVER_MS = 1_000
"""So long before its end a drain counts as gone, so that the next one is there in time."""


class Recorder:
    """Records for one drain; nothing is dropped while the store is away."""

    def __init__(
        self,
        work: WorkStore,
        coordination: Coordination,
        channel: Channel,
        clock: Clock,
        *,
        drain: str,
        lease_ms: int,
        flows: FlowLine,
    ) -> None:
        """``drain`` is its name in the store, ``lease_ms`` how long a lease is held."""
        self._flows = flows
        self._work = work
        self._coordination = coordination
        self._channel = channel
        self._clock = clock
        self._drain = drain
        self._lease_ms = lease_ms
        self._end_ms = 0
        self._outbox: dict[tuple[type, int], deque[Record | Deferral]] = {}
        self._sent: list[Record | Deferral] = []
        self._since_ms: int | None = None
        self._held: dict[bytes, bytes] = {}
        self._next_keep_ms = 0
        self._away_until_ms = 0

    @property
    def idle(self) -> bool:
        """Whether everything is written."""
        return not self._outbox and not self._channel.busy

    def filenos(self) -> list[int]:
        """What becomes readable when there is something to do."""
        fd = self._channel.fileno()
        return [] if fd is None else [fd]

    def go_on_until(self, end_ms: int) -> None:
        """Say that the drain goes on claiming until a moment, ms UTC."""
        self._end_ms = end_ms
        self._next_keep_ms = 0

    def hold(self, claims: Sequence[Claim]) -> None:
        """Keep the leases of these claims alive until they are recorded or given back."""
        for claim in claims:
            self._held[claim.occurrence_id] = claim.token

    def put(self, item: Record | Deferral) -> None:
        """Hand over what became of an attempt, or a claim that goes back unsent."""
        key = (type(item), ids.partition_of_occurrence(item.occurrence_id))
        self._outbox.setdefault(key, deque()).append(item)
        if self._since_ms is None:
            self._since_ms = self._clock.now_ms()

    def defer(self, claim: Claim, due_ms: int, why: str = "") -> None:
        """Return a claim unsent; it is due again at ``due_ms``. ``why`` is for people."""
        self.put(Deferral(claim.occurrence_id, claim.token, due_ms, why))

    def step(self, now_ms: int, *, now_or_never: bool = False) -> None:
        """Write what has gathered; ``now_or_never`` waits for no more to gather."""
        if now_ms < self._away_until_ms:
            return
        try:
            answer = self._channel.receive()
            if answer is not None:
                self._forget(answer)
            if not self._channel.busy:
                self._send(now_ms, now_or_never=now_or_never)
            self._keep(now_ms)
        except StoreUnavailable:
            log.warning("the store is away; outcomes wait for it")
            self._away_until_ms = now_ms + AWAY_PAUSE_MS

    def close(self) -> None:
        """Say good-bye; what is not written by now comes back when its lease ends."""
        if not self.idle:
            log.error("outcomes are lost to the store; their leases end and they repeat")
        self._channel.close()
        try:
            self._coordination.drain_gone(self._drain)
        except StoreUnavailable:
            log.warning("the store is away; this drain will be forgotten in a few seconds")

    def _send(self, now_ms: int, *, now_or_never: bool) -> None:
        if not self._outbox or self._since_ms is None:
            return
        key = max(self._outbox, key=lambda one: len(self._outbox[one]))
        waiting = self._outbox[key]
        if len(waiting) < GATHER and now_ms - self._since_ms < GATHER_MS and not now_or_never:
            return
        batch = list(itertools.islice(waiting, BATCH))
        kind, partition = key
        records = [one for one in batch if isinstance(one, Record)]
        deferrals = [one for one in batch if isinstance(one, Deferral)]
        # From here on the channel keeps the call, and sends it again if the store was away.
        for _ in batch:
            waiting.popleft()
        if not waiting:
            del self._outbox[key]
        self._since_ms = now_ms if self._outbox else None
        self._sent = batch
        if kind is Record:
            self._channel.send(record_call(partition, records, now_ms))
        else:
            self._channel.send(release_call(partition, deferrals, now_ms))

    def _forget(self, answer: Sequence[int]) -> None:
        """Let go of what was written. ``answer``: 1 for each that counted, 0 for one that did not.

        (That of a release ends with how many expired leases came back: none was asked for.)
        """
        for one in self._sent:
            # A retry that is due at once may have been claimed again, under another lease.
            if self._held.get(one.occurrence_id) == one.token:
                del self._held[one.occurrence_id]
        counted = [one for one, count in zip(self._sent, answer, strict=False) if count]
        self._flows.written(counted, self._sent)
        self._sent = []

    def _keep(self, now_ms: int) -> None:
        """Renew the leases and the drain's own sign of life, well before either ends."""
        if now_ms < self._next_keep_ms:
            return
        alive_ms = min(ALIVE_MS, self._lease_ms)
        alive_until = min(now_ms + alive_ms, self._end_ms - HANDOVER_MS)
        self._coordination.drain_alive(self._drain, alive_until)
        held = list(self._held.items())
        for start in range(0, len(held), BATCH):
            self._work.renew(held[start : start + BATCH], now_ms + self._lease_ms)
        self._next_keep_ms = now_ms + alive_ms // 3
