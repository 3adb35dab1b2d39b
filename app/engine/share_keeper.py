"""Keeps a drain's share of the partitions: renews its lease on it, and says what it is.

The lease is for efficiency, not for safety: each occurrence has a lease of its own. So whoever does
not know his share serves every partition, and who loses a partition serves it for a while more,
until whoever has it now surely knows.
"""

from __future__ import annotations

import logging

from app.clock import NEVER_MS
from app.domain.partition_count import Count, PartitionsNow
from app.domain.partition_share import Rank, share_of
from app.errors import StoreUnavailable
from app.store.partition_leases import PartitionLeases

log = logging.getLogger(__name__)

LEASE_MS = 1_700
"""How long a drain has its share without renewing it. The others share the partitions of a dead or
suspended one as soon as its lease has ended."""

OVERLAP_MS = 1_000
"""How long a drain goes on with partitions that it has lost: longer than it takes the others to
renew their leases, and with that to learn of their shares, should they not hear of the change."""


class ShareKeeper:
    """The share of one drain. ``renew`` may run in another thread than the rest."""

    _partitions = PartitionsNow()

    def __init__(
        self, leases: PartitionLeases, drain: str, partitions: Count, with_first: int = 0
    ) -> None:
        """``drain`` is its name, ``partitions`` are shared out.

        So many more, ``with_first``, are served by who serves the first.
        """
        self._leases = leases
        self._drain = drain
        self._partitions = partitions
        self._with_first = with_first
        self._is_leaving = False
        self._rank: Rank | None = None
        self._until_ms = 0
        self._lost: Rank | None = None
        self._lost_ms = 0
        self._known: tuple[Rank | None, Rank | None, int] | None = None
        self._served: tuple[int, ...] = ()
        self.look_ms = NEVER_MS
        """When to renew the lease at the latest, ms UTC: another one will have ended."""

    @property
    def is_shared(self) -> bool:
        """Whether there is anything to share: a single partition has all drains."""
        return self._partitions > 1

    def is_due(self, now_ms: int) -> bool:
        """Whether the lease is to be renewed before its time."""
        return now_ms >= self.look_ms and self.is_shared

    def wake(self) -> None:
        """Have the lease renewed at once: drains have come or gone."""
        self.look_ms = 0

    def join(self) -> None:
        """Have the drain count among those that share."""
        if self._is_leaving:
            self._is_leaving, self.look_ms = False, 0

    def leave(self) -> None:
        """Have the drain's partitions served by others, as soon as ``renew`` is called."""
        if not self._is_leaving:
            self._is_leaving, self.look_ms = True, 0

    def renew(self, now_ms: int, alive_until_ms: int) -> None:
        """Renew the lease, and say until when the drain counts as alive, if it does, ms UTC.

        Raises ``StoreUnavailable``.
        """
        self.look_ms = NEVER_MS
        if self._is_leaving:
            self._end(now_ms)
            return
        renewed = self._leases.renew(self._drain, now_ms, now_ms + LEASE_MS, alive_until_ms)
        if renewed.rank != self._rank:
            self._lost, self._lost_ms = self._rank, now_ms + OVERLAP_MS
            self._rank = renewed.rank
        self._until_ms = now_ms + LEASE_MS
        # (Who has heard of a change meanwhile wants to know sooner.)
        self.look_ms = min(renewed.first_end_ms + 1, self.look_ms)

    def close(self) -> None:
        """Leave at once; if the store is away, the lease ends by itself."""
        try:
            self._end(0)
        except StoreUnavailable:
            log.warning("the store is away; others serve what this drain has served in a moment")

    def served(self, now_ms: int) -> tuple[int, ...]:
        """The partitions to serve now, in order; the same object while they stay the same."""
        rank = self._rank if now_ms < self._until_ms else None
        lost = self._lost if now_ms < self._lost_ms else None
        known = rank, lost, self._partitions
        if known != self._known:
            served = {*self._share(rank), *(self._share(lost) if lost else ())}
            self._known, self._served = known, tuple(sorted(served))
        return self._served

    def _share(self, rank: Rank | None) -> tuple[int, ...]:
        """The partitions of whoever has a rank; of who does not know his rank, all."""
        partitions = self._partitions
        if rank is None:
            return tuple(range(partitions + self._with_first))
        share = share_of(rank, partitions)
        more = range(partitions, partitions + self._with_first)
        return share + tuple(more) if 0 in share else share

    def _end(self, now_ms: int) -> None:
        if self._rank is not None:
            self._leases.end(self._drain, now_ms)
            self._rank = self._lost = None
