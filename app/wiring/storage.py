"""Wiring of the store: its client, its clock, and what reads and writes through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from app.clock import Clock
from app.config import Settings
from app.domain.partition_count import PartitionCount
from app.engine.changes import LiveChanges
from app.engine.store_clock import StoreClock
from app.metrics.registry import Registry
from app.store.alerts import AlertStore
from app.store.audit import AuditLog
from app.store.breakers import BreakerStore
from app.store.calendars import CalendarStore
from app.store.channel import Channel
from app.store.connecting import connect, connect_probe
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.encrypted_secrets import EncryptedSecrets
from app.store.event_batches import EventBatches
from app.store.events import EventStore
from app.store.figures import Figures
from app.store.flow_gate import FlowGate
from app.store.flows import FlowStore
from app.store.former_names import FormerNames
from app.store.growth import GrowthStore
from app.store.import_jobs import ImportJobStore
from app.store.imports import SourceStore
from app.store.indexes import IndexReader
from app.store.key_notes import KeyNotes, NotedEventStore, key_of
from app.store.leftovers import Leftovers
from app.store.live import LiveStore
from app.store.local_faults import LocalFaultStore
from app.store.migrations.schema import Schema
from app.store.occurrences import OccurrenceStore
from app.store.owners import Owners
from app.store.processes import ProcessStore
from app.store.rates import Rates
from app.store.redeliveries import RedeliveryJobStore, RedeliveryStore
from app.store.samples import SampleReader
from app.store.scripts import Scripts
from app.store.sweep import EventSweep
from app.store.tag_secrets import TagSecretStore
from app.store.term_index import TermIndex
from app.store.terms import EventTerms
from app.store.tokens import TokenStore
from app.store.waiting import WaitingStore
from app.store.work import WorkStore
from app.wiring.agreement import Agreement
from app.wiring.crypto import Crypto
from app.wiring.doubles import Doubles


@dataclass(frozen=True)
class Storage:
    """Everything that speaks to the store."""

    settings: Settings
    doubles: Doubles
    crypto: Crypto
    registry: Registry = field(default_factory=Registry)
    """What this process counts."""

    @cached_property
    def client(self) -> StoreClient:
        """The client, with patience for a store that restarts."""
        url, login = self.settings.redis_url, self.settings.store_login
        return (self.doubles.store or connect(url, login)).measured_in(self.registry)

    @cached_property
    def partitions(self) -> PartitionCount:
        """How many partitions there are: those of the settings, until the store says more."""
        return PartitionCount(self.settings.partitions)

    @cached_property
    def scripts(self) -> Scripts:
        """The Lua scripts."""
        return Scripts(self.client, self.registry)

    @cached_property
    def clock(self) -> Clock:
        """The store's time."""
        return self.doubles.clock or StoreClock(self.coordination, self.client.on_move)

    @cached_property
    def coordination(self) -> Coordination:
        """Signals between processes."""
        return Coordination(self.client)

    @cached_property
    def probe(self) -> Coordination:
        """The same for health checks, without patience."""
        url, login = self.settings.redis_url, self.settings.store_login
        return Coordination(self.doubles.store or connect_probe(url, login))

    @cached_property
    def instance(self) -> str:
        """The name that all processes on one store share; raises ``StoreUnavailable``."""
        return self.coordination.instance()

    @cached_property
    def schema(self) -> Schema:
        """The form of the store."""
        return Schema(self.client, self.scripts, self.partitions)

    @cached_property
    def agreement(self) -> Agreement:
        """What has the store fit the settings, and this version."""
        given = self.settings.partitions
        growth = GrowthStore(self.client, self.scripts)
        return Agreement(self.coordination, self.schema, growth, self.partitions, given)

    @cached_property
    def agreed(self) -> bool:
        """True; raises what ``Agreement.agree`` does, which is asked until it succeeds once."""
        self.agreement.agree()
        return True

    @cached_property
    def events(self) -> EventStore:
        """Events; raises what ``agreed`` does, so that none is written that cannot be read."""
        _ = self.agreed
        self.terms.withdraw()
        terms, known = EventTerms(self.terms.declared), self.crypto.encryptor.known
        partitions = self.partitions
        return NotedEventStore(self.client, self.scripts, partitions, self.key_notes, known, terms)

    @cached_property
    def event_batches(self) -> EventBatches:
        """Many events written at once."""
        return EventBatches(self.client, self.scripts, self.events)

    @cached_property
    def sources(self) -> SourceStore:
        """What the sources of imports have."""
        return SourceStore(self.client, self.partitions)

    @cached_property
    def samples(self) -> SampleReader:
        """Members of indexes, spread evenly."""
        return SampleReader(self.client, self.partitions)

    @cached_property
    def former_names(self) -> FormerNames:
        """What events were called."""
        return FormerNames(self.client)

    @cached_property
    def occurrences(self) -> OccurrenceStore:
        """Occurrences."""
        return OccurrenceStore(self.client)

    @cached_property
    def work(self) -> WorkStore:
        """Occurrences by what is to be done: due, claimed, ended."""
        count = self.partitions.and_one() if self.settings.canary_ms else self.partitions
        return WorkStore(self.client, self.scripts, count)

    @cached_property
    def waiting(self) -> WaitingStore:
        """Occurrences that wait for their receiver's acknowledgement."""
        return WaitingStore(self.client)

    @cached_property
    def lists(self) -> IndexReader:
        """Indexes, in all partitions."""
        return IndexReader(self.client, self.scripts, self.partitions)

    @cached_property
    def terms(self) -> TermIndex:
        """Events by hosts and metadata, in all partitions."""
        declared = self.settings.indexed_metadata
        return TermIndex(self.client, self.scripts, self.partitions, declared)

    @cached_property
    def whole_lists(self) -> IndexReader:
        """Indexes that have no partitions."""
        return IndexReader(self.client, self.scripts, partitions=1)

    @cached_property
    def owners(self) -> Owners:
        """How many events a token's subject has."""
        return Owners(self.client)

    @cached_property
    def rates(self) -> Rates:
        """How often the events of each lane occur."""
        return Rates(self.client, self.scripts)

    @cached_property
    def processes(self) -> ProcessStore:
        """Signs of life of all processes."""
        return ProcessStore(self.client)

    @cached_property
    def leftovers(self) -> Leftovers:
        """Whether upkeep has anything to recover."""
        return Leftovers(self.client, self.partitions)

    @cached_property
    def sweep(self) -> EventSweep:
        """Walks over all events for upkeep."""
        return EventSweep(self.client)

    @cached_property
    def calendars(self) -> CalendarStore:
        """Calendars."""
        return CalendarStore(self.client, self.partitions)

    @cached_property
    def flows(self) -> FlowStore:
        """Flows and their settings."""
        return FlowStore(self.client, self.scripts, self.partitions)

    @cached_property
    def flow_gate(self) -> FlowGate:
        """Which occurrences of a flow may be claimed."""
        return FlowGate(self.client, self.scripts, self.partitions)

    @cached_property
    def redeliveries(self) -> RedeliveryStore:
        """Dead letters."""
        return RedeliveryStore(self.client, self.scripts)

    @cached_property
    def redelivery_jobs(self) -> RedeliveryJobStore:
        """Jobs that redeliver many dead letters."""
        return RedeliveryJobStore(self.client, self.scripts)

    @cached_property
    def import_jobs(self) -> ImportJobStore:
        """Jobs that import files with many entries."""
        return ImportJobStore(self.client, self.scripts)

    @cached_property
    def breakers(self) -> BreakerStore:
        """Circuit breakers of targets."""
        return BreakerStore(self.client, self.scripts)

    @cached_property
    def local_faults(self) -> LocalFaultStore:
        """What the hosts of workers lack."""
        return LocalFaultStore(self.client)

    @cached_property
    def figures(self) -> Figures:
        """Counts for metrics."""
        return Figures(self.client, self.partitions)

    @cached_property
    def tokens(self) -> TokenStore:
        """JWTs that were issued and revoked."""
        return TokenStore(self.client)

    @cached_property
    def audit_log(self) -> AuditLog:
        """Who changed what."""
        return AuditLog(self.client, self.scripts)

    @cached_property
    def key_notes(self) -> KeyNotes:
        """Which keys have encrypted something."""
        return KeyNotes(self.client, self.scripts)

    @cached_property
    def encrypted_secrets(self) -> EncryptedSecrets:
        """Every secret at rest, as it is encrypted."""
        return EncryptedSecrets(self.client, self.scripts, self.lists)

    @cached_property
    def tag_secrets(self) -> TagSecretStore:
        """Signing secrets of tags."""
        client, known = self.client, self.crypto.encryptor.known
        notes, scripts = self.key_notes, self.scripts
        return TagSecretStore(client, scripts, lambda sealed: notes.note(key_of(sealed), known))

    @cached_property
    def alerts(self) -> AlertStore:
        """Alerts."""
        known = self.crypto.encryptor.known
        return AlertStore(self.client, lambda sealed: self.key_notes.note(key_of(sealed), known))

    @cached_property
    def live(self) -> LiveStore:
        """Live connections."""
        return LiveStore(self.client, self.scripts)

    @cached_property
    def changes(self) -> LiveChanges:
        """What listeners are told."""
        return LiveChanges(self.live, self.clock)

    def new_channel(self) -> Channel:
        """Open a channel for one user: it has a connection of its own."""
        return Channel(self.client, self.scripts)
