"""Wiring of bulk jobs."""

from __future__ import annotations

from app.services.audit import AuditService
from app.services.bulk_audit import BulkAudit
from app.services.bulk_jobs import BulkService
from app.services.bulk_steps import BulkSteps
from app.services.events import EventService
from app.services.jobs import JobFrame
from app.services.tokens import TokenService
from app.store.bulk_jobs import BulkJobStore
from app.wiring.queues import Queues
from app.wiring.storage import Storage


def bulk_service(
    storage: Storage,
    events: EventService,
    tokens: TokenService,
    audit: AuditService,
    queues: Queues,
) -> BulkService:
    """Make what does one thing to many events. Jobs are kept as long as occurrences are."""
    jobs, clock = BulkJobStore(storage.client, storage.scripts), storage.clock
    steps = BulkSteps(events, jobs, tokens, BulkAudit(audit), storage.changes.event, clock)
    cursors = storage.crypto.cursors
    frame = JobFrame(jobs, storage.whole_lists, cursors, queues.upkeep, clock, "bulk job")
    return BulkService(steps, frame, storage.settings.retention_occurrences_ms)
