"""The queues from which workers take jobs, as protocols: tests put a double in RQ's place."""

from __future__ import annotations

from typing import Protocol


class DrainQueue(Protocol):
    """The queue from which workers take drain jobs."""

    def enqueue_drain(self) -> None:
        """Enqueue one drain job."""
        ...

    def waiting(self) -> int:
        """How many drain jobs wait for a worker."""
        ...


class ReplanQueue(Protocol):
    """The queue of jobs that reschedule the events of a calendar."""

    def enqueue_replan(self, name: str, /) -> None:
        """Enqueue a job for one calendar; raises ``StoreUnavailable``."""
        ...


class RepairQueue(Protocol):
    """The queue of jobs that schedule the successors which drains have left."""

    def enqueue_repair(self) -> None:
        """Enqueue one job; raises ``StoreUnavailable``."""
        ...


class RecoveryQueue(Protocol):
    """The queue of jobs that recover what was left behind, beside their own turns."""

    def enqueue_recovery(self) -> None:
        """Enqueue one job; raises ``StoreUnavailable``."""
        ...


class RedeliveryQueue(Protocol):
    """The queue of jobs that work on redeliveries."""

    def enqueue_redelivery(self, job_id: str, /) -> None:
        """Enqueue the next steps of a redelivery job; raises ``StoreUnavailable``."""
        ...

    def enqueue_waiting_redeliveries(self) -> None:
        """Enqueue the next steps of jobs of every kind that wait, unless some upkeep waits.

        Raises ``StoreUnavailable``.
        """
        ...
