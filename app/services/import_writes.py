"""Writes what an import has decided, and answers what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.domain import ids
from app.domain.event import Event
from app.domain.imports import REFUSED, ImportLine
from app.errors import Conflict, Forbidden, InvalidInput, NotFound, QhronosError
from app.services.events import EventService
from app.services.flows import FlowService
from app.services.import_plans import CALLED_OFF
from app.services.import_steps import ImportRun, ImportStep, UidPlan
from app.services.quotas import EventQuota
from app.store.event_batches import EventBatches, Fence, Write
from app.store.imports import SourceStore
from app.store.rates import Counted

TOGETHER = 25
"""How many events are written in one transaction: no other client of the store waits for more than
two milliseconds."""


CREATED, CHANGED = "event.create", "event.update"


class _Count(NamedTuple):
    """An event that was counted; ``occurrences`` takes back how often a changed one occurs."""

    event: Event
    is_new: bool
    occurrences: Counted | None = None


@dataclass(frozen=True, slots=True)
class ImportWriter:
    """Writes events and what their source has of them. Every call raises ``StoreUnavailable``."""

    events: EventService
    batches: EventBatches
    sources: SourceStore
    quota: EventQuota
    flows: FlowService
    tell: Callable[[str, Event], object]
    """Has those hear who listen, as in ``event.update``."""

    def write(self, plans: Sequence[UidPlan], run: ImportRun) -> list[ImportLine]:
        """Write what was decided, some at a time; each UID is there as a whole or not at all."""
        return [line for some in _together(plans) for line in self._write(some, run)]

    def write_whole(self, plans: Sequence[UidPlan], run: ImportRun) -> list[ImportLine]:
        """Write all of it in one step, or nothing; raises ``Forbidden`` for one event too many."""
        return self._write(plans, run, is_whole=True)

    def _write(
        self, plans: Sequence[UidPlan], run: ImportRun, *, is_whole: bool = False
    ) -> list[ImportLine]:
        counts: dict[bytes, _Count] = {}
        try:
            plans = [self._counted(one, run, counts, is_whole=is_whole) for one in plans]
            steps = [step for plan in plans for step in plan.steps if step.write is not None]
            writes = [step.write for step in steps if step.write is not None]
            for write in writes:
                self.flows.join(write.event, write.before)
            first = [plan.noted(is_written=False) for plan in plans]
            changed = [one for one, plan in zip(first, plans, strict=True) if one != plan.known]
            notes = self.sources.notes(run.source, changed)
            saved = self.batches.write(writes, run.now_ms, notes, self._fence(run))
        except QhronosError:
            for count in counts.values():
                self._give_back(count, run)
            raise
        refused: dict[int, ImportLine] = {}
        for step, is_saved in zip(steps, saved, strict=True):
            if step.write is None:
                continue
            count = counts[step.write.event.id]
            if is_saved:
                self.quota.occurrences.settle(count.event.id, count.occurrences)
                self.tell(CREATED if count.is_new else CHANGED, step.write.after)
                continue
            self._give_back(count, run)
            if (line := self._again(step, run)) is not None:
                refused[id(step)] = line
        self._note_rest(plans, refused, run)
        self.sources.note_import(run.source, run.now_ms, is_named=run.is_named)
        found = (refused.get(id(one), one.line) for plan in plans for one in plan.steps)
        return [line for line in found if line is not None]

    def _note_rest(
        self, plans: Sequence[UidPlan], refused: dict[int, ImportLine], run: ImportRun
    ) -> None:
        rest = []
        for plan in plans:
            steps = [
                replace(one, part=one.before and replace(one.before, print=b""))
                if id(one) in refused
                else one
                for one in plan.steps
            ]
            whole = UidPlan(plan.known, steps).noted(is_written=True)
            if whole != plan.noted(is_written=False):
                rest.append(whole)
        notes = self.sources.notes(run.source, rest)
        self.batches.write((), run.now_ms, notes, self._fence(run))

    def _fence(self, run: ImportRun) -> Fence:
        return self.sources.fence(run.source, run.by, run.worker)

    def _counted(
        self, plan: UidPlan, run: ImportRun, counts: dict[bytes, _Count], *, is_whole: bool
    ) -> UidPlan:
        """Count events; the plan without those that are too many, or would occur too often."""
        steps = []
        for step in plan.steps:
            if step.write is None:
                steps.append(step)
                continue
            try:
                counts[step.write.event.id] = self._count(step.write, run)
                steps.append(step)
            except Forbidden as error:
                if is_whole:
                    raise
                steps.append(ImportStep(_refused(step, error), step.before, step.before))
        return UidPlan(plan.known, steps)

    def _count(self, write: Write, run: ImportRun) -> _Count:
        event, before = write.event, write.before
        if before is not None:
            counted = self.quota.occurrences.retake(before, event, run.access)
            return _Count(event, is_new=False, occurrences=counted)
        self.quota.take(event, run.access)
        return _Count(event, is_new=True)

    def _give_back(self, count: _Count, run: ImportRun) -> None:
        """Count as before what was not written."""
        if count.is_new:
            self.quota.give_back(count.event, run.access)
        else:
            self.quota.occurrences.put_back(count.event.id, count.occurrences)

    def _again(self, step: ImportStep, run: ImportRun) -> ImportLine | None:
        """Write a change of an event that others have changed meanwhile; a line if that fails."""
        write: Write | None = step.write
        if write is None or write.before is None:
            return None
        event_id = ids.to_text(write.before.id)
        try:
            if step.changes is None:
                self.events.end(event_id, write.withdrawal.reason or CALLED_OFF, run.access)
            else:
                self.tell(CHANGED, self.events.update(event_id, step.changes, run.access, None))
        except NotFound:
            # It was deleted meanwhile; if its entry is still there, it is made next time.
            return None
        except (InvalidInput, Forbidden, Conflict) as error:
            return _refused(step, error)
        return None


def _refused(step: ImportStep, error: QhronosError) -> ImportLine | None:
    if step.line is None:
        return None
    return replace(step.line, outcome=REFUSED, reason=error.message, error=error, event=None)


def _together(plans: Iterable[UidPlan]) -> Iterator[list[UidPlan]]:
    some: list[UidPlan] = []
    count = 0
    for plan in plans:
        some.append(plan)
        count += sum(step.write is not None for step in plan.steps)
        if count >= TOGETHER:
            yield some
            some, count = [], 0
    if some:
        yield some
