"""Wiring of drains: what one process keeps between them, and what is made anew for each."""

from __future__ import annotations

import logging
import secrets
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property

from app.delivery.request import Identity
from app.delivery.sender import CurlSender
from app.domain.targets import TargetPolicy
from app.engine.announcer import Announcer
from app.engine.attempt_log import AttemptLog
from app.engine.attempt_meter import AttemptMeter
from app.engine.attempt_traces import AttemptTraces
from app.engine.background import SHARDS, THREADS, Background
from app.engine.broker_watch import BrokerWatch
from app.engine.circuit_breakers import CircuitBreakers
from app.engine.drain import Drain
from app.engine.drain_options import DrainOptions
from app.engine.drain_runner import DrainRunner
from app.engine.group_meter import GroupMeter
from app.engine.live_sender import LiveSender
from app.engine.local_faults import LocalFaults
from app.engine.sender import Sender
from app.engine.senders import Senders
from app.engine.target_limits import SLOW_FACTOR, most_in_flight
from app.errors import StoreUnavailable
from app.metrics.catalogue import IN_FLIGHT
from app.open_files import open_file_limit
from app.planning.successors import Successors
from app.store.watch import WatchStore
from app.wiring.drain_parts import DrainParts
from app.wiring.other_workers import OtherWorkers
from app.wiring.services import Services
from app.wiring.shard_drains import ShardChannels

WINDOW_FACTOR = 6
"""How many claims a drain holds for each one it may have in flight, so that sending never waits
for the store."""

KEPT_FACTOR = 2
"""How many connections are kept or in use for each request that may be in flight."""

FILES_FACTOR = 2
"""How many files a request that is in flight may need: while it connects, one for IPv4 and one for
IPv6. That leaves room for the few that lanes with little in flight may start beyond it."""

RESERVED_FILES = 128
"""Files that are no connections to receivers: those to the store and the broker, modules, logs."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drains:
    """The drains of one process, one after another."""

    services: Services
    stop: threading.Event
    sender_double: Sender | None = None
    traces: AttemptTraces | None = None

    @cached_property
    def sender(self) -> Sender:
        """Connections to receivers, kept between drains."""
        settings, storage = self.services.settings, self.services.storage
        if self.sender_double is not None:
            return self.sender_double
        http = CurlSender(
            settings.allow_private_targets,
            most_in_flight(self.concurrency),
            own_port=settings.port,
            idle_s=settings.delivery_idle_ms // 1_000,
            max_connections=self.max_connections,
        )
        live = LiveSender(storage.new_channel(), storage.clock)
        canary = CurlSender(TargetPolicy(allow_all=True), 2) if settings.canary_ms else None
        return Senders(http, live, Announcer(storage.changes), canary)

    @cached_property
    def max_connections(self) -> int:
        """How many connections to receivers there may be, kept and in use."""
        in_flight = self.concurrency * (1 + SLOW_FACTOR)
        return min(KEPT_FACTOR * in_flight, self._files_for_connections)

    @cached_property
    def concurrency(self) -> int:
        """The concurrency that is set, or less if there are too few files for its connections."""
        wanted = self.services.settings.delivery_concurrency
        possible = self._files_for_connections // (FILES_FACTOR * (1 + SLOW_FACTOR))
        if possible < wanted:
            log.warning(
                "QHRONOS_DELIVERY_CONCURRENCY is %d, but with %d open files only %d is possible: "
                "raise the limit of open files (ulimit -Hn, LimitNOFILE)",
                wanted,
                open_file_limit(),
                max(possible, 1),
            )
        return max(min(possible, wanted), 1)

    @cached_property
    def _files_for_connections(self) -> int:
        """How many files may be connections to receivers."""
        return max(open_file_limit() - RESERVED_FILES, FILES_FACTOR * (1 + SLOW_FACTOR))

    @cached_property
    def _log(self) -> AttemptLog:
        """What says of attempts how they went, and counts between drains those that it leaves."""
        return AttemptLog(self.services.settings.log_sample, self.traces)

    @cached_property
    def breakers(self) -> CircuitBreakers:
        """What is known of targets that fail, kept between drains."""
        return CircuitBreakers(self.services.storage.breakers, self.background.submit)

    @cached_property
    def local_faults(self) -> LocalFaults:
        """What this host lacks, kept between drains."""
        return LocalFaults(self.services.storage.local_faults)

    @cached_property
    def meter(self) -> AttemptMeter:
        """What counts attempts, kept between drains."""
        registry = self.services.storage.registry
        registry.gauges[IN_FLIGHT.name] = lambda: self.sender.in_flight
        settings = self.services.settings
        groups = GroupMeter(registry, settings.metrics_tags, settings.metrics_targets)
        return AttemptMeter(registry, groups)

    @cached_property
    def identity(self) -> Identity:
        """Who sends: the instance's name and its keys."""
        return self.services.identity

    @cached_property
    def background(self) -> Background:
        """The threads that ask the store what a drain does not wait for."""
        threads = THREADS * (SHARDS if self.services.storage.client.is_cluster else 1)
        return Background(threads)

    @cached_property
    def shards(self) -> ShardChannels:
        """What a drain on a cluster needs beside."""
        return ShardChannels(self.services.storage, self.background.submit)

    @cached_property
    def successors(self) -> Successors:
        """As those of ``services``, but a drain does not wait until RQ has its call for repair."""
        services = self.services

        def enqueue_repair() -> None:
            try:
                services.queues.upkeep.enqueue_repair()
            except StoreUnavailable:
                log.warning("RQ is away; the periodic upkeep schedules what this drain has left")

        last: list[Future[None]] = []

        def call_for_repair() -> None:
            # One at a time: RQ may not answer, and the other threads have other things to do.
            if not last or last[0].done():
                last[:] = [self.background.submit(enqueue_repair)]

        return Successors(
            services.storage.work,
            services.storage.events,
            services.planning.timetables,
            services.events.set_aside,
            call_for_repair,
        )

    @cached_property
    def window(self) -> int:
        """How many claims a drain holds at most."""
        return self.concurrency * WINDOW_FACTOR

    @cached_property
    def runner(self) -> DrainRunner:
        """What runs the drains."""
        settings = self.services.settings
        return DrainRunner(
            self.new_drain,
            self.services.clock,
            settings.drain_linger_ms,
            is_uncalled=lambda: self.watch.away,
            relief=OtherWorkers(self.services),
            on_failure=self._note_failure,
        )

    def _note_failure(self) -> None:
        WatchStore(self.services.storage.client).drain_failed(self.services.clock.now_ms())

    @cached_property
    def watch(self) -> BrokerWatch:
        """What has this process deliver uncalled while the broker is away."""
        services = self.services
        return BrokerWatch(
            services.queues.probe,
            lambda: services.storage.coordination.drains_alive(services.clock.now_ms()) > 0,
            lambda: self.runner.run_uncalled(self.stop),
            services.settings.broker_name,
        )

    def run(self) -> int:
        """Drain for the time of one job; returns how many attempts were made."""
        return self.runner.run(self.stop)

    def close(self) -> None:
        """Wait until the last drain has ended; it has been told to stop."""
        self.runner.close()
        self.background.close()

    def new_drain(self) -> Drain:
        """Make a drain with a name, a claimer and a recorder of its own.

        Raises ``StoreUnavailable``: without the secrets of tags it would sign with others.
        """
        self.services.tag_secrets.refresh()
        parts = DrainParts(self, secrets.token_hex(8))
        return Drain(
            parts.claimer,
            parts.recorder,
            self.sender,
            self.services.clock,
            self._options(),
            self.services.events.deactivate,
            self.breakers,
            self.local_faults,
            self.meter,
        )

    def _options(self) -> DrainOptions:
        crypto, settings = self.services.crypto, self.services.settings
        return DrainOptions(
            concurrency=self.concurrency,
            grace_ms=settings.stop_grace_ms,
            lease_ms=settings.lease_ms,
            identity=self.identity,
            signing=crypto.signing_secrets,
            headers=crypto.header_secrets,
            acks=crypto.ack_tokens,
            default_timeout_ms=settings.delivery_timeout_ms,
            least_delay_ms=settings.least_retry_delay_ms,
            log=self._log,
            traces=self.traces,
            weights=crypto.lane_weights,
        )
