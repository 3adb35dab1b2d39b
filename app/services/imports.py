"""Imports of calendar files: at once in the request, or by a job if a file has many entries."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.clock import Clock
from app.domain.access import MASTER, Access
from app.domain.budget import BudgetExceeded, limited
from app.domain.ical.imported import ImportedEntry, ReadCalendar
from app.domain.imports import AT_ONCE, REFUSED, ImportLine, ImportRequest, Known, owner_of
from app.errors import Conflict, InvalidInput, QhronosError
from app.planning.limits import IMPORTING, IMPORTING_ENTRY
from app.services.import_plans import ImportPlanner
from app.services.import_steps import ImportRun, Load, UidPlan, uid_name
from app.services.import_writes import ImportWriter
from app.services.quotas import EventQuota
from app.store.imports import HELD_AT_ONCE_MS, SourceStore, source_name

PLANNED = 100
"""How many UIDs are decided about with one read of the store."""

SOURCES = 20
"""How many sources retention looks at in one go."""

BUSY = "Another import of this source is under way; wait until it has ended."
NO_ENTRY = (
    "The calendar has no VEVENT; send at least one. (With source and max_ended, an empty file ends "
    "what is left of the source.)"
)


class TooMuch(Exception):
    """A file takes more computing than one request may have; nothing is written."""


@dataclass(frozen=True, slots=True)
class ImportService:
    """Imports at once. Every call raises ``StoreUnavailable``."""

    planner: ImportPlanner
    writer: ImportWriter
    sources: SourceStore
    quota: EventQuota
    clock: Clock
    keep_ms: int

    def at_once(
        self, calendar: ReadCalendar, request: ImportRequest, access: Access, load: Load
    ) -> list[ImportLine]:
        """Import a file, and answer a line for each entry, then one for what has left the source.

        Raises ``Conflict`` while the source is being imported, ``InvalidInput`` for a file without
        entries, and ``TooMuch``. If ``atomic`` and one line is refused, nothing is written.
        """
        require_entries(calendar, request)
        run = self.run_of(secrets.token_bytes(16), request, access, load, calendar.count)
        if request.dry_run:
            return self._import(calendar, request, run)
        if not self.sources.hold(run.source, run.by, held_ms=HELD_AT_ONCE_MS):
            raise Conflict(BUSY)
        try:
            return self._import(calendar, request, run)
        finally:
            self.sources.release(run.source, run.by)

    @staticmethod
    def source_of(request: ImportRequest, access: Access) -> bytes:
        """What the store calls the source of an import."""
        return source_name(owner_of(access, is_master=access is MASTER), request.source)

    def forget_gone(self, now_ms: int) -> int:
        """Forget which entries events were made of that are gone; returns of how many sources.

        So long as a feed is imported, what was in it once and has run is remembered: it would be
        made again.
        """
        return self.sources.forget_gone(now_ms - self.keep_ms, now_ms, SOURCES)

    def run_of(
        self, by: bytes, request: ImportRequest, access: Access, load: Load, wanted: int
    ) -> ImportRun:
        """What an import knows of its caller, its source, and the moment."""
        now_ms = self.clock.now_ms()
        return ImportRun(
            by=by,
            source=self.source_of(request, access),
            is_named=request.source is not None,
            access=access,
            load=load,
            now_ms=now_ms,
            room=self.quota.room(access, now_ms, wanted),
        )

    def _import(
        self, calendar: ReadCalendar, request: ImportRequest, run: ImportRun
    ) -> list[ImportLine]:
        plans: list[UidPlan] = []
        try:
            with limited(IMPORTING + IMPORTING_ENTRY * calendar.count):
                groups = [list(some) for some in by_uid(calendar.entries())]
                for at in range(0, len(groups), PLANNED):
                    plans += self.planner.plan(groups[at : at + PLANNED], run)
        except BudgetExceeded:
            raise TooMuch from None
        plans += self._left({uid_name(one[0].uid) for one in groups}, request, run)
        lines = [line for plan in plans for line in plan.lines]
        if request.dry_run or (request.atomic and first_error(lines)):
            return lines
        if request.atomic:
            return self.writer.write_whole(plans, run)
        return self.writer.write(plans, run)

    def _left(self, seen: set[bytes], request: ImportRequest, run: ImportRun) -> list[UidPlan]:
        if not run.is_named:
            return []
        everything = list(self.sources.everything(run.source))
        left = [one for one in everything if one.name not in seen]
        if len(left) > AT_ONCE:
            raise TooMuch
        return self.guarded(left, everything, request, run, is_empty=not seen)

    def guarded(
        self,
        left: Sequence[Known],
        everything: Sequence[Known],
        request: ImportRequest,
        run: ImportRun,
        *,
        is_empty: bool,
    ) -> list[UidPlan]:
        """Decide about what has left a source; if that is too much of it, refuse to end any."""
        ending, known = going_on(left), going_on(everything)
        plans = self.planner.plan_left(left, run)
        if request.allows(ending, known, is_empty=is_empty):
            return plans
        error = Conflict(self.too_many(ending, known))
        return [self.kept(one, error) for one in plans]

    @staticmethod
    def too_many(ending: int, known: int) -> str:
        """Why what has left a source is not ended."""
        return (
            f"{ending} of {known} events of this source are not in the file; none of them was "
            f"ended. Send max_ended={ending} if that is meant."
        )

    @staticmethod
    def kept(plan: UidPlan, error: Conflict) -> UidPlan:
        """The plan with nothing ended, for that reason."""
        steps = []
        for step in plan.steps:
            line = step.line
            if line is not None:
                line = replace(line, outcome=REFUSED, reason=error.message, error=error)
            steps.append(replace(step, line=line, part=step.before, write=None))
        return UidPlan(plan.known, steps)


def going_on(known: Sequence[Known]) -> int:
    """How many events of a source no import has ended."""
    return sum(not part.has_ended for one in known for part in one.parts)


def by_uid(entries: Iterator[ImportedEntry]) -> Iterator[Iterator[ImportedEntry]]:
    """Entries, those of each UID together; they come so."""
    return (some for _, some in groupby(entries, lambda one: one.uid))


def require_entries(calendar: ReadCalendar, request: ImportRequest) -> None:
    """Raise ``InvalidInput`` for a file without entries that is not meant to end a source."""
    if not calendar.count and (request.source is None or request.max_ended is None):
        raise InvalidInput(NO_ENTRY)


def first_error(lines: Sequence[ImportLine]) -> QhronosError | None:
    """Why the first line that is refused is."""
    return next((line.error for line in lines if line.error is not None), None)
