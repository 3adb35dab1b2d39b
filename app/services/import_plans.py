"""What an import does with each entry of a file: decided first, so that nothing has to be undone.

An entry is compared with what its source has of its UID. What says the same as before is not
touched. What it says otherwise is written over the event, and what users have set beside that (its
retries, its secret) stays. An event that has left its file is ended, not deleted: its records stay
readable until retention takes them, and it goes on under the same id if its entry comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.clock import Clock
from app.domain import budget
from app.domain.event import Event, EventStatus
from app.domain.ical.imported import ImportedEntry
from app.domain.imports import (
    CANCELLED,
    MADE,
    REFUSED,
    UNCHANGED,
    UPDATED,
    ImportLine,
    Known,
    KnownPart,
)
from app.errors import Conflict, Forbidden, InvalidInput
from app.planning.limits import WRITING
from app.planning.timetables import bounded
from app.services.event_changes import timing
from app.services.event_planner import EventPlanner
from app.services.events import EventService
from app.services.import_steps import (
    ImportRun,
    ImportStep,
    UidPlan,
    error_of,
    line_of,
    of_entry,
    part_name,
    print_of,
    refused,
    uid_name,
)
from app.services.queries import EventChanges
from app.services.quotas import EventQuota
from app.store.events import EventStore
from app.store.imports import SourceStore

LEFT = "it is not in its calendar file any more"
CALLED_OFF = "it was called off in its calendar file"

_CLEARED = {"description": None, "timezone": None, "schedule": None}
"""What a body leaves out if the entry has none."""

_OUT_OF_SCOPE = "Its event has tags that are out of this token's scope."
_ANOTHER_FILE = (
    "It changes all that follows in a series that this file has not; send a file that has it."
)


@dataclass(frozen=True, slots=True)
class ImportPlanner:
    """Decides; nothing is written. Every call raises ``StoreUnavailable``."""

    events: EventService
    planner: EventPlanner
    store: EventStore
    sources: SourceStore
    quota: EventQuota
    clock: Clock

    def plan(self, groups: Sequence[Sequence[ImportedEntry]], run: ImportRun) -> list[UidPlan]:
        """Decide about entries, those of each UID together.

        Raises ``BudgetExceeded`` if the budget in force is spent.
        """
        known = self.sources.known(run.source, [uid_name(one[0].uid) for one in groups])
        events = self._events_of(known)
        pairs = zip(groups, known, strict=True)
        return [self._of_uid(entries, one, events, run) for entries, one in pairs]

    def plan_left(self, known: Sequence[Known], run: ImportRun) -> list[UidPlan]:
        """Decide about what is of no UID that the file has."""
        events = self._events_of(known)
        plans = []
        for one in known:
            plan = UidPlan(one)
            plan.steps.extend(self._leave(part, events, run) for part in one.parts)
            plans.append(plan)
        return plans

    def _events_of(self, known: Sequence[Known]) -> dict[bytes, Event]:
        wanted = [part.event_id for one in known for part in one.parts]
        found = self.store.get_many(wanted) if wanted else []
        return {one.id: one for one in found if one is not None}

    def _of_uid(
        self,
        entries: Sequence[ImportedEntry],
        known: Known,
        events: Mapping[bytes, Event],
        run: ImportRun,
    ) -> UidPlan:
        plan, rest = UidPlan(known), {part.name: part for part in known.parts}
        series = [one for one in entries if not one.recurrence_id]
        for entry in entries:
            part = rest.pop(part_name(entry.recurrence_id), None)
            event = events.get(part.event_id) if part else None
            plan.steps.append(self._of_entry(entry, part, event, run, has_series=bool(series)))
        if any(one.refusal for one in series) or not (series or run.is_named):
            stays = rest.pop(part_name(""), None) if not series else None
            if stays is not None:
                plan.steps.append(self._except(entries, stays, events, run))
            plan.steps.extend(ImportStep(None, part, part) for part in rest.values())
        else:
            uid = entries[0].uid
            plan.steps.extend(self._leave(part, events, run, uid) for part in rest.values())
        return plan

    def _of_entry(
        self,
        entry: ImportedEntry,
        part: KnownPart | None,
        event: Event | None,
        run: ImportRun,
        *,
        has_series: bool,
    ) -> ImportStep:
        refusal = entry.refusal
        if refusal is not None:
            error = error_of(entry, refusal.name, refusal.reason)
            return refused(entry, part, error, refusal.line, refusal.reason)
        try:
            with bounded(WRITING):
                _require_series(entry, has_series=has_series)
                if entry.is_cancelled:
                    return self._call_off(entry, part, event, run)
                if part is not None and event is not None:
                    return self._compare(entry, part, event, run)
                return self._make(entry, part, run)
        except (InvalidInput, Forbidden, Conflict) as error:
            if budget.current().left <= 0:
                raise budget.BudgetExceeded from None
            path = next(iter(error.fields), "")
            named = of_entry(entry, error)
            return refused(entry, part, named, entry.line_of(path), error.message)

    def _compare(
        self, entry: ImportedEntry, part: KnownPart, event: Event, run: ImportRun
    ) -> ImportStep:
        _require_scope(event, run)
        said = print_of(entry)
        if part.print == said and not part.has_ended:
            # By this very import, if its worker died before it could say so.
            done = part.done if part.by == run.by else UNCHANGED
            return ImportStep(line_of(done, entry, event), part, part)
        given = dict(run.load(entry.body or {}).given)
        given["webhook"] = given.pop("action").short  # its other parameters are not the file's
        changes = EventChanges({**_CLEARED, **given})
        after = self.events.changed(event, changes, run.access)
        is_other_time = timing(after) != timing(event)
        is_to_come = event.schedule is not None or event.start_ms > run.now_ms
        revives = event.status is EventStatus.INACTIVE and (
            is_other_time or (part.has_ended and is_to_come)
        )
        if revives:
            changes = EventChanges({**changes.given, "status": EventStatus.ACTIVE})
            after = replace(after, status=EventStatus.ACTIVE)
        noted = replace(part, print=said, by=run.by)
        if after == event:
            return ImportStep(
                line_of(UNCHANGED, entry, event), part, replace(noted, done=UNCHANGED)
            )
        write = self.planner.replacement(event, after, run.now_ms)
        line = line_of(UPDATED, entry, write.after)
        return ImportStep(line, part, replace(noted, done=UPDATED), write, changes)

    def _make(self, entry: ImportedEntry, part: KnownPart | None, run: ImportRun) -> ImportStep:
        changes, said = run.load(entry.body or {}), print_of(entry)
        partition = self.sources.partition(run.source)
        draft = self.events.drafted(changes, run.access, partition=partition)
        event, timetable = self.planner.checked(draft, run.now_ms)
        write = self.planner.creation(event, timetable, run.now_ms)
        if part is not None and part.print == said and write.event.status is EventStatus.INACTIVE:
            # It is over, and retention has taken its event.
            return ImportStep(
                replace(line_of(UNCHANGED, entry, write.after), event_id=None), part, part
            )
        if run.room is not None:
            if run.room <= 0:
                raise self.quota.refusal()
            run.room -= 1
        made = KnownPart(part_name(entry.recurrence_id), event.id, said, MADE, run.by)
        return ImportStep(line_of(MADE, entry, write.after), part, made, write, changes)

    def _call_off(
        self, entry: ImportedEntry, part: KnownPart | None, event: Event | None, run: ImportRun
    ) -> ImportStep:
        if event is not None:
            _require_scope(event, run)
        step = self._end(part, event, CALLED_OFF, run)
        line = line_of(CANCELLED, entry, event if step.write is None else step.write.after)
        return replace(step, line=replace(line, reason=CALLED_OFF))

    def _leave(
        self, part: KnownPart, events: Mapping[bytes, Event], run: ImportRun, uid: str | None = None
    ) -> ImportStep:
        event = events.get(part.event_id)
        if event is None:
            return ImportStep(None, part, None)
        if part.has_ended or not run.access.sees(event.tags):
            return ImportStep(None, part, part)  # other tokens of its sub may see it
        line = ImportLine(CANCELLED, event.name, uid, event_id=event.id, reason=LEFT, event=event)
        if event.status is not EventStatus.INACTIVE and not run.access.may_change(event.tags):
            error = Forbidden(_OUT_OF_SCOPE)
            line = replace(line, outcome=REFUSED, reason=error.message, error=error)
            return ImportStep(line, part, part)
        step = self._end(part, event, LEFT, run)
        return (
            step
            if step.write is None
            else replace(step, line=replace(line, event=step.write.after))
        )

    def _end(
        self, part: KnownPart | None, event: Event | None, reason: str, run: ImportRun
    ) -> ImportStep:
        """End an event, if it has not ended by itself."""
        if part is None or event is None:
            return ImportStep(None, part, part)
        ended = replace(part, done=CANCELLED, by=run.by)
        if event.status is EventStatus.INACTIVE:
            return ImportStep(None, part, ended)
        after = replace(event, status=EventStatus.INACTIVE)
        return ImportStep(None, part, ended, self.planner.ending(event, after, reason, run.now_ms))

    def _except(
        self,
        entries: Sequence[ImportedEntry],
        part: KnownPart,
        events: Mapping[bytes, Event],
        run: ImportRun,
    ) -> ImportStep:
        """Take times out of a stored series that the file has in place of it."""
        event = events.get(part.event_id)
        if event is None or event.schedule is None or not run.access.may_change(event.tags):
            return ImportStep(None, part, part)
        given = event.schedule.given
        before = list(given.get("exclude", ()))
        taken = [one.recurrence_id for one in entries if not one.refusal]
        added = [one for one in taken if one not in before]
        if not added:
            return ImportStep(None, part, part)
        changes = EventChanges({"schedule": {**given, "exclude": [*before, *added]}})
        try:
            with bounded(WRITING):
                after = self.events.changed(event, changes, run.access)
                write = self.planner.replacement(event, after, run.now_ms)
        except (InvalidInput, Forbidden, Conflict) as error:
            line = ImportLine(REFUSED, event.name, entries[0].uid, None, entries[0].line, event.id)
            return ImportStep(replace(line, reason=error.message, error=error), part, part)
        # The series' own entry, if it comes again, says what it said: that is to be looked at.
        line = ImportLine(
            UPDATED, event.name, entries[0].uid, "", None, event.id, event=write.after
        )
        return ImportStep(line, part, replace(part, print=b"", by=run.by), write, changes)


def _require_series(entry: ImportedEntry, *, has_series: bool) -> None:
    if entry.is_range and not has_series:
        raise InvalidInput(_ANOTHER_FILE)


def _require_scope(event: Event, run: ImportRun) -> None:
    if not run.access.may_change(event.tags):
        raise Forbidden(_OUT_OF_SCOPE)
