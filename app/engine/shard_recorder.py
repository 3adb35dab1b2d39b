"""The recorder of a drain on a cluster: one for each shard, so that a dead one delays only its own.

What is to be written to a shard that is away is kept until it is back. It is no more than the
drain's window: what can't be claimed is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.clock import NEVER_MS
from app.domain.ids import partition_of_occurrence
from app.engine.lease_keeper import LeaseKeeper
from app.engine.recorder import Recorder
from app.store.calls import Deferral, Record
from app.store.claims import Claim
from app.store.places import Places


class ShardLeases:
    """The leases of a drain, those of each shard renewed by themselves."""

    def __init__(
        self, signs_of_life: LeaseKeeper, make: Callable[[], LeaseKeeper], places: Places
    ) -> None:
        """``signs_of_life`` renews what is the drain's itself; ``make`` is for each shard."""
        self._signs_of_life = signs_of_life
        self._make = make
        self._places = places
        self._keepers: dict[str, LeaseKeeper] = {}

    def keep(self, claims: Sequence[Claim]) -> None:
        """Renew the leases of these claims until they are forgotten."""
        for claim in claims:
            place = self._places.of(partition_of_occurrence(claim.occurrence_id))
            keeper = self._keepers.get(place)
            if keeper is None:
                keeper = self._keepers[place] = self._make()
            keeper.keep([claim])

    def forget(self, written: Record | Deferral) -> None:
        """Renew a lease no more: what was done under it is written."""
        for keeper in self._keepers.values():
            keeper.forget(written)

    def announce(self, end_ms: int) -> None:
        """Have the drain count as alive until shortly before ``end_ms``, UTC."""
        self._signs_of_life.announce(end_ms)

    def leave(self) -> None:
        """Have others serve the drain's partitions: it claims nothing more."""
        self._signs_of_life.leave()

    def sign_off(self) -> None:
        """Have the drain count as alive no more."""
        self._signs_of_life.sign_off()

    def close(self) -> None:
        """Sign off, and leave at once."""
        self._signs_of_life.close()

    def step(self, now_ms: int) -> None:
        """Renew the leases and send the heartbeat, well before either expires."""
        self._signs_of_life.step(now_ms)
        for keeper in self._keepers.values():
            keeper.step(now_ms)


class LeasesOfShard:
    """What the recorder of a shard does with leases: all else is done for all of them together."""

    def __init__(self, leases: ShardLeases) -> None:
        self.forget = leases.forget

    def step(self, now_ms: int) -> None:
        """Leave it to others."""

    def leave(self) -> None:
        """Leave it to others."""

    def close(self) -> None:
        """Leave it to others."""


class ShardRecorder:
    """As ``Recorder``; see there for what the methods do."""

    def __init__(
        self, leases: ShardLeases, make: Callable[[LeasesOfShard], Recorder], places: Places
    ) -> None:
        """``make`` makes the recorder of a shard."""
        self.leases = leases
        self._make = make
        self._places = places
        self._recorders: dict[str, Recorder] = {}

    @property
    def idle(self) -> bool:
        """Whether everything is written."""
        return all(one.idle for one in self._recorders.values())

    @property
    def waiting(self) -> int:
        """How many records and deferrals wait to be written."""
        return sum(one.waiting for one in self._recorders.values())

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when a shard has answered."""
        return [fd for one in self._recorders.values() for fd in one.filenos()]

    @property
    def wake_ms(self) -> int:
        """When to call ``step`` again, ms UTC, if no file descriptor says so before."""
        return min((one.wake_ms for one in self._recorders.values()), default=NEVER_MS)

    def add(self, record: Record, claim: Claim, *, is_awaited: bool = False) -> None:
        """Add the record of an attempt, of this claim, to those that wait to be written."""
        self._of(claim).add(record, claim, is_awaited=is_awaited)

    def defer(self, claim: Claim, due_ms: int, reason: str = "") -> None:
        """Release a claim that was not sent; it is due again at ``due_ms``, UTC."""
        self._of(claim).defer(claim, due_ms, reason)

    def step(
        self, now_ms: int, *, flush: bool = False, is_quiet: bool = False, closing: bool = False
    ) -> None:
        """Write what has gathered; with ``flush`` everything that waits. Keep the leases."""
        if closing:
            self.leases.leave()
        self.leases.step(now_ms)
        for one in self._recorders.values():
            one.step(now_ms, flush=flush, is_quiet=is_quiet)

    def close(self) -> None:
        """Sign the drain off; what is not written comes back when its lease expires."""
        for one in self._recorders.values():
            one.close()
        self.leases.close()

    def _of(self, claim: Claim) -> Recorder:
        place = self._places.of(partition_of_occurrence(claim.occurrence_id))
        recorder = self._recorders.get(place)
        if recorder is None:
            recorder = self._recorders[place] = self._make(LeasesOfShard(self.leases))
        return recorder


AnyRecorder = Recorder | ShardRecorder
