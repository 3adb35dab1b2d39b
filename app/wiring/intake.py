"""Wiring of what takes events in: once for a key, and by the thousand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.services.event_batch import BatchService
from app.services.event_creation import CreationService
from app.services.event_keys import KeyService
from app.services.events import EventService
from app.services.processes import ProcessService
from app.store.answers import AnswerStore
from app.store.kept_ids import KeptIds
from app.wiring.storage import Storage


@dataclass(frozen=True)
class Intake:
    """The use cases that create events in other ways than one by one."""

    events: EventService
    storage: Storage
    processes: ProcessService

    @cached_property
    def answers(self) -> AnswerStore:
        """Answers to requests that have an idempotency key."""
        processes = self.processes
        return AnswerStore(
            self.storage.scripts,
            self.storage.partitions.for_new,
            bytes.fromhex(processes.name),
            lambda name: processes.is_alive(name.hex()),
        )

    @cached_property
    def creations(self) -> CreationService:
        """Events that are created once for an idempotency key."""
        storage = self.storage
        kept, partitions = KeptIds(storage.client), storage.partitions.for_new
        return CreationService(self.events, storage.events, kept, partitions)

    @cached_property
    def keys(self) -> KeyService:
        """Events by the keys that their users gave them."""
        return KeyService(self.events, self.storage.events)

    @cached_property
    def batches(self) -> BatchService:
        """Many events created at once."""
        return BatchService(self.events, self.storage.event_batches, self.storage.clock)
