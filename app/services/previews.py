"""Previews: what a schedule will do, what a change would do. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.clock import Clock
from app.domain.access import MASTER, Access
from app.domain.budget import BudgetExceeded, limited
from app.domain.event import Event
from app.domain.recurrence import Notice, list_once
from app.domain.timetable import Firing, Skipped
from app.domain.words import Understood, understand
from app.errors import InvalidInput
from app.planning.limits import WRITING
from app.planning.timetables import Timetables, bounded
from app.services.event_writes import require_version
from app.services.events import EventService
from app.services.queries import EventChanges

NOTICE_MS = 2 * 366 * 86_400_000
"""How far ahead clock changes (DST) are announced."""

COMPARED = 200
"""How many occurrences before and after a change are compared."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One future occurrence: its time, when it is to be attempted, and why it was moved."""

    scheduled_ms: int
    planned_ms: int
    nominal_ms: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a schedule will do; ``understood`` is what it was read from, if that was a text."""

    occurrences: tuple[Planned, ...]
    skipped: tuple[Skipped, ...]
    notices: tuple[Notice, ...]
    explained: str
    understood: Understood | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change would do to future occurrences, ms UTC; ``moved`` pairs old and new."""

    added: tuple[int, ...]
    removed: tuple[int, ...]
    moved: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PreviewService:
    """Computes; every call is made in the name of an ``Access``."""

    events: EventService
    timetables: Timetables
    clock: Clock

    def of_event(
        self, event_id: str, access: Access, count: int, from_ms: int | None, to_ms: int | None
    ) -> Outlook:
        """Look ahead for a stored event; raises ``NotFound``."""
        return self._outlook(self.events.get(event_id, access), count, from_ms, to_ms)

    def of_draft(
        self, changes: EventChanges, count: int, from_ms: int | None, to_ms: int | None
    ) -> Outlook:
        """Look ahead for a schedule that is not saved yet; raises ``InvalidInput``.

        A ``text`` among the changes says in words when.
        """
        if "text" in changes.given:
            return self._of_text(changes, count, from_ms, to_ms)
        return self._outlook(self.events.drafted(changes, MASTER), count, from_ms, to_ms)

    def _of_text(
        self, changes: EventChanges, count: int, from_ms: int | None, to_ms: int | None
    ) -> Outlook:
        given = dict(changes.given)
        text, timezone = given.pop("text"), given.get("timezone")
        with bounded(WRITING):
            understood = understand(text, self.clock.now_ms(), timezone, given.get("start_time"))
        # A start that was given stays as it was given: a wall time may be one in a gap.
        given.setdefault("start_time", understood.start_ms)
        given["timezone"], given["schedule"] = understood.timezone, understood.schedule
        try:
            draft = self.events.drafted(EventChanges(given), MASTER)
            outlook = self._outlook(draft, count, from_ms, to_ms)
        except InvalidInput as error:
            raise _of_words(error) from None
        words = outlook.explained if understood.schedule is not None else ""
        return replace(outlook, explained=words + understood.beginning, understood=understood)

    def notices(self, event: Event) -> Sequence[Notice]:
        """What changes of the clock and ends of calendars do to an event in two years."""
        if event.schedule is None:
            return _of_one_time(event)
        now_ms = self.clock.now_ms()
        try:
            with limited(WRITING):
                timetable = self.timetables.of(event.id, event.definition)
                return timetable.notices(now_ms, now_ms + NOTICE_MS)
        except BudgetExceeded:
            return ()

    def of_change(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None = None
    ) -> Difference:
        """Compare future occurrences before and after a change; raises what the change would."""
        before = self.events.get(event_id, access)
        require_version(before, if_match)
        after = self.events.changed(before, changes, access)
        now_ms = self.clock.now_ms()
        old, new = self._times(before, before, now_ms), self._times(after, before, now_ms)
        # Both lists are cut at the same moment, or the end of the longer would look removed.
        full = [times[-1] for times in (old, new) if len(times) == COMPARED]
        until = min(full, default=None)
        if until is not None:
            old = [one for one in old if one <= until]
            new = [one for one in new if one <= until]
        removed, added = sorted(set(old) - set(new)), sorted(set(new) - set(old))
        moved = _pair_within_a_day(removed, added)
        gone, come = {one for one, _ in moved}, {one for _, one in moved}
        return Difference(
            added=tuple(one for one in added if one not in come),
            removed=tuple(one for one in removed if one not in gone),
            moved=tuple(moved),
        )

    def _times(self, event: Event, stored: Event, now_ms: int) -> list[int]:
        """What is to come, and what has come due and waits, if the event has it."""
        if event.status != "active":
            return []
        outlook = self._outlook(event, COMPARED, now_ms, None)
        times = [one.scheduled_ms for one in outlook.occurrences]
        pending_ms = stored.next_ms
        if pending_ms is None or pending_ms > now_ms:
            return times
        if event is not stored and not self._has(event, pending_ms):
            return times
        return [pending_ms, *times]

    def _has(self, event: Event, at_ms: int) -> bool:
        if event.schedule is None:
            return event.start_ms == at_ms
        with bounded(WRITING):
            return self.timetables.of(event.id, event.definition).has(at_ms)

    def _outlook(self, event: Event, count: int, from_ms: int | None, to_ms: int | None) -> Outlook:
        now_ms = self.clock.now_ms()
        after = max(now_ms, (from_ms or 0) - 1)
        if event.schedule is None:
            ahead = event.start_ms > after and (to_ms is None or event.start_ms <= to_ms)
            once = (Planned(event.start_ms, event.start_ms, event.start_ms),) if ahead else ()
            return Outlook(once, (), tuple(_of_one_time(event)), "once, at its start_time")
        with bounded(WRITING):
            return self._series(event, max(after, event.start_ms - 1), count, to_ms, now_ms)

    def _series(
        self, event: Event, after: int, count: int, to_ms: int | None, now_ms: int
    ) -> Outlook:
        timetable = self.timetables.checked(event, now_ms)
        firings: list[Firing] = timetable.upcoming(after, count, to_ms)
        end = firings[-1].scheduled_ms if len(firings) == count else to_ms
        skipped = timetable.skipped(after, end or now_ms + NOTICE_MS, count)
        return Outlook(
            occurrences=tuple(
                Planned(
                    one.scheduled_ms,
                    timetable.planned_ms(one.scheduled_ms),
                    one.nominal_ms,
                    one.reason,
                )
                for one in firings
            ),
            skipped=tuple(skipped),
            notices=tuple(timetable.notices(now_ms, now_ms + NOTICE_MS)),
            explained=timetable.explain(),
        )


def _of_words(error: InvalidInput) -> InvalidInput:
    """What is wrong with a schedule that nobody wrote is said of the text that it came from."""
    for path, (sentence, *_) in error.fields.items():
        if path.startswith("schedule"):
            return InvalidInput.field(
                "text", f"says what can't be scheduled, because it {sentence}"
            )
    return error


def _of_one_time(event: Event) -> Sequence[Notice]:
    definition = event.definition
    if definition.start_wall_ms is None or definition.timezone is None:
        return ()
    return list_once(definition.start_wall_ms, definition.timezone, event.options.dst)


def _pair_within_a_day(removed: Sequence[int], added: Sequence[int]) -> list[tuple[int, int]]:
    """Old and new times of the same UTC day, in order, are taken for moves."""
    waiting: dict[int, list[int]] = {}
    for one in removed:
        waiting.setdefault(one // 86_400_000, []).append(one)
    return [(same_day.pop(0), one) for one in added if (same_day := waiting.get(one // 86_400_000))]
