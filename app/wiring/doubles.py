"""What a test puts in the place of what reaches outside: the store, time, RQ, the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.clock import Clock
from app.engine.sender import Sender
from app.services.queues import (
    DrainQueue,
    RecoveryQueue,
    RedeliveryQueue,
    RepairQueue,
    ReplanQueue,
)
from app.store.connection import StoreClient
from app.tracing.span import Tracing


class UpkeepQueue(ReplanQueue, RepairQueue, RecoveryQueue, RedeliveryQueue, Protocol):
    """The queue from which the upkeep worker takes what is to be done soon."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """Doubles of what reaches outside; where there is none, the real one is made on first use."""

    store: StoreClient | None = None
    """The store's client, also for health checks."""

    clock: Clock | None = None
    """The store's clock."""

    drain_queue: DrainQueue | None = None
    upkeep_queue: UpkeepQueue | None = None

    sender: Sender | None = None
    """What sends requests to receivers."""

    tracing: Tracing | None = None
    """What spans are given to; ``None``: nothing is traced."""


NO_DOUBLES = Doubles()
