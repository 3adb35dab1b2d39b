"""The flow claimer of a drain, at work in the background.

What flows allow takes the store several calls that depend on each other. The drain sends meanwhile:
it hands over what it has learned, and takes what was claimed, between two of the claimer's steps.
Only during a step does the claimer belong to a thread of the background.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait

from app.clock import NEVER_MS
from app.engine.background import Background
from app.engine.flow_claimer import SPACING_MS, FlowClaimer
from app.errors import StoreUnavailable
from app.store.calls import Deferral, Record
from app.store.claims import Claim

log = logging.getLogger(__name__)

Items = Sequence[Record | Deferral]


class FlowSteps:
    """Steps of one flow claimer; see there for what the methods do that have its names."""

    def __init__(self, flows: FlowClaimer, background: Background) -> None:
        self._flows = flows
        self._background = background
        self._step: Future[None] | None = None
        self._look_ms = NEVER_MS
        self._own: Sequence[int] | None = None
        self._also: set[int] = set()
        self._retry_ms = self._began_ms = 0
        self._written: list[tuple[Items, Items]] = []

    @property
    def busy(self) -> bool:
        """Whether a step is under way; the background tells of its end."""
        return self._step is not None

    def wake_ms(self, now_ms: int, *, closing: bool) -> int:
        """When to call ``step`` or ``due`` again, ms UTC, if no file descriptor says so."""
        due_ms = self._flows.due_ms
        wake_ms = NEVER_MS if due_ms is None else due_ms
        if self.busy:
            return wake_ms
        wake_ms = min(wake_ms, max(self._flows.report_ms(now_ms), self._retry_ms))
        return wake_ms if closing else min(wake_ms, self._flows.look_ms)

    @property
    def delayed(self) -> int:
        """How many claims are not to be sent yet."""
        return self._flows.delayed

    def serve(self, partitions: Sequence[int]) -> None:
        """Look for flows in these partitions only, by itself."""
        self._own = partitions

    def pause_until(self, look_ms: int) -> None:
        """Look and report no earlier, ms UTC: the store is away."""
        self._retry_ms = look_ms
        if not self.busy:
            self._flows.pause_until(look_ms)

    def look_by(self, look_ms: int, partition: int | None = None) -> None:
        """Look no later, ms UTC; and then in this partition, too, if it is another drain's."""
        if partition is not None:
            self._also.add(partition)
        if self.busy:
            self._look_ms = min(self._look_ms, look_ms)
        else:
            self._flows.look_by(look_ms)

    def look_for_new(self, now_ms: int, partition: int) -> None:
        """Look soon: in a partition something waits for its flow since now, ms UTC."""
        self.look_by(max(now_ms, self._began_ms + SPACING_MS), partition)

    def handle_written(self, counted: Items, sent: Items) -> None:
        """Learn which of the items ``sent`` to the store were ``counted``."""
        if self.busy:
            self._written.append((counted, sent))
        else:
            self._flows.handle_written(counted, sent)

    def due(self, now_ms: int) -> list[Claim]:
        """Remove and return the claims that may be sent now."""
        return self._flows.due(now_ms)

    def clear(self) -> list[Claim]:
        """Remove and return the delayed claims."""
        return self._flows.clear()

    def take_new(self) -> list[Claim]:
        """Return what the last step has claimed, also if the store went away before its end."""
        return self._flows.take_new() if self._is_over else []

    def step(self, now_ms: int, room: int, *, closing: bool) -> list[Claim]:
        """Begin a step if there is anything to do; return what the last one has claimed.

        It claims at most ``room``, and nothing if the drain is closing. ``due`` returns each claim
        again when it may be sent. Raises ``StoreUnavailable``.
        """
        flows = self._flows
        if not self._is_over:
            return []
        self._finish()
        claims = flows.take_new()
        if flows.report_ms(now_ms) <= now_ms or (not closing and now_ms >= flows.look_ms):
            self._began_ms = now_ms
            also, self._also = self._also, set()
            flows.own = None if self._own is None else {*self._own, *also}

            def report_and_claim() -> None:
                flows.report(now_ms)
                if not closing:
                    flows.claim(now_ms, room)

            self._step = self._background.submit(report_and_claim)
        return claims

    @property
    def _is_over(self) -> bool:
        return self._step is None or self._step.done()

    def join(self) -> list[Claim]:
        """Wait for the end of the step; return what it has claimed, also if the store is away."""
        if self._step is not None:
            wait([self._step])
        try:
            self._finish()
        except StoreUnavailable:
            log.warning("the store is away; flows continue when their leases have expired")
        return self._flows.take_new()

    def close(self, now_ms: int) -> None:
        """Report what has ended; if the store is away, the rest ends with its deadline."""
        self._flows.close(now_ms)

    def _finish(self) -> None:
        """Hand over what has come up since the step began; raise what has ended it."""
        step, self._step = self._step, None
        written, self._written = self._written, []
        look_ms, self._look_ms = self._look_ms, NEVER_MS
        for counted, sent in written:
            self._flows.handle_written(counted, sent)
        self._flows.look_by(look_ms)
        if step is not None:
            step.result()
