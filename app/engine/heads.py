"""What comes first in each partition: when a drain looks, and what it does at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from app.engine.background import Background
from app.engine.claim_times import HELP_AFTER_MS
from app.store.work import WorkStore

MAX_SLEEP_MS = 500
"""How often a drain looks at least: for expired leases, and for wake-ups that got lost."""

STALL_MS = 1_000
"""If the store or this process was unresponsive for so long, expired leases are left alone for as
long again: their holders are back as well, and renew them first."""


class Looked(NamedTuple):
    """What was seen; moments are ms UTC."""

    next_ms: int
    """When to look again."""
    due_ms: dict[int, int]
    """When the first is due in the partitions in which one is."""
    flow_ms: dict[int, int]
    """When to look at flows for which something waits in partitions."""


def look_at_heads(
    work: WorkStore,
    overdue: Callable[[int, int], int],
    now_ms: int,
    own: Sequence[int],
    other: int | None = None,
    *,
    reclaims: bool,
) -> Looked:
    """Find out what comes first; deal with expired leases and overdue acknowledgements.

    The partition ``other`` is another drain's: what its drain has had time to do is left to it.
    ``reclaims``: whether leases that have expired may be somebody else's. ``overdue`` fails what
    was not acknowledged in time, given a partition and ms UTC.
    """
    until, due_ms, flow_ms = now_ms + MAX_SLEEP_MS, {}, {}
    partitions = [*own] if other is None else [*own, other]
    for partition, head in zip(partitions, work.heads(partitions), strict=True):
        is_own = partition != other
        by_ms = now_ms if is_own else now_ms - HELP_AFTER_MS
        if reclaims and head.lease_ms is not None and head.lease_ms <= by_ms:
            work.reclaim_expired(partition, now_ms)
            until = now_ms
        if head.ack_ms is not None and head.ack_ms <= by_ms:
            overdue(partition, now_ms)
            until = now_ms
        if head.due_ms is not None and (is_own or head.due_ms <= by_ms):
            due_ms[partition] = head.due_ms
            until = until if is_own else now_ms  # the next of the others may be late as well
        if head.flow_ms is not None and (is_own or head.flow_ms <= by_ms):
            flow_ms[partition] = head.flow_ms
        if head.ack_ms is not None and is_own:
            until = min(until, head.ack_ms)
    return Looked(until, due_ms, flow_ms)


class HeadLooks:
    """The looks of one drain, one at a time, in the background."""

    def __init__(
        self,
        work: WorkStore,
        overdue: Callable[[int, int], int],
        background: Background,
        here: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """``overdue``: see ``look_at_heads``; ``here``: the partitions to look at, ``None``: all.

        Of these, those of others come one at a time.
        """
        self._work = work
        self._overdue = overdue
        self._background = background
        self._here = here or (lambda: range(work.partitions))
        self._look: Future[Looked] | None = None
        self._woken: set[int] = set()
        """The partitions in which something has come up."""
        self._turn = 0
        self._next_ms = 0
        self._began_ms = 0
        self._reclaim_from_ms = 0

    @property
    def busy(self) -> bool:
        """Whether a look is under way; the background tells of its end."""
        return self._look is not None

    @property
    def next_ms(self) -> int | None:
        """When to call ``step`` again, ms UTC; ``None``: when the background says so."""
        if self.busy:
            return None
        return 0 if self._woken else self._next_ms

    def wake(self, partitions: Collection[int] = ()) -> None:
        """Look at once, also if a look is under way: it may not have seen what came up.

        ``partitions``: where something has come up; none: that is not known.
        """
        self._woken.update(partitions)
        if not partitions:
            self._next_ms = 0

    def spare_leases(self, until_ms: int) -> None:
        """Leave expired leases alone until then, ms UTC: their holders may renew them first."""
        self._reclaim_from_ms = max(until_ms, self._reclaim_from_ms)

    def pause_until(self, look_ms: int) -> None:
        """Look no earlier, ms UTC: the store is away."""
        self._next_ms = look_ms

    def step(self, now_ms: int, own: Sequence[int] = (0,)) -> Looked | None:
        """Begin a look if it is time; return what the last one has seen, once.

        ``own``: the partitions that the drain serves. Raises ``StoreUnavailable``.
        """
        if self._look is not None and self._look.done():
            look, self._look = self._look, None
            if now_ms - self._began_ms > STALL_MS - MAX_SLEEP_MS:
                # The drain goes on while the store stalls; but a look begins every MAX_SLEEP_MS,
                # and waits for the rest of the stall.
                self.spare_leases(now_ms + STALL_MS)
            looked = look.result()
            self._next_ms = min(self._next_ms, looked.next_ms)
            return looked
        if self._look is None and (now_ms >= self._next_ms or self._woken):
            self._begin(now_ms, own)
        return None

    def _begin(self, now_ms: int, own: Sequence[int]) -> None:
        """Look at the partitions in which something has come up, or at all and one of others."""
        reclaims = now_ms >= self._reclaim_from_ms
        until_ms = now_ms + MAX_SLEEP_MS if reclaims else self._reclaim_from_ms
        woken = [partition for partition in own if partition in self._woken]
        self._woken = set()
        is_partial = now_ms < self._next_ms and len(woken) < len(own)
        if is_partial and not woken:
            return  # that is for others to see
        partitions, other = (woken, None) if is_partial else (own, self._other(own))

        def look() -> Looked:
            looked = look_at_heads(
                self._work, self._overdue, now_ms, partitions, other, reclaims=reclaims
            )
            return looked._replace(next_ms=min(looked.next_ms, until_ms))

        if not is_partial:
            self._next_ms = until_ms
        self._began_ms = now_ms
        self._look = self._background.submit(look)

    def _other(self, own: Sequence[int]) -> int | None:
        """The next partition, in turn, that only others serve, if there is one."""
        others = [one for one in self._here() if one not in own]
        self._turn += 1
        return others[self._turn % len(others)] if others else None
