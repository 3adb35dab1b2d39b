"""What use cases and the scheduler ask of the queues on which workers find their jobs.

They are protocols because tests put a double in RQ's place.
"""

from __future__ import annotations

from typing import Protocol


class DrainQueue(Protocol):
    """The queue from which workers take drain jobs."""

    def enqueue_drain(self) -> None:
        """Call for one more drain."""
        ...

    def waiting(self) -> int:
        """How many drain jobs no worker has taken yet."""
        ...

    def workers(self) -> int:
        """How many workers there are."""
        ...


class ReplanQueue(Protocol):
    """Calls for work to be done by a worker."""

    def enqueue_replan(self, name: str, /) -> None:
        """Have the events of a calendar planned anew; raises ``StoreUnavailable``."""
        ...


class RedeliveryQueue(Protocol):
    """Calls for work to be done by a worker."""

    def enqueue_redelivery(self, job_id: str, /) -> None:
        """Have somebody go on with a retry job; raises ``StoreUnavailable``."""
        ...
