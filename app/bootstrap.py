"""Wiring: the one file that knows every concrete class. Settings in, services out."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from app.clock import Clock
from app.config import Settings, environment, load_settings
from app.delivering import Delivering
from app.queueing import RqDrainQueue, RqReplanQueue, UpkeepSchedule
from app.safekeeping import Safekeeping
from app.services.acknowledging import Acknowledgements
from app.services.actions import ActionService
from app.services.audit import AuditService
from app.services.calendar_book import CalendarBook
from app.services.calendars import CalendarService
from app.services.cursors import Cursors
from app.services.dispatching import Dispatcher
from app.services.event_lists import EventLists
from app.services.events import EventService
from app.services.feed import FeedService
from app.services.health import HealthService
from app.services.imports import ImportService
from app.services.occurrences import OccurrenceService
from app.services.previews import PreviewService
from app.services.quotas import EventQuota
from app.services.retaining import Retention
from app.services.rotating import RotationService
from app.services.series import Series
from app.services.timekeeping import StoreClock
from app.services.timetables import Timetables
from app.services.tokens import TokenService
from app.services.upkeep import Upkeep
from app.store.calendars import CalendarStore
from app.store.connection import StoreClient, connect, connect_broker, connect_probe
from app.store.coordination import Coordination
from app.store.events import EventStore
from app.store.figures import Figures
from app.store.listing import Listing
from app.store.occurrences import OccurrenceStore
from app.store.owners import Owners
from app.store.scripts import Scripts
from app.store.sweeping import EventSweep
from app.store.work import WorkStore


@dataclass
class Services:
    """Everything that the API and the workers use. Nothing connects before it is used."""

    settings: Settings
    clock_override: Clock | None = None
    client_override: StoreClient | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    started_s: float = field(default_factory=time.monotonic)

    @cached_property
    def client(self) -> StoreClient:
        """The store's client."""
        return self.client_override or connect(self.settings.redis_url)

    @cached_property
    def scripts(self) -> Scripts:
        """The store's scripts."""
        return Scripts(self.client)

    @cached_property
    def coordination(self) -> Coordination:
        """Signals between processes."""
        return Coordination(self.client)

    @cached_property
    def clock(self) -> Clock:
        """The store's time."""
        return self.clock_override or StoreClock(self.coordination)

    @cached_property
    def drain_queue(self) -> RqDrainQueue:
        """RQ's queue of drains."""
        settings = self.settings
        return RqDrainQueue(connect_broker(settings.broker_url or settings.redis_url))

    @cached_property
    def event_store(self) -> EventStore:
        """Events at rest; asked for, the store must be cut and sealed as the settings say."""
        self.coordination.agree_on_partitions(self.settings.partitions)
        self.safekeeping.agree_on_keys()
        return EventStore(self.client, self.scripts)

    @cached_property
    def occurrence_store(self) -> OccurrenceStore:
        """Occurrences at rest."""
        return OccurrenceStore(self.client)

    @cached_property
    def work(self) -> WorkStore:
        """Due, claimed, ended."""
        return WorkStore(self.client, self.scripts, self.settings.partitions)

    @cached_property
    def cursors(self) -> Cursors:
        """Sealed positions in lists."""
        return Cursors(self.settings.jwt_secret)

    @cached_property
    def lists(self) -> Listing:
        """Walks of indexes."""
        return Listing(self.client, self.settings.partitions)

    @cached_property
    def safekeeping(self) -> Safekeeping:
        """Secrets at rest, tokens, the audit log."""
        return Safekeeping(self.settings, self.client, self.scripts, self.cursors, self.clock)

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
            EventQuota(Owners(self.client), self.settings.max_events_per_sub),
            self.clock,
            self.settings.partitions,
        )

    @cached_property
    def calendar_book(self) -> CalendarBook:
        """Calendars by name."""
        return CalendarBook(self.calendar_store)

    @cached_property
    def calendar_store(self) -> CalendarStore:
        """Calendars at rest."""
        return CalendarStore(self.client, self.settings.partitions)

    @cached_property
    def replan_queue(self) -> RqReplanQueue:
        """RQ's queue of upkeep, for events to be planned anew."""
        settings = self.settings
        return RqReplanQueue(connect_broker(settings.broker_url or settings.redis_url))

    @cached_property
    def calendars(self) -> CalendarService:
        """Use cases around calendars."""
        return CalendarService(
            self.calendar_store, self.replan_queue, self.clock, self.events.replan
        )

    @cached_property
    def timetables(self) -> Timetables:
        """Rules, calendars and jitter of events."""
        return Timetables(self.calendar_book, self.settings.max_occurrences_per_minute)

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
    def feed(self) -> FeedService:
        """The calendar feed."""
        return FeedService(
            self.events, self.occurrences, self.event_store, self.timetables, self.clock
        )

    @cached_property
    def imports(self) -> ImportService:
        """Several events at once."""
        return ImportService(self.events, self.previews)

    @cached_property
    def health(self) -> HealthService:
        """How the service is."""
        figures = Figures(self.client, self.settings.partitions)
        return HealthService(
            self.work,
            figures,
            self.coordination,
            self.drain_queue,
            self.clock,
            self.started_s,
            Coordination(self.client_override or connect_probe(self.settings.redis_url)),
        )

    @cached_property
    def series(self) -> Series:
        """Successors."""
        return Series(self.work, self.event_store, self.timetables)

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
            (self.tokens.forget_ended, self.audit.forget_old),
        )
        return Upkeep(
            self.work,
            self.series,
            self.events,
            self.calendars,
            sweep,
            retention,
            self.coordination,
            self.clock,
            self.acknowledgements,
        )

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """The scheduler's loop."""
        return Dispatcher(self.work, self.coordination, self.drain_queue, self.clock)

    @cached_property
    def upkeep_schedule(self) -> UpkeepSchedule:
        """The periodic jobs on RQ."""
        settings = self.settings
        return UpkeepSchedule(connect_broker(settings.broker_url or settings.redis_url))

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
            self.safekeeping.ack_tokens,
            self.events.deactivate,
        )

    def drain(self) -> int:
        """Run one drain in this process; returns how many attempts it made."""
        return self.delivering.drain(self.stop)


def build_services(settings: Settings) -> Services:
    """Make the services of one process; connects to nothing yet."""
    return Services(settings)


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
