"""Schedules successors: the next occurrence of a series, after each claim and before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from app.domain import ids
from app.domain.definition import Definition
from app.domain.event import EventStatus
from app.errors import InvalidInput
from app.planning.next_occurrence import TOO_LATE, Continuation, continue_series, plan_next
from app.planning.timetables import Timetables
from app.store.claims import Claim
from app.store.events import EventStore
from app.store.work import Successor, Unattempted, WorkStore

log = logging.getLogger(__name__)

MAX_STEPS = 32
"""How many occurrences that exist already one repair passes over."""


class Successors:
    """Schedules the successors of claims, and of events that have lost theirs."""

    def __init__(self, work: WorkStore, events: EventStore, timetables: Timetables) -> None:
        self._work = work
        self._events = events
        self._timetables = timetables

    def schedule(self, claims: Iterable[Claim], now_ms: int) -> None:
        """Schedule what follows each freshly claimed occurrence of a recurring event.

        Raises ``StoreUnavailable``; ``repair`` finds the events later.
        """
        successors: list[Successor] = []
        notes: list[Unattempted] = []
        for claim in claims:
            if not claim.recurring or claim.attempt != 1 or claim.definition is None:
                continue
            try:
                self._plan_successor(claim, claim.definition, now_ms, successors, notes)
            except InvalidInput:
                # A schedule that was accepted once and can't be read now must not stop the others.
                log.exception("unreadable schedule", extra={"event": ids.to_text(claim.event_id)})
        if notes:
            self._work.record_unattempted(notes, now_ms)
        if successors:
            self._work.schedule_successors(successors, now_ms)

    def repair(self, partition: int, before_ms: int, now_ms: int, limit: int) -> int:
        """Schedule the successors of events whose worker died after the claim.

        Returns how many were looked at; fewer than ``limit`` means that none is left.
        """
        found = self._work.unscheduled(partition, before_ms, limit)
        self._reschedule(found, now_ms)
        return len(found)

    def reconcile(self, event_ids: list[bytes], now_ms: int) -> int:
        """Schedule active events that have no scheduled occurrence; returns how many there were."""
        return self._reschedule(event_ids, now_ms)

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

    def _reschedule(self, event_ids: list[bytes], now_ms: int) -> int:
        """Schedule what follows the last claimed occurrence, as if right after its claim.

        If that occurrence exists already (a trigger or backfill made it), schedule the next one.
        """
        scheduled = 0
        for _ in range(MAX_STEPS):
            wanted, found = self._step(event_ids, now_ms)
            scheduled += found
            if found >= wanted:
                break
        return scheduled

    def _step(self, event_ids: list[bytes], now_ms: int) -> tuple[int, int]:
        """Schedule one successor for each; returns how many there are, and how many were new."""
        successors: list[Successor] = []
        notes: list[Unattempted] = []
        events = self._events.get_many(event_ids)
        for event, (plan, last_ms) in zip(events, self._events.progress(event_ids), strict=True):
            if (
                event is None
                or event.status is not EventStatus.ACTIVE
                or event.next_ms is not None
                or event.schedule is None
            ):
                continue
            timetable = self._timetables.of(event.id, event.definition)
            if last_ms is None:
                fresh = plan_next(event, timetable, now_ms)
                following = Continuation(fresh.scheduled_ms, fresh.due_ms)
            else:
                misfire = event.options.misfire
                following = continue_series(timetable, last_ms, now_ms, misfire)
            notes += _notes(event.id, event.tags, following)
            before_ms = event.start_ms if last_ms is None else last_ms
            successors.append(
                Successor(event.id, plan, before_ms, following.next_ms, following.due_ms)
            )
        if notes:
            self._work.record_unattempted(notes, now_ms)
        wanted = sum(one.scheduled_ms is not None for one in successors)
        return wanted, self._work.schedule_successors(successors, now_ms) if successors else 0


def _notes(event_id: bytes, tags: tuple[str, ...], passed: Continuation) -> list[Unattempted]:
    missed = [Unattempted(event_id, at, tags, "missed", TOO_LATE) for at in passed.missed_ms]
    return missed + [
        Unattempted(event_id, one.nominal_ms, tags, "skipped", one.reason) for one in passed.skipped
    ]
