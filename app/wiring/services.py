"""Wiring: the one file that knows every concrete class. Settings in, services out."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import redis

from app.config import Settings, environment, load_settings
from app.engine.acknowledgements import Acknowledgements
from app.engine.retention import Retention
from app.engine.scheduler import Scheduler
from app.engine.upkeep import Upkeep
from app.planning.successors import Successors
from app.planning.timetables import Timetables
from app.rq_queues import RqDrainQueue, RqUpkeepQueue, UpkeepSchedule
from app.services.actions import ActionService
from app.services.audit import AuditService
from app.services.calendars import CalendarService
from app.services.event_creation import CreationService, ImportService
from app.services.event_lists import EventLists
from app.services.events import EventService
from app.services.feed import FeedService
from app.services.flows import FlowService
from app.services.health import HealthService
from app.services.occurrences import OccurrenceService
from app.services.previews import PreviewService
from app.services.queues import DrainQueue
from app.services.quotas import EventQuota
from app.services.redeliveries import RedeliveryService
from app.services.secret_rotation import RotationService
from app.services.tokens import TokenService
from app.store.breakers import BreakerStore
from app.store.connection import connect_broker, connect_probe
from app.store.coordination import Coordination
from app.store.figures import Figures
from app.store.flow_gate import FlowGate
from app.store.flows import FlowStore
from app.store.owners import Owners
from app.store.sweep import EventSweep
from app.wiring.doubles import NO_DOUBLES, Doubles, UpkeepQueue
from app.wiring.drains import Delivering
from app.wiring.planning import Calendaring
from app.wiring.redeliveries import redelivery_service
from app.wiring.storage import Storing


@dataclass
class Services(Storing):
    """Everything that the API and the workers use. Nothing connects before it is used."""

    stop: threading.Event = field(default_factory=threading.Event)
    started_s: float = field(default_factory=time.monotonic)

    @cached_property
    def drain_queue(self) -> DrainQueue:
        """RQ's queue of drains."""
        return self.doubles.drain_queue or RqDrainQueue(self._broker())

    @cached_property
    def rotations(self) -> RotationService:
        """New signing secrets."""
        return RotationService(self.events, self.clock)

    @property
    def tokens(self) -> TokenService:
        """Use cases around JWTs."""
        return self.safekeeping.tokens

    @property
    def audit(self) -> AuditService:
        """Who changed what."""
        return self.safekeeping.audit

    @cached_property
    def events(self) -> EventService:
        """Use cases around events."""
        return EventService(
            self.event_store,
            EventLists(self.event_store, self.lists, self.cursors),
            self.occurrence_store,
            self.timetables,
            self.safekeeping.signing,
            self.safekeeping.headers,
            EventQuota(Owners(self.client), self.settings.max_events_per_sub),
            self.flows,
            self.clock,
            self.settings.partitions,
        )

    @cached_property
    def calendaring(self) -> Calendaring:
        """Calendars and timetables."""
        return Calendaring(self.settings, self.client, self.clock)

    @cached_property
    def upkeep_queue(self) -> UpkeepQueue:
        """RQ's queue of upkeep, for what is to be done soon."""
        return self.doubles.upkeep_queue or RqUpkeepQueue(self._broker())

    @cached_property
    def calendars(self) -> CalendarService:
        """Use cases around calendars."""
        return self.calendaring.service(self.upkeep_queue, self.events.replan)

    @property
    def timetables(self) -> Timetables:
        """Rules, calendars and jitter of events."""
        return self.calendaring.timetables

    @cached_property
    def previews(self) -> PreviewService:
        """Looking ahead."""
        return PreviewService(self.events, self.timetables, self.clock)

    @cached_property
    def actions(self) -> ActionService:
        """Acts beside the schedule."""
        return ActionService(
            self.events, self.event_store, self.occurrence_store, self.timetables, self.clock
        )

    @cached_property
    def occurrences(self) -> OccurrenceService:
        """Use cases around occurrences."""
        return OccurrenceService(self.event_store, self.occurrence_store, self.lists, self.cursors)

    @property
    def acknowledgements(self) -> Acknowledgements:
        """What receivers say of deliveries."""
        return self.delivering.acknowledgements

    @cached_property
    def flows(self) -> FlowService:
        """Use cases around flows."""
        cut = (self.client, self.scripts, self.settings.partitions)
        keep_ms = self.settings.retention_events_ms
        return FlowService(FlowStore(*cut), FlowGate(*cut), self.clock, keep_ms)

    @cached_property
    def redeliveries(self) -> RedeliveryService:
        """Dead letters, attempted again."""
        return redelivery_service(self)

    @cached_property
    def feed(self) -> FeedService:
        """The calendar feed."""
        return FeedService(
            self.events, self.occurrences, self.event_store, self.timetables, self.clock
        )

    @cached_property
    def creations(self) -> CreationService:
        """Events, created once."""
        return CreationService(self.events, self.event_store, self.settings.partitions)

    @cached_property
    def imports(self) -> ImportService:
        """Several events at once."""
        return ImportService(self.events, self.previews)

    @cached_property
    def health(self) -> HealthService:
        """How the service is."""
        return HealthService(
            self.work,
            Figures(self.client, self.settings.partitions),
            self.coordination,
            self.drain_queue,
            self.clock,
            self.started_s,
            Coordination(self.doubles.store or connect_probe(self.settings.redis_url)),
            BreakerStore(self.client, self.scripts),
        )

    @cached_property
    def series(self) -> Successors:
        """Successors."""
        return Successors(self.work, self.event_store, self.timetables)

    @cached_property
    def upkeep(self) -> Upkeep:
        """Periodic duties."""
        sweep = EventSweep(self.client)
        retention = Retention(
            self.work,
            self.event_store,
            sweep,
            self.settings.retention_occurrences_ms,
            self.settings.retention_events_ms,
            (
                self.tokens.forget_ended,
                self.audit.forget_old,
                self.flows.forget_unused,
                self.redeliveries.forget_old,
            ),
        )
        return Upkeep(
            self.work,
            self.series,
            self.events,
            self.calendars,
            self.redeliveries,
            sweep,
            retention,
            self.coordination,
            self.clock,
            self.acknowledgements,
        )

    @cached_property
    def dispatcher(self) -> Scheduler:
        """The scheduler's loop."""
        return Scheduler(self.work, self.coordination, self.drain_queue, self.clock)

    @cached_property
    def upkeep_schedule(self) -> UpkeepSchedule:
        """The periodic jobs on RQ."""
        return UpkeepSchedule(self._broker())

    @cached_property
    def delivering(self) -> Delivering:
        """Drains of this process."""
        return Delivering(
            self.settings,
            self.client,
            self.scripts,
            self.work,
            self.series,
            self.coordination,
            self.clock,
            self.safekeeping.signing,
            self.safekeeping.headers,
            self.safekeeping.ack_tokens,
            self.events.deactivate,
            self.doubles.sender,
        )

    def close(self) -> None:
        """Wait until the last drain of this process has ended; it has been told to stop."""
        if "delivering" in vars(self):  # one that never drained has nothing to close
            self.delivering.close()

    def _broker(self) -> redis.Redis:
        return connect_broker(self.settings.broker)

    def drain(self) -> int:
        """Run one drain in this process; returns how many attempts it made."""
        return self.delivering.drain(self.stop)


def build_services(settings: Settings, doubles: Doubles = NO_DOUBLES) -> Services:
    """Make the services of one process; connects to nothing yet."""
    return Services(settings, doubles)


@lru_cache(maxsize=1)
def worker_services() -> Services:
    """The services of this worker process, made from its environment on first use."""
    settings = load_settings(environment(os.environ))
    settings.require_secrets()
    settings.require_store()
    services = build_services(settings)
    services.coordination.agree_on_partitions(settings.partitions)
    services.safekeeping.agree_on_keys()
    return services
