"""The recorder of a drain: writes outcomes in batches, and has the drain's leases kept.

It never waits: ``step`` reads the answer to the last batch, if it has come, and sends the next.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from app.clock import NEVER_MS, Clock
from app.engine.flow_steps import FlowSteps
from app.engine.group_meter import GroupMeter, MetricGroups, count_recorded
from app.engine.lease_keeper import LeaseKeeper
from app.engine.write_buffer import WriteBuffer
from app.errors import StoreUnavailable
from app.metrics import catalogue
from app.metrics.registry import Registry
from app.store.calls import Deferral, Record, record_call, release_call
from app.store.channel import Channel
from app.store.claims import Claim
from app.store.connection import STORE_RETRY_MS

log = logging.getLogger(__name__)

_VERDICT = attrgetter("verdict")

BATCH = 128
"""Records or deferrals in one call: more would keep the store from others for too long."""

GATHER = 32
GATHER_MS = 20
"""Records are written when there are ``GATHER`` of them, or the oldest has waited for
``GATHER_MS``: one call for each would double what a delivery costs. One that something waits for
is written at once, and so are all when there is nothing more to send. A worker that is killed
repeats what it has not written: so the time is short."""

DEFER_QUIET_MS = 20
DEFER_MAX_WAIT_MS = 1_000
DEFER_MAX_COUNT = 2_000
"""Deferrals are written when there have been no records for ``DEFER_QUIET_MS``, when nothing is in
flight, when the oldest has waited for ``DEFER_MAX_WAIT_MS``, or when there are ``DEFER_MAX_COUNT``:
they are not urgent, and records need the store. While there are more records than deferrals, one
batch of deferrals is written in each ``DEFER_MAX_WAIT_MS``."""


class Recorder:
    """Records for one drain; nothing is dropped while the store is away."""

    def __init__(
        self,
        leases: LeaseKeeper,
        channel: Channel,
        clock: Clock,
        *,
        flows: FlowSteps,
        registry: Registry,
        groups: GroupMeter | None = None,
    ) -> None:
        self._groups = groups or GroupMeter(registry)
        self._groups_of: dict[tuple[bytes, bytes], MetricGroups] = {}
        self._outcomes = registry.tally(catalogue.OUTCOMES)
        self._batches = registry.buckets(catalogue.RECORDS)
        self._flows = flows
        self.leases = leases
        self._channel = channel
        self._clock = clock
        self._records = WriteBuffer[Record]()
        self._deferrals = WriteBuffer[Deferral]()
        self._sent: list[list[Record | Deferral]] = []
        self._last_record_ms = 0
        self._last_deferral_ms = 0
        self.retry_ms = 0
        """Until when the store is left alone because it did not answer, ms UTC."""

    @property
    def idle(self) -> bool:
        """Whether everything is written."""
        return not self.waiting and not self._channel.busy

    @property
    def waiting(self) -> int:
        """How many records and deferrals wait to be written."""
        return self._records.size + self._deferrals.size

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when the store has answered."""
        fd = self._channel.fileno()
        return [] if fd is None else [fd]

    @property
    def wake_ms(self) -> int:
        """When to call ``step`` again, ms UTC, if no file descriptor says so before."""
        now_ms = self._clock.now_ms()
        if self._channel.busy or self.idle:
            return self.retry_ms if self.retry_ms > now_ms else NEVER_MS
        records_ms = self._records.by_ms or NEVER_MS
        # (What lets deferrals be written is known to the drain.)
        next_ms = min(records_ms, now_ms + 1) if self._deferrals.size else records_ms
        return max(next_ms, self.retry_ms)

    def add(self, record: Record, claim: Claim, *, is_awaited: bool = False) -> None:
        """Add the record of an attempt, of this claim, to those that wait to be written.

        ``is_awaited``: something waits for it, so it is written at once.
        """
        if self._groups.is_on:
            of = self._groups.groups_of(claim)
            self._groups_of[record.occurrence_id, record.token] = of
        self._records.put(record, self._clock.now_ms() + (0 if is_awaited else GATHER_MS))

    def defer(self, claim: Claim, due_ms: int, reason: str = "") -> None:
        """Release a claim that was not sent; it is due again at ``due_ms``, UTC."""
        deferral = Deferral(claim.occurrence_id, claim.token, due_ms, reason)
        self._deferrals.put(deferral, self._clock.now_ms() + DEFER_MAX_WAIT_MS)

    def step(
        self, now_ms: int, *, flush: bool = False, is_quiet: bool = False, closing: bool = False
    ) -> None:
        """Write what has gathered; with ``flush`` everything that waits. Keep the leases.

        ``is_quiet``: nothing is in flight, so there is time for deferrals. ``closing``: the drain
        claims nothing more.
        """
        if closing:
            self.leases.leave()
        self.leases.step(now_ms)
        if now_ms < self.retry_ms:
            return
        try:
            answers = self._channel.receive_all()
            if answers is not None:
                self._handle_answers(answers)
            if not self._channel.busy:
                self._send(now_ms, flush=flush, is_quiet=is_quiet or flush)
        except StoreUnavailable:
            log.warning("the store is away; outcomes wait for it")
            self.retry_ms = now_ms + STORE_RETRY_MS

    def close(self) -> None:
        """Sign the drain off; what is not written comes back when its lease expires."""
        if not self.idle:
            log.error("outcomes were not written; their leases expire and they are repeated")
        self._channel.close()
        self.leases.close()

    def _send(self, now_ms: int, *, flush: bool, is_quiet: bool) -> None:
        records, deferrals = self._records, self._deferrals
        if records.size:
            self._last_record_ms = now_ms
        # From here on the channel keeps the call, and sends it again if the store was away.
        if self._deferrals_first(now_ms, is_quiet=is_quiet):
            self._last_deferral_ms = now_ms
            partition, released = deferrals.take(BATCH, now_ms)
            self._sent = [[*released]]
            self._channel.send(release_call(partition, released, now_ms))
        elif records.size and (flush or records.is_due(now_ms) or records.most() >= GATHER):
            batches = records.take_all(BATCH, now_ms, self._until_ms(now_ms, flush=flush))
            self._sent = [[*recorded] for _, recorded in batches]
            self._channel.send_all([record_call(*batch, now_ms) for batch in batches])

    def _until_ms(self, now_ms: int, *, flush: bool) -> int:
        """Records of other partitions that are to be written by then are written as well.

        Where there are many, none are written early: larger batches are worth more.
        """
        if flush:
            return NEVER_MS
        return now_ms + GATHER_MS // 4 if self._records.size < GATHER else now_ms

    def _deferrals_first(self, now_ms: int, *, is_quiet: bool) -> bool:
        """Whether the next batch is one of deferrals."""
        deferrals = self._deferrals
        if not deferrals.size:
            return False
        late = deferrals.is_due(now_ms)
        urgent = late or deferrals.size >= DEFER_MAX_COUNT or is_quiet
        if self._records.size:
            its_turn = late and now_ms - self._last_deferral_ms >= DEFER_MAX_WAIT_MS
            return its_turn or (urgent and deferrals.size >= self._records.size)
        return urgent or now_ms - self._last_record_ms >= DEFER_QUIET_MS

    def _handle_answers(self, answers: Sequence[Sequence[int]]) -> None:
        """Forget what was written. An answer has 1 for each item that counted, 0 for the others.

        (The answer to a release ends with how many expired leases came back: none was asked for.)
        """
        batches, self._sent = self._sent, []
        for sent, answer in zip(batches, answers, strict=True):
            for one in sent:
                self.leases.forget(one)
            counted = [one for one, count in zip(sent, answer, strict=False) if count]
            self._count(counted)
            if self._groups_of:
                self._count_groups(sent, answer)
            self._flows.handle_written(counted, sent)

    def _count(self, written: Sequence[Record | Deferral]) -> None:
        # (A batch has one kind. What has no loop in Python costs a fifth.)
        if written and isinstance(written[0], Record):
            self._batches.add(len(written))
            for verdict, count in Counter(map(_VERDICT, written)).items():
                self._outcomes[verdict,] += count

    def _count_groups(self, sent: Sequence[Record | Deferral], answer: Sequence[int]) -> None:
        for one, count in zip(sent, answer, strict=False):
            groups = self._groups_of.pop((one.occurrence_id, one.token), None)
            if count and groups and isinstance(one, Record):
                count_recorded(groups, one.verdict)
