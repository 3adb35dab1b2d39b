"""Creating events: one, once for an idempotency key; or several, all or none."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import HEADER, AlreadyMade, Once
from app.domain.timetable import Timetable
from app.errors import Conflict, InvalidInput, NotFound, QhronosError
from app.planning.limits import IMPORTING
from app.planning.timetables import bounded
from app.services.event_planner import EventPlanner
from app.services.event_writes import TAKEN
from app.services.events import EventService
from app.services.flows import FlowService
from app.services.queries import EventChanges
from app.services.quotas import EventQuota
from app.store.events import EventStore

_OTHER = f"This {HEADER} has made another event within the last day; choose a new one."
_GONE = f"The event that this {HEADER} made is gone; choose a new one to make another."


@dataclass(frozen=True, slots=True)
class CreationService:
    """Creates an event once, however often the request with its idempotency key is sent."""

    events: EventService
    store: EventStore
    partitions: int

    def create(self, changes: EventChanges, access: Access, key: str) -> tuple[Event, bool]:
        """Create an event, or return the one that this key has made; also whether it is new.

        Raises what ``EventService.create`` raises, ``InvalidInput`` for a malformed key, and
        ``Conflict`` for a key that has made another event, or one that was deleted.
        """
        once = Once.of(key, changes.given, access)
        # An event of a flow is in the flow's partition. The key is also noted in a partition of its
        # own, so that it means the same whatever flow the next request names.
        home = zlib.crc32(once.name) % self.partitions
        try:
            self.store.refuse_duplicate(home, once)
            event = self.events.create(changes, access, once)
        except AlreadyMade as before:
            return self._made(before, once, access), False
        self.store.remember(home, event.id, once)
        return event, True

    def _made(self, before: AlreadyMade, once: Once, access: Access) -> Event:
        if before.digest != once.digest:
            raise Conflict(_OTHER)
        try:
            return self.events.get(to_text(before.event_id), access)
        except NotFound:
            raise Conflict(_GONE) from None


@dataclass(frozen=True, slots=True)
class ImportService:
    """Creates events in bulk."""

    events: EventService
    planner: EventPlanner
    quota: EventQuota
    flows: FlowService
    clock: Clock
    partitions: int

    def create_all(
        self, drafts: Sequence[tuple[str, EventChanges]], access: Access
    ) -> Sequence[Event]:
        """Create an event from each draft, all or none; each draft has a name for messages.

        Raises what ``EventService.create`` raises for the first draft that can't be created.
        """
        now_ms = self.clock.now_ms()
        partition = random.randrange(self.partitions)  # noqa: S311 - spreads load, no secret
        with bounded(IMPORTING):
            checked = [self._checked(name, one, access, partition) for name, one in drafts]
        counted: list[bytes] = []
        try:
            for event, _ in checked:
                self.quota.take(event.id, access)
                counted.append(event.id)
                self.flows.join(event)
            created = self.planner.create_all(checked, now_ms)
            if created is None:
                raise Conflict(TAKEN)
        except QhronosError:
            for event_id in counted:
                self.quota.give_back(event_id, access)
            raise
        return created

    def _checked(
        self, name: str, changes: EventChanges, access: Access, partition: int
    ) -> tuple[Event, Timetable | None]:
        try:
            draft = self.events.drafted(changes, access, partition=partition)
            return self.planner.checked(draft, self.clock.now_ms())
        except InvalidInput as error:
            raise of_one(name, error) from None


def of_one(name: str, error: InvalidInput) -> InvalidInput:
    """Prefix an error with the name of the draft it is about."""
    fields = {f"{name}.{path}": said for path, said in error.fields.items()}
    return InvalidInput(f"{name}: {error.message}", fields=fields)
