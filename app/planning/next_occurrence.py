"""The next occurrence of an event, from its timetable, its status and its misfire policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.event import Event, EventStatus
from app.domain.misfire import MisfirePolicy
from app.domain.timetable import Skipped, Timetable, spread
from app.store.event_plans import NOTHING, Plan

TOO_LATE = "it was due more than the misfire grace before anybody could deliver it"


def plan_next(
    event: Event, timetable: Timetable | None, now_ms: int, *, came_ms: Sequence[int] = ()
) -> Plan:
    """What is to be scheduled for an event that was just created, changed or resumed.

    ``timetable`` is ``None`` for a one-time event. A series goes on with its next future
    occurrence. A one-time event that is past fires at once within the misfire grace, and is
    recorded as missed beyond it.

    ``came_ms`` are times that have come and that nothing has been sent for, oldest first: that of
    the occurrence that is scheduled, which waits for a worker, its jitter or its flow, and those
    after it that the series has not reached yet. It goes on with the first that the timetable has.
    """
    if event.status is not EventStatus.ACTIVE:
        return NOTHING
    if timetable is None:
        if event.start_ms < now_ms - event.options.misfire.grace_ms:
            return Plan(scheduled_ms=event.start_ms, missed=TOO_LATE)
        offset = spread(event.id, event.start_ms, event.options.jitter_ms)
        return Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms + offset)
    for came in came_ms:
        if timetable.has(came):
            return Plan(scheduled_ms=came, due_ms=timetable.planned_ms(came))
    following = timetable.next_after(max(now_ms, event.start_ms - 1))
    if following is None:
        return NOTHING
    at = following.scheduled_ms
    return Plan(scheduled_ms=at, due_ms=timetable.planned_ms(at))


@dataclass(frozen=True, slots=True)
class Continuation:
    """How a series continues: its next occurrence (``None``: the end), and those it passed over."""

    next_ms: int | None
    due_ms: int = 0
    missed_ms: tuple[int, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def continue_series(
    timetable: Timetable, claimed_ms: int, now_ms: int, misfire: MisfirePolicy
) -> Continuation:
    """What follows a claimed occurrence.

    After a downtime the misfire policy decides about all occurrences that are older than the
    misfire grace; the series continues with the others. See ``MisfirePolicy``.
    """
    late_before = now_ms - misfire.grace_ms
    following = timetable.next_after(claimed_ms)
    missed: tuple[int, ...] = ()
    if following is not None and following.scheduled_ms < late_before:
        resume_after = late_before - 1
        if misfire.policy == "fire_all":
            resume_after = _oldest_to_fire(timetable, claimed_ms, late_before, misfire.limit)
        late = timetable.upcoming(claimed_ms, misfire.limit, resume_after)
        missed = tuple(one.scheduled_ms for one in late)
        following = timetable.next_after(resume_after)
    if following is None:
        skipped = timetable.skipped(claimed_ms, now_ms, misfire.limit)
        return Continuation(None, 0, missed, tuple(skipped))
    at = following.scheduled_ms
    skipped = timetable.skipped(claimed_ms, at, misfire.limit)
    return Continuation(at, timetable.planned_ms(at), missed, tuple(skipped))


def _oldest_to_fire(timetable: Timetable, claimed_ms: int, late_before: int, limit: int) -> int:
    """The moment after which at most ``limit`` late occurrences remain, by bisection."""

    def too_many(after_ms: int) -> bool:
        return len(timetable.upcoming(after_ms, limit + 1, late_before - 1)) > limit

    if not too_many(claimed_ms):
        return claimed_ms
    low, high = claimed_ms, late_before
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if too_many(middle) else (low, middle)
    return high
