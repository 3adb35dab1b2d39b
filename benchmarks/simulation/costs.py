"""What each step takes, as ``python -m benchmarks.service_times`` has measured it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU in microseconds on a processor that is warm, unless a name says otherwise.

    The worker: ``wake`` and ``step`` for each turn of a drain's loop, before it sends what is due
    and after; ``poll`` for its look at libcurl, which visits all that is in flight; the rest for
    each call or each delivery. The store: ``trip`` for each round trip, ``sync`` for what one turn
    of its loop writes to the disk, the rest for each call or each occurrence in it.
    """

    wake: float = 15.0
    step: float = 55.0
    poll: float = 20.0
    poll_ended: float = 16.0
    poll_in_flight: float = 0.4
    accept: float = 4.5
    send: float = 16.0
    handle: float = 10.0
    ask: float = 45.0
    receive: float = 40.0
    receive_row: float = 2.3
    read_row: float = 6.0
    record_call: float = 55.0
    record_row: float = 2.5
    worker_idle: float = 6_000.0
    """Of each second, beside the drain: leases, heartbeats, RQ."""

    trip: float = 15.0
    sync: float = 90.0
    claim: float = 30.0
    claim_row: float = 15.0
    record: float = 35.0
    record_each: float = 30.0
    look: float = 3.0
    """A look at what comes first, for each partition."""

    receiver_wake: float = 20.0
    receiver_request: float = 15.0
    receiver_spread: float = 0.05
    """Standard deviation of a receiver's time, as a share of it."""

    disk_ms: float = 0.1
    """How long the disk takes beside the CPU of ``sync``, in the median."""
    wire_ms: float = 0.03
    """From one process to another, one way."""
    timer_ms: float = 0.03
    """How late a process wakes that waits for a moment."""

    cold: float = 3.2
    cold_ms: float = 3.0
    warm_us: float = 300.0
    """After a pause all costs more: ``1 + cold * (1 - exp(-pause / cold_ms))`` times as much. What
    it is more fades with the work that is done, by a factor of e in ``warm_us``."""

    spread: float = 0.25
    """Standard deviation of a piece of work, as a share of it; the disk's is three times that."""

    def warmth(self, pause_ms: float) -> float:
        """How many times as much work takes after a pause."""
        return 1 + self.cold * (1 - math.exp(-pause_ms / self.cold_ms))

    @property
    def worker_us(self) -> float:
        """CPU of a worker for one delivery of a long backlog, 128 in flight."""
        turn = self.wake + self.step + self.poll + 128 * self.poll_in_flight
        calls = (self.ask + self.receive) / 192 + self.record_call / 128
        rows = self.receive_row + self.read_row + self.record_row
        return turn / 9 + self.accept + self.send + self.handle + self.poll_ended + calls + rows

    @property
    def store_us(self) -> float:
        """CPU of the store for one delivery of a long backlog."""
        calls = (self.claim / 192) + self.record / 128 + (self.trip + self.sync) * 5 / 384
        return calls + self.claim_row + self.record_each


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds a delivery, in µs and bytes: ``benchmarks/README.md`` has where it is from."""

    create_us: float = 120.0
    create_store_us: float = 80.0
    """An event, in a batch of 1,000."""
    create_single_us: float = 1_000.0
    worker_bytes: int = 92_000_000
    in_flight_bytes: int = 61_000
    """A worker process, and more of it for each request that it may have in flight."""
    api_bytes: int = 101_000_000
    other_bytes: int = 82_000_000
    """A process of the API; the scheduler, and upkeep."""
    event_bytes: int = 1_051
    event_file_bytes: int = 1_384
    """In the append-only file."""
    hour_bytes: int = 450
    packed_bytes: int = 151
    """An occurrence that has ended, in its first hour and later."""
    to_store_bytes: int = 179
    from_store_bytes: int = 303
    to_replica_bytes: int = 1_001
    """Of a delivery; as much is in the append-only file."""
    to_receiver_bytes: int = 604
    from_receiver_bytes: int = 150


AROUND = Around()

SERIES = replace(Costs(), claim_row=Costs().claim_row + 10)
"""Deliveries of events that recur: claims schedule what follows, and most of that is known."""

EXACT = Costs(receiver_spread=0.0, cold=0.0, spread=0.0, disk_ms=0.0, wire_ms=0.0, timer_ms=0.0)
"""Nothing but work: what formulas are for."""
