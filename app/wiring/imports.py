"""Wiring of imports."""

from __future__ import annotations

from app.services.events import EventService
from app.services.import_plans import ImportPlanner
from app.services.import_writes import ImportWriter
from app.services.imports import ImportService
from app.wiring.storage import Storage


def build_imports(storage: Storage, events: EventService) -> ImportService:
    """Make what imports calendar files."""
    planner = ImportPlanner(
        events, events.planner, storage.events, storage.sources, events.quota, storage.clock
    )
    writer = ImportWriter(
        events, storage.event_batches, storage.sources, events.quota, events.flows
    )
    return ImportService(planner, writer, storage.sources, events.quota, storage.clock)
