"""Wiring of quotas."""

from __future__ import annotations

from app.config import Settings
from app.services.occurrence_quota import OccurrenceQuota
from app.services.quotas import EventQuota
from app.wiring.crypto import Crypto
from app.wiring.planning import Planning
from app.wiring.storage import Storage


def event_quota(
    settings: Settings, crypto: Crypto, storage: Storage, planning: Planning
) -> EventQuota:
    """How many events a tenant may have, and how often they may occur."""
    occurrences = OccurrenceQuota(
        storage.rates,
        storage.events,
        planning.timetables,
        storage.clock,
        settings.max_occurrences_per_sub,
        crypto.unbounded_lanes,
    )
    return EventQuota(storage.owners, settings.max_events_per_sub, occurrences)
