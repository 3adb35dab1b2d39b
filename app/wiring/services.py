"""Wiring of everything that the API calls."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property, partial

from app.clock import Clock
from app.config import Settings
from app.crypto.key_choice import KeyChoice
from app.delivery.request import Identity
from app.domain.signing_keys import signing_keys
from app.engine.acknowledgements import Acknowledgements
from app.planning.successors import Successors
from app.services.actions import ActionService
from app.services.alerts import AlertService
from app.services.audit import AuditService
from app.services.bulk_jobs import BulkService
from app.services.calendars import CalendarService
from app.services.deletions import DeletionService
from app.services.event_planner import EventPlanner
from app.services.events import EventService
from app.services.feed import FeedService
from app.services.flows import FlowService
from app.services.forecasts import ForecastService
from app.services.health import HealthService
from app.services.import_jobs import ImportJobService
from app.services.metrics import CountService
from app.services.occurrences import OccurrenceService
from app.services.overview import OverviewService
from app.services.previews import PreviewService
from app.services.problems.problem import Check
from app.services.problems.store_settings import StoreSettingsCheck
from app.services.processes import ProcessService
from app.services.redeliveries import RedeliveryService
from app.services.request_copies import RequestCopyService
from app.services.secret_rotation import RotationService
from app.services.tag_secrets import TagSecretService
from app.services.tokens import TokenService
from app.store.server_state import read_states
from app.wiring.acts import acknowledgements, action_service, deletion_service, flow_service
from app.wiring.alerts import alert_service
from app.wiring.bulk import bulk_service
from app.wiring.crypto import Crypto
from app.wiring.doubles import NO_DOUBLES, Doubles
from app.wiring.health import count_service, health_service, process_service
from app.wiring.imports import build_imports
from app.wiring.intake import Intake
from app.wiring.own_process import own_process
from app.wiring.planning import Planning
from app.wiring.queues import Queues
from app.wiring.quotas import event_quota
from app.wiring.redeliveries import redelivery_service
from app.wiring.stats import FigureServices
from app.wiring.storage import Storage
from app.wiring.views import (
    event_lists,
    feed_service,
    forecast_service,
    overview_service,
    request_copy_service,
)


@dataclass(frozen=True)
class Services:
    """What an API process works with, and every other process too."""

    settings: Settings
    crypto: Crypto
    storage: Storage
    planning: Planning
    queues: Queues
    started_s: float
    """When the process began, on the monotonic clock."""

    own_checks: list[Check] = field(default_factory=list)
    """What the application adds, before it serves: checks of what only it knows."""

    @property
    def clock(self) -> Clock:
        """The clock that every use case goes by."""
        return self.storage.clock

    @property
    def instance(self) -> str:
        """The name that all processes on one store share; raises ``StoreUnavailable``."""
        return self.storage.instance

    @cached_property
    def events(self) -> EventService:
        """Events: create, read, change, delete."""
        return EventService(
            self.storage.events,
            event_lists(self.storage, self.crypto),
            EventPlanner(
                self.storage.events,
                self.storage.occurrences,
                self.planning.timetables,
                self.flows,
                self.clock,
            ),
            self.crypto.signing_secrets,
            self.crypto.header_secrets,
            self.crypto.lanes,
            event_quota(self.settings, self.crypto, self.storage, self.planning),
            self.flows,
            self.storage.figures,
            self.clock,
            self.storage.partitions.for_new,
        )

    @cached_property
    def successors(self) -> Successors:
        """What schedules the next occurrence of an event after each claim."""
        return Successors(
            self.storage.work,
            self.storage.events,
            self.planning.timetables,
            self.events.set_aside,
            self.queues.upkeep.enqueue_repair,
            unbounded=self.crypto.unbounded_lanes,
        )

    @cached_property
    def intake(self) -> Intake:
        """Other ways in which events come in."""
        return Intake(self.events, self.storage, self.processes)

    @cached_property
    def import_jobs(self) -> ImportJobService:
        """Calendar files, imported at once (its ``imports``) or in the background."""
        return build_imports(self.storage, self.events, self.tokens, self.audit, self.queues)

    @cached_property
    def previews(self) -> PreviewService:
        """Occurrences that are not yet scheduled."""
        return PreviewService(self.events, self.planning.timetables, self.clock)

    @cached_property
    def actions(self) -> ActionService:
        """Events: trigger, pause, resume, backfill."""
        return action_service(self.storage, self.planning, self.events)

    @cached_property
    def deletions(self) -> DeletionService:
        """Deletions that can be undone."""
        return deletion_service(self.storage, self.events, self.redeliveries, self.audit)

    @cached_property
    def rotations(self) -> RotationService:
        """New signing secrets."""
        return RotationService(self.events, self.clock)

    @cached_property
    def occurrences(self) -> OccurrenceService:
        """Occurrences and their attempts."""
        return OccurrenceService(
            self.storage.events, self.storage.occurrences, self.storage.lists, self.crypto.cursors
        )

    @cached_property
    def overview(self) -> OverviewService:
        """What has happened of late and what comes next."""
        return overview_service(self.storage, self.occurrences)

    @cached_property
    def identity(self) -> Identity:
        """Who sends: the instance's name and its keys; raises ``StoreUnavailable``."""
        return Identity(self.instance, signing_keys(self.settings.signing_private_key))

    @cached_property
    def alerts(self) -> AlertService:
        """Who is told when deliveries go wrong."""
        return alert_service(self.storage, lambda: self.identity)

    @cached_property
    def forecasts(self) -> ForecastService:
        """What is planned for the next day."""
        return forecast_service(self.storage, self.planning)

    @cached_property
    def figures(self) -> FigureServices:
        """What became of deliveries, in numbers."""
        return FigureServices(self.storage)

    @cached_property
    def request_copies(self) -> RequestCopyService:
        """Requests of occurrences, made once more to be looked at."""
        return request_copy_service(
            self.storage, self.crypto, self.occurrences, self.tag_secrets, lambda: self.identity
        )

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        """What receivers say of deliveries after they answered."""
        return acknowledgements(self.storage)

    @cached_property
    def redeliveries(self) -> RedeliveryService:
        """Dead letters delivered again."""
        return redelivery_service(
            self.storage, self.queues, self.occurrences, self.tokens, self.actions.trigger
        )

    @cached_property
    def bulk(self) -> BulkService:
        """One action on many events."""
        return bulk_service(self.storage, self.events, self.tokens, self.audit, self.queues)

    @cached_property
    def flows(self) -> FlowService:
        """Flows: rate and concurrency shared by events."""
        return flow_service(self.storage)

    @cached_property
    def calendars(self) -> CalendarService:
        """Calendars, and planning anew the events that name them."""
        return CalendarService(
            self.storage.calendars, self.queues.upkeep, self.clock, self.events.replan
        )

    @cached_property
    def feed(self) -> FeedService:
        """The iCalendar feed."""
        return feed_service(self.storage, self.planning, self.occurrences)

    @cached_property
    def tag_secrets(self) -> TagSecretService:
        """Signing secrets of tags."""
        return TagSecretService(self.storage.tag_secrets, self.crypto.signing_secrets, self.clock)

    @cached_property
    def tokens(self) -> TokenService:
        """JWTs: issue, list, revoke."""
        storage, cursors = self.storage, self.crypto.cursors
        return TokenService(storage.tokens, storage.whole_lists, cursors, self.clock)

    @cached_property
    def audit(self) -> AuditService:
        """Who changed what."""
        log, settings = self.storage.audit_log, self.settings
        limits = settings.retention_audit_ms, settings.audit_max_bytes
        return AuditService(log, self.crypto.cursors, self.clock, *limits)

    @cached_property
    def processes(self) -> ProcessService:
        """Which processes are alive, and this one's announcement."""
        own = own_process(self.settings, self.crypto)
        return process_service(self.storage, own, self.encryption_key, self.counts)

    @cached_property
    def counts(self) -> CountService:
        """What this process counts and measures, and what all have counted."""
        return count_service(self.storage)

    @cached_property
    def store_settings(self) -> StoreSettingsCheck:
        """Whether the store's server loses nothing."""
        return StoreSettingsCheck(partial(read_states, self.storage.client))

    @cached_property
    def key_choice(self) -> KeyChoice:
        """With which key this process encrypts."""
        encryptor = self.crypto.encryptor
        return KeyChoice(
            encryptor.current, encryptor.known, self.storage.key_notes, self.processes.known_keys
        )

    def encryption_key(self) -> bytes:
        """The name of the key that this process encrypts with now; see ``KeyChoice``."""
        return self.key_choice.key()

    @cached_property
    def health(self) -> HealthService:
        """Health, status and metrics."""
        return health_service(
            self.storage,
            self.queues,
            self.processes,
            self.clock,
            self.started_s,
            (self.store_settings, *self.own_checks),
            self.encryption_key,
        )


def build_services(settings: Settings, doubles: Doubles = NO_DOUBLES) -> Services:
    """Make what an API process works with; it connects to nothing yet."""
    crypto = Crypto(settings)
    storage = Storage(settings, doubles, crypto)
    planning = Planning(settings, storage)
    queues = Queues(settings, doubles)
    services = Services(settings, crypto, storage, planning, queues, started_s=time.monotonic())
    if settings.jwt_secret or settings.encryption_key:  # without secrets nothing is encrypted
        crypto.encryptor.let_choose(services.encryption_key)
    return services
