"""Health, status and metrics: is the store reachable, how long is the backlog, how late is it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.clock import Clock
from app.services.queues import DrainQueue
from app.store.breakers import BreakerStore
from app.store.coordination import Coordination
from app.store.figures import Figures
from app.store.work import WorkStore

DEGRADED_LAG_MS = 5_000
"""From what lag on the service is degraded: work that is due waits longer than any hand-over
between workers takes."""


@dataclass(frozen=True, slots=True)
class HealthService:
    """Reads a few numbers; each call costs a handful of round trips, whatever is stored.

    ``probe`` does not wait for a store that is slow to answer. ``started_s`` is when this process
    was ready, on the monotonic clock.
    """

    work: WorkStore
    figures: Figures
    coordination: Coordination
    drains: DrainQueue
    clock: Clock
    started_s: float
    probe: Coordination
    breaker_store: BreakerStore

    def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the store answers at once and takes writes."""
        self.probe.check_writable()

    def status(self) -> dict[str, Any]:
        """What ``GET /status`` shows; no secrets."""
        self.probe.time_us()
        now_ms = self.clock.now_ms()
        heads = [head.due_ms for head in self.work.heads() if head.due_ms is not None]
        lag_ms = max(0, now_ms - min(heads, default=now_ms))
        return {
            "status": "degraded" if lag_ms > DEGRADED_LAG_MS else "ok",
            "version": __version__,
            "uptime_seconds": int(time.monotonic() - self.started_s),
            "store": "ok",
            "queue_depth": self.work.backlog(now_ms),
            "lag_ms": lag_ms,
            "workers": self.drains.workers(),
        }

    def breakers(self) -> dict[str, int]:
        """Targets whose breaker is open, and until when (ms UTC)."""
        return self.breaker_store.all(self.clock.now_ms())

    def metrics(self) -> dict[str, float]:
        """Gauges by name, for Prometheus."""
        status = self.status()
        gauges = {
            f"qhronos_occurrences_{name}": float(count)
            for name, count in self.figures.occurrences_by_status().items()
        }
        return gauges | {
            "qhronos_events_set_aside": float(self.figures.set_aside()),
            "qhronos_events": float(self.figures.events()),
            "qhronos_queue_depth": float(status["queue_depth"]),
            "qhronos_lag_seconds": status["lag_ms"] / 1000,
            "qhronos_workers": float(status["workers"]),
            "qhronos_drains": float(self.coordination.drains_alive(self.clock.now_ms())),
            "qhronos_breakers_open": float(len(self.breakers())),
            "qhronos_uptime_seconds": float(status["uptime_seconds"]),
        }
