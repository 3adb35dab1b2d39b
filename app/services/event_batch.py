"""Many events created by one request: each for itself, or all of them or none."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

from app.clock import Clock
from app.domain.access import Access
from app.domain.budget import Budget, limited
from app.domain.event import Event
from app.domain.ids import partition_of_event, repeated_event_id
from app.domain.once import Once, Repetition
from app.errors import Conflict, Forbidden, InvalidInput, QhronosError, StoreUnavailable
from app.planning.limits import BATCH, BATCH_EVENT, WRITING
from app.planning.timetables import bounded
from app.services.event_places import partition_of_batch, taken_keys
from app.services.event_writes import TAKEN
from app.services.events import EventService, MakeId
from app.services.queries import EventChanges
from app.store.event_batches import EventBatches, Write
from app.store.partitions import by_partition

MOST = 1_000
"""Events in one batch."""

_TOO_COSTLY = "the schedules of this batch take too many steps to compute; send it in parts"

Made = Event | QhronosError
"""An event that was created, or why it was not."""

Item = EventChanges | QhronosError
"""What a request has of an event, or what is wrong with it."""


class _Plan(NamedTuple):
    """What writes an event, and how often it counts."""

    write: Write
    rate: int | None


@dataclass(frozen=True, slots=True)
class BatchService:
    """Creates events by the thousand. Every call raises ``StoreUnavailable``."""

    events: EventService
    batches: EventBatches
    clock: Clock

    def create(
        self,
        items: Sequence[Item],
        access: Access,
        about_to_write: Callable[[Sequence[bytes]], None],
        repetition: Repetition | None = None,
        *,
        atomic: bool = False,
    ) -> list[Made]:
        """Create events; answers for each the event, or why there is none.

        ``atomic``: if one is refused, none is created. ``about_to_write`` is told the ids of those
        that are going to be written. With a ``repetition`` they have the same ids each time. Raises
        ``TooBusy``, and ``StoreUnavailable`` if none is created.
        """
        now_ms = self.clock.now_ms()
        with limited(BATCH + BATCH_EVENT * len(items)) as budget:
            plans = self._plans(items, access, now_ms, budget, repetition, atomic=atomic)
            if atomic and _is_refused(plans):
                return [_outcome(one) for one in plans]
        taken = taken_keys(self.events.events, _drafts(plans), access)
        plans = [_unless_refused(one, taken) for one in plans]
        rated = [(one.write.event, one.rate) for one in plans if isinstance(one, _Plan)]
        refused = self.events.quota.take_new(rated, access)
        plans = [_unless_refused(one, refused) for one in plans]
        writes = [one.write for one in plans if isinstance(one, _Plan)]
        if not writes or (atomic and refused):
            self._give_back(writes, access)
            return [_outcome(one) for one in plans]
        about_to_write([one.event.id for one in writes])
        try:
            saved = self._write(writes, access, now_ms, repetition, atomic=atomic)
        except QhronosError:
            self._give_back(writes, access)
            raise
        self._give_back(
            list(compress(writes, [isinstance(one, Conflict) for one in saved])), access
        )
        outcomes = iter(saved)
        return [next(outcomes) if isinstance(one, _Plan) else one for one in plans]

    def _plans(
        self,
        items: Sequence[Item],
        access: Access,
        now_ms: int,
        budget: Budget,
        repetition: Repetition | None,
        *,
        atomic: bool,
    ) -> list[_Plan | QhronosError]:
        # The same partition each time, and with atomic one for all.
        place = partition_of_batch(repetition, self.events.events, self.events.partitions)
        partition = place if atomic else None
        once = None if repetition is None else Once(repetition.seed, repetition.seed, place)
        plans: list[_Plan | QhronosError] = []
        for number, item in enumerate(items):
            if isinstance(item, QhronosError):
                plans.append(item)
                continue
            try:
                with bounded(WRITING):
                    make_id = _make_id(repetition, number)
                    draft = self.events.drafted(item, access, once, partition, make_id)
                    event, timetable = self.events.planner.checked(draft, now_ms)
                    write = self.events.planner.creation(event, timetable, now_ms)
                    rate = self.events.quota.occurrences.rate_of(event, timetable, now_ms)
                    plans.append(_Plan(write, rate))
            except (InvalidInput, Forbidden, Conflict) as error:
                over = budget.left <= 0
                plans.append(InvalidInput.field("schedule", _TOO_COSTLY) if over else error)
        return plans

    def _write(
        self,
        writes: Sequence[Write],
        access: Access,
        now_ms: int,
        repetition: Repetition | None,
        *,
        atomic: bool,
    ) -> list[Made]:
        request = secrets.token_bytes(8) if repetition is None else repetition.seed[:8]
        self.events.events.note_keys(one.event for one in writes)
        self.events.flows.join_new(one.event for one in writes)
        if atomic:
            saved = self.batches.write(writes, now_ms, request=request)
            if not all(saved) and repetition is None:
                raise Conflict(TAKEN)
            return [one.after for one in writes]
        found: dict[bytes, Made] = {}
        for some in by_partition(writes, _partition).values():
            for write, is_saved in zip(
                some, self.batches.create_each(some, now_ms, request), strict=True
            ):
                found[write.event.id] = _made(write, is_saved)
        if all(isinstance(one, StoreUnavailable) for one in found.values()):
            raise StoreUnavailable
        refused = [one.event for one in writes if isinstance(found[one.event.id], Conflict)]
        found |= taken_keys(self.events.events, refused, access)
        return [found[one.event.id] for one in writes]

    def _give_back(self, writes: Sequence[Write], access: Access) -> None:
        for one in writes:
            self.events.quota.give_back(one.event, access)


def _drafts(plans: Sequence[_Plan | QhronosError]) -> list[Event]:
    return [one.write.event for one in plans if isinstance(one, _Plan)]


def _is_refused(plans: Sequence[_Plan | QhronosError]) -> bool:
    return any(isinstance(one, QhronosError) for one in plans)


def _unless_refused(
    plan: _Plan | QhronosError, refused: Mapping[bytes, QhronosError]
) -> _Plan | QhronosError:
    return refused.get(plan.write.event.id, plan) if isinstance(plan, _Plan) else plan


def _outcome(plan: _Plan | QhronosError) -> Made:
    return plan.write.after if isinstance(plan, _Plan) else plan


def _partition(write: Write) -> int:
    return partition_of_event(write.event.id)


def _make_id(repetition: Repetition | None, number: int) -> MakeId | None:
    if repetition is None:
        return None
    at_us, seed = repetition.at_us, repetition.seed
    return lambda partition, lane: repeated_event_id(at_us, number, partition, lane, seed)


def _made(write: Write, is_saved: bool | StoreUnavailable) -> Made:
    if isinstance(is_saved, StoreUnavailable):
        return is_saved
    return write.after if is_saved else Conflict(TAKEN)
