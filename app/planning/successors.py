"""Schedules successors: the next occurrence of a series, after each claim and before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from app.clock import NEVER_MS
from app.domain import ids
from app.domain.budget import Budget, BudgetExceeded, limited
from app.domain.event import Event, EventStatus
from app.errors import InvalidInput, StoreUnavailable
from app.planning.costs import Costs
from app.planning.later import later
from app.planning.limits import (
    CHEAP,
    QUICK,
    RECONCILED,
    REPAIR,
    REPAIRS,
    SUCCESSOR,
    SUCCESSORS,
    SUCCESSORS_MS,
)
from app.planning.next_occurrence import TOO_LATE, Continuation, continue_series, plan_next
from app.planning.repair_order import RepairOrder
from app.planning.timetables import Timetables
from app.store.calls import Successor, Unattempted
from app.store.claims import Claim
from app.store.events import EventStore
from app.store.work import WorkStore

log = logging.getLogger(__name__)

ASK_EVERY_MS = 200
"""How often one drain calls for repair at the most."""

MOST_LOOKED_AT = 20_000
"""How many events that wait for a successor one repair knows of, of which it does the best."""

MAX_STEPS = 32
"""How many occurrences that exist already one repair passes over."""


class Following(NamedTuple):
    """What follows some claims; the notes are to be written first."""

    successors: list[Successor]
    notes: list[Unattempted]


class Successors:
    """Schedules the successors of claims, and of events that have lost theirs."""

    def __init__(
        self,
        work: WorkStore,
        events: EventStore,
        timetables: Timetables,
        set_aside: Callable[[bytes, str], None],
        call_for_repair: Callable[[], None],
        unbounded: Collection[int] = (),
    ) -> None:
        """Successors need these stores and two ways out.

        ``set_aside`` takes an event out of the way that can't be planned, with the reason;
        ``call_for_repair`` has ``repair`` run soon, somewhere else. ``unbounded``: the lanes whose
        costly events repair plans without a bound on them all.
        """
        self._work = work
        self._events = events
        self._timetables = timetables
        self._set_aside = set_aside
        self._call_for_repair = call_for_repair
        self._asked_ms = 0
        self.owes_call = False
        self._costs = Costs()
        self._order = RepairOrder(self._costs, unbounded)
        self._spare = SUCCESSORS
        self._spare_ms = 0

    def schedule(self, claims: Iterable[Claim], now_ms: int) -> None:
        """Schedule what follows each freshly claimed occurrence of a recurring event.

        Raises ``StoreUnavailable``; ``repair`` finds the events later.
        """
        planned = self.plan(list(claims), now_ms)
        if planned.notes:
            self._work.record_unattempted(planned.notes, now_ms)
        if planned.successors:
            passed = self._work.schedule_successors(planned.successors, now_ms).passed
            if passed and not self._reschedule(passed, now_ms, SUCCESSOR, SUCCESSORS):
                self.call_for_repair(now_ms)

    def plan(self, claims: Sequence[Claim], now_ms: int) -> Following:
        """Compute what follows each of these claims, without a word to the store.

        What is left, because it costs too much here, upkeep finds: it is called.
        """
        planned = Following([], [])
        is_complete = True
        self._refill(now_ms)
        costs = {one.event_id: self.cost_of(one, now_ms) for one in claims if has_successor(one)}
        # The cheap ones first, and whatever the others cost: nobody's schedule is in their way.
        due = sorted(filter(has_successor, claims), key=lambda one: costs[one.event_id])
        for claim in due:
            is_complete &= self._plan_within(claim, costs[claim.event_id], now_ms, planned)
        if not is_complete:
            self.call_for_repair(now_ms)
        return planned

    def cost_of(self, claim: Claim, now_ms: int) -> int:
        """How many steps the successor has cost of late, 0 if that is not known."""
        return self._costs.of(claim.event_id, now_ms, 0)

    def _refill(self, now_ms: int) -> None:
        passed_ms = max(now_ms - self._spare_ms, 0)
        self._spare = min(self._spare + passed_ms * SUCCESSORS // SUCCESSORS_MS, SUCCESSORS)
        self._spare_ms = now_ms

    def _plan_within(self, claim: Claim, cost: int, now_ms: int, planned: Following) -> bool:
        """Plan a successor within what it may cost here; returns whether that was enough.

        What is too costly here, where nothing is sent meanwhile, or can't be read, is left: upkeep
        finds the event among the unscheduled.
        """
        if cost <= CHEAP:
            room = CHEAP
        elif cost <= SUCCESSOR <= self._spare:
            room = SUCCESSOR
        else:
            return False
        try:
            with limited(room) as budget:
                self._plan_successor(claim, now_ms, planned)
        except InvalidInput:
            return False
        except BudgetExceeded:
            self._costs.learn(claim.event_id, room + 1, now_ms)
            if room > CHEAP:
                self._spare -= room
                return False
            return self._plan_within(claim, room + 1, now_ms, planned)
        self._costs.learn(claim.event_id, room - budget.left, now_ms)
        if room > CHEAP:
            self._spare -= room - budget.left
        return True

    def call_for_repair(self, now_ms: int) -> None:
        """Have upkeep schedule what was left; soon, if it was called a moment ago."""
        self.owes_call = now_ms - self._asked_ms < ASK_EVERY_MS
        if not self.owes_call:
            self._call(now_ms)

    def call_if_owed(self, now_ms: int) -> None:
        """Call now, as who ends here must: nobody comes by later to do it."""
        if self.owes_call:
            self._call(now_ms)

    def _call(self, now_ms: int) -> None:
        self.owes_call, self._asked_ms = False, now_ms
        try:
            self._call_for_repair()
        except StoreUnavailable:
            log.warning("RQ is away; the periodic upkeep schedules what this drain has left")

    def repair(self, partition: int, before_ms: int, now_ms: int, limit: int) -> int:
        """Schedule the successors of events whose worker died after the claim, or left them.

        Returns how many were looked at. Those of a lane that has used up its share are left: their
        turn is in a later run, which nobody calls for.
        """
        waiting = self._work.unscheduled(partition, before_ms, MOST_LOOKED_AT)
        chosen, is_all = self._order.choose(waiting, now_ms, limit)
        if not self._reschedule(chosen, now_ms, QUICK, REPAIRS) or not is_all:
            self.call_for_repair(now_ms)
        return len(chosen)

    def reconcile(self, event_ids: Sequence[bytes], now_ms: int) -> int:
        """Schedule active events that have no scheduled occurrence; returns how many there were."""
        affordable = [one for one in event_ids if self._order.affords(one, now_ms)]
        self._reschedule(affordable, now_ms, REPAIR, RECONCILED)
        return len(event_ids)

    def _plan_successor(self, claim: Claim, now_ms: int, planned: Following) -> None:
        definition = claim.definition
        if definition is None:  # its event was deleted
            return
        timetable = self._timetables.of(claim.event_id, definition)
        misfire = definition.options.misfire
        following = continue_series(timetable, claim.scheduled_ms, now_ms, misfire)
        at_ms, due_ms = following.next_ms, following.due_ms
        claim.following_ms = NEVER_MS if at_ms is None else due_ms
        planned.notes.extend(_notes(claim.event_id, claim.tags, following))
        then_ms = later(definition, timetable, at_ms, now_ms)
        planned.successors.append(
            Successor(claim.event_id, claim.plan, claim.scheduled_ms, at_ms, due_ms, then_ms)
        )

    def _reschedule(self, event_ids: Sequence[bytes], now_ms: int, steps: int, in_all: int) -> bool:
        """Schedule what follows the last claimed occurrence, as if right after its claim.

        If that occurrence exists already (a trigger or backfill made it), schedule the next one.
        Returns whether nothing is left to do. An event that needs more than ``steps`` is left, or
        set aside if upkeep has no more for it.
        """
        with limited(in_all) as budget:
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
            allowed = self._allowed(event.id, now_ms, steps)
            if budget.left < allowed:  # the others' turn is in the next run
                is_complete = False
                break
            following = self._following(event, last_ms, now_ms, allowed)
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
            with limited(steps) as budget:
                found = self._found(event, last_ms, now_ms)
            self._order.spend(event.id, steps - budget.left, now_ms)
        except StoreUnavailable:
            raise
        except BudgetExceeded:
            self._order.spend(event.id, steps, now_ms)
            if steps >= REPAIR:
                self._set_aside(event.id, "its schedule takes too many steps to compute")
        except InvalidInput as error:
            self._set_aside(event.id, f"its schedule can't be read: {error.message}")
        except Exception:
            # Whatever is wrong with one event must not keep all others from being repaired.
            log.exception("an event can't be planned", extra={"event": ids.to_text(event.id)})
            self._set_aside(event.id, "its next occurrence can't be computed")
        else:
            return found
        return None

    def _found(self, event: Event, last_ms: int | None, now_ms: int) -> Continuation:
        timetable = self._timetables.of(event.id, event.definition)
        if last_ms is not None:
            return continue_series(timetable, last_ms, now_ms, event.options.misfire)
        fresh = plan_next(event, timetable, now_ms)
        return Continuation(fresh.scheduled_ms, fresh.due_ms)

    def _allowed(self, event_id: bytes, now_ms: int, steps: int) -> int:
        """How many steps an event gets: in upkeep all, once it has needed more than a few."""
        if steps == QUICK and self._costs.of(event_id, now_ms, 0) >= QUICK:
            return REPAIR
        return steps


def has_successor(claim: Claim) -> bool:
    """Whether an occurrence was claimed that a successor follows: not if it is a retry."""
    return claim.recurring and claim.attempt == 1


def _lacks_next(event: Event) -> bool:
    is_active_series = event.status is EventStatus.ACTIVE and event.schedule is not None
    return is_active_series and event.next_ms is None


def _notes(event_id: bytes, tags: tuple[str, ...], passed: Continuation) -> list[Unattempted]:
    missed = [Unattempted(event_id, at, tags, "missed", TOO_LATE) for at in passed.missed_ms]
    return missed + [
        Unattempted(event_id, one.nominal_ms, tags, "skipped", one.reason) for one in passed.skipped
    ]
