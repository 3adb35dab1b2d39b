"""Forecasts: how many deliveries are planned for each minute of the next day, and to whom.

The work is bounded, whatever is stored. Up to ``MOST`` events are looked at; if there are more,
these are a sample that is spread evenly over all, and what is told is an estimate. Each answer is
shared for ``GOOD_MS`` by all who see the same.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain.access import Access
from app.domain.budget import BudgetExceeded, limited
from app.domain.event import Event, EventStatus
from app.domain.timetable import Timetable
from app.errors import InvalidInput
from app.planning.limits import FORECAST, FORECASTS
from app.planning.timetables import Timetables
from app.services.hot_spots import HotSpot, PlannedMinutes, find_hot_spots
from app.services.overview_parts import host_of
from app.services.scoping import circle_of, tag_keys
from app.services.shared_answers import SharedAnswers
from app.store.events import EventStore
from app.store.samples import SampleReader
from app.store.selections import event_indexes

MINUTE_MS = 60_000
MINUTES = 24 * 60
MOST = 500
"""Events that are looked at."""

GOOD_MS = 30_000
"""How old an answer may be."""

TARGETS = 10
"""Targets that are told of one by one, the busiest; the others are one line together."""

FIRST = 25
"""Occurrences of an event that are computed at first: those of a day, if it is hourly."""

PROBES = 12
"""How often it is looked whether an even interval goes on."""

MORE = 700
"""Occurrences that are computed of one whose gaps differ; the rest of its day is like these."""


@dataclass(frozen=True, slots=True)
class OfOneTarget:
    """What is planned for a target (``None``: all that are not told of), by the minute."""

    target: str | None
    per_minute: Sequence[float]

    @property
    def total(self) -> float:
        """In all of the day."""
        return sum(self.per_minute)

    @property
    def peak(self) -> int:
        """In which minute there are most."""
        return max(range(len(self.per_minute)), key=self.per_minute.__getitem__)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Deliveries by the minute from ``first_ms`` on, retries not counted.

    ``events`` are those that are active in scope (one with two of the scope's tags counts twice
    where not all are looked at), ``looked_at`` those that were. ``is_estimate``: not all were, or
    what is dense was averaged.
    """

    first_ms: int
    per_minute: Sequence[float]
    targets: Sequence[OfOneTarget]
    hot_spots: Sequence[HotSpot]
    events: int
    looked_at: int
    is_estimate: bool

    @property
    def total(self) -> float:
        """In all of the day."""
        return sum(self.per_minute)


@dataclass(frozen=True, slots=True)
class ForecastService:
    """Looks ahead in the name of an ``Access``."""

    samples: SampleReader
    events: EventStore
    timetables: Timetables
    clock: Clock
    shared: SharedAnswers

    def of(self, access: Access) -> Forecast:
        """What is planned for the next 24 hours."""
        return self.shared.of(("forecast", circle_of(access)), lambda: self._of(access))

    def _of(self, access: Access) -> Forecast:
        now_ms = self.clock.now_ms()
        indexes = event_indexes(EventStatus.ACTIVE)
        if not access.is_admin:
            indexes = tag_keys(sorted(access.scope), "events")
        members, size = self.samples.of(indexes, MOST)
        often, is_whole = Counter(members), size <= MOST
        loaded = [
            one
            for one in self.events.get_many(sorted(often))
            if one is not None and one.status is EventStatus.ACTIVE and access.sees(one.tags)
        ]
        if not is_whole:
            random.Random(now_ms).shuffle(loaded)  # noqa: S311 - no secret: what is left out is any
        ahead = _Day(now_ms // MINUTE_MS * MINUTE_MS)
        looked_at = 0
        with limited(FORECASTS):
            for event in loaded:
                weight = 1.0
                if not is_whole:  # it stands for others, and may have been found by several tags
                    doors = 1 if access.is_admin else len(access.scope.intersection(event.tags))
                    weight = often[event.id] * size / MOST / doors
                try:
                    ahead.add(self._planned(event, ahead, weight))
                except (BudgetExceeded, InvalidInput):
                    continue
                looked_at += 1
        return ahead.forecast(
            len(loaded) if is_whole else size,
            looked_at,
            left_out=len(loaded) - looked_at,
            is_whole=is_whole,
        )

    def _planned(self, event: Event, ahead: _Day, weight: float) -> PlannedMinutes:
        """The minutes in which an event occurs; raises ``BudgetExceeded``."""
        planned = PlannedMinutes(event, weight)
        if event.next_ms is None or event.next_ms >= ahead.until_ms:
            return planned
        if event.schedule is None:
            planned.minutes.append(ahead.minute(event.next_ms))
            return planned
        jitter = bool(event.options.jitter_ms)
        with limited(FORECAST):
            timetable = self.timetables.of(event.id, event.definition)
            times = [event.next_ms]
            times += self._upcoming(timetable, times[-1], FIRST, ahead.until_ms)
            gaps = {later - one for one, later in itertools.pairwise(times)}
            planned.gap_ms = min(gaps, default=ahead.until_ms)
            if len(times) > FIRST:
                if len(gaps) == 1 and self._goes_on(timetable, times, ahead):
                    planned.go_on(times[0], gaps.pop(), ahead.first_ms, ahead.until_ms)
                    return planned
                times += self._upcoming(timetable, times[-1], MORE, ahead.until_ms)
            if len(times) > FIRST + MORE:
                gap_ms = (times[-1] - times[0]) / (len(times) - 1)
                planned.go_on(times[0], gap_ms, ahead.first_ms, ahead.until_ms, is_average=True)
                return planned
            moments = [timetable.planned_ms(one) for one in times] if jitter else times
        planned.minutes += [ahead.minute(one) for one in moments if one < ahead.until_ms]
        return planned

    def _goes_on(self, timetable: Timetable, times: Sequence[int], ahead: _Day) -> bool:
        """Whether an even interval holds all day, as far as ``PROBES`` moments tell.

        They lie two hours and five minutes apart, so that what an hour or a part of the day leaves
        out is seen.
        """
        begin_ms, gap_ms = times[0], times[1] - times[0]
        step_ms = MINUTES * MINUTE_MS // PROBES + 60 * MINUTE_MS // PROBES
        for at_ms in range(times[-1], ahead.until_ms - 2 * gap_ms, step_ms):
            due = begin_ms + ((at_ms - begin_ms) // gap_ms + 1) * gap_ms
            if self._upcoming(timetable, at_ms, 2, ahead.until_ms) != [due, due + gap_ms]:
                return False
        return True

    @staticmethod
    def _upcoming(timetable: Timetable, after_ms: int, count: int, until_ms: int) -> list[int]:
        found = timetable.upcoming(after_ms, count, until_ms - 1)
        return [one.scheduled_ms for one in found]


@dataclass(slots=True)
class _Day:
    """What is planned so far."""

    first_ms: int
    members: list[PlannedMinutes] = field(default_factory=list)

    @property
    def until_ms(self) -> int:
        return self.first_ms + MINUTES * MINUTE_MS

    def minute(self, at_ms: int) -> int:
        """The minute of a moment; what is due already is of the first one."""
        return max(at_ms - self.first_ms, 0) // MINUTE_MS

    def add(self, planned: PlannedMinutes) -> None:
        self.members.append(planned)

    def forecast(self, events: int, looked_at: int, *, left_out: int, is_whole: bool) -> Forecast:
        # What was left out is taken to be like the rest.
        scale = (looked_at + left_out) / looked_at if looked_at else 1.0
        by_target: dict[str, list[float]] = {}
        steady: dict[str, list[float]] = {}
        for one in self.members:
            target = host_of(one.event.action.target)
            one.count_into(by_target.setdefault(target, [0.0] * MINUTES), scale)
            if one.steady:
                rises = steady.setdefault(target, [0.0] * MINUTES)
                rises[one.steady_from] += one.steady * one.weight * scale
        for target, rises in steady.items():
            level = itertools.accumulate(rises)
            by_target[target] = [a + b for a, b in zip(by_target[target], level, strict=True)]
        busiest = sorted(by_target.items(), key=lambda one: (-sum(one[1]), one[0]))
        targets = [OfOneTarget(name, counts) for name, counts in busiest[:TARGETS]]
        if others := [counts for _, counts in busiest[TARGETS:]]:
            targets.append(OfOneTarget(None, [sum(some) for some in zip(*others, strict=True)]))
        all_counts = [one.per_minute for one in targets] or [[0.0] * MINUTES]
        per_minute = [sum(some) for some in zip(*all_counts, strict=True)]
        return Forecast(
            self.first_ms,
            per_minute,
            targets,
            find_hot_spots(self.members, per_minute, scale),
            events,
            looked_at,
            not is_whole or bool(left_out) or any(one.is_average for one in self.members),
        )
