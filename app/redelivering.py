"""Wiring of what attempts dead letters again."""

from __future__ import annotations

from typing import Protocol

from app.clock import Clock
from app.config import Settings
from app.services.actions import ActionService
from app.services.cursors import Cursors
from app.services.occurrences import OccurrenceService
from app.services.queues import RetryQueue
from app.services.retries import RetryService
from app.services.retry_steps import RetrySteps
from app.store.connection import StoreClient
from app.store.indexes import IndexReader
from app.store.retries import RetryJobStore, RetryStore
from app.store.scripts import Scripts

# ruff: noqa: D102 - the names say it; ``app.bootstrap`` has the sentences


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
    def upkeep_queue(self) -> RetryQueue: ...


def retry_service(parts: Parts) -> RetryService:
    """Make the use cases around dead letters."""
    store = RetryStore(parts.client, parts.scripts)
    jobs = RetryJobStore(parts.client, parts.scripts)
    return RetryService(
        store,
        jobs,
        RetrySteps(store, jobs, parts.occurrences, parts.lists),
        parts.occurrences,
        IndexReader(parts.client, 1),
        parts.cursors,
        parts.upkeep_queue,
        parts.actions.trigger,
        parts.clock,
        parts.settings.retention_occurrences_ms,
    )
