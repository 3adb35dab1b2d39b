"""Wiring of what is at rest: the store's client, and what reads and writes through it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.clock import Clock
from app.config import Settings
from app.engine.store_clock import StoreClock
from app.services.cursors import Cursors
from app.store.connection import StoreClient, connect
from app.store.coordination import Coordination
from app.store.events import EventStore
from app.store.indexes import IndexReader
from app.store.occurrences import OccurrenceStore
from app.store.scripts import Scripts
from app.store.work import WorkStore
from app.wiring.crypto import Safekeeping
from app.wiring.doubles import NO_DOUBLES, Doubles


@dataclass
class Storing:
    """Nothing connects before it is used."""

    settings: Settings
    doubles: Doubles = NO_DOUBLES

    @cached_property
    def client(self) -> StoreClient:
        """The store's client."""
        return self.doubles.store or connect(self.settings.redis_url)

    @cached_property
    def scripts(self) -> Scripts:
        """The store's scripts."""
        return Scripts(self.client)

    @cached_property
    def coordination(self) -> Coordination:
        """Signals between processes."""
        return Coordination(self.client)

    @cached_property
    def instance(self) -> str:
        """The name that all processes on one store share; raises ``StoreUnavailable``."""
        return self.coordination.instance()

    @cached_property
    def clock(self) -> Clock:
        """The store's time."""
        return self.doubles.clock or StoreClock(self.coordination)

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
    def lists(self) -> IndexReader:
        """Walks of indexes."""
        return IndexReader(self.client, self.settings.partitions)

    @cached_property
    def safekeeping(self) -> Safekeeping:
        """Secrets at rest, tokens, the audit log."""
        return Safekeeping(self.settings, self.client, self.scripts, self.cursors, self.clock)
