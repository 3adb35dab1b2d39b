"""Schedules successors: the next occurrence of a series, after each claim and before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from app.domain import ids
from app.domain.budget import Budget, BudgetExceeded, limited
from app.domain.definition import Definition
from app.domain.event import Event, EventStatus
from app.errors import InvalidInput, StoreUnavailable
from app.planning.limits import REPAIR, REPAIRS, SUCCESSOR, SUCCESSORS
from app.planning.next_occurrence import TOO_LATE, Continuation, continue_series, plan_next
from app.planning.timetables import Timetables
from app.store.claims import Claim
from app.store.events import EventStore
from app.store.work import Successor, Unattempted, WorkStore

log = logging.getLogger(__name__)

ASK_EVERY_MS = 200
"""How often one drain calls for repair at the most."""

MAX_STEPS = 32
"""How many occurrences that exist already one repair passes over."""


class Successors:
    """Schedules the successors of claims, and of events that have lost theirs."""

    def __init__(
        self,
        work: WorkStore,
        events: EventStore,
        timetables: Timetables,
        set_aside: Callable[[bytes, str], None],
        call_for_repair: Callable[[], None],
    ) -> None:
        """Successors need these stores and two ways out.

        ``set_aside`` takes an event out of the way that can't be planned, with the reason;
        ``call_for_repair`` has ``repair`` run soon, somewhere else.
        """
        self._work = work
        self._events = events
        self._timetables = timetables
        self._set_aside = set_aside
        self._call_for_repair = call_for_repair
        self._asked_ms = 0

    def schedule(self, claims: Iterable[Claim], now_ms: int) -> None:
        """Schedule what follows each freshly claimed occurrence of a recurring event.

        Raises ``StoreUnavailable``; ``repair`` finds the events later.
        """
        successors: list[Successor] = []
        notes: list[Unattempted] = []
        is_complete = True
        with limited(SUCCESSORS):
            for claim in claims:
                if not claim.recurring or claim.attempt != 1 or claim.definition is None:
                    continue
                try:
                    with limited(SUCCESSOR):
                        self._plan_successor(claim, claim.definition, now_ms, successors, notes)
                except (BudgetExceeded, InvalidInput):
                    # Too costly here, where nothing is sent meanwhile, or not to be read: upkeep
                    # finds the event among the unscheduled.
                    is_complete = False
        if notes:
            self._work.record_unattempted(notes, now_ms)
        passed = self._work.schedule_successors(successors, now_ms).passed if successors else []
        if passed:
            is_complete = self._reschedule(passed, now_ms, SUCCESSOR) and is_complete
        if not is_complete:
            self._ask_for_repair(now_ms)

    def _ask_for_repair(self, now_ms: int) -> None:
        if now_ms - self._asked_ms < ASK_EVERY_MS:
            return
        self._asked_ms = now_ms
        try:
            self._call_for_repair()
        except StoreUnavailable:
            log.warning("RQ is away; the periodic upkeep schedules what this drain has left")

    def repair(self, partition: int, before_ms: int, now_ms: int, limit: int) -> int:
        """Schedule the successors of events whose worker died after the claim, or left them.

        Returns how many were looked at; fewer than ``limit`` means that none is left.
        """
        found = self._work.unscheduled(partition, before_ms, limit)
        self._reschedule(found, now_ms, REPAIR)
        return len(found)

    def reconcile(self, event_ids: Sequence[bytes], now_ms: int) -> int:
        """Schedule active events that have no scheduled occurrence; returns how many there were."""
        self._reschedule(event_ids, now_ms, REPAIR)
        return len(event_ids)

    def _plan_successor(
        self,
        claim: Claim,
        definition: Definition,
        now_ms: int,
        successors: list[Successor],
        notes: list[Unattempted],
    ) -> None:
        timetable = self._timetables.of(claim.event_id, definition)
        misfire = definition.options.misfire
        following = continue_series(timetable, claim.scheduled_ms, now_ms, misfire)
        notes += _notes(claim.event_id, claim.tags, following)
        successors.append(
            Successor(
                claim.event_id,
                claim.plan,
                claim.scheduled_ms,
                following.next_ms,
                following.due_ms,
            )
        )

    def _reschedule(self, event_ids: Sequence[bytes], now_ms: int, steps: int) -> bool:
        """Schedule what follows the last claimed occurrence, as if right after its claim.

        If that occurrence exists already (a trigger or backfill made it), schedule the next one.
        Returns whether nothing is left to do. An event that needs more than ``steps`` is left, or
        set aside if upkeep has no more for it.
        """
        with limited(REPAIRS) as budget:
            for _ in range(MAX_STEPS):
                event_ids, is_complete = self._step(event_ids, now_ms, steps, budget)
                if not event_ids or not is_complete:
                    return is_complete
        return False

    def _step(
        self, event_ids: Sequence[bytes], now_ms: int, steps: int, budget: Budget
    ) -> tuple[Sequence[bytes], bool]:
        """Schedule one successor for each; returns those that go on, and whether all were tried."""
        successors: list[Successor] = []
        notes: list[Unattempted] = []
        is_complete = True
        events = self._events.get_many(event_ids)
        for event, (plan, last_ms) in zip(events, self._events.progress(event_ids), strict=True):
            if event is None or not _lacks_next(event):
                continue
            if budget.left < steps:  # the others' turn is in the next run
                is_complete = False
                break
            following = self._following(event, last_ms, now_ms, steps)
            if following is None:
                is_complete = False
                continue
            notes += _notes(event.id, event.tags, following)
            before_ms = event.start_ms if last_ms is None else last_ms
            successors.append(
                Successor(event.id, plan, before_ms, following.next_ms, following.due_ms)
            )
        if notes:
            self._work.record_unattempted(notes, now_ms)
        if not successors:
            return (), is_complete
        return self._work.schedule_successors(successors, now_ms).passed, is_complete

    def _following(
        self, event: Event, last_ms: int | None, now_ms: int, steps: int
    ) -> Continuation | None:
        """What follows; ``None`` if it can't be computed in so many steps, or at all."""
        try:
            with limited(steps):
                timetable = self._timetables.of(event.id, event.definition)
                if last_ms is not None:
                    return continue_series(timetable, last_ms, now_ms, event.options.misfire)
                fresh = plan_next(event, timetable, now_ms)
                return Continuation(fresh.scheduled_ms, fresh.due_ms)
        except StoreUnavailable:
            raise
        except BudgetExceeded:
            if steps >= REPAIR:
                self._set_aside(event.id, "its schedule takes too many steps to compute")
        except InvalidInput as error:
            self._set_aside(event.id, f"its schedule can't be read: {error.message}")
        except Exception:
            # Whatever is wrong with one event must not keep all others from being repaired.
            log.exception("an event can't be planned", extra={"event": ids.to_text(event.id)})
            self._set_aside(event.id, "its next occurrence can't be computed")
        return None


def _lacks_next(event: Event) -> bool:
    is_active_series = event.status is EventStatus.ACTIVE and event.schedule is not None
    return is_active_series and event.next_ms is None


def _notes(event_id: bytes, tags: tuple[str, ...], passed: Continuation) -> list[Unattempted]:
    missed = [Unattempted(event_id, at, tags, "missed", TOO_LATE) for at in passed.missed_ms]
    return missed + [
        Unattempted(event_id, one.nominal_ms, tags, "skipped", one.reason) for one in passed.skipped
    ]
