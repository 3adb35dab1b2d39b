"""Health, status and metrics: is the store reachable, how long is the backlog, how late is it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from app import __version__
from app.clock import Clock
from app.services.problems.problem import Check, ProblemCode, StatusFigures
from app.services.processes import ProcessService
from app.store.breakers import BreakerStore
from app.store.coordination import Coordination
from app.store.figures import Figures
from app.store.local_faults import LocalFaultStore
from app.store.work import WorkStore


class Metrics(NamedTuple):
    """Gauges by name, and for each kind of problem whether there is one."""

    gauges: dict[str, float]
    problems: dict[str, float]


@dataclass(frozen=True, slots=True)
class HealthService:
    """Reads a few numbers; each call costs a handful of round trips, whatever is stored.

    ``probe`` does not wait for a store that is slow to answer. ``started_s`` is when this process
    was ready, on the monotonic clock. ``can_encrypt`` raises ``StoreUnavailable`` with the reason
    if this process may not.
    """

    work: WorkStore
    figures: Figures
    coordination: Coordination
    processes: ProcessService
    clock: Clock
    started_s: float
    probe: Coordination
    breaker_store: BreakerStore
    local_faults: LocalFaultStore
    checks: tuple[Check, ...]
    can_encrypt: Callable[[], object] = lambda: None

    def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the store answers at once and takes writes.

        Also if this process may not encrypt, so that it can't create every event.
        """
        self.probe.check_writable()
        self.can_encrypt()

    def status(self, *, admin: bool = False) -> dict[str, Any]:
        """What ``GET /status`` shows: no secrets, and no hosts unless an admin asks."""
        self.probe.time_us()
        now_ms = self.clock.now_ms()
        heads = [head.due_ms for head in self.work.heads() if head.due_ms is not None]
        figures = StatusFigures(
            now_ms=now_ms,
            lag_ms=max(0, now_ms - min(heads, default=now_ms)),
            queue_depth=self.work.backlog(now_ms),
            workers=self.processes.workers(),
        )
        problems = [problem for check in self.checks for problem in check(figures)]
        return {
            "status": "degraded" if problems else "ok",
            "version": __version__,
            "uptime_seconds": int(time.monotonic() - self.started_s),
            "store": "ok",
            "queue_depth": figures.queue_depth,
            "lag_ms": figures.lag_ms,
            "workers": figures.workers,
            "problems": [
                {"code": one.code.value, "message": one.told_to(admin=admin)} for one in problems
            ],
        }

    def breakers(self) -> dict[str, int]:
        """Targets whose breaker is open, and until when (ms UTC)."""
        return self.breaker_store.all(self.clock.now_ms())

    def drains(self) -> int:
        """How many drains are at work."""
        return self.coordination.drains_alive(self.clock.now_ms())

    def put_off(self) -> dict[str, int]:
        """How many deliveries each fault of a host has put off, ever."""
        return self.local_faults.totals()

    def metrics(self) -> Metrics:
        """What Prometheus is told."""
        status = self.status()
        gauges = {
            f"qhronos_occurrences_{name}": float(count)
            for name, count in self.figures.occurrences_by_status().items()
        }
        gauges |= {
            "qhronos_events_set_aside": float(self.figures.set_aside()),
            "qhronos_events": float(self.figures.events()),
            "qhronos_audit_bytes": float(self.figures.audit_bytes()),
            "qhronos_queue_depth": float(status["queue_depth"]),
            "qhronos_lag_seconds": status["lag_ms"] / 1000,
            "qhronos_workers": float(status["workers"]),
            "qhronos_drains": float(self.drains()),
            "qhronos_breakers_open": float(len(self.breakers())),
            "qhronos_deliveries_put_off": float(sum(self.put_off().values())),
            "qhronos_uptime_seconds": float(status["uptime_seconds"]),
        }
        present = {problem["code"] for problem in status["problems"]}
        return Metrics(gauges, {code.value: float(code in present) for code in ProblemCode})
