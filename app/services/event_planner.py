"""Writes an event together with what becomes of its scheduled occurrence, in one step.

An occurrence whose time has come and that nobody has claimed yet (it waits for its jitter, for its
flow, or for a worker) stays if the changed event still has its time. Otherwise it ends as
cancelled, with the reason. So does one that was claimed and returned unsent, and so do times that
have come and that the series has not reached yet: only one occurrence is scheduled at a time, so
while workers are away the others wait unseen.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.clock import Clock
from app.domain import ids
from app.domain.budget import BudgetExceeded, limited
from app.domain.event import Event, EventStatus
from app.domain.once import Once
from app.domain.timetable import Timetable
from app.errors import Conflict, InvalidInput, StoreUnavailable
from app.planning.limits import REPAIR, SUCCESSOR, WRITING
from app.planning.next_occurrence import plan_next
from app.planning.timetables import Timetables, bounded
from app.services.event_changes import timing
from app.services.event_writes import with_next
from app.services.flows import FlowService
from app.store.event_batches import Write
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.events import EventStore
from app.store.occurrences import OccurrenceStore
from app.store.withdrawals import Withdrawal

log = logging.getLogger(__name__)

CHANGED = "its event was changed"
PAUSED = "its event was paused"
ENDED = "its event was ended"
DELETED = "its event was deleted"
CALENDAR_CHANGED = "a calendar that its event names was changed"

MAX_TAKEN = 64
"""How many occurrences that exist already (triggered, backfilled, claimed ahead) one write passes
over."""


@dataclass(frozen=True, slots=True)
class EventPlanner:
    """What the use cases around events write with; every call raises ``StoreUnavailable``."""

    events: EventStore
    occurrences: OccurrenceStore
    timetables: Timetables
    flows: FlowService
    clock: Clock

    def create(
        self, event: Event, timetable: Timetable | None, now_ms: int, once: Once | None
    ) -> tuple[Saved, Event]:
        """Store a new event as ``checked`` gave it, and schedule it."""
        with bounded(WRITING):
            return self._save(event, timetable, None, now_ms, once=once)

    def creation(self, event: Event, timetable: Timetable | None, now_ms: int) -> Write:
        """What writes a new event as ``checked`` gave it."""
        plan = plan_next(event, timetable, now_ms)
        return Write(_ended_without(event, plan), plan)

    def replacement(self, before: Event, after: Event, now_ms: int) -> Write:
        """What ``replace`` tries first; raises what that does."""
        after = replace(after, version=before.version + 1, updated_ms=now_ms)
        if timing(after) == timing(before):
            return Write(after.changed(schedule=before.schedule), KEEP, before)
        self._refuse_repetition(before, after, now_ms)
        after, timetable = self.checked(after, now_ms)
        came_ms = self.came(before, now_ms)
        plan = plan_next(after, timetable, now_ms, came_ms=came_ms)
        after = _ended_without(after, plan)
        withdrawal = _withdrawal(before, after, now_ms, CHANGED, came_ms, timetable)
        return Write(after, plan, before, withdrawal)

    def ending(self, before: Event, after: Event, reason: str, now_ms: int) -> Write:
        """What ``end`` writes."""
        after = replace(after, version=before.version + 1, updated_ms=now_ms)
        came_ms = self.came(before, now_ms)
        return Write(after, NOTHING, before, _withdrawal(before, after, now_ms, reason, came_ms))

    def replace(
        self, before: Event, after: Event, since_ms: int | None = None
    ) -> tuple[Saved, Event]:
        """Write a changed event; a series goes on after ``since_ms``, now by itself.

        Raises ``InvalidInput``, and ``Conflict`` for a one-time event that has run at its time.
        """
        now_ms = self.clock.now_ms()
        after = replace(after, version=before.version + 1, updated_ms=now_ms)
        if timing(after) == timing(before):
            _ = after.options.misfire
            # The same schedule at the same start: what its counts come to is known.
            after = after.changed(schedule=before.schedule)
            self.flows.join(after, before)
            return self.events.save(after, KEEP, before, now_ms), after
        self._refuse_repetition(before, after, now_ms)
        with bounded(WRITING):
            after, timetable = self.checked(after, now_ms)
            self.flows.join(after, before)
            came_ms = self.came(before, now_ms)
            return self._save(after, timetable, before, now_ms, since_ms, came_ms=came_ms)

    def end(self, before: Event, after: Event, reason: str = ENDED) -> Saved:
        """Write an event that has no future for now: there is nothing to plan or check."""
        now_ms = self.clock.now_ms()
        write = self.ending(before, after, reason, now_ms)
        return self.events.save(
            write.event, write.plan, before, now_ms, withdrawal=write.withdrawal
        )

    def replan(self, before: Event) -> Saved:
        """Plan an active event of a series again, after one of its calendars has changed.

        Raises ``InvalidInput`` if it can't be planned any more.
        """
        now_ms = self.clock.now_ms()
        with bounded(REPAIR):
            timetable = self.timetables.of(before.id, before.definition)
            came_ms = self.came(before, now_ms, by_rule=True)
            plan = plan_next(before, timetable, now_ms, came_ms=came_ms)
            if plan.scheduled_ms == before.next_ms:
                return Saved.DONE
            after = replace(before, version=before.version + 1, updated_ms=now_ms)
            saved, _ = self._save(
                after, timetable, before, now_ms, reason=CALENDAR_CHANGED, came_ms=came_ms
            )
            return saved

    def checked(self, event: Event, now_ms: int) -> tuple[Event, Timetable | None]:
        """The event as it may be stored, and its timetable; raises ``InvalidInput``."""
        if event.schedule is None:
            event.options.check_one_time()
            return event, None
        timetable = self.timetables.checked(event, now_ms)
        return event.changed(schedule=event.schedule.accepted(timetable.rule)), timetable

    def _save(
        self,
        event: Event,
        timetable: Timetable | None,
        before: Event | None,
        now_ms: int,
        since_ms: int | None = None,
        *,
        once: Once | None = None,
        reason: str = CHANGED,
        came_ms: Sequence[int] = (),
    ) -> tuple[Saved, Event]:
        """Write an event and its next occurrence: the first that does not exist yet."""
        left_ms = came_ms
        since = now_ms if since_ms is None else since_ms
        for _ in range(MAX_TAKEN):
            plan = plan_next(event, timetable, since, came_ms=left_ms)
            written = _ended_without(event, plan)
            withdrawal = _withdrawal(before, written, now_ms, reason, came_ms, timetable)
            saved = self.events.save(written, plan, before, now_ms, once, withdrawal)
            if saved is not Saved.TAKEN or plan.scheduled_ms is None:
                return saved, with_next(written, plan)
            taken_ms = plan.scheduled_ms
            since, left_ms = max(since, taken_ms), [at for at in left_ms if at > taken_ms]
        return Saved.MOVED, event

    def came(self, before: Event, now_ms: int, *, by_rule: bool = False) -> list[int]:
        """The times of an active series that have come and that nothing has been sent for.

        Oldest first; after the one that is scheduled no more than its misfire policy may fire, and
        none if they can't be computed in the steps that a successor may take. ``by_rule`` leaves
        its calendars out: what they took away before they were changed is not known any more.
        Raises ``StoreUnavailable``.
        """
        if before.status is not EventStatus.ACTIVE or before.schedule is None:
            return []
        reached_ms = before.next_ms
        if reached_ms is None:
            ((_, reached_ms),) = self.events.progress([before.id])
        if reached_ms is None or reached_ms > now_ms:
            return []
        came = [] if before.next_ms is None else [before.next_ms]
        try:
            with limited(SUCCESSOR):
                of = self.timetables.ruled if by_rule else self.timetables.of
                timetable = of(before.id, before.definition)
                later = timetable.upcoming(reached_ms, before.options.misfire.limit, now_ms)
        except StoreUnavailable:
            raise
        except (BudgetExceeded, InvalidInput):
            return came
        except Exception:
            # Whatever is wrong with its schedule must not keep it from being ended or deleted.
            log.exception("an event can't be computed", extra={"event": ids.to_text(before.id)})
            return came
        return came + [one.scheduled_ms for one in later]

    def _refuse_repetition(self, before: Event, after: Event, now_ms: int) -> None:
        """A one-time event fires once for one time: to fire again it needs another."""
        again = (
            after.schedule is None
            and after.status is EventStatus.ACTIVE
            and after.start_ms <= now_ms
            and after.start_ms != before.next_ms
        )
        if again and self.occurrences.get_many([ids.occurrence_id(after.id, after.start_ms)])[0]:
            raise Conflict("The event has already run at this start_time; give it a new one.")


def _withdrawal(
    before: Event | None,
    after: Event,
    now_ms: int,
    reason: str,
    came_ms: Sequence[int],
    timetable: Timetable | None = None,
) -> Withdrawal:
    """What becomes of occurrences that wait, under a plan that may not have them any more."""
    if after.status is EventStatus.PAUSED:
        reason = DELETED if reason == DELETED else PAUSED
    elif after.status is EventStatus.INACTIVE and reason == CHANGED:
        reason = ENDED
    pending_ms = before.next_ms if before else None
    # A one-time event that is paused over its time fires when it is resumed, within the grace.
    comes_back = after.schedule is None and after.status is EventStatus.PAUSED
    is_due = pending_ms is not None and pending_ms <= now_ms
    keeps = timetable.has if timetable and after.status is EventStatus.ACTIVE else None
    passed_ms = [at for at in came_ms if at != pending_ms and not (keeps and keeps(at))]
    return Withdrawal(
        reason, is_recorded=is_due and not comes_back, keeps=keeps, passed_ms=passed_ms
    )


def _ended_without(event: Event, plan: Plan) -> Event:
    """The event as it is stored with a plan: without anything to come, it is inactive."""
    over = plan.scheduled_ms is None or plan.missed is not None
    ends = event.status is EventStatus.ACTIVE and over
    return replace(event, status=EventStatus.INACTIVE) if ends else event
