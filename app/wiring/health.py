"""Wiring of what says how the service is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.clock import Clock
from app.domain.process import ProcessFacts
from app.engine.group_meter import listed
from app.services.health import HealthService
from app.services.metrics import CountService
from app.services.problems.archive import archive
from app.services.problems.broker import broker
from app.services.problems.keys import keys
from app.services.problems.lag import lag
from app.services.problems.local_faults import LocalFaultsCheck
from app.services.problems.problem import Check
from app.services.problems.settings import settings
from app.services.processes import ProcessService
from app.store.metrics import MetricsStore
from app.wiring.archive import archive_notes
from app.wiring.queues import Queues
from app.wiring.storage import Storage


def health_service(
    storage: Storage,
    queues: Queues,
    processes: ProcessService,
    clock: Clock,
    started_s: float,
    more_checks: Iterable[Check],
    encryption_key: Callable[[], bytes],
) -> HealthService:
    """Health, status and metrics, with the checks that need nothing else and ``more_checks``."""
    return HealthService(
        storage.work,
        storage.figures,
        storage.coordination,
        processes,
        clock,
        started_s,
        storage.probe,
        storage.breakers,
        storage.local_faults,
        checks=(
            lag,
            broker(queues.probe_other),
            settings(processes.alive),
            keys(storage.key_notes.noted, processes.alive),
            LocalFaultsCheck(storage.local_faults),
            *([archive(archive_notes(storage).failing)] if storage.settings.archive_url else ()),
            *more_checks,
        ),
        can_encrypt=encryption_key,
    )


def count_service(storage: Storage) -> CountService:
    """What this process counts, and what all have counted."""
    by_settings = listed(storage.settings.metrics_tags, storage.settings.metrics_targets)
    store = MetricsStore(storage.client, storage.scripts)
    return CountService(storage.registry, store, by_settings)


def process_service(
    storage: Storage, own: ProcessFacts, warn: Callable[[], object], counts: CountService
) -> ProcessService:
    """Who is alive; each time that this process says so, its counts go to the store, too."""
    return ProcessService(
        storage.processes, storage.clock, own, warn=warn, gauges=counts.gauges, push=counts.push
    )
