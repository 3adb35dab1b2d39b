"""Wiring of imports."""

from __future__ import annotations

from app.services.audit import AuditService
from app.services.events import EventService
from app.services.import_audit import ImportAudit
from app.services.import_jobs import ImportJobService
from app.services.import_phases import ImportPhases
from app.services.import_plans import ImportPlanner
from app.services.import_writes import ImportWriter
from app.services.imports import ImportService
from app.services.jobs import JobFrame
from app.services.tokens import TokenService
from app.wiring.queues import Queues
from app.wiring.storage import Storage


def _at_once(storage: Storage, events: EventService) -> ImportService:
    planner = ImportPlanner(
        events, events.planner, storage.events, storage.sources, events.quota, storage.clock
    )
    writer = ImportWriter(
        events,
        storage.event_batches,
        storage.sources,
        events.quota,
        events.flows,
        storage.changes.written,
    )
    return ImportService(
        planner,
        writer,
        storage.sources,
        events.quota,
        storage.clock,
        storage.settings.retention_events_ms,
    )


def build_imports(
    storage: Storage,
    events: EventService,
    tokens: TokenService,
    audit: AuditService,
    queues: Queues,
) -> ImportJobService:
    """Make what imports calendar files."""
    imports, jobs, clock = _at_once(storage, events), storage.import_jobs, storage.clock
    cursors = storage.crypto.cursors
    return ImportJobService(
        jobs,
        ImportPhases(jobs, imports, tokens),
        imports,
        ImportAudit(audit),
        JobFrame(jobs, storage.whole_lists, cursors, queues.upkeep, clock, "import"),
        clock,
        storage.settings.retention_occurrences_ms,
    )
