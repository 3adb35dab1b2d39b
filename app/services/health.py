"""How the service is: reachable, how much waits, how late it is."""

from __future__ import annotations

import time
from typing import Any

from app import __version__
from app.clock import Clock
from app.services.queues import DrainQueue
from app.store.breakers import BreakerStore
from app.store.coordination import Coordination
from app.store.figures import Figures
from app.store.work import WorkStore


class HealthService:
    """Reads a few numbers; each call costs a handful of round trips, whatever is stored."""

    def __init__(
        self,
        work: WorkStore,
        figures: Figures,
        coordination: Coordination,
        drains: DrainQueue,
        clock: Clock,
        started_s: float,
        probe: Coordination,
        breakers: BreakerStore,
    ) -> None:
        """``probe`` looks without patience.

        ``started_s``: when this process was made ready, on the monotonic clock.
        """
        self._work = work
        self._figures = figures
        self._coordination = coordination
        self._drains = drains
        self._clock = clock
        self._started = started_s
        self._probe = probe
        self._breakers = breakers

    def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the store answers at once and takes writes."""
        self._probe.check_writable()

    def status(self) -> dict[str, Any]:
        """What ``GET /status`` shows; no secrets."""
        self._probe.time_us()
        now_ms = self._clock.now_ms()
        heads = [head.due_ms for head in self._work.heads() if head.due_ms is not None]
        return {
            "status": "ok",
            "version": __version__,
            "uptime_seconds": int(time.monotonic() - self._started),
            "store": "ok",
            "queue_depth": self._work.backlog(now_ms),
            "lag_ms": max(0, now_ms - min(heads, default=now_ms)),
            "workers": self._drains.workers(),
        }

    def breakers(self) -> dict[str, int]:
        """Targets that are left alone now, and until when (ms UTC)."""
        return self._breakers.all(self._clock.now_ms())

    def metrics(self) -> dict[str, float]:
        """Gauges by name, for Prometheus."""
        status = self.status()
        gauges = {
            f"qhronos_occurrences_{name}": float(count)
            for name, count in self._figures.occurrences_by_status().items()
        }
        return gauges | {
            "qhronos_events": float(self._figures.events()),
            "qhronos_queue_depth": float(status["queue_depth"]),
            "qhronos_lag_seconds": status["lag_ms"] / 1000,
            "qhronos_workers": float(status["workers"]),
            "qhronos_drains": float(self._coordination.drains_alive(self._clock.now_ms())),
            "qhronos_breakers_open": float(len(self.breakers())),
            "qhronos_uptime_seconds": float(status["uptime_seconds"]),
        }
