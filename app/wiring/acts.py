"""Wiring of what is done to one event, or to an occurrence, beside its schedule."""

from __future__ import annotations

from app.domain.access import Access
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence
from app.engine.acknowledgements import Acknowledgements
from app.services.actions import ActionService
from app.services.audit import AuditService
from app.services.deletions import DeletionService
from app.services.events import EventService
from app.services.flows import FlowService
from app.services.redeliveries import RedeliveryService
from app.wiring.planning import Planning
from app.wiring.storage import Storage


def action_service(storage: Storage, planning: Planning, events: EventService) -> ActionService:
    """Make what triggers, pauses, resumes and backfills."""
    return ActionService(
        events, storage.events, storage.occurrences, planning.timetables, storage.clock
    )


def acknowledgements(storage: Storage) -> Acknowledgements:
    """Make what takes what receivers say after they answered."""
    return Acknowledgements(
        storage.waiting,
        storage.work,
        storage.occurrences,
        storage.crypto.ack_tokens,
        storage.flow_gate,
        storage.changes,
        storage.clock,
        storage.settings.least_retry_delay_ms,
    )


def deletion_service(
    storage: Storage, events: EventService, redeliveries: RedeliveryService, audit: AuditService
) -> DeletionService:
    """Make what deletes events in a way that can be undone."""

    def redeliver(occurrence: Occurrence, access: Access) -> object:
        return redeliveries.redeliver(to_text(occurrence.id), access, fresh=False)

    return DeletionService(
        events, storage.occurrences, redeliver, audit, storage.changes.event, storage.clock
    )


def flow_service(storage: Storage) -> FlowService:
    """Flows: rate and concurrency shared by events."""
    kept_ms = storage.settings.retention_events_ms
    return FlowService(storage.flows, storage.flow_gate, storage.clock, kept_ms)
