"""Wiring of dead letters that are delivered again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.access import Access
from app.domain.occurrence import Occurrence
from app.services.jobs import JobFrame
from app.services.occurrences import OccurrenceService
from app.services.redeliveries import RedeliveryService
from app.services.redelivery_steps import RedeliverySteps
from app.services.tokens import TokenService
from app.wiring.queues import Queues
from app.wiring.storage import Storage


def redelivery_service(
    storage: Storage,
    queues: Queues,
    occurrences: OccurrenceService,
    tokens: TokenService,
    trigger: Callable[[str, Access, int | None, int | None], Occurrence],
) -> RedeliveryService:
    """What redelivers, one and many. Jobs are kept as long as occurrences are."""
    jobs, clock = storage.redelivery_jobs, storage.clock

    def tell(found: Sequence[bytes]) -> None:
        if found:
            storage.changes.occurrences(lambda: storage.occurrences.get_many(found))

    steps = RedeliverySteps(storage.redeliveries, jobs, occurrences, storage.lists, tokens, tell)
    cursors = storage.crypto.cursors
    return RedeliveryService(
        storage.redeliveries,
        JobFrame(jobs, storage.whole_lists, cursors, queues.upkeep, clock, "redelivery job"),
        steps,
        occurrences,
        trigger,
        clock,
        storage.settings.retention_occurrences_ms,
    )
