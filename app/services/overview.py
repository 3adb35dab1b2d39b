"""The overview: what has happened of late and what comes next, for people who look.

Whoever sees everything gets counts by minute that the store makes from its indexes. Whoever has a
scope gets those of the newest occurrences in it. Each call reads a bounded number of records. Pages
that are kept open ask again and again: what they get is shared for ``GOOD_MS``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from app.clock import Clock
from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event
from app.domain.occurrence import ENDED, Occurrence, OccurrenceStatus
from app.services.occurrences import OccurrenceService
from app.services.overview_parts import (
    Failing,
    Lateness,
    LatenessStep,
    Minutes,
    OfEvent,
    OfTarget,
    failing_of,
    host_of,
    lateness_by_step,
    lateness_of,
    target_of,
)
from app.services.queries import OccurrenceQuery
from app.services.scoping import circle_of
from app.services.shared_answers import SharedAnswers
from app.store.events import EventStore
from app.store.figures import MINUTE_MS, Figures
from app.store.former_names import FormerName, FormerNames
from app.store.indexes import IndexReader
from app.store.lateness import LatenessLog
from app.store.occurrences import OccurrenceStore
from app.store.selections import Entry
from app.store.shards import if_there

MINUTES = 60
"""How much of the past is shown by minute."""

SAMPLE = 500
"""Of how many deliveries the lateness is told."""

READ = 1_000
"""How many records one list of an overview reads at most."""

OF_TARGETS = 250
"""How many occurrences of each status tell how targets fare."""

DAY_STEP_MS, DAY_STEPS = 10 * MINUTE_MS, 144
"""How much of the past is shown by ten minutes."""

GOOD_DAY_MS = 30_000
"""How old what is told of a day may be."""

GOOD_MS = 2_000
"""How old what is told may be."""

SHOWN = (*sorted(ENDED), OccurrenceStatus.RETRYING, OccurrenceStatus.DISPATCHED)


@dataclass(frozen=True, slots=True)
class OverviewService:
    """Reads in the name of an ``Access``; what is out of scope is absent and not counted."""

    service: OccurrenceService
    occurrences: OccurrenceStore
    events: EventStore
    lists: IndexReader
    figures: Figures
    former: FormerNames
    clock: Clock
    shared: SharedAnswers
    late: LatenessLog
    shared_longer: SharedAnswers

    def minutes(self, access: Access) -> Minutes:
        """Count the last hour by minute."""
        return self.shared.of(("minutes", circle_of(access)), lambda: self._minutes(access))

    def day(self, access: Access) -> Minutes | None:
        """Count the last day by ten minutes; ``None`` for who has a scope: no index is theirs."""
        return self.shared_longer.of("day", self._day) if access.is_admin else None

    def lateness_of(self, told: Minutes, access: Access) -> list[LatenessStep]:
        """How late deliveries were in each step of what was counted; empty for who has a scope."""
        if not access.is_admin:
            return []
        steps = len(told.counts[SHOWN[0]])
        question = ("late", told.first_ms, told.step_ms)
        return self.shared.of(
            question,
            lambda: lateness_by_step(
                if_there(partial(self.late.since, told.first_ms)) or [],
                told.first_ms,
                steps,
                told.step_ms,
            ),
        )

    def lateness(self, access: Access) -> Lateness | None:
        """How late the newest deliveries began; ``None`` if there are none."""
        return self.shared.of(("lateness", circle_of(access)), lambda: self._lateness(access))

    def failing(
        self, access: Access, statuses: Sequence[str], since_ms: int | None = None
    ) -> list[Failing]:
        """Group what failed, the newest ``READ`` of each status, by target and error."""
        question = ("failing", circle_of(access), tuple(statuses), since_ms)
        return self.shared.of(question, lambda: self._failing(access, statuses, since_ms))

    def targets(self, access: Access) -> list[OfTarget]:
        """How targets fare: the newest ``OF_TARGETS`` of each status, the worst target first."""
        return self.shared.of(("targets", circle_of(access)), lambda: self._targets(access))

    def upcoming(self, access: Access, count: int, *, from_now: bool = False) -> list[OfEvent]:
        """What is scheduled, the earliest first; ``from_now``: what is not due yet."""
        question = ("upcoming", circle_of(access), count, from_now)
        return self.shared.of(question, lambda: self._upcoming(access, count, from_now))

    def _minutes(self, access: Access) -> Minutes:
        first_ms = self.clock.now_ms() // MINUTE_MS * MINUTE_MS - (MINUTES - 1) * MINUTE_MS
        statuses = [status.value for status in SHOWN]
        if access.is_admin:
            counts = self.figures.by_step(statuses, first_ms, MINUTES)
            return Minutes(first_ms, counts, is_whole=True)
        query = OccurrenceQuery(from_ms=first_ms, to_ms=self.clock.now_ms())
        found = self._newest(query, access, READ)
        counts = {status: [0] * MINUTES for status in statuses}
        for one in found:
            if one.status in counts:
                at = min((one.scheduled_ms - first_ms) // MINUTE_MS, MINUTES - 1)
                counts[one.status][at] += 1
        return Minutes(first_ms, counts, is_whole=len(found) < READ)

    def _day(self) -> Minutes:
        now_ms = self.clock.now_ms()
        first_ms = now_ms // DAY_STEP_MS * DAY_STEP_MS - (DAY_STEPS - 1) * DAY_STEP_MS
        counts = self.figures.by_step(SHOWN, first_ms, DAY_STEPS, DAY_STEP_MS)
        return Minutes(first_ms, counts, is_whole=True, step_ms=DAY_STEP_MS)

    def _lateness(self, access: Access) -> Lateness | None:
        found = self._newest(OccurrenceQuery(status="completed"), access, SAMPLE)
        return lateness_of(found)

    def _failing(
        self, access: Access, statuses: Sequence[str], since_ms: int | None
    ) -> list[Failing]:
        found = [
            one
            for status in statuses
            for one in self._newest(OccurrenceQuery(status=status, from_ms=since_ms), access, READ)
        ]
        events = self._events_of(found, access)
        groups: dict[tuple[str, str], list[Occurrence]] = {}
        for one in found:
            event = events.get(one.event_id)
            target = host_of(event.action.target) if event else "(its event is gone)"
            groups.setdefault((target, one.error_message or "no answer yet"), []).append(one)
        told = [
            failing_of(target, error, members, events)
            for (target, error), members in groups.items()
        ]
        return sorted(told, key=lambda one: (-one.count, one.target, one.error))

    def _targets(self, access: Access) -> list[OfTarget]:
        since_ms = self.clock.now_ms() - MINUTES * MINUTE_MS
        found = [
            one
            for status in ("completed", "failed", "retrying", "dispatched")
            for one in self._newest(
                OccurrenceQuery(status=status, from_ms=since_ms), access, OF_TARGETS
            )
        ]
        events = self._events_of(found, access)
        groups: dict[str, list[Occurrence]] = {}
        for one in found:
            if event := events.get(one.event_id):
                groups.setdefault(host_of(event.action.target), []).append(one)
        told = [target_of(target, members) for target, members in groups.items()]
        return sorted(told, key=lambda one: (1 if one.success is None else one.success, one.target))

    def _upcoming(self, access: Access, count: int, from_now: bool) -> list[OfEvent]:
        from_ms = self.clock.now_ms() if from_now else None
        query = OccurrenceQuery(status="scheduled", from_ms=from_ms)
        selection = self.service.selection(query, access)
        if selection is None:
            return []
        entries: list[Entry] = []
        position: Entry | None = None
        for _ in range(READ // count):
            some, position = self.lists.stretch(selection, position, count, oldest_first=True)
            entries += some
            if position is None or len(entries) >= count:
                break
        return self.placed(self._load([member for _, member in entries[:count]]), access)

    def placed(self, found: Sequence[Occurrence], access: Access) -> list[OfEvent]:
        """Occurrences with their events."""
        events = self._events_of(found, access)
        return [OfEvent(one, events.get(one.event_id)) for one in found]

    def last_of(self, events: Sequence[Event], count: int) -> dict[bytes, list[Occurrence]]:
        """The last occurrences of each event that were claimed or have ended, oldest first."""
        ids = self.occurrences.last_of(events, count)
        loaded = iter(self.occurrences.get_many([one for some in ids for one in some]))
        return {
            event.id: [one for one in itertools.islice(loaded, len(some)) if one is not None][::-1]
            for event, some in zip(events, ids, strict=True)
        }

    def last_name(self, event_id: str, access: Access) -> FormerName | None:
        """What an event was last called that is gone, for who could see it then.

        ``None`` if that is not known: it never occurred, or was deleted days ago.
        """
        raw = ids.from_text(event_id, version=7)
        (names,) = self.former.of_many([raw]) if raw else ((),)
        return next((one for one in reversed(names) if access.sees(one.tags)), None)

    def _newest(self, query: OccurrenceQuery, access: Access, count: int) -> list[Occurrence]:
        selection = self.service.selection(query, access)
        if selection is None:
            return []
        found, _ = self.lists.part(selection, None, count)
        return self._load([member for _, member in found])

    def _load(self, found: Sequence[bytes]) -> list[Occurrence]:
        return [one for one in self.occurrences.get_many(found) if one is not None]

    def _events_of(self, found: Sequence[Occurrence], access: Access) -> dict[bytes, Event]:
        """Their events; an occurrence keeps its tags, so its event may have left the scope."""
        wanted = sorted({one.event_id for one in found})
        loaded = self.events.get_many(wanted)
        return {event.id: event for event in loaded if event and access.sees(event.tags)}
