"""Wiring of workers: the scheduler, drains and upkeep."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

from app.config import Settings
from app.crypto.reencryption import Reencrypted, reencrypt
from app.domain.process import DELIVER, SILENT, UNBEGUN
from app.engine import stats_runner
from app.engine.alert_runner import AlertRunner
from app.engine.attempt_traces import AttemptTraces
from app.engine.packing import Packing
from app.engine.retention import Retention
from app.engine.scheduler import Scheduler
from app.engine.upkeep import REPAIR_AFTER_MS, Upkeep
from app.engine.upkeep_calls import UpkeepCalls
from app.errors import StoreUnavailable
from app.services.metadata_index import MetadataIndexing
from app.setting_readers import environment
from app.setting_variables import production_settings
from app.store.alert_watch import AlertWatchStore
from app.store.migrations.schema import MIGRATIONS
from app.store.moves import MoveStore
from app.store.shards import Shards, if_there
from app.store.watch import WatchStore
from app.tracing.span import Tracing
from app.tracing.start import start_tracing
from app.wiring.alert_runner import alert_runner
from app.wiring.archive import archive_notes, archiving, history_limits
from app.wiring.canary import canary_sender
from app.wiring.doubles import NO_DOUBLES, Doubles
from app.wiring.drains import Drains
from app.wiring.services import Services, build_services
from app.wiring.stop_flag import StopFlag
from app.wiring.views import lateness_history

TRACES_S = 1.0
"""How long a worker that ends tries to send the spans that wait."""

ALERTS_PAUSE_S = 1.0
"""How long the thread that tells alerts leaves a store alone that is away when it begins."""


@dataclass(frozen=True)
class Engine:
    """What a worker process works with."""

    services: Services
    doubles: Doubles = NO_DOUBLES
    stop: threading.Event = field(default_factory=StopFlag)
    """Set when the process is told to stop."""
    start_tracing: Callable[[], Tracing | None] | None = None
    """Makes what deliveries are traced with; ``None``: the doubles have it."""

    @cached_property
    def scheduler(self) -> Scheduler:
        """The loop of a scheduler process."""
        storage = self.services.storage
        return Scheduler(
            storage.work,
            storage.coordination,
            self.services.queues.drains,
            storage.clock,
            self.services.processes.workers,
            self.services.settings.broker_name,
            Shards(storage.client, storage.partitions),
        )

    @cached_property
    def upkeep_calls(self) -> UpkeepCalls:
        """The other loop of a scheduler process."""
        services = self.services
        return UpkeepCalls(
            services.queues.upkeep_schedule,
            services.queues.upkeep.enqueue_recovery,
            self._has_to_recover,
            (self._call_for_redeliveries, self._call_for_imports, self._call_for_bulk_jobs),
            services.storage.coordination.job_listener(),
            services.settings.broker_name,
        )

    # (Methods, since these services ask the store when they are made: it may be away.)
    def _call_for_redeliveries(self) -> bool:
        return self.services.redeliveries.call_for_waiting()

    def _call_for_imports(self) -> bool:
        return self.services.import_jobs.call_for_waiting()

    def _call_for_bulk_jobs(self) -> bool:
        return self.services.bulk.call_for_waiting()

    def _has_to_recover(self) -> bool:
        services = self.services
        now_ms = services.clock.now_ms()
        if services.storage.leftovers.exist(now_ms, now_ms - REPAIR_AFTER_MS):
            return True
        # What processes of an earlier version store is moved by recovery, too.
        return bool(if_there(self._has_earlier))

    def _has_earlier(self) -> bool:
        """Whether a process of an earlier version is alive."""
        return any(one.schema < len(MIGRATIONS) for one in self.services.processes.alive())

    @cached_property
    def drains(self) -> Drains:
        """The drains of a delivery worker."""
        tracing = self.doubles.tracing if self.start_tracing is None else self.start_tracing()
        exemplars = self.services.storage.registry.exemplars
        traces = None if tracing is None else AttemptTraces(tracing, exemplars)
        return Drains(self.services, self.stop, self.doubles.sender, traces)

    @cached_property
    def upkeep(self) -> Upkeep:
        """The jobs of an upkeep worker."""
        services, storage = self.services, self.services.storage
        return Upkeep(
            storage.work,
            services.successors,
            services.deletions,
            services.calendars,
            services.redeliveries,
            storage.sweep,
            self._retention,
            storage.coordination,
            services.clock,
            services.acknowledgements,
            storage.schema,
            services.audit,
            MetadataIndexing(storage.terms, services.processes.own, services.processes.alive),
            services.store_settings,
            lateness_history(storage),
            WatchStore(storage.client),
            Packing(
                storage.work.pages,
                storage.coordination,
                storage.partitions,
                self._has_earlier,
                AlertWatchStore(storage.client).read_until,
                self.stop.is_set,
            ),
            MoveStore(storage.client, storage.scripts),
            self.stop.is_set,
        )

    @cached_property
    def alerts(self) -> AlertRunner:
        """What tells people when deliveries go wrong: a thread of an upkeep worker."""
        services = self.services
        return alert_runner(
            services.storage,
            lambda: services.identity,
            services.health.problems,
            services.figures.slos.burning,
        )

    def send_canary(self) -> None:
        """Send the canary again and again until told to stop, if it is on."""
        while self.services.settings.canary_ms and not self.stop.is_set():
            try:
                sender = canary_sender(self.services.storage)
            except StoreUnavailable:
                self.stop.wait(ALERTS_PAUSE_S)
            else:
                sender.run(self.stop)

    def tell_alerts(self) -> None:
        """Run ``alerts`` until told to stop, from when the store is there."""
        while not self.stop.is_set():
            try:
                runner = self.alerts
            except StoreUnavailable:
                self.stop.wait(ALERTS_PAUSE_S)
            else:
                runner.run(self.stop)

    def measure_loops(self) -> None:
        """Have this process say for how long its loops stand still, and which drains fail."""
        gauges = self.services.storage.registry.gauges
        beats = self.scheduler.beat, self.upkeep_calls.beat
        gauges[SILENT] = lambda: round(max(beat.silent_s() for beat in beats), 1)
        gauges[UNBEGUN] = lambda: float(self.scheduler.failures)

    def roll_up(self) -> None:
        """Roll up what was counted, every few seconds, until told to stop."""
        stats_runner.run(self.services.figures.roll_ups, self.stop)

    @cached_property
    def _retention(self) -> Retention:
        services, storage = self.services, self.services.storage
        archive = archiving(storage)
        return Retention(
            storage.work,
            storage.events,
            storage.sweep,
            services.settings.retention_occurrences_ms,
            services.settings.retention_events_ms,
            archive_notes(storage),
            history_limits(storage, archive),
            (
                services.tokens.forget_ended,
                services.audit.forget_old,
                services.flows.forget_unused,
                services.redeliveries.forget_old,
                services.bulk.forget_old,
                services.import_jobs.forget_old,
                services.import_jobs.imports.forget_gone,
            ),
            archive,
            self.stop.is_set,
        )

    def drain(self) -> int:
        """Drain for the time of one job; returns how many attempts were made."""
        return self.drains.run()

    def reencrypt(self) -> Reencrypted:
        """Encrypt every stored secret with the current key."""
        services = self.services
        storage, encryptor = services.storage, services.crypto.encryptor
        encryptor.let_choose(lambda: encryptor.current)
        return reencrypt(
            storage.encrypted_secrets, encryptor, storage.key_notes, services.processes.alive()
        )

    def watch_signing_secrets(self) -> threading.Thread:
        """Learn in a thread of its own what signs, until ``stop``."""
        service, runner = self.services.tag_secrets, self.drains.runner
        # On a cluster ahead of the first delivery: the shard that has them may die before that.
        is_ahead = self.services.storage.client.is_cluster

        def is_needed() -> bool:
            return runner.busy or (is_ahead and not service.is_known)

        thread = threading.Thread(
            target=service.refresh_until,
            args=(self.stop, is_needed),
            name="secrets",
            daemon=True,
        )
        thread.start()
        return thread

    def watch_broker(self) -> threading.Thread:
        """Deliver without being called while the broker is away, until ``stop``."""
        watch = self.drains.watch
        thread = threading.Thread(target=watch.run, args=(self.stop,), name="broker", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Wait until the last drain has ended, and tell what it has done; ``stop`` must be set."""
        if "drains" in vars(self):  # a process that never drained has nothing to close
            self.drains.close()
            if self.drains.traces is not None:
                self.drains.traces.tracing.close(TRACES_S)
        self.services.storage.changes.close()


def build_engine(settings: Settings, doubles: Doubles = NO_DOUBLES) -> Engine:
    """Make what a worker process works with; it connects to nothing yet."""
    return Engine(build_services(settings, doubles), doubles)


@lru_cache(maxsize=1)
def worker_engine() -> Engine:
    """Return the engine of this process, made from its environment on first use.

    Raises ``ConfigError`` for settings that are wrong or do not fit the store, and
    ``StoreUnavailable``.
    """
    settings = production_settings(os.environ)
    services = build_services(settings)
    tracing = partial(start_tracing, environment(os.environ), DELIVER, services.storage.registry)
    engine = Engine(services, start_tracing=tracing)
    services.storage.agreement.migrate()
    if services.storage.client.is_cluster:
        # Now: when they are needed, the shard that has them may be away.
        _ = services.instance, services.events
    return engine
