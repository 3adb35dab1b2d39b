"""Wiring of what attempts dead letters again."""

from __future__ import annotations

from typing import Protocol

from app.clock import Clock
from app.config import Settings
from app.services.actions import ActionService
from app.services.cursors import Cursors
from app.services.occurrences import OccurrenceService
from app.services.queues import RedeliveryQueue
from app.services.redeliveries import RedeliveryService
from app.services.redelivery_steps import RedeliverySteps
from app.store.connection import StoreClient
from app.store.indexes import IndexReader
from app.store.redeliveries import RedeliveryJobStore, RedeliveryStore
from app.store.scripts import Scripts

# ruff: noqa: D102 - the names say it; ``app.wiring.services`` has the sentences


class Parts(Protocol):
    """What of the services it is made of."""

    @property
    def settings(self) -> Settings: ...
    @property
    def client(self) -> StoreClient: ...
    @property
    def scripts(self) -> Scripts: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def lists(self) -> IndexReader: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def occurrences(self) -> OccurrenceService: ...
    @property
    def actions(self) -> ActionService: ...
    @property
    def upkeep_queue(self) -> RedeliveryQueue: ...


def redelivery_service(parts: Parts) -> RedeliveryService:
    """Make the use cases around dead letters."""
    store = RedeliveryStore(parts.client, parts.scripts)
    jobs = RedeliveryJobStore(parts.client, parts.scripts)
    return RedeliveryService(
        store,
        jobs,
        RedeliverySteps(store, jobs, parts.occurrences, parts.lists),
        parts.occurrences,
        IndexReader(parts.client, 1),
        parts.cursors,
        parts.upkeep_queue,
        parts.actions.trigger,
        parts.clock,
        parts.settings.retention_occurrences_ms,
    )
