"""The recorder of a drain: writes outcomes in batches and keeps its leases alive.

It never waits: ``step`` reads the answer of the last batch, if it is there, and sends the next.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from app.clock import Clock
from app.engine.flow_claimer import FlowClaimer
from app.engine.write_buffer import WriteBuffer
from app.errors import StoreUnavailable
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

QUIET_MS, LATEST_MS, MOST = 20, 1_000, 2_000
"""What goes back unsent is written when there have been no outcomes for so long, when it has waited
for so long, or when there is so much of it: it is in no hurry, and those who are need the store.
While there are more outcomes than of it, one batch of it is written in so long as it may wait."""

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
        flows: FlowClaimer,
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
        self._outcomes = WriteBuffer[Record]()
        self._unsent = WriteBuffer[Deferral]()
        self._sent: list[Record | Deferral] = []
        self._held: dict[bytes, bytes] = {}
        self._outcome_ms = 0
        self._returned_ms = 0
        self._next_keep_ms = 0
        self._away_until_ms = 0

    @property
    def idle(self) -> bool:
        """Whether everything is written."""
        return not self.waiting and not self._channel.busy

    @property
    def waiting(self) -> int:
        """How much waits to be written."""
        return self._outcomes.size + self._unsent.size

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

    def put(self, record: Record) -> None:
        """Hand over what became of an attempt."""
        if not self._outcomes.size:
            self._outcomes.since_ms = self._clock.now_ms()
        self._outcomes.put(record)

    def defer(self, claim: Claim, due_ms: int, why: str = "") -> None:
        """Return a claim unsent; it is due again at ``due_ms``. ``why`` is for people."""
        if not self._unsent.size:
            self._unsent.since_ms = self._clock.now_ms()
        self._unsent.put(Deferral(claim.occurrence_id, claim.token, due_ms, why))

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
        outcomes, unsent = self._outcomes, self._unsent
        if outcomes.size:
            self._outcome_ms = now_ms
        # From here on the channel keeps the call, and sends it again if the store was away.
        if self._unsent_first(now_ms, now_or_never=now_or_never):
            self._returned_ms = now_ms
            partition, deferrals = unsent.take(BATCH)
            self._sent = [*deferrals]
            self._channel.send(release_call(partition, deferrals, now_ms))
        elif outcomes.size and (
            now_or_never or outcomes.most() >= GATHER or now_ms - outcomes.since_ms >= GATHER_MS
        ):
            partition, records = outcomes.take(BATCH)
            outcomes.since_ms = now_ms
            self._sent = [*records]
            self._channel.send(record_call(partition, records, now_ms))

    def _unsent_first(self, now_ms: int, *, now_or_never: bool) -> bool:
        """Whether what goes back unsent is to be written now."""
        unsent = self._unsent
        if not unsent.size:
            return False
        late = now_ms - unsent.since_ms >= LATEST_MS
        urgent = late or unsent.size >= MOST or now_or_never
        if self._outcomes.size:
            its_turn = late and now_ms - self._returned_ms >= LATEST_MS
            return its_turn or (urgent and unsent.size >= self._outcomes.size)
        return urgent or now_ms - self._outcome_ms >= QUIET_MS

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
