"""Health, status and metrics: is the store reachable, how long is the backlog, how late is it."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from app import __version__
from app.clock import Clock
from app.domain.outcome import LOCAL_FAULTS
from app.domain.process import DELIVER
from app.errors import ShardUnavailable
from app.metrics import catalogue
from app.metrics.family import Family
from app.metrics.totals import Labels
from app.services.problems.absent import RUNS
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures
from app.services.processes import ProcessService
from app.store.breakers import BreakerStore
from app.store.canary import CanaryFigures, CanaryStore
from app.store.coordination import Coordination
from app.store.figures import Figures
from app.store.local_faults import LocalFaultStore
from app.store.shards import Shards, if_there
from app.store.watch import Watched, WatchStore
from app.store.work import WorkStore


def _answered(check: Check, figures: StatusFigures) -> list[Problem]:
    return list(check(figures))


Found = dict[Family, dict[Labels, float]]
"""What was found, by family and labels."""


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
    watch: WatchStore
    shards: Shards
    canaries: CanaryStore | None
    """Of the canary, if it is on."""

    checks: tuple[Check, ...]
    can_encrypt: Callable[[], object] = lambda: None

    def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the store answers at once and takes writes.

        Of a cluster one shard is enough: the process serves what that has. Also if this process is
        known not to encrypt, so that it can't create every event.
        """
        try:
            self.probe.check_writable()
        except ShardUnavailable:
            self.shards.check_writable()
        if_there(self.can_encrypt)

    def status(self, *, admin: bool = False) -> dict[str, Any]:
        """What ``GET /status`` shows: no secrets, and no hosts unless an admin asks.

        While a shard of a cluster is away, its partitions count nowhere, and what else it has is
        left out.
        """
        return self.shards.read(lambda: self._status(admin=admin))

    def _status(self, *, admin: bool) -> dict[str, Any]:
        figures = self._observed()
        problems = self.problems(figures)
        return {
            "status": "degraded" if problems else "ok",
            "version": __version__,
            "uptime_seconds": int(time.monotonic() - self.started_s),
            "store": "ok",
            "queue_depth": figures.queue_depth,
            "lag_ms": figures.lag_ms,
            **({"workers": figures.workers} if figures.are_processes_known else {}),
            "problems": [one.as_json(admin=admin) for one in problems],
        }

    def problems(self, figures: StatusFigures | None = None) -> list[Problem]:
        """What is wrong now; raises ``StoreUnavailable``."""
        if figures is None:
            return self.shards.read(lambda: self.problems(self._observed()))
        found: list[Problem] = []
        for check in self.checks:
            # Another check tells of the shard that is away.
            found += if_there(partial(_answered, check, figures)) or ()
        return found

    def _observed(self) -> StatusFigures:
        """What all checks are given."""
        self.probe.time_us()
        now_ms = self.clock.now_ms()
        heads = [head.due_ms for head in self.work.heads() if head.due_ms is not None]
        own_up_s = time.monotonic() - self.started_s
        seen = if_there(self.processes.seen)
        # What nobody knows is no problem of its own.
        watched = if_there(partial(self.watch.read, now_ms)) or Watched(dict.fromkeys(RUNS, now_ms))
        canary = if_there(self.canaries.figures) if self.canaries else CanaryFigures()
        return StatusFigures(
            now_ms=now_ms,
            lag_ms=max(0, now_ms - min(heads, default=now_ms)),
            queue_depth=self.work.backlog(now_ms),
            workers=sum(one.role == DELIVER for one in seen.alive) if seen else 0,
            alive=seen.alive if seen else (),
            died=seen.died(own_up_s) if seen else frozenset(),
            up_s=seen.up_s(own_up_s) if seen else own_up_s,
            watched=watched,
            canary=canary or CanaryFigures(arrived_ms=now_ms),
            are_processes_known=seen is not None,
        )

    def breakers(self) -> dict[str, int]:
        """Targets whose breaker is open, and until when (ms UTC)."""
        return self.breaker_store.all(self.clock.now_ms())

    def drains(self) -> int:
        """How many drains are at work."""
        return self.coordination.drains_alive(self.clock.now_ms())

    def put_off(self) -> dict[str, int]:
        """How many deliveries each fault of a host has put off, ever."""
        return self.local_faults.totals()

    def metrics(self) -> Found:
        """What Prometheus is told beside what processes have counted.

        What is on a shard of a cluster that is away is left out.
        """
        return self.shards.read(self._metrics)

    def _metrics(self) -> Found:
        status = self._status(admin=False)
        put_off = if_there(self.put_off)
        single = {
            catalogue.LAG: status["lag_ms"] / 1000,
            catalogue.QUEUE: status["queue_depth"],
            catalogue.LEASES: self.work.leased(),
            catalogue.WORKERS: status.get("workers"),
            catalogue.DRAINS: if_there(self.drains),
            catalogue.BREAKERS: if_there(lambda: len(self.breakers())),
            catalogue.EVENTS: self.figures.events(),
            catalogue.SET_ASIDE: if_there(self.figures.set_aside),
            catalogue.AUDIT: if_there(self.figures.audit_bytes),
            catalogue.PUT_OFF: None if put_off is None else sum(put_off.values()),
            catalogue.UPTIME: status["uptime_seconds"],
        } | {
            catalogue.OCCURRENCES[name]: count
            for name, count in self.figures.occurrences_by_status().items()
        }
        present = {problem["code"] for problem in status["problems"]}
        found: Found = {
            family: {(): float(value)} for family, value in single.items() if value is not None
        }
        found[catalogue.PROBLEM] = {(code.value,): float(code in present) for code in ProblemCode}
        if put_off is not None:
            found[catalogue.PUT_OFF_BY_FAULT] = {
                (fault,): float(put_off.get(fault, 0)) for fault in LOCAL_FAULTS
            }
        return found | (if_there(self._said_by_processes) or {}) | (if_there(self._of_canary) or {})

    def _of_canary(self) -> Found:
        """How canaries fare; nothing if there are none."""
        if self.canaries is None:
            return {}
        found, now_ms = self.canaries.figures(), self.clock.now_ms()
        shown: Found = {
            catalogue.CANARIES: {("sent",): float(found.sent), ("arrived",): float(found.arrived)}
        }
        if found.arrived_ms:
            shown[catalogue.CANARY_LATENESS] = {(): found.lateness_ms / 1000}
            shown[catalogue.CANARY_AGE] = {(): max(0, now_ms - found.arrived_ms) / 1000}
        return shown

    def _said_by_processes(self) -> Found:
        """What processes that are alive say of themselves, put together by role."""
        alive = self.processes.alive()
        found: Found = {catalogue.PROCESSES: {}, **{family: {} for family in catalogue.SAID}}
        add: Callable[[float, float], float] = operator.add
        for process in alive:
            role = (process.role,)
            count = found[catalogue.PROCESSES]
            count[role] = count.get(role, 0.0) + 1
            for family in catalogue.SAID:
                if (value := process.gauges.get(family.name)) is not None:
                    before = found[family].get(role)
                    choose = catalogue.ONE_OF_ROLE.get(family, add)
                    found[family][role] = value if before is None else choose(before, value)
        return found
