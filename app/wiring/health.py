"""Wiring of what says how the service is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.clock import Clock
from app.domain.free_space import parse_free_space
from app.domain.process import ProcessFacts
from app.engine.group_meter import listed
from app.engine.store_clock import StoreClock
from app.metrics.catalogue import CLOCK_OFFSET
from app.services.health import HealthService
from app.services.metrics import CountService
from app.services.problems.absent import no_scheduler, no_upkeep, no_worker
from app.services.problems.archive import archive
from app.services.problems.broker import broker
from app.services.problems.canary import canary
from app.services.problems.drains import drains_fail
from app.services.problems.hosts import clock as clock_check
from app.services.problems.hosts import disk, files
from app.services.problems.keys import keys
from app.services.problems.lag import lag
from app.services.problems.local_faults import LocalFaultsCheck
from app.services.problems.migration import migration
from app.services.problems.problem import Check
from app.services.problems.settings import settings
from app.services.problems.shards import shards
from app.services.problems.store_refuses import store_refuses
from app.services.processes import ProcessService
from app.store.canary import CanaryStore
from app.store.metrics import MetricsStore
from app.store.migrations.schema import MIGRATIONS
from app.store.shards import Shards
from app.store.watch import WatchStore
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
    found = Shards(storage.client, storage.partitions)
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
        WatchStore(storage.client),
        found,
        CanaryStore(storage.client) if storage.settings.canary_ms else None,
        checks=(
            lag,
            no_worker,
            no_scheduler,
            no_upkeep,
            drains_fail,
            migration(len(MIGRATIONS)),
            clock_check,
            files,
            disk(parse_free_space(storage.settings.disk_free)),
            store_refuses(storage.probe.check_writable),
            shards(found.away),
            broker(queues.probe_other),
            settings(processes.alive),
            keys(storage.key_notes.noted, processes.alive),
            LocalFaultsCheck(storage.local_faults),
            *([canary(storage.settings.canary_ms)] if storage.settings.canary_ms else ()),
            *([archive(archive_notes(storage).failing)] if storage.settings.archive_url else ()),
            *more_checks,
        ),
        can_encrypt=encryption_key,
    )


def count_service(storage: Storage) -> CountService:
    """What this process counts, measures and says of its host, and what all have counted."""
    if isinstance(storage.clock, StoreClock):
        storage.registry.gauges[CLOCK_OFFSET.name] = storage.clock.offset_s
    by_settings = listed(storage.settings.metrics_tags, storage.settings.metrics_targets)
    store = MetricsStore(storage.client, storage.scripts)
    return CountService(storage.registry, store, by_settings, storage.settings.data_dir)


def process_service(
    storage: Storage, own: ProcessFacts, warn: Callable[[], object], counts: CountService
) -> ProcessService:
    """Who is alive; each time that this process says so, its counts go to the store, too."""
    return ProcessService(
        storage.processes,
        storage.clock,
        own,
        warn=warn,
        gauges=counts.gauges,
        push=counts.push,
        partitions=storage.partitions,
        follow=storage.agreement.follow,
    )
