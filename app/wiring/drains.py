"""Wiring of drains: what one process keeps between them, and what is made anew for each."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from app.clock import Clock
from app.config import Settings
from app.crypto.ack_tokens import AckTokens
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.signing_secrets import SigningSecrets
from app.delivery.request import Identity
from app.delivery.sender import Sender as CurlSender
from app.domain.signing_keys import signing_keys
from app.engine.acknowledgements import Acknowledgements
from app.engine.circuit_breakers import CircuitBreakers
from app.engine.claimer import Claimer
from app.engine.drain import Drain, DrainOptions
from app.engine.drain_runner import DrainRunner
from app.engine.flow_claimer import FlowClaimer
from app.engine.recorder import Recorder
from app.engine.sender import Sender
from app.engine.target_limits import SLOW_FACTOR
from app.planning.successors import Successors
from app.store.breakers import BreakerStore
from app.store.channel import Channel
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.flow_gate import FlowGate
from app.store.occurrences import OccurrenceStore
from app.store.scripts import Scripts
from app.store.waiting import WaitingStore
from app.store.work import WorkStore

WINDOW_FACTOR = 6
"""How many claims a drain holds for each one it may have in flight, so that sending never waits
for the store."""


@dataclass(frozen=True)
class Delivering:
    """The drains of one process, one after another."""

    settings: Settings
    client: StoreClient
    scripts: Scripts
    work: WorkStore
    series: Successors
    coordination: Coordination
    clock: Clock
    signing: SigningSecrets
    headers: HeaderSecrets
    acks: AckTokens
    deactivate: Callable[[bytes], None]
    sender_double: Sender | None = None

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        """What receivers say afterwards."""
        waiting, occurrences = WaitingStore(self.client), OccurrenceStore(self.client)
        return Acknowledgements(
            waiting, self.work, occurrences, self.acks, self._flow_gate, self.clock
        )

    @property
    def _flow_gate(self) -> FlowGate:
        return FlowGate(self.client, self.scripts, self.work.partitions)

    @cached_property
    def sender(self) -> Sender:
        """Connections to receivers, kept between drains."""
        return self.sender_double or CurlSender(
            self.settings.allow_private_targets,
            self.settings.delivery_concurrency * (1 + SLOW_FACTOR),
            own_port=self.settings.port,
        )

    @cached_property
    def breakers(self) -> CircuitBreakers:
        """What is known of targets that fail, kept between drains."""
        return CircuitBreakers(BreakerStore(self.client, self.scripts))

    @cached_property
    def identity(self) -> Identity:
        """Who sends."""
        keys = signing_keys(self.settings.signing_private_key)
        return Identity(self.coordination.instance(), keys)

    @cached_property
    def handover(self) -> DrainRunner:
        """What runs the drains."""
        return DrainRunner(self._make_drain, self.clock, self.settings.drain_linger_ms)

    def drain(self, stop: threading.Event) -> int:
        """Drain for the time of one job; returns how many attempts were made."""
        return self.handover.run(stop)

    def close(self) -> None:
        """Wait until the last drain has ended; it has been told to stop."""
        self.handover.close()

    def _make_drain(self) -> Drain:
        settings = self.settings
        worker = secrets.token_hex(8)
        flows = FlowClaimer(
            self._flow_gate,
            self.work.partitions,
            worker.encode(),
            settings.lease_ms,
        )
        feeder = Claimer(
            self.work,
            self.series,
            self.coordination.wake_listener(),
            Channel(self.client, self.scripts),
            self.clock,
            flows,
            worker=worker.encode(),
            lease_ms=settings.lease_ms,
            window=settings.delivery_concurrency * WINDOW_FACTOR,
            overdue=self.acknowledgements.overdue,
        )
        recorder = Recorder(
            self.work,
            self.coordination,
            Channel(self.client, self.scripts),
            self.clock,
            drain=worker,
            lease_ms=settings.lease_ms,
            flows=flows,
        )
        limits = DrainOptions(
            concurrency=settings.delivery_concurrency,
            grace_ms=settings.stop_grace_ms,
            lease_ms=settings.lease_ms,
            identity=self.identity,
            signing=self.signing,
            headers=self.headers,
            acks=self.acks,
            default_timeout_ms=settings.delivery_timeout_ms,
        )
        return Drain(
            feeder, recorder, self.sender, self.clock, limits, self.deactivate, self.breakers
        )
