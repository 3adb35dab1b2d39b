"""Who delivers after a process that is told to stop."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.process import DELIVER
from app.wiring.services import Services


@dataclass(frozen=True, slots=True)
class OtherWorkers:
    """Who delivers after this process; see ``drain_runner.Relief``."""

    services: Services

    def call(self) -> bool:
        """Call a worker; returns whether there is another one."""
        self.services.queues.drains.enqueue_drain()
        return self.services.processes.others(DELIVER) > 0

    def has_begun(self) -> bool:
        """Whether another drain is at work: this process's own has signed off."""
        return self.services.storage.coordination.drains_alive(self.services.clock.now_ms()) > 0
