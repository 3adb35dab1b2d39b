"""Wiring of RQ: the queues on which workers find their jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import redis

from app.config import Settings
from app.rq_queues import RqDrainQueue, RqUpkeepQueue, UpkeepSchedule, probe
from app.services.queues import DrainQueue
from app.store.brokers import connect_broker_briefly
from app.wiring.doubles import Doubles, UpkeepQueue

PROBE_TIMEOUT_S = 0.2
"""How long a probe waits for an answer; it asks twice."""


@dataclass(frozen=True)
class Queues:
    """Everything that speaks to RQ's Redis, each on a client of its own."""

    settings: Settings
    doubles: Doubles

    @cached_property
    def drains(self) -> DrainQueue:
        """Drain jobs, for delivery workers."""
        return self.doubles.drain_queue or RqDrainQueue(self._connect())

    @cached_property
    def upkeep(self) -> UpkeepQueue:
        """Upkeep jobs that are to be done soon."""
        return self.doubles.upkeep_queue or RqUpkeepQueue(self._connect())

    @cached_property
    def upkeep_schedule(self) -> UpkeepSchedule:
        """Upkeep jobs that come again and again."""
        return UpkeepSchedule(self._connect())

    def probe(self) -> None:
        """Raise ``BrokerUnavailable`` unless RQ's Redis answers at once and takes writes."""
        if self.doubles.drain_queue is None:
            probe(self._probed)

    def probe_other(self) -> None:
        """The same, if it is another server than the store."""
        if self.settings.has_own_broker:
            self.probe()

    @cached_property
    def _probed(self) -> redis.Redis:
        return connect_broker_briefly(
            self.settings.broker, self.settings.broker_login, PROBE_TIMEOUT_S
        )

    def _connect(self) -> redis.Redis:
        return connect_broker_briefly(self.settings.broker, self.settings.broker_login)
